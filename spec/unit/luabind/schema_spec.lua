-- schema.lua: the declared schema.
local binding = require("luamig_internals").binding
local project = require "spec.support.project"

local function load(text, dialect)
  local p = project.new { files = { ["schema.lua"] = text } }
  return binding.schema(p.path .. "/schema.lua", dialect)
end

describe("schema.lua", function()
  it("declares tables, enums, views and schemas", function()
    local schema = load([[
      local stamps = { { "created_at", sql.datetime } }
      return sql.schema {
        users = { { "id", sql.integer, primary_key = true }, { "mail", sql.text, renamed_from = "email" }, stamps,
          sql.unique("mail", { name = "uq" }), sql.index("ix", "mail"), comment = "people", renamed_from = "persons",
          mysql_engine = "InnoDB" },
        accounts = { { "id", sql.integer } },
        enums = { status = { "a", "b" } },
        views = { v = "SELECT 1", w = { "SELECT 2", materialized = true } },
        schemas = { audit = { log = { { "id", sql.integer } } } },
      }]], "postgresql")
    local names = {}
    for i, t in ipairs(schema.tables) do names[i] = (t.schema and t.schema .. "." or "") .. t.name end
    assert.same({ "accounts", "users", "audit.log" }, names)
    local users = schema.tables[2]
    assert.equal(3, #users.columns)
    assert.equal("email", users.columns[2].renamed_from)
    assert.equal("people", users.comment)
    assert.is_nil(users.mysql_engine)
    assert.equal("uq", users.constraints[1].name)
    assert.equal("ix", users.indexes[1].name)
    assert.same({ status = { "a", "b" } }, schema.enums)
    assert.same({ v = "SELECT 1", w = "SELECT 2" }, schema.views)
  end)

  it("leaves the letters' case to the server, and inherited columns to the parents", function()
    assert.equal(2, #load([[return sql.schema {
      a = { { "Id", sql.integer }, sql.unique "id", sql.index("ix", { sql.expr "lower(x)" }) },
      b = { { "n", sql.integer }, sql.unique "id", postgresql_inherits = "a" } }]], "postgresql").tables)
  end)

  it("is what is returned, as it was when it was made", function()
    local function names(text)
      local list = {}
      for i, t in ipairs(load(text).tables) do list[i] = t.name end
      return list
    end
    local two = [[
      local columns = { { "id", sql.integer } }
      local one = { a = columns }
      local first = sql.schema(one)
      one.b = columns
      local second = sql.schema(one)
      one.c = columns
      return ]]
    assert.same({ "a" }, names(two .. "first"))
    assert.same({ "a", "b" }, names(two .. "second"))
  end)

  local bad = {
    { "a wrong column", 'return sql.schema { t = { { "a" } } }', "sql.schema: table 't': element 1: column 'a': the type must be", 1 },
    { "an index of no column", 'return sql.schema { t = { { "mail", sql.text }, sql.index("ix", { "mial" }) } }', "table 't': it has no column 'mial' (did you mean 'mail'?)", 1 },
    { "a constraint of no column", 'return sql.schema { t = { { "id", sql.integer }, sql.unique { "id", "n" } } }', "table 't': it has no column 'n'", 1 },
    { "something else", "return { t = {} }", "it must be sql.schema { … }, not a table" },
    { "no table", "return sql.schema(5)", "it takes a table of tables", 1 },
    { "a table that is none", "return sql.schema { t = 5 }", "table 't': the columns must be a table", 1 },
    { "a table that stands twice", 'return sql.schema { views = { { "id", sql.integer } }, tables = { views = { { "id", sql.text } } } }', "table 'views' stands twice, in `tables` and beside it", 1 },
    { "two columns that were one", 'return sql.schema { t = { { "b", sql.text, renamed_from = "a" }, { "c", sql.text, renamed_from = "a" } } }',
      [[table 't': columns 'b' and 'c' both say renamed_from = "a": one is new]], 1 },
    { "two tables that were one", 'return sql.schema { t = { { "b", sql.text }, renamed_from = "a" }, u = { { "b", sql.text }, renamed_from = "a" } }',
      [[tables 't' and 'u' both say renamed_from = "a": one is new]], 1 },
    { "two columns that take each other's names", 'return sql.schema { t = { { "a", sql.text, renamed_from = "b" }, { "b", sql.text, renamed_from = "a" } } }',
      "table 't': columns 'b' and 'a' take each other's names", 1 },
    { "three tables that take each other's names",
      'return sql.schema { t = { { "b", sql.text }, renamed_from = "v" }, u = { { "b", sql.text }, renamed_from = "t" }, v = { { "b", sql.text }, renamed_from = "u" } }',
      "tables 'v' and 't' take each other's names", 1 },
    { "an enum with a value twice", "return sql.schema { enums = { e = { 'a', 'a' } } }", "enum 'e': the list of values: 'a' stands there twice", 1 },
    { "an enum without values", "return sql.schema { enums = { e = {} } }", "enum 'e': the list of values is empty", 1 },
    { "a view that is none", "return sql.schema { views = { v = 5 } }", "view 'v': the query must be SQL text", 1 },
    { "an index of a plain view", 'return sql.schema { views = { v = { "SELECT 1 AS a", sql.index("ix", "a") } } }', "view 'v': only a view with materialized = true has indexes", 1 },
    { "something else in a view", 'return sql.schema { views = { v = { "SELECT 1 AS a", "SELECT 2", materialized = true } } }', "view 'v': element 2: it must be sql.index(…), not the string", 1 },
    { "an unknown option of a view", 'return sql.schema { views = { v = { "SELECT 1", materialised = true } } }', "materialized", 1 },
    { "a word that an option of a view does not have", 'return sql.schema { views = { v = { "SELECT 1", security = "owner" } } }', "'definer'", 1 },
    { "indexes in another way", 'return sql.schema { views = { v = { "SELECT 1", materialized = true, indexes = true } } }', "indexes = false says that there are none", 1 },
    { "a list", "return sql.schema { {} }", "it takes name = value", 1 },
    { "a syntax error", "return sql.schema {", "near <eof>", 1 },
    { "a global", "\nx = 1", "a module declares no globals", 2 },
  }
  for _, case in ipairs(bad) do
    it("refuses " .. case[1], function()
      local ok, err = pcall(load, case[2])
      assert.is_false(ok)
      assert.is_truthy(err.message:find(case[3], 1, true), err.message)
      assert.equal("schema.lua", err.file)
      if case[4] then assert.equal(case[4], err.line) end
    end)
  end

  it("that is not there", function()
    local ok, err = pcall(binding.schema, "/nonexistent/schema.lua")
    assert.is_false(ok)
    assert.equal("config", err.kind)
  end)
end)
