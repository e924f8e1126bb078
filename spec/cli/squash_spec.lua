-- luamig squash: one revision instead of many, which leaves in a new database what they leave, and in an old one nothing
-- to do.
local cli = require "spec.support.cli"
local dump = require "spec.support.dump"
local json = require "dkjson"
local live = require "spec.support.live"
local new_project = require "spec.support.project".new
local scratch = require "spec.support.scratch"

local function ok(r)
  assert.equal(0, r.code, r.stderr)
  return r
end

-- Tables with a key between them, rows of two, a rename, a view: what is left of six revisions.
local function write_revisions(p)
  p:revision { id = "aaaa", message = "currencies", header = 'branch_labels = "main"', upgrade = [[
    op.create_table("currencies", { { "code", sql.char(3), primary_key = true }, { "name", sql.string(40) } })
    op.bulk_insert("currencies", { { code = "EUR", name = "Euro" }, { code = "USD", name = "it's a dollar" } })]] }
  p:revision { id = "bbbb", down = "aaaa", message = "prices", upgrade = [[
    op.create_table("prices", { { "id", sql.integer, primary_key = true }, { "cur", sql.char(3), references = "currencies.code" },
      { "amount", sql.numeric(10, 2), nullable = false, check = sql.check("amount > 0", { name = "ck_amount" }) },
      { "raw", sql.varbinary(20) }, { "note", sql.text } })
    op.create_index("ix_prices_cur", "prices", { "cur" })
    op.bulk_insert("prices", { { cur = "EUR", amount = 1.5, raw = sql.bytes "\0\255", note = sql.null },
      { cur = "USD", amount = 2, raw = sql.null, note = "two\nlines" } })]] }
  p:revision { id = "cccc", down = "bbbb", upgrade = [[op.rename_column("prices", "cur", "currency")]] }
  p:revision { id = "dddd", down = "cccc", upgrade = [[op.create_view("euros", "SELECT id, amount FROM prices WHERE currency = 'EUR'")]] }
  p:revision { id = "eeee", down = "dddd", upgrade = [[op.add_column("prices", { "seen", sql.boolean, default = false })]] }
end

for _, dialect in ipairs { "sqlite", "postgresql", "mysql" } do
  describe("squash on " .. dialect, function()
    local old, new, p

    before_each(function()
      old, new = scratch.database(dialect), scratch.database(dialect)
      p = new_project { url = old.url }
      write_revisions(p)
    end)
    after_each(function()
      old:drop()
      new:drop()
    end)

    local function state(db)
      return { schema = dump.schema(db), rows = db:query "SELECT * FROM prices ORDER BY id", codes = db:query "SELECT * FROM currencies ORDER BY code" }
    end

    it("leaves what the revisions leave, and later ones go on", function()
      ok(p:luamig("upgrade", "dddd"))
      local before = state(old)
      local r = ok(p:luamig("squash", "dddd", "-m", "all of 2025", "--yes", "--json"))
      local said = json.decode(r.stdout)
      assert.equal("dddd", said.revision)
      assert.same({ "aaaa", "bbbb", "cccc" }, said.replaces)
      assert.equal(4, #said.removed)
      for _, path in ipairs(said.removed) do assert.is_false(p:exists(path), path) end
      assert.matches("dddd_all_of_2025%.lua$", said.file)
      assert.matches("\n%-%- bbbb prices\n", p:read(said.file))
      ok(p:luamig("upgrade", "dddd", "--url", new.url))
      assert.equal("", dump.difference(before.schema, dump.schema(new)))
      assert.same(before, state(new))

      assert.same({}, json.decode(ok(p:luamig("status", "--json")).stdout).edited)
      ok(p:luamig "upgrade")
      ok(p:luamig("upgrade", "main@head", "--url", new.url))
      assert.same(state(old), state(new))
      for _, db in ipairs { old, new } do -- its keys go on after those of the rows
        db:query "INSERT INTO prices (currency, amount) VALUES ('EUR', 9)"
        assert.same({ "3" }, db:query "SELECT max(id) FROM prices")
      end
      ok(p:luamig("downgrade", "base"))
      assert.same({ "0" }, old:query "SELECT count(*) FROM luamig_version")
    end)

    it("squashes what was squashed", function()
      ok(p:luamig("squash", "bbbb", "--yes"))
      ok(p:luamig("squash", "eeee", "--yes"))
      local revisions = json.decode(ok(p:luamig("history", "--json")).stdout).revisions
      assert.equal(1, #revisions)
      assert.same({ "aaaa", "bbbb", "cccc", "dddd" }, revisions[1].replaces)
      assert.same({ "main" }, revisions[1].branch_labels)
    end)

    local function only(where, name, test)
      if where then it(name, test) end
    end

    only(dialect == "postgresql", "leaves a sequence where it was", function()
      p:revision { id = "ffff", down = "eeee", upgrade = [[op.create_sequence("numbers", { start = 100 })
        op.add_column("prices", { "number", sql.bigint, default = sql.expr "nextval('numbers')" })]] }
      ok(p:luamig("squash", "ffff", "--yes"))
      ok(p:luamig("upgrade", "--url", new.url))
      assert.same({ "102" }, new:query "SELECT nextval('numbers')")
    end)

    it("takes rows that refer to later ones of their table", function()
      p:revision { id = "ffff", down = "eeee", upgrade = [[
        op.create_table("parts", { { "id", sql.integer, primary_key = true }, { "of", sql.integer, references = "parts.id" } })
        op.bulk_insert("parts", { { id = 3, of = 3 }, { id = 2, of = 3 }, { id = 4, of = sql.null }, { id = 1, of = 2 } })]] }
      ok(p:luamig("squash", "ffff", "--yes"))
      ok(p:luamig("upgrade", "--url", new.url))
      assert.same({ "1 2", "2 3", "3 3", "4" }, new:query((dialect == "mysql" and "SELECT CONCAT_WS(' ', id, `of`)" or
        [[SELECT id || coalesce(' ' || "of", '')]]) .. " FROM parts ORDER BY id"))
    end)

    it("takes rows whatever their columns are called", function()
      p:revision { id = "ffff", down = "eeee", upgrade = [[
        op.create_table("odd t", { { "a.b", sql.integer, primary_key = true }, { "c (d)", sql.string(9) }, { "*", sql.string(9) } })
        op.bulk_insert("odd t", { { ["a.b"] = 1, ["c (d)"] = "x", ["*"] = "y" } })]] }
      ok(p:luamig("squash", "ffff", "--yes"))
      ok(p:luamig("upgrade", "--url", new.url))
      assert.same({ "1\tx\ty" }, new:query(dialect == "mysql" and "SELECT * FROM `odd t`" or [[SELECT * FROM "odd t"]]))
    end)

    only(dialect == "postgresql", "takes the values of an identity that is ALWAYS", function()
      p:revision { id = "ffff", down = "eeee", upgrade = [[
        op.create_table("kinds", { { "id", sql.integer, primary_key = true, identity = sql.identity { always = true } }, { "name", sql.text } })
        op.bulk_insert("kinds", { { name = "a" }, { name = "b" } })
        op.execute "DELETE FROM kinds WHERE name = 'a'"]] }
      ok(p:luamig("squash", "ffff", "--yes"))
      ok(p:luamig("upgrade", "--url", new.url))
      new:query "INSERT INTO kinds (name) VALUES ('c')"
      assert.same({ "2\tb", "3\tc" }, new:query "SELECT id, name FROM kinds ORDER BY id")
    end)

    it("takes every pattern of spec/patterns", function()
      local folder = scratch.folder()
      assert(os.execute("cp -R spec/patterns/luamig.conf.lua spec/patterns/migrations " .. folder))
      local function luamig(...) return ok(cli.run({ "--url", new.url, ... }, { cwd = folder })) end
      luamig("squash", "heads", "--yes")
      assert.equal(1, #json.decode(luamig("history", "--json").stdout).revisions)
      luamig "upgrade"
      luamig("downgrade", "base")
      local left = json.decode(luamig("inspect", "--json").stdout)
      assert.same({}, left.tables)
      luamig "upgrade"
    end)

    -- { what makes a trigger by an operation, and by a text }
    local triggers = {
      sqlite = { [[op.create_trigger("loud", "prices", { when = "after", events = { "insert" }, each = "row" },
        "BEGIN UPDATE prices SET note = 'made' WHERE id = new.id; END")]],
        "CREATE TRIGGER loud AFTER INSERT ON prices BEGIN UPDATE prices SET note = 'made' WHERE id = new.id; END" },
      postgresql = { [[op.create_function("be_loud", { args = "", returns = "trigger", language = "plpgsql" },
          "BEGIN new.note := 'made'; RETURN new; END")
        op.create_trigger("quiet", "prices", { when = "before", events = { "update" }, each = "row" }, "be_loud()")
        op.drop_trigger("quiet", "prices")
        op.create_trigger("loud", "prices", { when = "before", events = { "insert" }, each = "row" }, "be_loud()")]],
        "CREATE FUNCTION answer() RETURNS integer LANGUAGE sql AS 'SELECT 42'" },
      mysql = { [[op.create_trigger("loud", "prices", { when = "before", events = { "insert" }, each = "row" },
        "SET new.note = 'made'")]], "CREATE TRIGGER loud BEFORE INSERT ON prices FOR EACH ROW SET new.note = 'made'" },
    }

    it("keeps what operations made and schema.lua has no word for", function()
      p:revision { id = "ffff", down = "eeee", upgrade = triggers[dialect][1] }
      ok(p:luamig("squash", "ffff", "--yes"))
      ok(p:luamig("upgrade", "--url", new.url))
      assert.same({ "0" }, new:query "SELECT count(*) FROM prices WHERE note = 'made'")
      new:query "INSERT INTO prices (currency, amount) VALUES ('EUR', 9)"
      assert.same({ "made" }, new:query "SELECT note FROM prices WHERE amount = 9")
      ok(p:luamig("downgrade", "base", "--url", new.url))
      ok(p:luamig("upgrade", "--url", new.url))
    end)

    only(dialect ~= "sqlite", "makes a function that an operation made before the view that calls it", function()
      p:revision { id = "ffff", down = "eeee", upgrade = (dialect == "mysql" and [[
        op.create_function("twice", { args = "n INT", returns = "INT", attributes = "DETERMINISTIC" }, "RETURN n * 2")]] or [[
        op.create_function("twice", { args = "n integer", returns = "integer", language = "sql" }, "SELECT n * 2")
        op.create_function("twice", { args = "t text", returns = "text", language = "sql" }, "SELECT t || t")
        op.create_function("few", { args = "", returns = "SETOF prices", language = "sql" }, "SELECT * FROM prices")]])
        .. '\nop.create_view("doubled", "SELECT twice(id) AS n FROM prices")' }
      ok(p:luamig("squash", "ffff", "--yes"))
      ok(p:luamig("upgrade", "--url", new.url))
      assert.equal(new:value "SELECT sum(id) * 2 FROM prices", new:value "SELECT sum(n) FROM doubled")
      ok(p:luamig("downgrade", "base", "--url", new.url))
      ok(p:luamig("upgrade", "--url", new.url))
    end)

    only(dialect ~= "sqlite", "takes the other schemas along, or refuses", function()
      local name = "luamig_squashed_" .. (new.name or ""):match "%x*$"
      p:revision { id = "ffff", down = "eeee", upgrade = ([[op.create_schema(%q)
        op.create_table("log", { { "id", sql.integer, primary_key = true }, schema = %q })
        op.bulk_insert("log", { { id = 7 } }, { schema = %q })]]):format(name, name, name) }
      local r = p:luamig("squash", "ffff", "--yes")
      if dialect == "mysql" then
        assert.equal(2, r.code)
        assert.matches("the revisions name another database: " .. name, r.stderr)
        return
      end
      ok(r)
      ok(p:luamig("upgrade", "--url", new.url))
      assert.same({ "7" }, new:query(("SELECT id FROM %s.log"):format(name)))
      ok(p:luamig("downgrade", "base", "--url", new.url))
      assert.same({ "0" }, new:query(("SELECT count(*) FROM pg_namespace WHERE nspname = '%s'"):format(name)))
    end)

    only(dialect == "postgresql", "takes the rows of partitions that a text made", function()
      p:revision { id = "ffff", down = "eeee", upgrade = [[
        op.create_table("kinds", { { "id", sql.integer, primary_key = true }, { "name", sql.text }, postgresql_partition_by = "RANGE (id)" })
        op.execute "CREATE TABLE few PARTITION OF kinds FOR VALUES FROM (0) TO (9); CREATE VIEW fewest AS SELECT name FROM few"
        op.bulk_insert("kinds", { { id = 1, name = "a" } })]] }
      ok(p:luamig("squash", "ffff", "--yes"))
      ok(p:luamig("upgrade", "--url", new.url))
      assert.same({ "a" }, new:query "SELECT name FROM fewest")
    end)

    only(dialect == "postgresql", "takes rows that a deferred constraint looks at", function()
      p:revision { id = "ffff", down = "eeee", upgrade = [[
        op.create_table("kinds", { { "id", sql.integer, primary_key = true },
          { "of", sql.integer, references = "kinds.id", deferrable = true, initially = "deferred" } })
        op.bulk_insert("kinds", { { id = 1, of = 2 }, { id = 2, of = 1 } })
        op.commit()
        op.execute "ALTER TABLE kinds ENABLE ROW LEVEL SECURITY"]] }
      ok(p:luamig("squash", "ffff", "--yes"))
      ok(p:luamig("upgrade", "--url", new.url))
      assert.same({ "1\t2", "2\t1" }, new:query "SELECT * FROM kinds ORDER BY id")
    end)

    only(dialect == "postgresql", "fills materialized views", function()
      p:revision { id = "ffff", down = "eeee", upgrade = [[
        op.create_schema "Odd"
        op.create_view("z", "SELECT code FROM currencies", { schema = "Odd", materialized = true })
        op.create_view("a", [=[SELECT count(*) AS n FROM "Odd".z]=], { materialized = true })
        op.execute "CREATE MATERIALIZED VIEW none AS SELECT code FROM currencies WITH NO DATA"]] }
      ok(p:luamig("squash", "ffff", "--yes"))
      ok(p:luamig("upgrade", "--url", new.url))
      assert.same({ "2" }, new:query "SELECT n FROM a")
      assert.falsy(p:read("migrations/ffff_6_revisions_in_one.lua"):find("REFRESH MATERIALIZED VIEW none", 1, true))
    end)

    only(dialect ~= "mysql", "takes numbers that are none", function()
      p:revision { id = "ffff", down = "eeee", upgrade = [[
        op.create_table("kinds", { { "id", sql.integer, primary_key = true }, { "n", sql.double } })
        op.bulk_insert("kinds", { { id = 1, n = sql.expr(op.dialect == "sqlite" and "9e999" or "'infinity'") },
          { id = 2, n = sql.expr(op.dialect == "sqlite" and "-9e999" or "'-infinity'") },
          { id = 3, n = sql.expr(op.dialect == "sqlite" and "1.5" or "'nan'") } })]] }
      ok(p:luamig("squash", "ffff", "--yes"))
      ok(p:luamig("upgrade", "--url", new.url))
      assert.same(dialect == "sqlite" and { "Inf", "-Inf", "1.5" } or { "Infinity", "-Infinity", "NaN" }, new:query "SELECT n FROM kinds ORDER BY id")
    end)

    only(dialect == "mysql", "takes bytes from columns of any type", function()
      p:revision { id = "ffff", down = "eeee", upgrade = [[
        op.create_table("kinds", { { "id", sql.integer, primary_key = true }, { "a", sql.native "longblob" }, { "b", sql.bit(9) }, { "p", sql.native "point" },
          { "s", sql.string(9) } })
        op.bulk_insert("kinds", { { id = 1, a = sql.bytes "\0\255'\\", b = sql.expr "b'111111111'", p = sql.expr "st_geomfromtext('POINT(1 2)')", s = sql.expr "'a\\0b'" } })]] }
      ok(p:luamig("squash", "ffff", "--yes"))
      ok(p:luamig("upgrade", "--url", new.url))
      assert.same({ "00FF275C\t1FF\tPOINT(1 2)\t610062" }, new:query "SELECT hex(a), hex(b), st_astext(p), hex(s) FROM kinds")
    end)

    it("keeps what a text made", function()
      p:revision { id = "ffff", down = "eeee", upgrade = ("op.execute(%q)"):format(triggers[dialect][2]) }
      ok(p:luamig("squash", "ffff", "--yes", "-m", "short"))
      assert.truthy(p:read("migrations/ffff_short.lua"):gsub("`", ""):find(dialect == "postgresql" and "FUNCTION answer()" or "TRIGGER loud", 1, true))
      ok(p:luamig("upgrade", "--url", new.url))
      if dialect == "postgresql" then
        assert.same({ "42" }, new:query "SELECT answer()")
      else
        new:query "INSERT INTO prices (currency, amount) VALUES ('EUR', 9)"
        assert.same({ "made" }, new:query "SELECT note FROM prices WHERE amount = 9")
      end
      ok(p:luamig("downgrade", "base", "--url", new.url))
      ok(p:luamig("upgrade", "--url", new.url))
    end)

    -- What the server has no text for, and what it is called.
    local wordless = {
      sqlite = { "CREATE TABLE strange (a INT NOT NULL ON CONFLICT IGNORE)", "ON CONFLICT of NOT NULL in strange" },
      postgresql = { "CREATE OPERATOR FAMILY strange USING btree", "operator family public%.strange" },
      mysql = { "CREATE TABLE strange (a int) WITH SYSTEM VERSIONING", "system versioning of strange" }, -- MariaDB
    }

    local is_mysql = dialect == "mysql" and live.flavour(scratch.database "mysql") == "mysql" -- tells it of all that it has
    only(not is_mysql, "refuses where nothing tells how it is made, and names it", function()
      p:revision { id = "ffff", down = "eeee", upgrade = ("op.execute(%q)"):format(wordless[dialect][1]) }
      local r = p:luamig("squash", "ffff", "--yes")
      assert.equal(3, r.code, r.stderr)
      assert.matches(wordless[dialect][2], r.stderr)
      assert.is_true(p:exists "migrations/aaaa.lua")
      ok(p:luamig("squash", "ffff", "--yes", "--incomplete", "-m", "short"))
      assert.matches("\n  %-%- not in it: " .. wordless[dialect][2], p:read "migrations/ffff_short.lua")
    end)
  end)
end

describe("squash", function()
  local p

  before_each(function()
    p = new_project()
    write_revisions(p)
  end)

  local function refused(code, pattern, ...)
    local r = p:luamig(...)
    assert.equal(code, r.code, r.stderr)
    assert.matches(pattern, r.stderr)
    assert.is_true(p:exists "migrations/aaaa.lua")
  end

  it("asks first", function()
    refused(2, "5 files become one%. Every database must be at eeee", "squash", "head")
  end)

  it("says what virtual tables would lack, and takes along those that are empty", function()
    p:revision { id = "ffff", down = "eeee", upgrade = [[
      op.execute "CREATE VIRTUAL TABLE places USING rtree(id, low, high)"
      op.execute "CREATE VIRTUAL TABLE words USING fts5(body)"]], downgrade = [[op.execute "DROP TABLE words" op.execute "DROP TABLE places"]] }
    p:revision { id = "gggg", down = "ffff", upgrade = [[op.execute "INSERT INTO words VALUES ('one two')"]] }
    refused(3, "would lack .*rows of virtual tables: 1 in words_content", "squash", "gggg", "--yes")
    ok(p:luamig("squash", "ffff", "--yes"))
    ok(p:luamig "upgrade")
    assert.is_false(p:exists "migrations/aaaa.lua")
  end)

  it("goes no further than what follows allows", function()
    refused(2, "'aaaa' is the first revision", "squash", "aaaa", "--yes")
    refused(2, "unknown revision 'nope1'", "squash", "nope1", "--yes")
    p:revision { id = "xxxx", down = "bbbb" }
    refused(2, "'xxxx' follows 'bbbb', which would be gone\n.*Squash up to 'bbbb'", "squash", "eeee", "--yes")
    refused(2, "2 revisions", "squash", "heads", "--yes")
    p:luamig("squash", "bbbb", "--yes")
    assert.is_false(p:exists "migrations/aaaa.lua")
  end)

  it("goes no further than what others depend on by a label, which REV would have then", function()
    p:revision { id = "side", header = 'depends_on = "main"' } -- a database at it has aaaa alone
    refused(2, "'side' depends on 'aaaa', which would be gone\n.*Squash up to 'aaaa'%.", "squash", "eeee", "--yes")
  end)

  it("does not take a branch that the others depend on", function()
    p:revision { id = "side" }
    p:revision { id = "ffff", down = "eeee", header = 'depends_on = "side"' }
    refused(2, "'ffff' depends on another branch", "squash", "ffff", "--yes")
  end)

  for _, name in ipairs { "side", "apart" } do
    it("takes a branch that others depend on when it goes with them, by the name of " .. name, function()
      p:revision { id = "side", down = "eeee", header = 'branch_labels = "apart"',
        upgrade = 'op.create_table("side", { { "id", sql.integer } })', downgrade = 'op.drop_table("side")' }
      p:revision { id = "ffff", down = "eeee", header = ("depends_on = %q"):format(name),
        upgrade = 'op.add_column("side", { "a", sql.integer })', downgrade = 'op.drop_column("side", "a")' }
      p:revision { id = "gggg", down = { "side", "ffff" } }
      local r = p:luamig("squash", "gggg", "--yes")
      assert.equal(0, r.code, r.stderr)
      assert.is_false(p:exists "migrations/side.lua")
      assert.equal(0, p:luamig("upgrade", "head").code)
    end)
  end

  it("refuses what the one revision would not do", function()
    p:revision { id = "ffff", down = "eeee", upgrade = 'for i = 1, 1001 do op.bulk_insert("currencies", { { code = tostring(i) } }) end' }
    refused(1, "more than 1000 rows into 'currencies'", "squash", "ffff", "--yes")
  end)

  it("tells a database in between what to do", function()
    ok(p:luamig("upgrade", "bbbb"))
    ok(p:luamig("squash", "dddd", "--yes"))
    for _, args in ipairs { { "upgrade" }, { "status" } } do
      local r = p:luamig(table.unpack(args))
      assert.equal(2, r.code, r.stdout)
      assert.matches("revision 'bbbb', which is in no file.*It was squashed into 'dddd': upgrade this database to 'dddd'", r.stderr)
    end
    local r = p:luamig("upgrade", "bbbb", "--url", "sqlite:///new.db")
    assert.matches("unknown revision 'bbbb'.*squashed into 'dddd'", r.stderr)
  end)

  it("is told when a file of a squashed revision comes back, or one that follows it", function()
    ok(p:luamig("squash", "dddd", "--yes"))
    p:revision { id = "late", down = "bbbb" }
    local r = p:luamig "heads"
    assert.equal(2, r.code)
    assert.matches("names 'bbbb', which is in no file.*squashed into 'dddd'", r.stderr)
    p:revision { id = "bbbb" }
    r = p:luamig "heads"
    assert.equal(2, r.code)
    assert.matches("'dddd' replaces 'bbbb', which is in a file too: migrations/bbbb%.lua", r.stderr)
  end)
end)

describe("the file of a squash", function()
  it("stands where file_template puts it", function()
    local p = new_project { config = 'recursive = true, file_template = "old/{rev}_{slug}",' }
    for _, id in ipairs { "aaaa", "bbbb" } do ok(p:luamig("revision", "-m", "one", "--rev-id", id)) end
    assert.equal("migrations/old/bbbb_all.lua\n", ok(p:luamig("squash", "head", "--yes", "-m", "all")).stdout)
  end)

  it("takes the place of no other revision", function()
    local p = new_project { config = 'file_template = "{slug}",' }
    for _, name in ipairs { "one", "two", "three" } do ok(p:luamig("revision", "-m", name, "--rev-id", name .. "1")) end
    local before = p:read "migrations/three.lua"
    local r = p:luamig("squash", "two1", "--yes", "-m", "three")
    assert.equal(2, r.code)
    assert.matches("migrations/three.lua' exists already", r.stderr, 1, true)
    assert.equal(before, p:read "migrations/three.lua")
    assert.equal("migrations/one.lua\n", ok(p:luamig("squash", "two1", "--yes", "-m", "one")).stdout)
  end)
end)
