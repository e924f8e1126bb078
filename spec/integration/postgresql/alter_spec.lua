-- Type changes and enum types of PostgreSQL on a live table with rows: values and defaults go with them.
local live = require "spec.support.live"
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"

describe("on PostgreSQL", function()
  local db

  lazy_setup(function()
    db = scratch.database "postgresql"
    live.connect(db)
  end)
  lazy_teardown(function()
    db.conn:close()
    db:drop()
  end)
  before_each(function() live.empty(db) end)

  local function run(fn)
    local done, err = live.run(db, fn)
    assert(done, err and err.message)
  end

  local function default_of(column)
    return db:value(([[SELECT coalesce(pg_get_expr(d.adbin, d.adrelid), '') FROM pg_attribute a
      LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      WHERE a.attrelid = 't'::regclass AND a.attname = '%s']]):format(column)) or ""
  end

  it("a backslash is one whatever standard_conforming_strings is", function()
    local p = project.new { url = db.url .. "?options=-c%20standard_conforming_strings%3Doff" }
    p:revision { id = "aaaa", upgrade = [[
      op.create_table("t", { { "id", sql.integer, primary_key = true }, { "raw", sql.blob, default = sql.bytes "AB" },
        { "s", sql.text, default = "c\\d", comment = "a\\b" }, sql.check("s <> ''", { name = "ck" }) })
      op.bulk_insert("t", { { raw = sql.bytes "AB\0", s = "\\x41" } })
      op.execute(sql.table "t":insert { id = 2 })]] }
    local r = p:luamig "upgrade"
    assert(r.code == 0, r.stderr)
    assert.same({ "414200\t\\x41", "4142\tc\\d" }, db:query "SELECT encode(raw, 'hex'), s FROM t ORDER BY id")
    assert.equal("a\\b", db:value "SELECT col_description('t'::regclass, 3)")
  end)

  it("a table has every key that was named, where the server would make one of those that are alike", function()
    run(function(op, sql)
      op.create_table("t", { { "id", sql.integer, nullable = false }, { "a", sql.integer }, sql.primary_key("id", { name = "k1" }),
        sql.unique("id", { name = "k2" }), sql.unique("a", { name = "k3" }), sql.unique("a", { name = "k4" }),
        sql.unique("a", { name = "k5", deferrable = true }), sql.unique("a"), sql.unique({ "a", "id" }, { name = "k6" }) })
    end)
    assert.same({ "k1", "k2", "k3", "k4", "k5", "k6" }, db:query "SELECT conname FROM pg_constraint WHERE conrelid = 't'::regclass AND contype <> 'n' ORDER BY 1") -- from 18 on NOT NULL is one
  end)

  it("an identity that is ALWAYS takes a row's own value when that is said", function()
    local p = project.new { url = db.url }
    p:revision { id = "aaaa", upgrade = [[
      op.create_table("t", { { "id", sql.integer, primary_key = true, identity = sql.identity { always = true } }, { "a", sql.text } })
      op.bulk_insert("t", { { id = 7, a = "x" } }, { postgresql_overriding = "system" })
      op.bulk_insert("t", { { id = 8, a = "y" } }, { postgresql_overriding = "user" })
      op.bulk_insert("t", { { id = 9, a = "z" } })]] }
    local r = p:luamig "upgrade"
    assert.equal(1, r.code)
    assert.matches("428C9", r.stderr, 1, true)
    assert.matches('hint      postgresql_overriding = "system" writes', r.stderr, 1, true)
    p:write("migrations/aaaa.lua", (p:read "migrations/aaaa.lua":gsub("op.bulk_insert[^\n]*9[^\n]*\n", "\n")))
    r = p:luamig "upgrade"
    assert.equal(0, r.code, r.stderr)
    assert.same({ "1\ty", "7\tx" }, db:query "SELECT id, a FROM t ORDER BY id")
  end)

  it("a type without an assignment cast is converted, with its default", function()
    run(function(op, sql)
      op.create_table("t", {
        { "number", sql.string(10), default = "5" }, { "flag", sql.boolean, default = false },
        { "one", sql.integer, default = 1 }, { "doc", sql.text }, { "small", sql.smallint, default = 0 },
        { "list", sql.array(sql.text), default = sql.expr "'{}'" }, { "day", sql.text, default = "2020-01-02" },
      })
    end)
    live.execute(db, [[INSERT INTO t VALUES ('7', true, 1, '{"x":1}', 2, '{3}', '2021-01-01')]])
    run(function(op, sql)
      op.alter_column("t", "number", { type = sql.integer })
      op.alter_column("t", "flag", { type = sql.integer })
      op.alter_column("t", "one", { type = sql.boolean })
      op.alter_column("t", "doc", { type = sql.jsonb })
      op.alter_column("t", "small", { type = sql.boolean, default = true })
      op.alter_column("t", "list", { type = sql.array(sql.integer) })
      op.alter_column("t", "day", { type = sql.date, postgresql_using = "day::date" })
    end)
    assert.same({ '7\t1\tt\t{"x": 1}\tt\t{3}\t2021-01-01' }, db:query "SELECT * FROM t")
    assert.same({ "5", "0", "true", "true", "'{}'::integer[]", "'2020-01-02'::date" },
      { default_of "number", default_of "flag", default_of "one", default_of "small", default_of "list", default_of "day" })
  end)

  it("a default becomes what a row of that value becomes, however it was written", function()
    local flags = { { '"1"', "1" }, { "1", "1" }, { '"Yes"', "1" }, { [[sql.expr "'t'"]], "1" }, { '"on"', "1" }, { '"off"', "0" }, { "false", "0" } }
    for _, flag in ipairs(flags) do
      run(load(([[return function(op, sql)
        op.create_table("t", { { "a", sql.boolean, default = %s }, { "b", sql.boolean, default = %s } })
        op.alter_column("t", "a", { type = sql.integer })
        op.alter_column("t", "b", { type = sql.text })
      end]]):format(flag[1], flag[1]))())
      assert.same({ flag[2], flag[2] == "1" and "'true'::text" or "'false'::text" }, { default_of "a", default_of "b" })
      run(function(op) op.drop_table "t" end)
    end
    run(function(op, sql)
      op.create_table("t", { { "a", sql.integer, default = 5 }, { "b", sql.numeric(3, 1), default = "0.0" } })
      op.alter_column("t", "a", { type = sql.boolean })
      op.alter_column("t", "b", { type = sql.boolean })
    end)
    assert.same({ "true", "false" }, { default_of "a", default_of "b" })
  end)

  it("an enum gets any new set of values; columns, arrays and defaults are carried over", function()
    run(function(op, sql)
      op.create_table("t", {
        { "mood", sql.enum("mood", { "a", "b", "c" }), default = "a" },
        { "moods", sql.array(sql.enum "mood"), default = sql.expr "'{a,b}'" },
      })
    end)
    live.execute(db, "INSERT INTO t VALUES ('a', '{a,b}'), ('b', '{c}')")
    run(function(op)
      op.set_enum_values("mood", { "b", "a", "x" }, { renamed = { a = "b", b = "a" }, removed = { c = "x" } })
    end)
    assert.same({ "b\t{b,a}", "a\t{x}" }, db:query "SELECT * FROM t")
    assert.same({ "'b'::mood", "'{b,a}'::mood[]" }, { default_of "mood", default_of "moods" })
    run(function(op) op.remove_enum_value("mood", "x", { replace_by = "a" }) end)
    assert.same({ "b\t{b,a}", "a\t{a}" }, db:query "SELECT * FROM t")
    assert.equal("{b,a}", db:value "SELECT enum_range(NULL::mood)")
  end)

  it("an enum that grows or is renamed stays the same type", function()
    run(function(op, sql) op.create_table("t", { { "mood", sql.enum("mood", { "a", "c" }), default = "c" } }) end)
    local oid = db:value "SELECT 'mood'::regtype::oid"
    run(function(op) op.set_enum_values("mood", { "a", "b", "d" }, { renamed = { c = "d" } }) end)
    assert.equal("{a,b,d}", db:value "SELECT enum_range(NULL::mood)")
    assert.equal(oid, db:value "SELECT 'mood'::regtype::oid")
    assert.equal("'d'::mood", default_of "mood")
  end)

  it("a text becomes an enum and a text again", function()
    run(function(op, sql)
      op.create_table("t", { { "word", sql.text, default = "b" } })
      op.alter_column("t", "word", { type = sql.enum("kind", { "a", "b" }) })
    end)
    assert.equal("'b'::kind", default_of "word")
    run(function(op, sql)
      op.alter_column("t", "word", { type = sql.text })
      op.drop_enum "kind"
    end)
    assert.equal("'b'::text", default_of "word")
  end)

  it("a default that is set again stands in the catalog as CREATE TABLE writes it", function()
    run(function(op, sql)
      op.create_enum("kind", { "a", "b" })
      for _, name in ipairs { "t", "u" } do
        op.create_table(name, { { "word", sql.string(10), default = "b" }, { "price", sql.numeric(10, 2), default = 5 },
          { "day", sql.date, default = "2020-01-02" } })
      end
      op.alter_column("t", "word", { type = sql.enum "kind" })
      op.alter_column("t", "price", { type = sql.text })
      op.alter_column("t", "day", { type = sql.text })
    end)
    assert.same({ "'b'::kind", "'5'::text", "'2020-01-02'::text" }, { default_of "word", default_of "price", default_of "day" })
    run(function(op, sql)
      op.alter_column("t", "word", { type = sql.string(10) })
      op.alter_column("t", "price", { type = sql.numeric(10, 2) })
      op.alter_column("t", "day", { type = sql.date })
    end)
    local defaults = "SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = '%s'::regclass ORDER BY adnum"
    assert.same({ "'b'::character varying", "5", "'2020-01-02'::date" }, db:query(defaults:format "u"))
    assert.same(db:query(defaults:format "u"), db:query(defaults:format "t"))
  end)

  it("the sequence of a serial column follows its type, as an identity's does", function()
    live.execute(db, [[CREATE TABLE t (id serial PRIMARY KEY, "N o" smallserial, i integer GENERATED BY DEFAULT AS IDENTITY,
      own integer DEFAULT nextval('t_id_seq'))]])
    run(function(op, sql)
      op.alter_column("t", "id", { type = sql.bigint })
      op.alter_column("t", "N o", { type = sql.integer })
      op.alter_column("t", "i", { type = sql.bigint })
      op.alter_column("t", "own", { type = sql.smallint }) -- another column's sequence
    end)
    assert.same({ "t_N o_seq\tinteger\t2147483647", "t_i_seq\tbigint\t9223372036854775807", "t_id_seq\tbigint\t9223372036854775807" },
      db:query [[SELECT sequencename, data_type, max_value FROM pg_sequences WHERE schemaname = current_schema() ORDER BY sequencename COLLATE "C"]])
    live.execute(db, "SELECT setval('t_id_seq', 3000000000)")
    live.execute(db, "INSERT INTO t (own) VALUES (1)")
    assert.equal("3000000001", db:value "SELECT id FROM t")
  end)

  it("an enum with other values than the type's is an error that says what to do", function()
    run(function(op) op.create_enum("mood", { "a", "b" }) end)
    local done, err = live.run(db, function(op, sql)
      op.create_table("t", { { "mood", sql.enum("mood", { "a" }) } })
    end)
    assert.is_nil(done)
    assert.equal("enum type 'mood' exists with other values", err.message)
    assert.truthy(err.hint:find("op.set_enum_values", 1, true))
  end)

  it("identities come, change and go", function()
    local function identity() return db:value "SELECT attidentity FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = 'n'" or "" end
    run(function(op, sql)
      op.create_table("t", { { "n", sql.integer } })
      op.alter_column("t", "n", { identity = sql.identity { always = true, start = 10 } })
    end)
    assert.equal("a", identity())
    run(function(op, sql) op.alter_column("t", "n", { identity = sql.identity { always = false } }) end)
    assert.equal("d", identity())
    run(function(op) op.alter_column("t", "n", { identity = true }) end) -- which is nothing new
    assert.equal("d", identity())
    run(function(op) op.alter_column("t", "n", { drop_identity = true }) end)
    assert.equal("", identity())
    run(function(op) op.alter_column("t", "n", { autoincrement = true }) end)
    assert.equal("d", identity())
    run(function(op) op.alter_column("t", "n", { autoincrement = false }) end)
    assert.equal("", identity())
  end)

  it("a serial column becomes an identity, and is one that fills itself on the way back", function()
    local p = project.new { url = db.url }
    db:query "CREATE TABLE t (id SERIAL CONSTRAINT pk PRIMARY KEY, a INTEGER); INSERT INTO t (a) SELECT 1 FROM generate_series(1, 5)"
    p:write("schema.lua", [[return sql.schema { t = { { "id", sql.integer, identity = sql.identity { always = true, increment = 2 } }, { "a", sql.integer },
      sql.primary_key({ "id" }, { name = "pk" }) } }]])
    p:succeed("revision", "--autogenerate", "-m", "identity")
    p:succeed "upgrade"
    p:succeed "check"
    assert.equal("7", db:value "INSERT INTO t (a) VALUES (1) RETURNING id")
    p:succeed("downgrade", "base")
    assert.equal("8", db:value "INSERT INTO t (id, a) VALUES (DEFAULT, 1) RETURNING id")
    assert.equal("99", db:value "INSERT INTO t (id, a) VALUES (99, 1) RETURNING id")
  end)

  it("a serial column fills itself no more, also where a downgrade has made an identity of it", function()
    local p = project.new { url = db.url }
    db:query "CREATE TABLE t (a SERIAL, b SMALLSERIAL); INSERT INTO t SELECT FROM generate_series(1, 3)"
    p:write("schema.lua", [[return sql.schema { t = { { "a", sql.integer }, { "b", sql.smallint, identity = sql.identity { always = true } } } }]])
    p:succeed("revision", "--autogenerate", "-m", "plain")
    for _ = 1, 2 do
      p:succeed "upgrade"
      p:succeed "check"
      assert.same({ "a\t\t", "b\ta\t" }, db:query [[SELECT attname, attidentity, pg_get_expr(adbin, adrelid) FROM pg_attribute
        LEFT JOIN pg_attrdef ON (adrelid, adnum) = (attrelid, attnum) WHERE attrelid = 't'::regclass AND attnum > 0 ORDER BY 1]])
      p:succeed("downgrade", "base")
      assert.equal("t", db:value "INSERT INTO t VALUES (DEFAULT, DEFAULT) RETURNING a > 3 AND b > 3")
    end
  end)

  it("an identity goes on behind the rows that are there", function()
    for options, wanted in pairs {
      ["{ autoincrement = true }"] = 8, ["{ identity = sql.identity { increment = 5, start = 2 } }"] = 12,
      ["{ identity = sql.identity { start = 100 } }"] = 100, ["{ identity = sql.identity { increment = -1, max = 9 } }"] = 6,
    } do
      live.empty(db)
      live.execute(db, [[CREATE TABLE "a t" (n serial, o integer)]])
      live.execute(db, [[INSERT INTO "a t" VALUES (7, 0)]])
      run(load(("local op, sql = ... op.alter_column('a t', 'n', { drop_default = true }) op.alter_column('a t', 'n', %s)"):format(options)))
      live.execute(db, [[INSERT INTO "a t" (o) VALUES (1)]])
      assert.equal(tostring(wanted), db:value [[SELECT n FROM "a t" WHERE o = 1]])
    end
  end)

  it("what a table becomes, its partitions and those that inherit from it become", function()
    local p = project.new { url = db.url }
    p:revision { id = "aaaa", upgrade = [[
      local function has(table, ...)
        for _, wanted in ipairs { ... } do assert(op.has_column(table, wanted:match "%a+$") == (wanted:sub(1, 4) ~= "not "), table .. ": " .. wanted) end
      end
      op.create_table("base", { { "id", sql.integer } })
      op.create_table("heir", { { "own", sql.integer }, postgresql_inherits = "base" })
      has("heir", "id", "own")
      op.add_column("base", { "n", sql.integer })
      has("heir", "n")
      op.drop_column("base", "id")
      has("heir", "n", "own", "not id")
      op.create_table("whole", { { "d", sql.date }, { "n", sql.integer }, postgresql_partition_by = "RANGE (d)" })
      op.execute "CREATE TABLE part PARTITION OF whole DEFAULT"
      has("part", "d", "n")
      op.rename_column("whole", "n", "m")
      has("part", "m", "not n")
      op.drop_column("whole", "m")
      has("part", "d", "not m")]] }
    local r = p:luamig "upgrade"
    assert(r.code == 0, r.stderr)
    db:query "DROP TABLE luamig_version, luamig_history, luamig_journal, luamig_lock"
  end)

  it("a script of pg_dump's, which leaves search_path empty, is told how to set it back", function()
    local p = project.new { url = db.url }
    local dumped = [[op.execute "SELECT pg_catalog.set_config('search_path', '', false); CREATE TABLE public.t (id integer);"
    ]]
    for _, upgrade in ipairs { dumped, dumped .. 'op.create_table("later", { { "id", sql.integer } })' } do
      p:revision { id = "aaaa", upgrade = upgrade }
      local r = p:luamig "upgrade"
      assert.equal(1, r.code)
      assert.matches('op.execute "RESET search_path"', r.stderr, 1, true)
    end
    p:revision { id = "aaaa", upgrade = dumped .. 'op.execute "RESET search_path" op.create_table("later", { { "id", sql.integer } })' }
    local r = p:luamig "upgrade"
    assert(r.code == 0, r.stderr)
    db:query "DROP TABLE t, later, luamig_version, luamig_history, luamig_journal, luamig_lock"
  end)

  it("a role that may not write luamig's own tables is told how to set it back", function()
    local p, role = project.new { url = db.url }, "owner_" .. db.name:sub(-12)
    db:query(("CREATE ROLE %s; GRANT CREATE, USAGE ON SCHEMA public TO %s"):format(role, role))
    local upgrade = ('op.execute "SET ROLE %s" op.create_table("t", { { "id", sql.integer } })'):format(role)
    p:revision { id = "aaaa", upgrade = upgrade }
    local r = p:luamig "upgrade"
    assert.equal(1, r.code)
    assert.matches("set it back before the revision ends (RESET ROLE)", r.stderr, 1, true)
    p:revision { id = "aaaa", upgrade = upgrade .. ' op.execute "RESET ROLE"' }
    p:succeed "upgrade"
    db:query(("DROP TABLE t, luamig_version, luamig_history, luamig_journal, luamig_lock; DROP OWNED BY %s; DROP ROLE %s"):format(role, role))
  end)

  it("a function whose arguments have defaults is dropped by the same arguments", function()
    local p = project.new { url = db.url }
    local args = [["a integer DEFAULT (1 + (2)), \"default\" numeric(4, 2) = 1, c text DEFAULT 'a, b = c', VARIADIC d integer[] DEFAULT ARRAY[1, 2]"]]
    p:revision { id = "aaaa", upgrade = ('op.create_function("f", { args = %s, returns = "integer" }, "SELECT 1")'):format(args),
      downgrade = ('op.drop_function("f", { args = %s })'):format(args) }
    p:succeed "upgrade"
    assert.equal("1", db:value "SELECT f()")
    p:succeed("downgrade", "base")
    assert.equal("0", db:value "SELECT count(*) FROM pg_proc WHERE proname = 'f'")
    db:query "DROP TABLE luamig_version, luamig_history, luamig_journal, luamig_lock"
  end)

  it("rows without a value, and a foreign key to no key, are told with what to do", function()
    local function hint(fn)
      local done, err = live.run(db, fn)
      assert.falsy(done)
      return err.hint
    end
    db:query "CREATE TABLE t (id integer PRIMARY KEY, x integer); INSERT INTO t VALUES (1)"
    local has_none = "then op.alter_column(…, { nullable = false })"
    assert.matches(has_none, hint(function(op, sql) op.add_column("t", { "y", sql.integer, nullable = false }) end), 1, true)
    assert.matches(has_none, hint(function(op) op.alter_column("t", "x", { nullable = false }) end), 1, true)
    assert.matches("a unique constraint of just these columns",
      hint(function(op, sql) op.create_table("u", { { "x", sql.integer, references = "t.x" } }) end), 1, true)
  end)

  it("unnamed constraints are dropped by what they hold", function()
    run(function(op, sql)
      op.create_table("t", { { "id", sql.integer, primary_key = true }, { "x", sql.integer, unique = true, check = "x > 0" } })
      op.drop_constraint(nil, "t", { type = "unique", columns = { "x" } })
      op.drop_constraint(nil, "t", { type = "check", columns = { "x" } })
      op.drop_constraint(nil, "t", { type = "primary" })
    end)
    assert.equal("0", db:value "SELECT count(*) FROM pg_constraint WHERE conrelid = 't'::regclass AND contype <> 'n'")
  end)

  it("an identity that a run takes away and gives again is where it was said to be", function()
    local identities = [[SELECT string_agg(attname, ' ' ORDER BY attname) FROM pg_attribute WHERE attrelid = 't'::regclass AND attidentity <> '']]
    local function again(make)
      run(function(op, sql)
        op.create_table("t", { { "x", sql.integer }, { "y", sql.integer, nullable = false }, sql.primary_key({ "x" }, { name = "pk_t" }) })
        op.drop_constraint("pk_t", "t", { type = "primary" })
        op.alter_column("t", "x", { drop_identity = true })
        op.add_constraint("t", sql.primary_key({ "x", "y" }, { name = "pk_t" }))
        op.drop_constraint("pk_t", "t", { type = "primary" })
        op.alter_column("t", "y", { identity = sql.identity() })
        op.add_constraint("t", sql.primary_key({ "y" }, { name = "pk_t" }))
        op.alter_column("t", "y", { drop_identity = true })
        op.alter_column("t", "x", make(sql))
        op.alter_column("t", "x", { type = sql.bigint })
      end)
      assert.equal("x", db:value(identities))
      db:query "DROP TABLE t"
    end
    again(function(sql) return { identity = sql.identity { always = false } } end)
    again(function() return { autoincrement = true } end)
  end)
end)
