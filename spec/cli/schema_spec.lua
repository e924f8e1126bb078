-- check, inspect, revision --autogenerate: the commands around schema.lua.
local cli = require "spec.support.cli"
local json = require "dkjson"
local dump = require "spec.support.dump"
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"
local servers = require "spec.support.servers"

local users = [[
return sql.schema {
  users = {
    { "id", sql.integer, primary_key = true },
    { "email", sql.string(255), nullable = false },
  },
}
]]

-- A project on its own SQLite file, with this schema.lua and these tables.
local function new(schema, sql, config)
  local db = scratch.database "sqlite"
  if sql then db:query(sql) end
  return project.new { url = db.url, config = config, files = { ["schema.lua"] = schema } }, db
end

describe("luamig check", function()
  it("takes the names that MySQL makes up for foreign keys as they come", function()
    local db, fresh = scratch.database "mysql", scratch.database "mysql"
    db:query [[CREATE TABLE u (id int PRIMARY KEY);
      CREATE TABLE t (id int PRIMARY KEY, a int, b int, KEY a (a),
        CONSTRAINT t_ibfk_1 FOREIGN KEY (b) REFERENCES u (id), CONSTRAINT t_ibfk_7 FOREIGN KEY (a) REFERENCES u (id))]]
    local p = project.new { url = db.url }
    p:succeed "adopt"
    p:succeed "check"
    p:succeed("upgrade", "--url", fresh.url) -- which counts from 1
    p:succeed("check", "--url", fresh.url)
    local declared = p:read "schema.lua"
    p:write("schema.lua", (declared:gsub('{ name = "t_ibfk_7"', '{ ondelete = "CASCADE", name = "t_ibfk_7"')))
    p:succeed("revision", "--autogenerate", "-m", "cascade", "--url", fresh.url)
    p:succeed("upgrade", "--url", fresh.url)
    p:succeed("check", "--url", fresh.url)
    p:succeed("downgrade", "-1", "--url", fresh.url) -- it has another number now
    assert.same({ "NO ACTION", "NO ACTION" }, fresh:query [[SELECT replace(delete_rule, 'RESTRICT', 'NO ACTION')
      FROM information_schema.referential_constraints WHERE constraint_schema = database()]])
    p:succeed("upgrade", "--url", fresh.url) -- where it is called neither what it was
    p:succeed("check", "--url", fresh.url)
    p:succeed "upgrade" -- nor what it is called elsewhere
    p:succeed "check"
    db:drop()
    fresh:drop()
  end)

  it("keeps the name of an index that MySQL made for a foreign key, where the key is named", function()
    local db, fresh = scratch.database "mysql", scratch.database "mysql"
    db:query [[CREATE TABLE u (id int PRIMARY KEY); CREATE TABLE t (id int PRIMARY KEY, u_id int, FOREIGN KEY (u_id) REFERENCES u (id))]]
    local p = project.new { url = db.url, config = 'naming_convention = { fk = "fk_{table}_{columns}_{referred_table}" },' }
    p:succeed "adopt"
    p:succeed "check"
    p:succeed("upgrade", "--url", fresh.url)
    p:succeed("check", "--url", fresh.url)
    assert.equal("", dump.difference(dump.schema(db), dump.schema(fresh)))
    p:write("schema.lua", (p:read "schema.lua":gsub('%s+sql%.index%("u_id".-%),', ""))) -- which need not be said
    p:succeed "check"
    db:drop()
    fresh:drop()
  end)

  it("tells a column's collation from its table's where MySQL's database has another one than the server", function()
    local db = scratch.database "mysql"
    db:query [[ALTER DATABASE COLLATE utf8mb4_bin;
      SET @sql = CONCAT('CREATE TABLE t (id int PRIMARY KEY, a varchar(9) COLLATE ', @@collation_server, ', b int)');
      PREPARE it FROM @sql; EXECUTE it]]
    local p = project.new { url = db.url }
    p:write("schema.lua", (p:succeed("inspect").stdout:gsub("sql.schema {", '%0 u = { { "id", sql.integer } },')
      :gsub('"b", sql.integer', '"b", sql.bigint')))
    local r = p:luamig "check"
    assert.matches('alter_column%("t", "b"', r.stdout)
    assert.not_matches("collation", r.stdout)
    db:drop()
  end)

  it("prints the operations that would close the gap and exits 3", function()
    local p = new(users)
    local r = p:luamig "check"
    assert.equal(3, r.code)
    assert.equal([[
op.create_table("users", {
  { "id", sql.integer, primary_key = true },
  { "email", sql.string(255), nullable = false },
})
]], r.stdout)
    assert.truthy(r.stderr:find("1 operation would close the gap", 1, true))
  end)

  it("gives them as data with --json", function()
    local p = new(users)
    local r = p:luamig("check", "--json")
    assert.equal(3, r.code)
    assert.truthy(r.stdout:find('^{\n  "format": 1,\n  "operations": %[\n    {\n      "op": "create_table",\n      "table": "users",'))
    local document = json.decode(r.stdout)
    assert.equal("check_failed", document.error.kind)
    local operation = document.operations[1]
    assert.equal("email", operation.columns[2].name)
    assert.same({ kind = "string", length = 255 }, operation.columns[2].type)
    assert.truthy(operation.lua:find('^op%.create_table%("users", {'))
  end)

  it("needs a server of PostgreSQL's that takes writes where words differ", function()
    local db = scratch.database "postgresql"
    db:query "CREATE TABLE t (a integer DEFAULT 1 + 1)"
    local p = project.new { url = db.url .. "?options=-c%20default_transaction_read_only%3Don" }
    p:write("schema.lua", 'return sql.schema { t = { { "a", sql.integer, default = sql.expr "1+1" } } }')
    p:succeed "check"
    p:write("schema.lua", 'return sql.schema { t = { { "a", sql.integer, default = sql.expr "3" } } }')
    local r = p:luamig "check"
    assert.equal(1, r.code)
    assert.matches("hint      What seems to differ is compared in a schema of its own, luamig_scratch_…: ask a server that takes writes.", r.stderr, 1, true)
    db:drop()
  end)

  it("is silent and exits 0 when there is none", function()
    local p = new(users, "CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, email VARCHAR(255) NOT NULL);")
    local r = p:succeed "check"
    assert.equal("", r.stdout)
    assert.same({ format = 1, operations = {} }, json.decode(p:succeed("check", "--json").stdout))
  end)

  it("compares beside a reader that a hook has left, whose end the garbage collector says", function()
    local p, db = new(users, nil, [[
      hooks = { after_connect = function(conn) conn:rows "SELECT name FROM sqlite_schema"() end },]])
    p:write("schema.lua", "for i = 1, 100 do collectgarbage() end\n" .. users)
    local sql = { "CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, email VARCHAR(255) NOT NULL);" }
    for i = 1, 50 do sql[#sql + 1] = ("CREATE TABLE t%d (id INTEGER NOT NULL PRIMARY KEY, n INTEGER);"):format(i) end
    db:query(table.concat(sql, "\n"))
    for _, more in ipairs { "--color=never", "-v" } do
      local r = p:luamig("check", more)
      assert.equal(3, r.code, r.stderr)
      local _, dropped = r.stdout:gsub("op%.drop_table%(\"t%d+\"%)", "")
      assert.equal(50, dropped, r.stdout)
    end
  end)

  it("wants the database at its heads", function()
    local p = new(users)
    p:revision { id = "aaaa1111", upgrade = "op.create_table('t', { { 'a', sql.integer } })" }
    local r = p:luamig("check", "--json")
    assert.equal(2, r.code)
    local failure = json.decode(r.stdout).error
    assert.equal("not_up_to_date", failure.kind)
    assert.truthy(failure.message:find("aaaa1111", 1, true))
  end)

  it("says what is wrong in schema.lua, and where", function()
    local p = new 'return sql.schema {\n  t = {\n    { "a", sql.string(10), nulable = false },\n  },\n}\n'
    local r = p:luamig "check"
    assert.equal(1, r.code)
    assert.truthy(r.stderr:find("table 't': element 1: column 'a': unknown option 'nulable' (did you mean 'nullable'?)", 1, true))
    assert.truthy(r.stderr:find("schema.lua", 1, true))
    r = new("return {}"):luamig "check"
    assert.truthy(r.stderr:find("it must be sql.schema { … }", 1, true))
    p = project.new {}
    r = p:luamig "check"
    assert.equal(2, r.code)
    assert.truthy(r.stderr:find("schema.lua", 1, true))
  end)

  it("reads schema.lua with modules of lib/", function()
    local p = new [[
local common = require "common"
return sql.schema { t = { { "id", sql.integer, primary_key = true }, common.stamps } }
]]
    p:write("lib/common.lua", 'return { stamps = { { "created_at", sql.datetime, default = sql.now } } }\n')
    local r = p:luamig "check"
    assert.truthy(r.stdout:find('{ "created_at", sql.datetime, default = sql.now }', 1, true))
  end)

  it("leaves alone what is not ours", function()
    local p = new("return sql.schema {}", [[
CREATE TABLE luamig_other (a); CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);
CREATE TABLE my_versions (version_num VARCHAR(32) NOT NULL PRIMARY KEY); CREATE TABLE legacy (a INTEGER);
]], [[version_table = "my_versions", autogenerate = { include = function(kind, name) return name ~= "legacy" end },]])
    assert.equal("", p:succeed("check").stdout)
  end)
end)

describe("luamig revision --autogenerate", function()
  it("makes an enum of a text with a CHECK that lists the values, and back", function()
    local checked = [[{ "state", sql.text, nullable = false }, sql.check "state IN ('a', 'b')" ]]
    local schema = 'return sql.schema { t = { { "id", sql.integer, primary_key = true }, %s } }'
    local sql = "CREATE TABLE t (id INTEGER PRIMARY KEY, state TEXT NOT NULL CHECK (state IN ('a', 'b')));"
    for _, config in ipairs { "", 'naming_convention = { ck = "ck_{table}_{columns}" },' } do
      local p = new(schema:format(checked), sql, config)
      p:succeed "check"
      p:write("schema.lua", schema:format '{ "state", sql.enum("state_of_t", { "a", "b" }), nullable = false }')
      p:succeed("revision", "--autogenerate", "-m", "an enum")
      p:succeed "upgrade"
      p:succeed "check"
      p:succeed("downgrade", "base")
      os.remove(p.path .. "/" .. p:succeed("show", "heads").stdout:match "migrations/%S+")
      p:write("schema.lua", schema:format(checked))
      p:succeed "check"
    end
  end)

  it("adds a CHECK beside one without a name, whose name the convention gives to the first of them", function()
    local p, db = new([[
return sql.schema {
  t = {
    { "id", sql.integer, primary_key = true },
    { "name", sql.text },
    sql.check "length(name) > 0",
    sql.check "name <> 'x'",
  },
}
]], "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, CHECK (length(name) > 0));",
      'naming_convention = { ck = "ck_{table}_{columns}" },')
    p:succeed("revision", "--autogenerate", "-m", "not x")
    p:succeed "upgrade"
    p:succeed "check"
    p:succeed("downgrade", "base")
    local left = table.concat(db:query "SELECT sql FROM sqlite_schema WHERE name = 't'")
    assert.truthy(left:find("length(name) > 0", 1, true), left)
    assert.falsy(left:find("<> 'x'", 1, true), left)
  end)

  it("writes both directions, which run", function()
    local p, db = new(users, "CREATE TABLE old (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(10) DEFAULT 'x'); CREATE INDEX ix_old ON old (name);")
    local before = p:succeed("inspect").stdout
    local path = p:succeed("revision", "--autogenerate", "-m", "users instead").stdout:match "%S+"
    local text = p:read(path)
    assert.truthy(text:find('function upgrade()\n  op.drop_table("old")\n  op.create_table("users", {\n    { "id"', 1, true), text)
    p:succeed "upgrade"
    assert.equal("", p:succeed("check").stdout)
    assert.equal("users", db:value "SELECT name FROM sqlite_master WHERE name IN ('users', 'old')")
    p:succeed("downgrade", "base")
    assert.equal(before, p:succeed("inspect").stdout)
  end)

  it("writes of a column that goes only what migrations have a word for", function()
    local db = scratch.database "sqlite"
    db:query "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER NOT NULL ON CONFLICT REPLACE DEFAULT 1)"
    local p = project.new { url = db.url, files = { ["schema.lua"] = "return sql.schema { t = { { 'id', sql.integer, primary_key = true } } }" } }
    for _, command in ipairs { { "revision", "--autogenerate", "-m", "gone" }, { "upgrade" }, { "check" }, { "downgrade", "base" } } do
      local r = p:luamig(table.unpack(command))
      assert.equal(0, r.code, r.stderr)
    end
    assert.equal("1", db:value "SELECT \"notnull\" FROM pragma_table_info('t') WHERE name = 'a'")
  end)

  it("leaves alone what the configuration does not include, in both directions", function()
    local p, db = new([[
return sql.schema { users = { { "id", sql.integer, primary_key = true }, { "email", sql.string(100), nullable = false } } }
]], [[
CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, search VARCHAR(10), spare INTEGER, email VARCHAR(50) NOT NULL CONSTRAINT dba_ck CHECK (email <> ''));
CREATE INDEX dba_search ON users (search); CREATE INDEX ix_spare ON users (spare);
CREATE TABLE tmp_x (a INTEGER); CREATE VIEW tmp_v AS SELECT a FROM tmp_x;
]], [[autogenerate = {
      include = function(kind, name) return not name:match "^tmp_" end,
      include_part = function(kind, name, table, schema)
        return not (kind == "column" and table == "users" and name == "search") and not name:match "^dba_"
      end,
    },]])
    local before = p:succeed("inspect").stdout
    local text = p:read(p:succeed("revision", "--autogenerate", "-m", "go").stdout:match "%S+")
    assert.not_matches("tmp_", text)
    assert.not_matches("search", text)
    assert.not_matches("dba_", text)
    assert.matches("spare", text)
    p:succeed "upgrade"
    assert.equal("", p:succeed("check").stdout)
    assert.equal("2", db:value "SELECT count(*) FROM pragma_table_info('users') WHERE name IN ('search', 'email')")
    assert.equal("3", db:value "SELECT count(*) FROM sqlite_master WHERE name IN ('dba_search', 'tmp_x', 'tmp_v')")
    assert.equal("1", db:value "SELECT count(*) FROM sqlite_master WHERE name = 'users' AND sql LIKE '%dba_ck%'")
    p:succeed("downgrade", "base")
    assert.same(#before, #p:succeed("inspect").stdout)
  end)

  it("leaves out what is about a column that the configuration does not include", function()
    local p, db = new([[
return sql.schema { t = { { "id", sql.integer, primary_key = true }, { "search", sql.integer, index = true }, { "n", sql.integer, default = 1 },
  sql.check("search > 0 AND n > 0", { name = "ck" }), sql.unique({ "search", "n" }, { name = "uq" }), sql.check("n < 9", { name = "kept" }) } }
]], "CREATE TABLE other (a INTEGER);", [[autogenerate = {
      include_part = function(kind, name) return not (kind == "column" and name == "search") end,
    },]])
    local text = p:read(p:succeed("revision", "--autogenerate", "-m", "go").stdout:match "%S+")
    assert.not_matches("search", text)
    assert.matches('sql.check("n < 9", { name = "kept" })', text, 1, true)
    p:succeed "upgrade"
    db:query "ALTER TABLE t ADD COLUMN search INTEGER; CREATE INDEX by_search ON t (n, search)"
    assert.equal("", p:succeed("check").stdout)
  end)

  it("refuses a table that is to be partitioned and is not, which it cannot change", function()
    local partitioned = [[
return sql.schema {
  log = { { "at", sql.integer, nullable = false }, postgresql_partition_by = "RANGE (at)", mysql_partition_by = "HASH (at)" },
}
]]
    for _, dialect in ipairs(servers.dialects) do
      local db = scratch.database(dialect)
      local p = project.new { url = db.url, files = { ["schema.lua"] = partitioned } }
      db:query "CREATE TABLE log (at INTEGER NOT NULL)"
      for _, command in ipairs { { "check" }, { "revision", "--autogenerate", "-m", "x" } } do
        local r = p:luamig(table.unpack(command))
        assert.equal(dialect == "sqlite" and 0 or 3, r.code, r.stdout .. r.stderr)
        assert.equal(dialect ~= "sqlite", r.stderr:find("that the table 'log' is partitioned by %u+ %(at%), in the database it is not") ~= nil, r.stderr)
      end
      db:query "DROP TABLE log"
      p:succeed("revision", "--autogenerate", "-m", "x", "--rev-id", "aaaa")
      p:succeed "upgrade"
      p:succeed "check"
      db:drop()
    end
  end)

  it("refuses a table that is to be partitioned otherwise, but for a renamed column and the server's words", function()
    local db = scratch.database "postgresql"
    local p = project.new { url = db.url }
    db:query "CREATE TABLE log (at DATE NOT NULL, n INTEGER NOT NULL) PARTITION BY RANGE (at, (n + 1))"
    db:query "CREATE TABLE plain (at DATE NOT NULL, n INTEGER NOT NULL) PARTITION BY RANGE (at)"
    for _, case in ipairs {
      { "range(at, (n+1))", 'range ( "at" )' }, { "RANGE (at, (n + 1::int))", "RANGE (at)" }, { "LIST (at)", "RANGE (at)", "log" },
      { "RANGE (at, (n + 1))", "RANGE (n)", "plain" }, { "RANGE (at, (n + 1))", "RANGE (day)", nil, "day" },
    } do
      p:write("schema.lua", ([[
return sql.schema {
  log = { { "at", sql.date, nullable = false }, { "n", sql.integer, nullable = false }, postgresql_partition_by = "%s" },
  plain = { { "%s", sql.date, nullable = false, renamed_from = "at" }, { "n", sql.integer, nullable = false }, postgresql_partition_by = '%s' },
}
]]):format(case[1], case[4] or "at", case[2]))
      local r = p:luamig "check"
      assert.equal((case[3] or case[4]) and 3 or 0, r.code, r.stdout .. r.stderr)
      assert.equal(case[3] ~= nil, r.stderr:find(("the table '%s' is partitioned by %%u+ %%(%%l+%%), in the database it is by RANGE %%("):format(case[3])) ~= nil,
        r.stderr)
    end
    db:drop()
  end)

  it("writes nothing when there is no difference", function()
    local p = new(users, "CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, email VARCHAR(255) NOT NULL);")
    local r = p:succeed("revision", "--autogenerate", "-m", "nothing")
    assert.equal("", r.stdout)
    assert.truthy(r.stderr:find("no differences", 1, true))
    assert.equal("", p:succeed("heads").stdout)
  end)

  it("prints instead of writing with --sql", function()
    local p = new(users)
    local r = p:succeed("revision", "--autogenerate", "--sql")
    assert.truthy(r.stdout:find('^function upgrade%(%)\n  op%.create_table%("users", {'))
    assert.truthy(r.stdout:find('function downgrade()\n  op.drop_table("users")\nend\n', 1, true))
    assert.equal("", p:succeed("heads").stdout)
  end)

  it("wants the database at its heads", function()
    local p = new(users)
    p:revision { id = "aaaa1111" }
    local r = p:luamig("revision", "--autogenerate", "-m", "x")
    assert.equal(2, r.code)
    assert.matches("not at head: aaaa1111 is not applied\n", r.stderr)
    for i = 2, 12 do p:revision { id = ("aaaa1%03d"):format(i), down = i == 2 and "aaaa1111" or ("aaaa1%03d"):format(i - 1) } end
    assert.matches("not at head: aaaa1111, [%x, ]*, aaaa1010 and 2 more are not applied\n", p:luamig("check").stderr)
  end)
end)

describe("a rename", function()
  local renamed = [[
return sql.schema {
  users = { { "id", sql.integer, primary_key = true }, { "mail", sql.string(255), nullable = false %s } %s },
}
]]
  local made = "CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, email VARCHAR(255) NOT NULL); INSERT INTO users VALUES (1, 'a@b.c');"

  it("is what renamed_from says", function()
    local p, db = new(renamed:format(', renamed_from = "email"', ""), made)
    local path = p:succeed("revision", "--autogenerate", "-m", "mail").stdout:match "%S+"
    assert.truthy(p:read(path):find('new_column_name = "mail"', 1, true), p:read(path))
    p:succeed "upgrade"
    assert.equal("a@b.c", db:value "SELECT mail FROM users")
    assert.equal("", p:succeed("check").stdout)
    p:succeed("downgrade", "base")
    assert.equal("a@b.c", db:value "SELECT email FROM users")
  end)

  it("that nothing says is none, also where every column differs (bench: wide-1000)", function()
    local names = {}
    for i = 1, 900 do names[i] = ("c%d INTEGER"):format(i) end
    local p = new([[
local columns = { { "id", sql.integer, primary_key = true } }
for i = 1, 900 do columns[i + 1] = { "d" .. i, sql.integer } end
return sql.schema { wide = columns }
]], "CREATE TABLE wide (id INTEGER NOT NULL PRIMARY KEY, " .. table.concat(names, ", ") .. ")")
    local r = p:luamig "check"
    assert.equal(3, r.code, r.stderr)
    assert.same({ 900, 900 }, { select(2, r.stdout:gsub("add_column", "")), select(2, r.stdout:gsub("drop_column", "")) })
  end)

  it("of a table is what renamed_from says", function()
    local p, db = new([[
return sql.schema { people = { { "id", sql.integer, primary_key = true }, { "email", sql.string(255), nullable = false }, renamed_from = "users" } }
]], made)
    p:succeed("revision", "--autogenerate", "-m", "people")
    p:succeed "upgrade"
    assert.equal("a@b.c", db:value "SELECT email FROM people")
    p:succeed("downgrade", "base")
    assert.equal("a@b.c", db:value "SELECT email FROM users")
  end)

  it("is followed by the foreign keys of other tables, which stay", function()
    local keyed = [[
return sql.schema {
  %s = { { "%s", sql.integer, primary_key = true%s }, { "up", sql.integer }, sql.foreign_key("up", "%s", "%s", { name = "fk_up" })%s },
  posts = { { "id", sql.integer, primary_key = true }, { "by", sql.integer }, sql.foreign_key("by", "%s", "%s", { name = "fk_by" }) },
}
]]
    for _, dialect in ipairs(servers.dialects) do
      local db = scratch.database(dialect)
      local p = project.new { url = db.url, files = { ["schema.lua"] = keyed:format("users", "id", "", "users", "id", "", "users", "id") } }
      p:succeed("revision", "--autogenerate", "-m", "first", "--rev-id", "aaaa")
      p:succeed "upgrade"
      local before = dump.schema(db)
      p:write("schema.lua", keyed:format("people", "number", ', renamed_from = "id"', "people", "number", ', renamed_from = "users"', "people", "number"))
      local said = {}
      for i, operation in ipairs(json.decode(p:luamig("check", "--json").stdout).operations) do said[i] = operation.op end
      assert.same({ "rename_table", "alter_column" }, said, dialect)
      p:succeed("revision", "--autogenerate", "-m", "next", "--rev-id", "bbbb")
      p:succeed "upgrade"
      p:succeed "check"
      p:succeed("downgrade", "-1")
      assert.equal("", dump.difference(before, dump.schema(db)), dialect)
      db:drop()
    end
  end)

  it("is not guessed: what may be one is told where nobody can be asked", function()
    local p = new(renamed:format("", ""), made)
    local r = p:succeed("revision", "--autogenerate", "-m", "mail")
    assert.truthy(r.stderr:find("column 'email' of table 'users' is dropped and 'mail' is made anew", 1, true))
    assert.truthy(r.stderr:find('renamed_from = "email"', 1, true))
    assert.truthy(p:read(r.stdout:match "%S+"):find("drop_column", 1, true))
  end)

  it("is no column that is made anew under its own name", function()
    local p = new([[
return sql.schema { t = { { "id", sql.integer, primary_key = true }, { "a", sql.integer },
  { "g", sql.integer, computed = sql.computed("a + 2", { stored = false }) } } }
]], "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b TEXT, g INTEGER GENERATED ALWAYS AS (a + 1) VIRTUAL);")
    local r = p:succeed("revision", "--autogenerate", "-m", "other")
    local text = p:read(r.stdout:match "%S+")
    assert.truthy(text:find('drop_column({ "g"', 1, true) or text:find('drop_column({\n', 1, true), text)
    assert.falsy(r.stderr:find("renamed_from", 1, true), r.stderr)
  end)

  it("is not what a column loses that is computed no more, or becomes so, which is told", function()
    local p = new([[
return sql.schema { t = { { "id", sql.integer, primary_key = true }, { "a", sql.integer, computed = sql.computed("id + 1", { stored = false }) },
  { "g", sql.integer }, { "h", sql.integer, computed = sql.computed("id + 3", { stored = false }) } } }
]], "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, g INTEGER AS (id + 1) VIRTUAL, h INTEGER AS (id + 2) VIRTUAL);")
    local r = p:succeed("revision", "--autogenerate", "-m", "other")
    assert.truthy(r.stderr:find("column 'a' of table 't' becomes computed", 1, true), r.stderr)
    assert.truthy(r.stderr:find("column 'g' of table 't' is computed no more", 1, true), r.stderr)
    assert.falsy(r.stderr:find("column 'h'", 1, true), r.stderr)
  end)

  -- script(1) runs the command on a terminal of its own.
  local function on_terminal(p, answer)
    return cli.run({ "-q", "-e", "-c", cli.program .. " revision --autogenerate -m mail", "/dev/null" },
      { program = "/usr/bin/script", cwd = p.path, stdin = answer .. "\n" })
  end

  it("is asked about on a terminal", function()
    local p, db = new(renamed:format("", ""), made)
    local r = on_terminal(p, "y")
    assert(r.code == 0, r.stdout .. r.stderr)
    assert.truthy(r.stdout:find("was it renamed? [y/N]", 1, true), r.stdout)
    p:succeed "upgrade"
    assert.equal("a@b.c", db:value "SELECT mail FROM users")
  end)

  it("is what --yes says, without a terminal", function()
    local p, db = new(renamed:format("", ""), made)
    local r = p:succeed("revision", "--autogenerate", "-m", "mail", "--yes")
    assert.falsy(r.stderr:find("is dropped", 1, true), r.stderr)
    p:succeed "upgrade"
    assert.equal("a@b.c", db:value "SELECT mail FROM users")
  end)

  it("is a drop when the answer is no", function()
    local p = new(renamed:format("", ""), made)
    local r = on_terminal(p, "n")
    assert(r.code == 0, r.stdout .. r.stderr)
    local path = r.stdout:match "migrations/%S+%.lua"
    assert.truthy(p:read(path):find("drop_column", 1, true), r.stdout)
  end)
end)

describe("luamig inspect", function()
  local tables = [[
CREATE TABLE org (id INTEGER NOT NULL PRIMARY KEY, "na me" TEXT);
CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, org_id INTEGER NOT NULL REFERENCES org (id), note VARCHAR(20) DEFAULT 'it''s');
]]

  it("writes the database as schema.lua", function()
    assert.equal([[
return sql.schema {
  org = {
    { "id", sql.integer, primary_key = true },
    { "na me", sql.text },
  },

  users = {
    { "id", sql.integer, primary_key = true },
    { "org_id", sql.integer, nullable = false },
    { "note", sql.string(20), default = "it's" },
    sql.foreign_key({ "org_id" }, "org", { "id" }),
  },
}
]], new(users, tables):succeed("inspect").stdout)
  end)

  it("writes a snapshot with --json, which a script is made with", function()
    local p = new(users, tables)
    local document = json.decode(p:succeed("inspect", "--json").stdout)
    assert.equal("org", document.tables[1].name)
  end)

  it("draws the tables for Graphviz and Mermaid", function()
    local p = new(users, tables)
    local dot = p:succeed("inspect", "--format", "dot").stdout
    assert.truthy(dot:find('"users" -> "org" [label = "org_id"];', 1, true), dot)
    assert.truthy(dot:find("^digraph schema {\n.*}\n$"))
    assert.equal([[
erDiagram
  "org" {
    INTEGER id PK
    TEXT na_me
  }
  "users" {
    INTEGER id PK
    INTEGER org_id FK
    VARCHAR_20_ note
  }
  "users" }o--|| "org" : "org_id"
]], p:succeed("inspect", "--format", "mermaid").stdout)
  end)

  it("draws what Graphviz takes, whatever the names", function()
    local p = new("", [[
      CREATE TABLE "we<b>&amp; ""ird""" (id INTEGER PRIMARY KEY, "a\\b" TEXT, "ü|{}" , "x > y" VARCHAR(3));
      CREATE TABLE "gr\ö\ße" (id INTEGER PRIMARY KEY, up INTEGER REFERENCES "gr\ö\ße" (id), o INTEGER REFERENCES "we<b>&amp; ""ird""" (id),
        p INTEGER REFERENCES gone (id)); CREATE TABLE "digraph" (a, b, PRIMARY KEY (a, b));]])
    local file = scratch.folder() .. "/schema.dot"
    local handle <close> = assert(io.open(file, "wb"))
    handle:write(p:succeed("inspect", "--format", "dot").stdout)
    handle:close()
    local r = cli.run({ "-Tplain", file }, { program = "/usr/bin/dot" })
    assert.equal(0, r.code, r.stderr)
    assert.equal("", r.stderr)
    local counts = { node = 0, edge = 0 }
    for kind in r.stdout:gmatch "[^\n]+" do
      local word = kind:match "^%a+"
      if counts[word] then counts[word] = counts[word] + 1 end
    end
    assert.same({ node = 4, edge = 3 }, counts, r.stdout) -- gone is drawn without columns
    local svg = p:succeed("inspect", "--format", "svg").stdout
    assert.truthy(svg:find("<svg ", 1, true) and svg:find("</svg>%s*$"), svg)
    assert.truthy(svg:find("we&lt;b&gt;&amp;amp;", 1, true), svg)
  end)

  it("draws SVG by Graphviz, or says what is missing", function()
    local p = new(users, tables)
    local bin = scratch.folder()
    local r = p:luamig("inspect", "--format", "svg", { env = { PATH = bin } })
    assert.equal(1, r.code)
    assert.truthy(r.stderr:find("apt-get install graphviz", 1, true))
    local file <close> = assert(io.open(bin .. "/dot", "w"))
    file:write "#!/bin/sh\n[ \"$1\" = -Tsvg ] && echo '<svg/>' && exec /bin/cat \"$2\"\n"
    file:close()
    assert(os.execute("chmod +x " .. bin .. "/dot"))
    r = p:luamig("inspect", "--format", "svg", { env = { PATH = bin } })
    assert.truthy(r.stdout:find("^<svg/>\ndigraph schema {"), r.stdout .. r.stderr)
  end)
end)
