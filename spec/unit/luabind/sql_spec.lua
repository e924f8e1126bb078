-- sql: its values, and what is wrong said where it was written.
local binding = require("luamig_internals").binding
local sql, json = binding.sql, binding.json

local function type_of(value)
  return binding.read(nil, "add_column", "t", { "c", value }).columns[1].type
end

local function default_of(value)
  return binding.read(nil, "add_column", "t", { "c", sql.text, default = value }).columns[1].default
end

local function message(fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  return err.message
end

it("a field that a value could have, and has not, is nil", function()
  assert.is_nil(sql.foreign_key("a", "t.id", { ondelete = "CASCADE" }).onupdate)
  assert.is_nil(sql.check("a > 0").name)
  assert.is_nil(sql.index("i", "a").where)
  assert.is_nil(sql.identity { always = true }.start)
  assert.is_nil(sql.string(5).collation)
  assert.equal("CASCADE", sql.foreign_key("a", "t.id", { ondelete = "CASCADE" }).ondelete)
end)

describe("types", function()
  it("are usable bare or called", function()
    assert.same({ kind = "integer" }, type_of(sql.integer))
    assert.same({ kind = "integer" }, type_of(sql.integer()))
    assert.same({ kind = "bigint", unsigned = true }, type_of(sql.bigint { unsigned = true }))
    assert.same({ kind = "string", length = 255 }, type_of(sql.string(255)))
    assert.same({ kind = "string", length = 5, collation = "C" }, type_of(sql.string(5, { collation = "C" })))
    assert.same({ kind = "numeric", precision = 10, scale = 2 }, type_of(sql.numeric(10, 2)))
    assert.same({ kind = "datetime", timezone = true, precision = 6 }, type_of(sql.datetime { timezone = true, precision = 6 }))
    assert.same({ kind = "array", element = { kind = "array", element = { kind = "text" } } }, type_of(sql.array(sql.array(sql.text))))
    assert.same({ kind = "native", name = "tsvector" }, type_of(sql.native "tsvector"))
    assert.same({ kind = "set", values = { "a", "b" } }, type_of(sql.set { "a", "b" }))
    assert.same({ kind = "json" }, type_of(sql.json))
    assert.same({ kind = "variant", variants = { postgresql = { kind = "jsonb" }, default = { kind = "text" } } },
      type_of(sql.variant { postgresql = sql.jsonb, default = sql.text }))
  end)

  it("every name of the list", function()
    for name in ("smallint integer bigint tinyint mediumint float double real boolean date text json jsonb uuid blob interval year numeric string char binary varbinary bit time datetime timestamp"):gmatch "%a+" do
      assert.equal(name, type_of(sql[name]).kind)
    end
  end)

  it("enums: by name, with values, without a name", function()
    assert.same({ kind = "enum", name = "status", values = { "a", "b" } }, type_of(sql.enum("status", { "a", "b" })))
    assert.same({ kind = "enum", name = "status" }, type_of(sql.enum "status"))
    assert.same({ kind = "enum", name = "status", schema = "s" }, type_of(sql.enum("status", nil, { schema = "s" })))
    assert.same({ kind = "enum", values = { "a" } }, type_of(sql.enum { "a" }))
    assert.same({ kind = "enum", name = "e", values = { "a" }, schema = "s", native = false },
      type_of(sql.enum("e", { "a" }, { schema = "s", native = false })))
  end)

  it("do not change with the table they were made of", function()
    local values = { "a" }
    local enum = sql.enum("e", values)
    values[2] = "b"
    assert.same({ "a" }, type_of(enum).values)
    assert.matches("is a value and cannot be changed", message(function() enum.name = "x" end))
  end)
end)

describe("constraints and expressions", function()
  it("are read where they stand", function()
    local function constraint(value) return binding.read(nil, "add_constraint", "t", value).constraint end
    assert.same({ kind = "primary", columns = { "a" } }, constraint(sql.primary_key "a"))
    assert.same({ kind = "foreignkey", columns = { "a" }, table = "u", referred_columns = { "id" }, name = "fk", ondelete = "CASCADE" },
      constraint(sql.foreign_key({ "a" }, "u", { "id" }, { name = "fk", ondelete = "cascade" })))
    assert.same({ kind = "foreignkey", columns = { "a" }, table = "u", name = "fk" }, constraint(sql.foreign_key("a", "u", { name = "fk" })))
    local pair = { kind = "foreignkey", columns = { "a", "b" }, table = "u", referred_columns = { "c", "d" }, ondelete = "CASCADE" }
    assert.same(pair, constraint(sql.foreign_key({ "a", "b" }, { "u.c", "u.d" }, { ondelete = "CASCADE" }))) -- Alembic's way
    assert.same(constraint(sql.foreign_key("a", "u.id")), constraint(sql.foreign_key({ "a" }, { "u.id" })))
    assert.same({ kind = "check", condition = "a > 0", not_valid = true }, constraint(sql.check("a > 0", { not_valid = true })))
    assert.equal("gist", constraint(sql.exclude({ { "room", "=" }, { sql.expr "tstzrange(a, b)", "&&" } }, { using = "gist" })).using)
    assert.same({ "x" }, constraint(sql.unique("a", { include = "x", nulls_not_distinct = true })).include)
  end)

  it("defaults", function()
    assert.equal(5, default_of(5))
    assert.is_false(default_of(false))
    assert.same({ kind = "expr", text = "now()" }, default_of(sql.expr "now()"))
    assert.same({ kind = "now" }, default_of(sql.now))
    assert.same({ kind = "now" }, default_of(sql.now()))
    assert.same({ kind = "null" }, default_of(sql.null))
    assert.same({ kind = "uuid_v4" }, default_of(sql.uuid_v4))
    assert.same({ kind = "json", text = '{"a":[1,2]}' }, default_of(sql.json { a = { 1, 2 } }))
    assert.same({ kind = "col", text = "order" }, default_of(sql.col "order"))
    assert.same({ kind = "cast", text = "y", type = { kind = "string", length = 4 } }, default_of(sql.cast("y", sql.string(4))))
    assert.equal("a\0b", default_of(sql.bytes "a\0b").text)
  end)

  it("identity and computed columns", function()
    local columns = binding.read(nil, "add_columns", "t", {
      { "a", sql.integer, identity = sql.identity { always = true, start = 5, cycle = false } },
      { "b", sql.integer, computed = sql.computed("a * 2", { stored = true }) },
      { "c", sql.integer, identity = true, check = sql.check("c > 0", { name = "ck" }) },
    }).columns
    assert.same({ always = true, start = 5, cycle = false }, columns[1].identity)
    assert.same({ expression = "a * 2", stored = true }, columns[2].computed)
    assert.equal("ck", columns[3].check.name)
  end)
end)

local bad = {
  { "an unknown type", "unknown name 'sql.integr' (did you mean 'integer'?)", function() return sql.integr end },
  { "a length among the options", "the number stands before the options: sql.string(10, { … })", function()
    return sql.string { 100, collation = "C" }
  end },
  { "an unknown option of a type", "sql.string: unknown option 'lenght' (did you mean 'length'?)", function() return sql.string { lenght = 5 } end },
  { "an option that the type lacks", "sql.integer: unknown option 'timezone'", function() return sql.integer { timezone = true } end },
  { "a length that is no number", "sql.string: option 'length' must be an integer", function() return sql.string "x" end },
  { "a negative length", "out of range", function() return sql.string(-1) end },
  { "a type called twice", "it has its parameters already", function() return sql.string(5)(6) end },
  { "parameters of a type without", "sql.boolean: it takes no parameters", function() return sql.boolean(1) end },
  { "an array of nothing", "the element type is missing", function() return sql.array() end },
  { "a variant of nothing", "the table of types is missing", function() return sql.variant {} end },
  { "types in types without an end", "types are nested too deep", function()
    local nested = sql.text
    for _ = 1, 100000 do
      nested = sql.array(sql.variant { default = nested })
    end
  end },
  { "a set without values", "the list of values is missing", function() return sql.set() end },
  { "an enum of nothing", "it needs a name, a list of values, or both", function() return sql.enum() end },
  { "an enum without values", "the list of values is empty", function() return sql.enum("e", {}) end },
  { "an enum with a value twice", "'a' stands there twice", function() return sql.enum("e", { "a", "b", "a" }) end },
  { "a set with a value twice", "'a' stands there twice", function() return sql.set { "a", "a" } end },
  { "the values of an enum one by one", "the values come in one list", function() return sql.enum("a", "b") end },
  { "variants that are no table", "sql.variant: the types must be a table such as { mysql = sql.text, default = … }, not the string 'mysql'",
    function() return sql.variant "mysql" end },
  { "a type instead of variants", "sql.variant: the types must be a table", function() return sql.variant(sql.text) end },
  { "an unknown dialect", "unknown dialect 'postgres' (did you mean 'postgresql'?)", function() return sql.variant { postgres = sql.text } end },
  { "a colon", "sql.string is called with a dot, not with a colon", function() return sql:string(5) end },
  { "a colon at a constraint", "sql.unique is called with a dot, not with a colon", function() return sql:unique "a" end },
  { "a constraint without columns", "sql.unique: argument 1 (columns) is missing", function() return sql.unique() end },
  { "an unknown option of a constraint", "sql.unique: unknown option 'deferable' (did you mean 'deferrable'?)", function() return sql.unique("a", { deferable = true }) end },
  { "a positional as an option", "unknown option 'columns' (it comes by position)", function() return sql.unique("a", { columns = "b" }) end },
  { "a wrong word", "unknown word 'DELAYED'", function() return sql.unique("a", { initially = "DELAYED" }) end },
  { "an exclusion without operators", "it must be { column, operator }", function() return sql.exclude { "room" } end },
  { "an expression that is no string", "sql.expr: it takes a string, not a table", function() return sql.expr {} end },
  { "a cast without a type", "sql.cast: argument 2 (type) must be a type", function() return sql.cast("a", "text") end },
  { "a hole in a list", "has a hole: element 2 is nil", function() return sql.unique { "a", nil, "c" } end },
  { "calling a constant", "sql.null cannot be called", function() return sql.null() end },
  { "changing sql", "sql cannot be changed", function() sql.mytype = 1 end },
  { "a type of SQLAlchemy", "unknown name 'sql.BigInteger' (luamig writes 'bigint')", function() return sql.BigInteger end },
  { "a type of a server's own", 'unknown name \'sql.LONGTEXT\' (sql.native "longtext")', function() return sql.LONGTEXT end },
  { "a variant of SQLAlchemy", "sql.string has no 'with_variant' (sql.variant { mysql =", function() return sql.string(5):with_variant() end },
  { "an option that is Python's", "sql.uuid: unknown option 'as_uuid' (what Python makes of the values: leave it out)", function()
    return sql.uuid { as_uuid = true }
  end },
  { "a type of SQL", "unknown name 'sql.VARCHAR' (luamig writes 'string')", function() return sql.VARCHAR end },
  { "a column of SQLAlchemy", "unknown name 'sql.column' (a column is a table: { name, type, key = value … })", function() return sql.column end },
  { "SQL text of SQLAlchemy", "sql.text: it is a type; SQL text is sql.expr", function() return sql.text "now()" end },
  { "references to two tables", "argument 2 must be the table, or a list of 'table.column' of one table",
    function() return sql.foreign_key({ "a", "b" }, { "t.a", "u.b" }) end },
  { "an unknown field of a constraint", "sql.foreign_key has no 'ondelet' (did you mean 'ondelete'?)",
    function() return sql.foreign_key("a", "t.id").ondelet end },
  { "an unknown field of a value", "sql.string has no 'lenght' (did you mean 'length'?)", function() return sql.string(5).lenght end },
  { "too many arguments", "unexpected argument", function() return sql.numeric(1, 2, 3) end },
}

describe("bad values", function()
  for _, case in ipairs(bad) do
    it(case[1], function()
      local text = message(case[3])
      assert.is_truthy(text:find(case[2], 1, true), text)
    end)
  end

  it("are said at the line that wrote them", function()
    local ok, err = pcall(function() return sql.integr end)
    assert.is_false(ok)
    assert.matches("sql_spec.lua$", err.file)
    assert.equal(debug.getinfo(1, "l").currentline - 3, err.line)
    assert.matches("sql_spec.lua:%d+: unknown name", tostring(err))
  end)
end)

describe("json", function()
  it("writes keys in order and keeps what JSON can hold", function()
    assert.equal('{"a":[1,2.5,true,null],"b":{},"é":"\\"\\n\\u0001"}',
      json.encode { b = {}, a = { 1, 2.5, true, sql.null }, ["é"] = "\"\n\1" })
    assert.equal("9223372036854775807", json.encode(math.maxinteger))
    assert.equal("0.1", json.encode(0.1))
    assert.equal("1.0", json.encode(1.0))
  end)

  it("reads it back", function()
    local text = '{"big":9007199254740993,"empty":[],"n":null,"x":[1,"a"]}'
    local value = json.decode(text)
    assert.equal(9007199254740993, value.big)
    assert.equal(sql.null, value.n)
    assert.equal(text, json.encode(value))
  end)

  it("refuses what it cannot write or read", function()
    assert.matches("unknown name 'json.null'", message(function() return json.null end), 1, true)
    assert.matches("unknown name 'json.encod' (did you mean 'encode'?)", message(function() return json.encod end), 1, true)
    assert.matches("'a' is no position", message(json.encode, { 1, a = 2 }))
    assert.matches("not UTF%-8", message(json.encode, "\xff"))
    assert.matches("not finite", message(json.encode, 0 / 0))
    assert.matches("no form in JSON", message(json.encode, print))
    local circle = {}
    circle.a = circle
    assert.matches("in a circle", message(json.encode, circle))
    assert.matches("line 1", message(json.decode, "{"))
    assert.matches("line 1", message(json.decode, '{"a":1,"a":2}'))
  end)
end)

describe("table handles", function()
  local users = sql.table "users"

  it("say what is wrong where it was written", function()
    local cases = {
      { "update: nothing is set", function() return users:update {} end },
      { "insert: the row is empty", function() return users:insert {} end },
      { "insert: it takes nothing more", function() return users:insert({ id = 1 }, { id = 2 }) end },
      { "update: it takes nothing more", function() return users:update({ id = 1 }, "id = 2") end },
      { "select: argument 2 is nil", function() return users:select("id", nil, "email") end },
      { "called with a colon", function() return users.select "id" end },
      { "insert: select does not take it", function() return users:select():insert {} end, "has no 'insert'" },
      { "where: insert does not take it", function() return users:insert { a = 1 }:where "x" end },
      { "delete():where", function() return users:delete "id = 1" end },
      { "parameter 1 is nil", function() return users:select():where("id = ?", nil) end },
      { "must be an integer", function() return users:select():limit "5" end },
      { "has no 'selct' (did you mean 'select'?)", function() return users:selct() end },
      { "row 2: 'a' is nil", function() return users:insert { { a = 1 }, { b = 1 } } end },
      { "takes the table's name", function() return sql.table() end },
      { "unknown option 'schemas'", function() return sql.table("t", { schemas = "x" }) end },
      { "option 'schema' must be a name", function() return sql.table("t", { schema = 3 }) end },
      { "columns are not declared", function() return sql.table("t", { { "id", sql.integer } }) end },
      { "columns are not declared", function() return sql.table("t", "id", "email") end },
      { "columns are not declared", function() return sql.table("t", sql.integer) end },
      { "columns are not declared", function() return sql.table("t", nil, { "id", sql.integer }) end },
    }
    for _, case in ipairs(cases) do
      local text = message(case[2])
      assert.is_truthy(text:find(case[3] or case[1], 1, true), text)
    end
  end)

  it("are values: a longer query leaves the shorter as it was", function()
    local all = users:select "id"
    local some = all:where("id > ?", 1)
    assert.is_nil((pcall(function() return all.wheres end)) and all.wheres or nil)
    assert.equal(1, #some.wheres)
  end)
end)
