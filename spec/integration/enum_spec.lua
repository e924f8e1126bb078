-- Enum operations in a later run than the one that made the columns: on every database, and in scripts.
local dump = require "spec.support.dump"
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"

for _, dialect in ipairs { "sqlite", "postgresql", "mysql" } do
  describe("enum operations on " .. dialect, function()
    local db, p

    local function run(...)
      local r = p:luamig(...)
      assert.equal(0, r.code, r.stderr)
      return r
    end

    local function accepts(tbl, column, value)
      local done = pcall(db.query, db, ("INSERT INTO %s (%s) VALUES ('%s')"):format(tbl, column, value))
      if done then db:query(("DELETE FROM %s WHERE %s = '%s'"):format(tbl, column, value)) end
      return done
    end

    before_each(function()
      db = scratch.database(dialect)
      p = project.new { url = db.url }
      p:revision {
        id = "made", upgrade = [[
          op.create_enum("mood", { "sad", "ok" })
          op.create_table("people", { { "id", sql.integer, primary_key = true }, { "mood", sql.enum("mood", { "sad", "ok" }), nullable = false, default = "ok" } })
          op.create_table("pets", { { "id", sql.integer, primary_key = true }, { "mood", sql.enum "mood" }, { "kind", sql.enum("kind", { "sad", "ok" }) } })]],
        downgrade = [[
          op.drop_table "pets"
          op.drop_table "people"
          op.drop_enum("kind", { if_exists = true })
          op.drop_enum "mood"]],
      }
      run "upgrade"
      p:revision {
        id = "renamed", down = "made",
        upgrade = [[ op.rename_table("pets", "animals") op.alter_column("people", "mood", { new_column_name = "temper" }) ]],
        downgrade = [[ op.alter_column("people", "temper", { new_column_name = "mood" }) op.rename_table("animals", "pets") ]],
      }
      run "upgrade"
    end)
    after_each(function() db:drop() end)

    it("reach the columns by their present names", function()
      local before = dump.schema(db)
      p:revision {
        id = "grown", down = "renamed", upgrade = 'op.add_enum_value("mood", "happy")',
        downgrade = 'op.remove_enum_value("mood", "happy", { replace_by = "ok" })',
      }
      run "upgrade"
      assert.is_true(accepts("people", "temper", "happy"))
      assert.is_true(accepts("animals", "mood", "happy"))
      assert.is_false(accepts("animals", "kind", "happy"))
      db:query "INSERT INTO people (temper) VALUES ('happy')"
      run("downgrade", "-1")
      assert.equal("ok", db:value "SELECT temper FROM people")
      assert.is_false(accepts("people", "temper", "happy"))
      assert.equal(before, dump.schema(db))
    end)

    it("know the values after much else was done", function()
      p:revision { id = "grown", down = "renamed", upgrade = [[
        for i = 1, 60 do
          op.create_table("t" .. i, { { "id", sql.integer, primary_key = true }, { "name", sql.string(99), nullable = false } })
          for k = 1, 30 do op.add_column("t" .. i, { "c" .. k, sql.string(99) }) end
        end]] }
      p:revision { id = "later", down = "grown", upgrade = 'op.add_column("people", { "other", sql.enum "mood" })' }
      run "upgrade"
      assert.is_true(accepts("people", "other", "sad"))
      assert.is_false(accepts("people", "other", "happy"))
    end)

    it("follow a rename of the same revision", function()
      p:revision {
        id = "grown", down = "renamed", upgrade = [[
          op.rename_table("animals", "beasts")
          op.rename_column("beasts", "mood", "state")
          op.rename_enum_value("mood", "sad", "blue")]],
        downgrade = [[
          op.rename_enum_value("mood", "blue", "sad")
          op.rename_column("beasts", "state", "mood")
          op.rename_table("beasts", "animals")]],
      }
      local before = dump.schema(db)
      db:query "INSERT INTO animals (mood, kind) VALUES ('sad', 'sad')"
      run "upgrade"
      assert.equal("blue", db:value "SELECT state FROM beasts")
      assert.equal("sad", db:value "SELECT kind FROM beasts")
      run("downgrade", "-1")
      assert.equal("sad", db:value "SELECT mood FROM animals")
      assert.equal(before, dump.schema(db))
    end)

    it("rename a value by its case alone, where the server takes both for the same, too", function()
      local before = dump.schema(db)
      p:revision {
        id = "case", down = "renamed", upgrade = 'op.rename_enum_value("mood", "ok", "OK")', downgrade = 'op.rename_enum_value("mood", "OK", "ok")',
      }
      p:revision {
        id = "cases", down = "case", upgrade = 'op.set_enum_values("mood", { "Ok", "SAD" }, { renamed = { OK = "Ok", sad = "SAD" } })',
        downgrade = 'op.set_enum_values("mood", { "sad", "OK" }, { renamed = { Ok = "OK", SAD = "sad" } })',
      }
      db:query "INSERT INTO people (temper) VALUES ('ok'), ('sad')"
      run("upgrade", "case")
      assert.same({ "OK", "sad" }, db:query "SELECT temper FROM people ORDER BY id")
      run "upgrade"
      assert.same({ "Ok", "SAD" }, db:query "SELECT temper FROM people ORDER BY id")
      db:query "INSERT INTO people (id) VALUES (9)"
      assert.equal("Ok", db:value "SELECT temper FROM people WHERE id = 9")
      run("downgrade", "renamed")
      assert.same({ "ok", "sad", "ok" }, db:query "SELECT temper FROM people ORDER BY id")
      assert.equal(before, dump.schema(db))
    end)

    it("give a column of a later run the values", function()
      p:revision {
        id = "again", down = "renamed", upgrade = [[
          op.add_column("people", { "other", sql.enum "mood" })
          op.create_table("plants", { { "id", sql.integer, primary_key = true }, { "mood", sql.enum "mood" } })]],
        downgrade = 'op.drop_table "plants" op.drop_column("people", "other")',
      }
      local before = dump.schema(db)
      run "upgrade"
      for _, column in ipairs { "people other", "plants mood" } do
        local t, c = column:match "(%w+) (%w+)"
        assert.is_true(accepts(t, c, "sad"))
        assert.is_false(accepts(t, c, "happy"))
      end
      run("downgrade", "-1")
      assert.equal(before, dump.schema(db))
    end)

    it("are refused for values that there are not, before anything is sent", function()
      db:query "INSERT INTO people (temper) VALUES ('sad')"
      local before = dump.schema(db)
      for _, case in ipairs {
        { 'op.rename_enum_value("mood", "bad", "good")', "bad" },
        { 'op.remove_enum_value("mood", "bad")', "enum type 'mood' has no value 'bad'" },
        { 'op.remove_enum_value("mood", "sad", { replace_by = "good" })', "value 'sad' is to become 'good', which the new values do not have" },
        { 'op.add_enum_value("mood", "good", { before = "bad" })', "bad" },
        { 'op.set_enum_values("mood", { "ok" }, { removed = { sad = "good" } })', "value 'sad' is to become 'good', which the new values do not have" },
        { 'op.set_enum_values("mood", { "ok" }, { removed = { sad = 5 } })', "what 'sad' becomes must be a string" },
      } do
        p:revision { id = "wrong", down = "renamed", upgrade = case[1], downgrade = "" }
        local r = p:luamig("upgrade")
        assert.equal(1, r.code, case[1])
        assert.matches(case[2], r.stderr, 1, true)
        assert.equal(before, dump.schema(db))
        assert.equal("sad", db:value "SELECT temper FROM people")
      end
    end)

    it("follow each other in a script and a plan as they do on the server", function()
      p:revision {
        id = "changed", down = "renamed", upgrade = [[
          op.rename_column("people", "temper", "humour")
          op.rename_enum_value("mood", "ok", "fine")
          op.set_enum_values("mood", { "low", "fine", "high" }, { renamed = { sad = "low" } })
          op.remove_enum_value("mood", "high")
          op.rename_enum_value("mood", "fine", "good")
          op.set_enum_values("mood", { "good" }, { removed = { low = "good" } })
          op.create_unique_constraint("uq_people", "people", { "id", "humour" })]], -- SQLite makes the table anew
      }
      p:write("snapshot.json", run("inspect", "--json").stdout)
      local script = run("upgrade", "renamed:changed", "--sql", "--snapshot", "snapshot.json").stdout
      local planned = run("plan").stdout
      if dialect == "sqlite" then assert.equal("'good'", planned:match ".*CHECK %(humour IN %(([^)]*)%)%)") end
      run "upgrade"
      local live = dump.schema(db)
      run("stamp", "renamed")
      db:drop()
      db = scratch.database(dialect)
      p:write("luamig.conf.lua", ("return { url = %q }"):format(db.url))
      run("upgrade", "renamed")
      db:query(script)
      assert.same(live, dump.schema(db))
    end)

    it("are known in a later run, where the table was changed by SQL text before", function()
      p:revision { id = "text", down = "renamed", upgrade = [[
        op.execute "ALTER TABLE people ADD COLUMN age INTEGER"
        op.remove_enum_value("mood", "sad", { replace_by = "ok" })
        op.add_enum_value("mood", "happy")]] }
      run "upgrade"
      p:revision { id = "later", down = "text", upgrade = 'op.add_column("people", { "other", sql.enum "mood" })' }
      run "upgrade"
      assert.is_true(accepts("people", "other", "happy"))
      assert.is_false(accepts("people", "other", "sad"))
    end)

    it("whose values a revision changed behind a read are not guessed", function()
      p:revision { id = "read", down = "renamed", upgrade = [[
        if op.get_bind():scalar "SELECT count(*) FROM people" == 0 then op.add_enum_value("mood", "happy") end]] }
      run "upgrade"
      p:revision { id = "later", down = "read", upgrade = 'op.add_column("people", { "other", sql.enum "mood" })' }
      local r = p:luamig "upgrade"
      if dialect ~= "postgresql" then
        assert.equal(1, r.code)
        assert.matches("enum 'mood' has no values here", r.stderr, 1, true)
        p:revision { id = "later", down = "read", upgrade = 'op.add_column("people", { "other", sql.enum("mood", { "sad", "ok", "happy" }) })' }
        run "upgrade"
      end
      p:revision { id = "more", down = "later", upgrade = 'op.add_enum_value("mood", "more") op.add_column("animals", { "other", sql.enum "mood" })' }
      run "upgrade"
      for _, value in ipairs { "happy", "more" } do
        assert.is_true(accepts("people", "temper", value))
        assert.is_true(accepts("people", "other", value))
        assert.is_true(accepts("animals", "other", value))
      end
    end)

    it("are written into scripts that know the tables", function()
      p:write("lib/moods.lua", 'return { grow = function(op) op.add_enum_value("mood", "happy") end }')
      p:revision {
        id = "grown", down = "renamed", upgrade = 'require("moods").grow(op)',
        downgrade = 'op.remove_enum_value("mood", "happy", { replace_by = "ok" })',
      }
      p:write("snapshot.json", run("inspect", "--json").stdout)
      local r = p:luamig("upgrade", "renamed:grown", "--sql")
      if dialect == "postgresql" then
        assert.equal(0, r.code, r.stderr)
      else -- a table is made anew, or its column said anew
        assert.equal(2, r.code)
        assert.matches("cannot be known here", r.stderr)
        assert.matches("--snapshot", r.stderr, 1, true)
      end
      r = run("upgrade", "renamed:grown", "--sql", "--snapshot", "snapshot.json")
      db:query(r.stdout)
      assert.is_true(accepts("people", "temper", "happy"))
      assert.is_true(accepts("animals", "mood", "happy"))
    end)

    it("that are texts with a CHECK change with the CHECK of their own column", function()
      local kept = [[sql.enum("state", { "a", "b" }, { native = false })]]
      p:write("luamig.conf.lua", ('return { url = %q, naming_convention = { ck = "ck_{table}_{columns}" } }'):format(db.url))
      p:revision { id = "two", upgrade = ([[
        local kept = %s
        op.create_table("s", { { "id", sql.integer, primary_key = true }, { "x", kept }, { "y", kept } })
        op.add_column("s", { "z", kept })
        op.alter_column("s", "y", { type = sql.enum("state", { "a", "b", "c" }, { native = false }), existing_type = kept })
        op.alter_column("s", "x", { type = sql.string(9), existing_type = kept })
        op.alter_column("s", "z", { type = sql.enum("state", { "a", "d" }, { native = false }), existing_type = kept, new_column_name = "zz" })]]):format(kept) }
      run("upgrade", "two")
      local function taken(column) -- of the values that there are
        local found = {}
        for value in ("abcde"):gmatch "." do found[#found + 1] = accepts("s", column, value) and value or nil end
        return table.concat(found)
      end
      assert.same({ "abcde", "abc", "ad" }, { taken "x", taken "y", taken "zz" })
    end)
  end)
end

it("a column whose type is read again in the same run is what PostgreSQL says", function()
  local db = scratch.database "postgresql"
  local p = project.new { url = db.url }
  p:revision { id = "made", upgrade = [[
    op.create_table("t", {
      { "id", sql.integer, primary_key = true },
      { "moods", sql.array(sql.enum("mood", { "sad", "ok" })) },
      { "words", sql.array(sql.enum("word", { "a" }, { native = false })) },
      { "was", sql.enum "mood" },
    })
    op.execute "ALTER TABLE t ALTER was TYPE text"
    op.execute "INSERT INTO t (moods, was) VALUES ('{sad,ok}', 'sad or not')"]] }
  p:revision { id = "changed", down = "made", upgrade = [[
    op.set_enum_values("mood", { "happy", "ok" }, { renamed = { sad = "happy" } })
    op.add_enum_value("mood", "new")
    op.remove_enum_value("mood", "happy", { replace_by = "new" })
    assert(tostring(op.inspect("t").columns[3][2]) == "sql.array")]] }
  local r = p:luamig "upgrade"
  assert.equal(0, r.code, r.stderr)
  assert.equal("mood[] text {new,ok} sad or not",
    db:value "SELECT concat_ws(' ', pg_typeof(moods), pg_typeof(was), moods, was) FROM t")
  db:drop()
end)

it("a type of PostgreSQL that is made anew keeps its comment, privileges and owner", function()
  local db = scratch.database "postgresql"
  local role = "luamig_enum_" .. math.random(1 << 40)
  db:query(("CREATE ROLE %s; GRANT CREATE ON SCHEMA public TO %s"):format(role, role))
  db:query "CREATE TYPE mood AS ENUM ('sad', 'ok', 'gone'); CREATE TABLE t (mood mood); COMMENT ON TYPE mood IS 'it''s one'"
  db:query(("REVOKE ALL ON TYPE mood FROM PUBLIC; GRANT USAGE ON TYPE mood TO current_user; ALTER TYPE mood OWNER TO %s"):format(role))
  local function parts()
    return db:value [[SELECT concat_ws(' ', obj_description(oid, 'pg_type'), typacl, typowner::regrole) FROM pg_type WHERE typname = 'mood']]
  end
  local before = parts()
  local p = project.new { url = db.url }
  p:revision { id = "twice", upgrade = [[
    op.set_enum_values("mood", { "ok", "sad", "gone" })
    op.remove_enum_value("mood", "gone", { replace_by = "ok" })]] }
  local r = p:luamig "upgrade"
  assert.equal(0, r.code, r.stderr)
  assert.equal(before, parts())
  db:query(("DROP OWNED BY %s CASCADE; DROP ROLE %s"):format(role, role))
  db:drop()
end)

-- SQLite has the values in a CHECK: that comes with the column, and elsewhere the type knows them.
it("a table with enums that was autogenerated on SQLite is as schema.lua says everywhere", function()
  local p = project.new { url = scratch.database("sqlite").url, files = { ["schema.lua"] = [[
    return sql.schema { people = {
      { "id", sql.integer, primary_key = true },
      { "mood", sql.enum("mood", { "sad", "it's ok" }), nullable = false, default = "sad" },
      { "kind", sql.enum("kind", { "a", "b" }), check = sql.check("kind IN ('a', 'b')", { name = "mine" }) },
    } }]] } }
  local r = p:luamig("revision", "--autogenerate", "-m", "init")
  assert.equal(0, r.code, r.stderr)
  local text = p:read((r.stdout:gsub("\n$", "")))
  assert.is_nil(text:find("mood IN", 1, true))
  assert.truthy(text:find([[sql.check("kind IN ('a', 'b')", { name = "mine" })]], 1, true), text)
  for _, dialect in ipairs { "sqlite", "postgresql", "mysql" } do
    local db = scratch.database(dialect)
    for _, command in ipairs { "upgrade", "check" } do
      r = p:luamig(command, "--url", db.url)
      assert.equal(0, r.code, r.stdout .. r.stderr)
    end
    db:drop()
  end
end)
