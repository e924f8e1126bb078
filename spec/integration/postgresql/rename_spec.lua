-- PostgreSQL carries a column's new name into what names it: autogenerate makes nothing of that anew.
local json = require "dkjson"
local project = require "spec.support.project"
local dump = require "spec.support.dump"
local scratch = require "spec.support.scratch"

describe("autogenerate of a renamed column", function()
  local declared = [[return sql.schema {
    t = {
      { "id", sql.integer, primary_key = true },
      { "lower", sql.text },
      { "Two Words", sql.integer },
      { "twice", sql.integer, computed = sql.computed("\"Two Words\" * 2", { stored = true }) },
      { "small", sql.text, computed = sql.computed("lower(lower) || ' lower'", { stored = true }) },
      sql.check("lower <> 'lower' AND \"Two Words\" > 0", { name = "ck" }),
      sql.exclude({ { sql.expr "lower(lower)", "=" } }, { name = "ex", using = "btree", where = "\"Two Words\" > 5" }),
      sql.index("ix", { sql.expr "lower(lower)", "twice" }, { where = "\"Two Words\" > 7" }),
    },
  }]]
  -- { what, what is replaced by what …, the operations }
  local cases = {
    { "whose name a function has", { '{ "lower",', '{ "upper", renamed_from = "lower",' }, { "%(lower%)", "(upper)" }, { '"lower <>', '"upper <>' },
      { "alter_column lower" } },
    { "that is quoted", { '{ "Two Words",', '{ "a\\"b", renamed_from = "Two Words",' }, { '\\"Two Words\\"', '\\"a\\"\\"b\\"' }, { "alter_column Two Words" } },
    { "whose name a new one takes", { '{ "Two Words", sql.integer },', '{ "n", sql.integer, renamed_from = "Two Words" }, { "Two Words", sql.integer },' },
      { '"ck"', '"ck2"' }, { "drop_index ix", "drop_constraint ck", "drop_constraint ex", "drop_column twice", "alter_column Two Words",
        "add_column Two Words", "add_column twice", "add_constraint ck2", "add_constraint ex", "create_index ix" } },
  }
  for _, case in ipairs(cases) do
    it(case[1], function()
      local db = scratch.database "postgresql"
      local p = project.new { url = db.url }
      local function run(...) return p:succeed(...).stdout end
      p:write("schema.lua", declared)
      run("revision", "--autogenerate", "-m", "first", "--rev-id", "aaaa")
      run "upgrade"
      db:query [[INSERT INTO t (lower, "Two Words") VALUES ('A', 3)]]
      local before = dump.schema(db)
      local changed = declared
      for i = 2, #case - 1 do changed = changed:gsub(case[i][1], (case[i][2]:gsub("%%", "%%%%"))) end
      p:write("schema.lua", changed)
      local said = {}
      for _, operation in ipairs(json.decode(p:luamig("check", "--json").stdout).operations) do
        local of = operation.column or operation.columns and operation.columns[1] or operation.constraint or operation
        said[#said + 1] = operation.op .. " " .. (type(of) == "string" and of or of.name)
      end
      assert.same(case[#case], said)
      run("revision", "--autogenerate", "-m", "next", "--rev-id", "bbbb")
      run "upgrade"
      run "check"
      run("downgrade", "-1")
      assert.equal("", dump.difference(before, dump.schema(db)))
      assert.equal("1", db:value "SELECT count(*) FROM t WHERE lower = 'A'")
    end)
  end
end)

describe("autogenerate of what has another name by the naming convention", function()
  it("renames it: nothing is made anew", function()
    local db = scratch.database "postgresql"
    local p = project.new { url = db.url, config = [[naming_convention = { ix = "ix_{table}_{columns}", uq = "uq_{table}_{columns}",
      ck = "ck_{table}_{columns}", fk = "fk_{table}_{columns}_{referred_table}", pk = "pk_{table}" },]] }
    local function run(...) return p:succeed(...).stdout end
    local declared = [[return sql.schema {
      users = { { "id", sql.integer, primary_key = true }, { "code", sql.string(8), nullable = false, unique = true } },
      orders = { { "id", sql.integer, primary_key = true }, { "user_id", sql.integer, references = "users.id", index = true },
        { "code", sql.string(8), references = "users.code" }, { "n", sql.integer, unique = true }, sql.check "n > 0",
        sql.index("ix_n", { sql.expr "n * 2" }, { where = "n > 5" }) },
    }]]
    p:write("schema.lua", declared)
    run("revision", "--autogenerate", "-m", "first", "--rev-id", "aaaa")
    run "upgrade"
    db:query "INSERT INTO users (code) VALUES ('a'); INSERT INTO orders (user_id, code, n) VALUES (1, 'a', 1)"
    local before = dump.schema(db)
    local files = "SELECT string_agg(relfilenode::text, ' ' ORDER BY relfilenode) FROM pg_class WHERE relname ~ 'orders|ix_|purchases'"
    local stored = db:value(files)
    p:write("schema.lua", (declared:gsub("users = {", 'people = { renamed_from = "users",', 1):gsub("orders = {", 'purchases = { renamed_from = "orders",')
      :gsub('"users%.', '"people.'):gsub('"ix_n"', '"ix_twice"'):gsub('"n", sql.integer', '"m", sql.integer, renamed_from = "n"')
      :gsub("n > ", "m > "):gsub("n %* ", "m * ")))
    run("revision", "--autogenerate", "-m", "next", "--rev-id", "bbbb")
    for operation in p:read("migrations/bbbb_next.lua"):gmatch "op%.([%l_]+)" do
      assert.is_truthy(operation:find "^rename_" or operation == "alter_column", operation)
    end
    run "upgrade"
    run "check"
    assert.equal(stored, db:value(files))
    run("downgrade", "-1")
    assert.equal("", dump.difference(before, dump.schema(db)))
    -- a key that has to go for another change comes back under the new name
    p:write("schema.lua", (declared:gsub("orders = {", 'purchases = { renamed_from = "orders",'):gsub("sql.string%(8%)", "sql.uuid")))
    assert(os.remove(p.path .. "/migrations/bbbb_next.lua"))
    run("revision", "--autogenerate", "-m", "next", "--rev-id", "cccc")
    db:query "UPDATE orders SET code = NULL; DELETE FROM orders; DELETE FROM users"
    run "upgrade"
    run "check"
  end)
end)
