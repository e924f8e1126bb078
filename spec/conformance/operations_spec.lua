-- Each operation on each real database: up, down and up again. The schema is compared by reflection and, sharing no
-- code with us, by the servers' own clients. A folder of src/db that is new gets these by being in the list below.
local reflect = require("luamig_internals").reflect
local dump = require "spec.support.dump"
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"

-- What stands there before: `t` with rows, `o` that it refers to.
local base = dofile "spec/fixtures/base_tables.lua"
local base_up = base.schema .. base.rows

-- name, up, down; on: dialects (all); rows: SQL whose answer is `gives` after the upgrade and whose rows come back.
local cases = {
  { "create_table", [[op.create_table("n", {
      { "id", sql.bigint, primary_key = true }, { "s", sql.string(10), nullable = false, default = "it's" },
      { "n", sql.numeric(10, 2), default = 1.5 }, { "f", sql.boolean, default = true }, { "d", sql.datetime, default = sql.now },
      { "x", sql.text }, { "y", sql.date }, { "z", sql.blob }, { "u", sql.integer, unique = true },
      { "o_id", sql.integer, references = "o.id", ondelete = "SET NULL" }, { "k", sql.integer, check = "k > 0", index = true },
    })]], [[op.drop_table("n")]] },
  { "create_table strict", [[op.create_table("n", {
      { "id", sql.bigint, primary_key = true }, { "s", sql.string(10), nullable = false, default = "it's" }, { "n", sql.numeric(10, 2), default = 1.5 },
      { "f", sql.boolean, default = true }, { "d", sql.datetime, default = sql.now }, { "u", sql.uuid, default = sql.uuid_v4 }, { "z", sql.varbinary(9) },
      { "e", sql.enum("mood", { "a", "b" }), default = "a" }, sqlite_strict = true })
      op.add_column("n", { "x", sql.string(5) }) op.alter_column("n", "s", { type = sql.string(99), nullable = true })]],
    [[op.drop_table("n")]], on = { sqlite = true } },
  { "create_table with a composite key", [[op.create_table("n", { { "x", sql.integer }, { "y", sql.string(5) }, { "z", sql.float },
      sql.primary_key({ "y", "x" }, { name = "pk_n" }) })]], [[op.drop_table("n")]] },
  { "create_table if_not_exists", [[op.create_table("o", { { "id", sql.integer } , if_not_exists = true })]], [[]] },
  { "drop_table", [[op.drop_table("t")]], base_up:match('op%.create_table%("t".-\n  }%)') },
  { "rename_table", [[op.rename_table("t", "tt")]], [[op.rename_table("tt", "t")]] },
  { "rename_table that others refer to", [[op.rename_table("o", "oo")]], [[op.rename_table("oo", "o")]] },
  { "add_column", [[op.add_column("t", { "n", sql.integer })]], [[op.drop_column("t", "n")]] },
  { "add_column not null with a default", [[op.add_column("t", { "n", sql.string(5), nullable = false, default = "d" })]],
    [[op.drop_column("t", "n")]], rows = "SELECT n FROM t", gives = { "d", "d" } },
  { "add_column unique", [[op.add_column("t", { "n", sql.integer, unique = true })]], [[op.drop_column("t", "n")]] },
  { "add_column with a reference", [[op.add_column("t", { "p_id", sql.integer, references = "o.id", ondelete = "CASCADE" })]],
    [[op.drop_constraint("fk_t_p_id_o", "t", { type = "foreignkey" }) op.drop_column("t", "p_id")]] },
  { "add_column with a check", [[op.add_column("t", { "n", sql.integer, check = sql.check("n > 0", { name = "ck_n" }) })]],
    [[op.drop_constraint("ck_n", "t", { type = "check" }) op.drop_column("t", "n")]] },
  { "add_column with an expression", [[op.add_column("t", { "n", sql.datetime, default = sql.now })]], [[op.drop_column("t", "n")]] },
  { "add_column computed", [[op.add_column("t", { "n", sql.integer, computed = sql.computed("a * 2", { stored = true }) })]],
    [[op.drop_column("t", "n")]], rows = "SELECT n FROM t ORDER BY id", gives = { "2", "4" } },
  { "add_columns", [[op.add_columns("t", { { "n", sql.integer }, { "m", sql.text } })]],
    [[op.drop_column("t", "m") op.drop_column("t", "n")]] },
  { "drop_column", [[op.drop_column("t", "b")]], [[
      op.batch_alter_table("t", function(batch) batch.add_column({ "b", sql.string(20) }, { insert_after = "a" }) end)
      op.create_unique_constraint("uq_b", "t", { "b" })]], on = { sqlite = true } },
  { "drop_constraint by its condition", [[op.create_table("n", { { "id", sql.integer, primary_key = true }, { "x", sql.integer } })
      op.create_check_constraint(nil, "n", "x > 0")
      op.drop_constraint(nil, "n", { type = "check", condition = "x > 0" })]], [[op.drop_table("n")]] },
  { "drop_column of keys of several", [[op.create_table("n", { { "id", sql.integer, primary_key = true }, { "x", sql.integer },
      { "y", sql.integer }, { "z", sql.integer }, sql.unique({ "x", "y" }, { name = "uq_n" }), sql.index("ix_n", { "z", "y" }, { unique = true }) })
      op.drop_column("n", "y")]], [[op.drop_table("n")]] },
  { "rename_column", [[op.rename_column("t", "a", "aa")]], [[op.rename_column("t", "aa", "a")]] },
  { "alter_column new_column_name", [[op.alter_column("t", "c", { new_column_name = "cc" })]],
    [[op.alter_column("t", "cc", { new_column_name = "c" })]] },
  { "alter_column type", [[op.alter_column("t", "b", { type = sql.text })]],
    [[op.alter_column("t", "b", { type = sql.string(20) })]], on = { sqlite = true, postgresql = true } },
  { "alter_column longer", [[op.alter_column("t", "b", { type = sql.string(40) })]],
    [[op.alter_column("t", "b", { type = sql.string(20) })]] },
  { "alter_column text to a number", [[op.alter_column("t", "c", { type = sql.integer })]],
    [[op.alter_column("t", "c", { type = sql.string(20) })]], rows = "SELECT c + 1 FROM t ORDER BY id", gives = { "2", "3" } },
  { "alter_column nullable", [[op.alter_column("t", "b", { nullable = false })]], [[op.alter_column("t", "b", { nullable = true })]] },
  { "alter_column default", [[op.alter_column("t", "a", { default = 5 })]], [[op.alter_column("t", "a", { default = 1 })]] },
  { "alter_column drop_default", [[op.alter_column("t", "a", { drop_default = true })]], [[op.alter_column("t", "a", { default = 1 })]] },
  { "alter_column everything", [[op.alter_column("t", "c", { new_column_name = "z", type = sql.string(30), nullable = false, default = "q" })]],
    [[op.alter_column("t", "z", { new_column_name = "c", type = sql.string(20), nullable = true, drop_default = true })]] },
  { "alter_column comment", [[op.alter_column("t", "c", { comment = "it's" })]], [[op.alter_column("t", "c", { comment = "see" })]] },
  { "create_index", [[op.create_index("ix_n", "t", { "a", { "b", desc = true } })]], [[op.drop_index("ix_n", "t")]] },
  { "create_index unique", [[op.create_index("ix_n", "t", { "a", "b" }, { unique = true })]], [[op.drop_index("ix_n", "t")]] },
  { "create_index of an expression", [[op.create_index("ix_n", "t", { sql.expr "lower(b)" })]], [[op.drop_index("ix_n", "t")]],
    on = { sqlite = true, postgresql = true } },
  { "create_index where", [[op.create_index("ix_n", "t", { "b" }, { where = "a > 1" })]], [[op.drop_index("ix_n", "t")]],
    on = { sqlite = true, postgresql = true } },
  { "create_index concurrently", [[op.create_index("ix_n", "t", { "b" }, { concurrently = true })]],
    [[op.drop_index("ix_n", "t", nil, { concurrently = true })]] },
  { "drop_index without a table", [[op.drop_index("ix_c")]], [[op.create_index("ix_c", "t", { "c", "a" })]] },
  { "rename_index without a table", [[op.rename_index("ix_c", "ix_cc")]], [[op.rename_index("ix_cc", "ix_c")]] },
  -- a change that may rebuild the table must not bring back what went before
  { "drop_index, then alter_column", [[op.drop_index("ix_c") op.alter_column("t", "b", { nullable = false })]],
    [[op.alter_column("t", "b", { nullable = true }) op.create_index("ix_c", "t", { "c", "a" })]] },
  { "rename_index, then alter_column", [[op.rename_index("ix_c", "ix_cc") op.alter_column("t", "b", { nullable = false })]],
    [[op.alter_column("t", "b", { nullable = true }) op.rename_index("ix_cc", "ix_c")]] },
  { "rename_index", [[op.rename_index("ix_c", "ix_cc", { table = "t" })]], [[op.rename_index("ix_cc", "ix_c", { table = "t" })]] },
  { "create_unique_constraint", [[op.create_unique_constraint("uq_n", "t", { "a", "c" })]],
    [[op.drop_constraint("uq_n", "t", { type = "unique" })]] },
  { "create_check_constraint", [[op.create_check_constraint("ck_n", "t", "a < 100")]], [[op.drop_constraint("ck_n", "t", { type = "check" })]] },
  { "create_foreign_key", [[op.create_foreign_key("fk_n", "t", "o", { "a" }, { "id" }, { ondelete = "CASCADE" })]],
    [[op.drop_constraint("fk_n", "t", { type = "foreignkey" })]], prepare = [[op.execute("INSERT INTO o (id) VALUES (2)")]], index_left = "fk_n" },
  { "drop_constraint without a type", [[op.drop_constraint("ck_a", "t")]], [[op.create_check_constraint("ck_a", "t", "a > 0")]] },
  { "drop_constraint of a unique", [[op.drop_constraint("uq_b", "t")]], [[op.create_unique_constraint("uq_b", "t", { "b" })]] },
  { "drop_constraint of a foreign key", [[op.drop_constraint("fk_o", "t")]],
    [[op.create_foreign_key("fk_o", "t", "o", { "o_id" }, { "id" }, { ondelete = "CASCADE" })]] },
  { "create_primary_key", [[op.create_primary_key("pk_w", "w", { "x", "y" })]], [[op.drop_constraint("pk_w", "w", { type = "primary" })]],
    prepare = [[op.create_table("w", { { "x", sql.integer, nullable = false }, { "y", sql.integer, nullable = false } })]] },
  { "rename_constraint", [[op.rename_constraint("t", "ck_a", "ck_z")]], [[op.rename_constraint("t", "ck_z", "ck_a")]],
    on = { sqlite = true, postgresql = true } },
  { "create_table_comment", [[op.create_table_comment("t", "new")]], [[op.create_table_comment("t", "the table")]] },
  { "alter_table", [[op.alter_table("t", { mysql_row_format = "COMPRESSED", mysql_stats_persistent = 1, sqlite_strict = true,
      postgresql_with = { fillfactor = 70, autovacuum_enabled = false } })]],
    [[op.alter_table("t", { mysql_row_format = sql.null, mysql_stats_persistent = sql.null, sqlite_strict = false,
      postgresql_with = { fillfactor = sql.null, autovacuum_enabled = sql.null } })]],
    prepare = [[if op.dialect == "sqlite" then op.batch_alter_table("t", function(batch)
      batch.alter_column("b", { type = sql.text }) batch.alter_column("c", { type = sql.text }) end) end]] },
  { "alter_table unlogged", [[op.alter_table("t", { postgresql_unlogged = true })]], [[op.alter_table("t", { postgresql_unlogged = false })]],
    on = { postgresql = true }, prepare = [[op.drop_constraint("fk_o", "t")]] },
  { "alter_table without rowid", [[op.alter_table("t", { sqlite_without_rowid = true })]], [[op.alter_table("t", { sqlite_without_rowid = false })]],
    on = { sqlite = true } },
  { "alter_table, another character set", [[op.alter_table("w", { mysql_charset = "latin1" })]],
    [[op.alter_table("w", { mysql_charset = "utf8mb4", mysql_collate = "utf8mb4_bin" })]], on = { mysql = true },
    prepare = [[
      op.create_table("w", { { "id", sql.integer, primary_key = true }, { "x", sql.text }, { "y", sql.string(10), nullable = false, default = "é" },
        { "z", sql.string(10, { charset = "utf8mb4" }), collation = "utf8mb4_general_ci" }, { "e", sql.enum { "a", "ö" } }, { "j", sql.json },
        { "g", sql.string(20), computed = sql.computed("concat(y, 'x')", { stored = true }) }, { "l", sql.native "longtext" },
        mysql_charset = "utf8mb4", mysql_collate = "utf8mb4_bin" })
      op.execute "INSERT INTO w (id, x, y, z, e, j, l) VALUES (1, 'ü', 'é', '€', 'ö', '{}', 'ä')"]],
    rows = "SELECT concat_ws(' ', x, y, z, e, j, g, l, collation(l)) FROM w", gives = { "ü é € ö {} éx ä latin1_swedish_ci" } },
  { "alter_column, a text type of the server's own", [[op.alter_column("w", "x", { type = sql.native "longtext" })]],
    [[op.alter_column("w", "x", { type = sql.string(20) })]], on = { mysql = true },
    prepare = [[op.create_table("w", { { "id", sql.integer, primary_key = true }, { "x", sql.string(20), collation = "latin1_bin" } })]],
    rows = "SELECT collation_name FROM information_schema.columns WHERE table_schema = database() AND table_name = 'w' AND column_name = 'x'",
    gives = { "latin1_bin" } },
  { "create_view", [[op.create_view("v", "SELECT id, b FROM t WHERE a > 0")]], [[op.drop_view("v")]] },
  { "create_schema", [[op.create_schema("luamig_scratch_s")]], [[op.drop_schema("luamig_scratch_s")]], on = { postgresql = true } },
  { "create_sequence", [[op.create_sequence("sq", { start = 5, increment = 2 })]], [[op.drop_sequence("sq")]], on = { postgresql = true } },
  { "create_enum", [[op.create_enum("mood", { "a", "b" })]], [[op.drop_enum("mood")]] },
  { "an enum column", [[op.add_column("t", { "m", sql.enum("mood", { "a", "b" }), nullable = false, default = "a" })]],
    [[op.drop_column("t", "m") op.drop_enum("mood")]], rows = "SELECT m FROM t", gives = { "a", "a" } },
  { "create_trigger", [[
      if op.dialect == "postgresql" then
        op.create_function("f", { returns = "trigger", language = "plpgsql" }, "BEGIN RETURN NEW; END")
        op.create_trigger("tr", "t", { when = "before", events = { "insert" }, each = "row" }, "EXECUTE FUNCTION f()")
      elseif op.dialect == "mysql" then
        op.create_trigger("tr", "t", { when = "before", events = { "insert" }, each = "row" }, "SET NEW.a = NEW.a + 1")
      else
        op.create_trigger("tr", "t", { when = "after", events = { "insert" }, each = "row" }, "UPDATE t SET a = a + 1 WHERE id = new.id;")
      end]], [[op.drop_trigger("tr", "t") if op.dialect == "postgresql" then op.drop_function("f") end]] },
  { "batch_alter_table", [[
      op.batch_alter_table("t", function(batch)
        batch.add_column({ "n", sql.integer, nullable = false, default = 3 })
        batch.alter_column("b", { nullable = false, type = sql.string(30) })
        batch.alter_column("c", { new_column_name = "cc" })
        batch.drop_constraint("ck_a", { type = "check" })
        batch.create_index("ix_n", { "n", "cc" })
      end)]], [[
      op.batch_alter_table("t", function(batch)
        batch.drop_index("ix_n")
        batch.create_check_constraint("ck_a", "a > 0")
        batch.alter_column("cc", { new_column_name = "c" })
        batch.alter_column("b", { nullable = true, type = sql.string(20) })
        batch.drop_column("n")
      end)]], rows = "SELECT n FROM t", gives = { "3", "3" } },
}

-- SQLite keeps texts, whose writing is nobody's business: what it makes of them.
local sqlite_facts = [[
  SELECT m.name, x.cid, x.name, upper(x.type), x."notnull", x.dflt_value, x.pk, x.hidden
    FROM sqlite_schema m, pragma_table_xinfo(m.name) x WHERE m.name NOT LIKE 'luamig%' AND m.name NOT LIKE 'sqlite%';
  SELECT 'fk', m.name, x."table", x."from", x."to", x.on_update, x.on_delete, x.match
    FROM sqlite_schema m, pragma_foreign_key_list(m.name) x WHERE m.name NOT LIKE 'luamig%';
  SELECT 'ix', m.name, CASE WHEN i.origin = 'c' THEN i.name END, i."unique", i.origin, i.partial, x.seqno, x.name, x."desc", x.coll
    FROM sqlite_schema m, pragma_index_list(m.name) i, pragma_index_xinfo(i.name) x WHERE m.type = 'table' AND m.name NOT LIKE 'luamig%';
  SELECT type, name, sql FROM sqlite_schema WHERE type IN ('trigger', 'view');]]

local function facts(db)
  return db.dialect == "sqlite" and table.concat(db:query(sqlite_facts), "\n") or dump.schema(db)
end

-- Our own description of SQLite's tables without the texts themselves.
local function described(db)
  local text = reflect.schema(db.url)
  if db.dialect ~= "sqlite" then return text end
  local schema = reflect.json.decode(text)
  local list = {}
  for _, t in ipairs(schema.tables) do
    for _, c in ipairs(t.constraints) do
      c.column = nil
      list[#list + 1] = t.name .. " " .. reflect.json.encode(c)
    end
  end
  return table.concat(list, "\n")
end

-- What is only the order in which a server keeps things.
local function normal(text)
  local lines = {}
  for line in text:gmatch "[^\n]+" do lines[#lines + 1] = line end
  table.sort(lines)
  return table.concat(lines, "\n")
end

for _, dialect in ipairs { "sqlite", "postgresql", "mysql" } do
  describe("on " .. dialect, function()
    for _, case in ipairs(cases) do
      local name, up, down = case[1], case[2], case[3]
      if not case.on or case.on[dialect] then
        it(name, function()
          local db = scratch.database(dialect)
          local p = project.new {
            url = db.url,
            config = [[naming_convention = { ix = "ix_{table}_{columns}", uq = "uq_{table}_{columns}", ck = "ck_{table}_{columns}",
              fk = "fk_{table}_{columns}_{referred_table}", pk = "pk_{table}" },]],
          }
          p:revision { id = "aaaa", upgrade = base_up .. (case.prepare or ""), downgrade = [[op.drop_table("t") op.drop_table("o")]] }
          p:revision { id = "bbbb", down = "aaaa", upgrade = up, downgrade = down }
          local function luamig(...)
            local r = p:luamig(...)
            assert(r.code == 0, r.stderr)
          end
          local function state()
            return { client = normal(facts(db)), ours = normal(described(db)) }
          end

          luamig("upgrade", "aaaa")
          local before = state()
          local rows = db:query "SELECT id, a FROM t ORDER BY id"
          luamig("upgrade", "bbbb")
          local after = state()
          if case.rows then assert.same(case.gives, db:query(case.rows)) end
          luamig("downgrade", "-1")
          if case.index_left and dialect == "mysql" then -- InnoDB keeps the index that it made for the key
            db:query(("DROP INDEX %s ON t"):format(case.index_left))
          end
          local back = state()
          assert.equal(before.client, back.client)
          assert.equal(before.ours, back.ours)
          if not up:find "drop_table" then assert.same(rows, db:query "SELECT id, a FROM t ORDER BY id") end
          luamig("upgrade")
          local again = state()
          assert.same(after, again)
          db:drop()
        end)
      end
    end
  end)
end
