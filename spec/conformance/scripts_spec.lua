-- What Alembic loses or a script gets wrong, in one migration each: `upgrade` on a real database, the script (--sql) from
-- base and the one over a snapshot, both run by the server's own client, leave the same schema and rows; `downgrade`
-- brings back what was there before.
local dump = require "spec.support.dump"
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"
local servers = require "spec.support.servers"

local usual = [[
  op.create_table("o", { { "id", sql.integer, primary_key = true } })
  op.create_table("t", {
    { "id", sql.integer, primary_key = true },
    { "a", sql.integer, nullable = false, default = 1, check = sql.check("a > 0", { name = "ck_a" }) },
    { "b", sql.string(20) }, { "c", sql.string(20), comment = "see" }, { "o_id", sql.integer },
    sql.foreign_key({ "o_id" }, "o", { "id" }, { name = "fk_o" }),
    sql.unique({ "b" }, { name = "uq_b" }), sql.index("ix_c", { "c" }),
  })
  op.bulk_insert("t", { { id = 7, a = 1, b = "x", c = "1" }, { id = 9, a = 2, b = "y", c = "2" } })]]
local mood = [[
  op.create_enum("mood", { "sad", "ok" })
  op.create_table("p", {
    { "id", sql.integer, primary_key = true },
    { "m", sql.enum("mood", { "sad", "ok" }), nullable = false, default = "ok" },
    { "m2", sql.enum("mood") },
  })
  op.execute("INSERT INTO p (id, m) VALUES (1, 'ok'), (2, 'sad')") ]]
local other_mood = [[
  op.add_enum_value("mood", "happy", { after = "ok" })
  op.rename_enum_value("mood", "sad", "blue")
  op.add_column("p", { "m3", sql.enum("mood"), default = "blue" })
  op.set_enum_values("mood", { "happy", "blue", "x" }, { removed = { ok = "happy" } })
  op.remove_enum_value("mood", "blue", { replace_by = "x" })]]

-- name, before, up, down; on: dialects (all); rows: a query that tells what became of the rows, and what it tells
local cases = {
  { "a batch of everything", usual, [[
      op.batch_alter_table("t", function(batch)
        batch.add_column({ "n", sql.integer, unique = true })
        batch.add_column({ "m", sql.integer, references = "o.id" })
        batch.drop_column("b")
        batch.alter_column("c", { type = sql.string(40), nullable = false })
        batch.create_index("ix_n", { "n", "c" })
        batch.create_check_constraint("ck_n", "n > 0")
        batch.rename_index("ix_c", "ix_cc")
      end)]] },
  { "a batch that puts one thing in another's place", usual, [[
      op.batch_alter_table("t", function(batch)
        batch.drop_constraint("fk_o", { type = "foreignkey" })
        batch.create_foreign_key("fk_o", "o", { "o_id" }, { "id" }, { ondelete = "CASCADE" })
        batch.drop_index("ix_c")
        batch.create_index("ix_c", { "c", "a" })
        batch.drop_constraint("ck_a", { type = "check" })
        batch.create_check_constraint("ck_a", "a > 0 or b = 'q'")
      end)]], [[
      op.batch_alter_table("t", function(batch)
        batch.drop_constraint("ck_a", { type = "check" })
        batch.create_check_constraint("ck_a", "a > 0")
        batch.drop_index("ix_c")
        batch.create_index("ix_c", { "c" })
        batch.drop_constraint("fk_o", { type = "foreignkey" })
        batch.create_foreign_key("fk_o", "o", { "o_id" }, { "id" })
      end)]] },
  { "a checked column gets another name", usual,
    [[op.rename_column("t", "a", "from") op.alter_column("t", "from", { new_column_name = "b b", type = sql.bigint })]],
    [[op.alter_column("t", "b b", { new_column_name = "a", type = sql.integer })]] },
  { "a column goes with its keys and checks", usual, [[op.drop_column("t", "a") op.drop_column("t", "o_id")]] },
  { "an enum's life, of a table that is there", mood, other_mood,
    [[op.drop_column("p", "m3")
      op.set_enum_values("mood", { "sad", "ok" }, { renamed = { x = "sad" }, removed = { happy = "ok" } })]],
    on = "sqlite postgresql", rows = "SELECT id, m, m3 FROM p ORDER BY id", tells = { "1\thappy\tx", "2\tx\tx" } },
  { "an enum's life in one run", "", mood .. other_mood, [[op.drop_table("p") op.drop_enum("mood")]],
    rows = "SELECT id, m, m3 FROM p ORDER BY id", tells = { "1\thappy\tx", "2\tx\tx" } },
  { "values of every kind", [[
      op.create_table("t", {
        { "id", sql.integer, primary_key = true }, { "s", sql.text }, { "n", sql.numeric(40, 10) }, { "b", sql.blob },
        { "j", sql.json }, { "d", sql.date }, { "ts", sql.datetime }, { "i", sql.bigint }, { "f", sql.double }, { "bo", sql.boolean },
      })]], [==[
      local null = sql.null
      op.bulk_insert("t", {
        { id = 1, s = "back\\slash 'q' \"dq\" %s :name ? ; -- x\nnl\ttab", n = "12345678901234567890.1234567890", b = sql.bytes("\0\1\255'\\"),
          j = sql.json { a = { 1, 2, "x'y\\" } }, d = "2024-02-29", ts = "2024-02-29 12:34:56", i = math.maxinteger, f = 1e300, bo = true },
        { id = 2, s = "名前 😀", i = math.mininteger, f = -0.1, bo = false, n = 1.5, j = null, b = null, d = null, ts = null },
        { id = 3, s = "\\", i = 9007199254740993, f = 2^53, n = null, b = null, j = sql.json {}, d = null, ts = null, bo = null },
      })
      op.execute("INSERT INTO t (id, s, i) VALUES (:id, :s, :i)", { id = 4, s = "x'\\ 名 :a ?", i = -1 })
      op.execute(sql.table("t"):insert { id = 5, s = "O'Brien\\", b = sql.bytes "\0\xff", bo = true })
      op.execute(sql.table("t"):update { s = sql.expr "upper(s)", f = 0.5 }:where("id = ?", 5))]==],
    rows = "SELECT s, n, b, j, d, ts, i, f, bo FROM t ORDER BY id" },
  { "names that need care", [==[
      op.create_table("Select", {
        { "id", sql.integer, primary_key = true }, { "Ord er", sql.string(10) }, { "a\"b`c'd", sql.integer },
        { "x.y%z%s", sql.string(5), index = true }, { "naïve 名", sql.text },
      })]==], [==[
      op.add_column("Select", { "from", sql.integer, nullable = false, default = 3, unique = true })
      op.rename_column("Select", "Ord er", "GROUP by")
      op.create_index("ix \"q\" .%", "Select", { "naïve 名", { "x.y%z%s", desc = true } }, { mysql_length = { ["naïve 名"] = 10 } })
      op.rename_table("Select", "sel.ect %")
      op.alter_column("sel.ect %", "GROUP by", { type = sql.string(30), nullable = false, default = "o'%s\\" })
      op.create_check_constraint("ck %", "sel.ect %", op.quote("from") .. " > 0")
      op.create_view("v \"w", "SELECT " .. op.quote("a\"b`c'd") .. " AS x FROM " .. op.quote("sel.ect %"))]==], [==[
      op.drop_view("v \"w")
      op.drop_constraint("ck %", "sel.ect %")
      op.alter_column("sel.ect %", "GROUP by", { type = sql.string(10), nullable = true, drop_default = true })
      op.rename_table("sel.ect %", "Select")
      op.drop_index("ix \"q\" .%", "Select")
      op.rename_column("Select", "GROUP by", "Ord er")
      op.drop_column("Select", "from")]==] },
  { "SQLite's stored texts", [===[
      op.execute "CREATE TABLE p (id INTEGER PRIMARY KEY AUTOINCREMENT, x INT)"
      op.execute "INSERT INTO p (id, x) VALUES (5, 1), (100, 2)"
      op.execute "DELETE FROM p WHERE id = 100"
      op.execute [[CREATE TABLE c (id INTEGER PRIMARY KEY, p_id INT REFERENCES p(id) ON DELETE CASCADE,
        p2 INT REFERENCES "p" ON UPDATE SET NULL, FOREIGN KEY (p_id) REFERENCES p DEFERRABLE INITIALLY DEFERRED)]]
      op.execute "INSERT INTO c VALUES (1, 5, 5)"
      op.execute [[CREATE TABLE IF NOT EXISTS main."t" ( -- the id, of course
        [id] integer PRIMARY KEY AUTOINCREMENT ,/* c, ( */ `order` TEXT COLLATE NOCASE NOT NULL ON CONFLICT IGNORE DEFAULT 'x, (y',
        "key" varchar (20) UNIQUE ON CONFLICT REPLACE CHECK("key" <> ')'), g INT GENERATED ALWAYS AS (length("order")) STORED,
        v INT AS (g+1), p_id INT CONSTRAINT fkp REFERENCES p(id) ON DELETE CASCADE, self INT REFERENCES t(id), notype,
        CHECK (p_id > 0 OR 'CHECK(' <> ''), CONSTRAINT u UNIQUE ("order", p_id) ON CONFLICT FAIL , FOREIGN KEY(p_id) REFERENCES p(id)) ]]
      op.execute [[INSERT INTO t (id, "order", "key", p_id, self, notype) VALUES (3, 'a', 'k', 5, 3, 1), (90, 'b', 'l', 5, 3, 'z')]]
      op.execute "DELETE FROM t WHERE id = 90"
      op.execute [[CREATE INDEX ie ON t (lower("order") DESC, p_id COLLATE BINARY) WHERE p_id IS NOT NULL]]
      op.execute [[CREATE VIEW vw AS SELECT "order" AS o, g FROM t WHERE id > 0]]
      op.execute [[CREATE TRIGGER tr AFTER UPDATE OF "order" ON t WHEN new.id > 0 BEGIN
        UPDATE p SET x = CASE WHEN x > 0 THEN x + 1 ELSE 0 END WHERE id = new.p_id; SELECT 1; END]]
      op.execute [[CREATE TRIGGER tp AFTER INSERT ON p BEGIN INSERT INTO t ("order", p_id) VALUES ('trig', new.id); END]]
      op.execute [[CREATE TRIGGER tv INSTEAD OF INSERT ON vw BEGIN INSERT INTO t ("order") VALUES (new.o); END]]
      op.execute "CREATE VIRTUAL TABLE ft USING fts5(body)"]===], [[
      op.alter_column("t", "key", { type = sql.string(40), nullable = false, default = "d" })
      op.rename_column("t", "order", "select")
      op.add_column("t", { "n", sql.integer, nullable = false, default = 4 })
      op.alter_column("p", "x", { nullable = false })
      op.rename_table("p", "pp")
      op.drop_constraint("u", "t")
      op.add_constraint("t", sql.check("n > 0"))
      op.drop_column("t", "notype")]], on = "sqlite",
    rows = [[SELECT name, seq FROM sqlite_sequence ORDER BY name; SELECT * FROM t; SELECT * FROM c; PRAGMA foreign_key_check;
      SELECT count(*) FROM sqlite_master WHERE sql LIKE '%ON CONFLICT IGNORE%-- %' OR sql LIKE '%-- %ON CONFLICT IGNORE%';
      SELECT sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name]],
    tells = { "pp\t100", "t\t90", "3\ta\tk\t1\t2\t5\t3\t4", "1\t5\t5", "1",
      [[CREATE TRIGGER tp AFTER INSERT ON "pp" BEGIN INSERT INTO t ("select", p_id) VALUES ('trig', new.id); END]],
      [[CREATE TRIGGER tr AFTER UPDATE OF "select" ON t WHEN new.id > 0 BEGIN]],
      [[        UPDATE "pp" SET x = CASE WHEN x > 0 THEN x + 1 ELSE 0 END WHERE id = new.p_id; SELECT 1; END]],
      [[CREATE TRIGGER tv INSTEAD OF INSERT ON vw BEGIN INSERT INTO t ("select") VALUES (new.o); END]] } },
  { "SQLite's composite keys follow a renamed column", [[
      op.execute "CREATE TABLE a (x INT, y INT, PRIMARY KEY (x, y))"
      op.execute "CREATE TABLE b (x INT, y INT, z INT, FOREIGN KEY (x, y) REFERENCES a(x, y) ON DELETE CASCADE, FOREIGN KEY (y, z) REFERENCES a)"
      op.execute "INSERT INTO a VALUES (1, 2), (2, 3)"
      op.execute "INSERT INTO b VALUES (1, 2, 3)"]], [[
      op.rename_column("a", "x", "xx")
      op.alter_column("a", "y", { type = sql.bigint })
      op.rename_column("b", "y", "yy")
      op.alter_column("b", "yy", { type = sql.bigint })]], [[
      op.alter_column("b", "yy", { type = sql.native "INT" })
      op.rename_column("b", "yy", "y")
      op.alter_column("a", "y", { type = sql.native "INT" })
      op.rename_column("a", "xx", "x")]], on = "sqlite", rows = "SELECT * FROM b", tells = { "1\t2\t3" } },
}

local function ok(result)
  assert.equal(0, result.code, result.stderr)
  return result.stdout
end

for _, dialect in ipairs(servers.dialects) do
  describe("scripts and runs on " .. dialect, function()
    for _, case in ipairs(cases) do
      local name, before, up, down = table.unpack(case, 1, 4)
      if not case.on or case.on:find(dialect) then
        it(name, function()
          local live, scripted, from_base = scratch.database(dialect), scratch.database(dialect), scratch.database(dialect)
          local mariadb = dialect == "mysql" and live:value "SELECT version()":find "MariaDB"
          local p = project.new { url = live.url }
          p:revision { id = "before", upgrade = before }
          p:revision { id = "after", down = "before", upgrade = up, downgrade = down or "" }
          local function luamig(db, ...)
            local url = mariadb and db.url:gsub("^mysql", "mariadb") or db.url
            return p:luamig("--url", url, ...)
          end
          local function state(db)
            return dump.schema(db) .. (case.rows and "\n" .. table.concat(db:query(case.rows), "\n") or "")
          end

          ok(luamig(live, "upgrade", "before"))
          local old = dump.schema(live)
          ok(luamig(live, "upgrade"))
          local new = state(live)
          if case.tells then assert.same(case.tells, live:query(case.rows)) end

          ok(luamig(scripted, "upgrade", "before"))
          p:write("snapshot.json", ok(luamig(scripted, "inspect", "--json")))
          scripted:query(ok(luamig(scripted, "upgrade", "before:after", "--sql", "--snapshot", "snapshot.json")))
          assert.equal("", dump.difference(new, state(scripted)))
          from_base:query(ok(luamig(from_base, "upgrade", "base:after", "--sql")))
          assert.equal("", dump.difference(new, state(from_base)))

          if down then
            ok(luamig(live, "downgrade", "-1"))
            assert.equal("", dump.difference(old, dump.schema(live)))
          end
          for _, db in ipairs { live, scripted, from_base } do db:drop() end
        end)
      end
    end
  end)
end
