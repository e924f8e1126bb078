-- change(): each operation that has an inverse, up and down by the one function; and those that have none.
local dump = require "spec.support.dump"
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"

local base_up = dofile("spec/fixtures/base_tables.lua").schema .. [[
  op.create_view("v", "SELECT id, name FROM o")
]]

local pg, named = { postgresql = true }, { sqlite = true, postgresql = true }

-- the body of change(); on: dialects (all); unseen: the dump has no such objects; settles: MySQL has another name for an index
-- the second time
local inverted = {
  { [[op.create_table("n", { { "id", sql.integer, primary_key = true }, { "x", sql.string(9), index = true, unique = true } })]] },
  { [[op.drop_table("o2", { { "id", sql.integer, primary_key = true }, { "x", sql.string(9), nullable = false, index = true }, comment = "two" })]],
    prepare = [[op.create_table("o2", { { "id", sql.integer, primary_key = true }, { "x", sql.string(9), nullable = false, index = true }, comment = "two" })]] },
  { [[op.rename_table("o", "oo")]], on = { postgresql = true, mysql = true } }, -- SQLite would write a view's text anew
  { [[op.rename_table("t", "tt")]] },
  { [[op.add_column("t", { "n", sql.integer, nullable = false, default = 3, index = true })]] },
  { [[op.add_column("t", { "n", sql.integer, references = "o.id" })]] },
  { [[op.add_columns("t", { { "n", sql.integer }, { "m", sql.text } })]] },
  { [[op.drop_column("w", { "z", sql.string(9), nullable = false, default = "q" })]],
    prepare = [[op.create_table("w", { { "id", sql.integer, primary_key = true }, { "z", sql.string(9), nullable = false, default = "q" } })]] },
  { [[op.rename_column("t", "b", "bb")]] },
  { [[op.alter_column("t", "b", { new_column_name = "bb" })]] },
  { [[op.alter_column("t", "b", { type = sql.string(50), existing_type = sql.string(20) })]] },
  { [[op.alter_column("t", "b", { nullable = false, existing_nullable = true, existing_type = sql.string(20) })]] },
  { [[op.alter_column("t", "a", { default = 9, existing_default = 1, existing_type = sql.integer, existing_nullable = false })]] },
  { [[op.alter_column("t", "a", { drop_default = true, existing_default = 1, existing_type = sql.integer, existing_nullable = false })]] },
  { [[op.alter_column("t", "c", { comment = "new", existing_comment = "see" })]] },
  { [[op.alter_column("t", "c", { drop_comment = true, existing_comment = "see" })]] },
  { [[op.alter_column("t", "c", { new_column_name = "cc", type = sql.string(90), nullable = false, default = "x", existing_type = sql.string(20),
      existing_nullable = true, existing_default = sql.null })]] },
  { [[op.create_index("ix_n", "t", { "a", { "b", desc = true } }, { unique = true })]] },
  { [[op.create_index("ix_n", "t", { sql.expr "lower(b)" }, { where = "a > 1" })]], on = named },
  { [[op.create_index("ix_n", "t", { "b" }, { concurrently = true })]] },
  { [[op.create_index(nil, "t", { "b", "c" })]] },
  { [[op.drop_index("ix_c", "t", { "c", "a" })]] },
  { [[op.drop_index("ix_n", "t", { "b" }, { unique = true, include = { "c" }, where = "a > 1", nulls_not_distinct = true, postgresql_with = { fillfactor = 70 } })]],
    on = pg, prepare = [[op.create_index("ix_n", "t", { "b" }, { unique = true, include = { "c" }, where = "a > 1", nulls_not_distinct = true,
      postgresql_with = { fillfactor = 70 } })]] },
  { [[op.drop_index("ix_n", "t", { "b" }, { mysql_prefix = "FULLTEXT", comment = "words" })]], on = { mysql = true },
    prepare = [[op.create_index("ix_n", "t", { "b" }, { mysql_prefix = "FULLTEXT", comment = "words" })]] },
  { [[op.rename_index("ix_c", "ix_cc")]] },
  { [[op.add_constraint("t", sql.unique({ "a", "c" }, { name = "uq_n" }))]] },
  { [[op.create_unique_constraint("uq_n", "t", { "a", "c" })]] },
  { [[op.create_check_constraint("ck_n", "t", "a < 100")]] },
  { [[op.create_foreign_key("fk_n", "w", "o", { "o_id" }, { "id" }, { ondelete = "CASCADE" })]],
    prepare = [[op.create_table("w", { { "id", sql.integer, primary_key = true }, { "o_id", sql.integer, index = true } })]] },
  { [[op.create_check_constraint(nil, "t", "a in (1, 2) or c is not null")]] },
  { [[op.create_foreign_key("fk_n", "w", "o", { "o_id" }, { "id" })]], -- MySQL makes an index for it
    prepare = [[op.create_table("w", { { "id", sql.integer, primary_key = true }, { "o_id", sql.integer } })]] },
  { [[op.create_foreign_key("fk_n", "w", "o", { "o_id" }, { "id" })]], -- MySQL's index of the first key becomes
    settles = true, -- that of this one, and has the first one's name for good when it has gone back
    prepare = [[op.create_table("o2", { { "id", sql.integer, primary_key = true } })
      op.create_table("w", { { "id", sql.integer, primary_key = true }, { "o_id", sql.integer } })
      op.create_foreign_key("fk_m", "w", "o2", { "o_id" }, { "id" })]] },
  { [[op.create_foreign_key("fk_m", "w", "o", { "o_id" }, { "id" })
      op.create_foreign_key("fk_n", "w", "o", { "o_id" }, { "id" }, { ondelete = "CASCADE" })]],
    prepare = [[op.create_table("w", { { "id", sql.integer, primary_key = true }, { "o_id", sql.integer } })]] },
  { [[op.create_primary_key("pk_w", "w", { "x", "y" })]],
    prepare = [[op.create_table("w", { { "x", sql.integer, nullable = false }, { "y", sql.integer, nullable = false } })]] },
  { [[op.create_exclude_constraint("ex_n", "w", { { "r", "&&" } }, { using = "gist" })]], on = pg,
    prepare = [[op.create_table("w", { { "id", sql.integer, primary_key = true }, { "r", sql.native "int4range" } })]] },
  { [[op.rename_constraint("t", "ck_a", "ck_z")]], on = named },
  { [[op.create_table_comment("o", "new")]] },
  { [[op.create_view("vv", "SELECT id FROM t")]] },
  { [[op.drop_view("vv", "SELECT id FROM t WHERE a > 0", { columns = { "x" }, check_option = "local", security = "invoker",
      postgresql_security_barrier = true, mysql_algorithm = "merge" })]], on = { postgresql = true, mysql = true },
    prepare = [[op.create_view("vv", "SELECT id FROM t WHERE a > 0", { columns = { "x" }, check_option = "local", security = "invoker",
      postgresql_security_barrier = true, mysql_algorithm = "merge" })]] },
  { [[op.drop_view("vv", "SELECT id FROM t", { columns = { "x" } })]], prepare = [[op.create_view("vv", "SELECT id FROM t", { columns = { "x" } })]] },
  { [[op.create_enum("mood", { "a", "b" })]] },
  -- what an operation before has made is dropped by that one's inverse
  { [[op.create_enum("mood", { "a", "b" }) op.add_column("t", { "m", sql.enum("mood", { "a", "b" }) })]] },
  { [[op.add_column("t", { "m", sql.enum("mood", { "a", "b" }) }) op.add_column("t", { "k", sql.enum("mood", { "a", "b" }) })]] },
  { [[op.create_table("n", { { "m", sql.enum("mood", { "a", "b" }) }, { "k", sql.enum("mood", { "a", "b" }) } })
    op.batch_alter_table("t", function(batch) batch.add_column { "m", sql.enum("mood", { "a", "b" }) } end)]] },
  { [[op.add_column("t", { "m", sql.enum("mood", { "a", "b" }), nullable = false, default = "a" })]] },
  { [[op.create_table("n", { { "id", sql.integer, primary_key = true }, { "m", sql.enum("mood", { "a", "b" }) }, { "k", sql.enum("kind", { "x" }) } })]] },
  { [[op.alter_column("t", "b", { type = sql.enum("mood", { "a", "b" }), existing_type = sql.string(20) })]] },
  { [[op.alter_column("t", "b", { type = sql.enum("mood", { "a", "b" }, { native = false }), existing_type = sql.string(20) })]] },
  { [[op.alter_column("t", "c", { type = sql.string(20, { collation =
      ({ sqlite = "NOCASE", postgresql = "C", mysql = "utf8mb4_bin" })[op.dialect] }), existing_type = sql.string(20) })]] },
  { [[op.add_column("t", { "n", sql.enum("mood", { "a", "b" }) })]], enum = true },
  { [[op.add_enum_value("mood", "c")]], enum = true },
  { [[op.rename_enum_value("mood", "a", "z")]], enum = true },
  { [[op.create_schema("luamig_scratch_s")]], on = pg, unseen = true },
  { [[op.create_sequence("sq", { start = 5, increment = 2 })]], on = pg },
  { [[op.create_domain("posint", sql.integer, { check = "VALUE > 0" })]], on = pg, unseen = true },
  { [[op.create_extension("citext")]], on = pg },
  { [[op.create_function("f", { returns = "trigger", language = "plpgsql" }, "BEGIN RETURN NEW; END")
      op.create_trigger("tr", "t", { when = "before", events = { "insert" }, each = "row" }, "EXECUTE FUNCTION f()")]], on = pg },
  { [[op.create_trigger("tr", "t", { when = "after", events = { "insert" }, each = "row" },
      op.dialect == "mysql" and "SET @a = 1" or "UPDATE o SET name = 'x' WHERE id = new.id;")]], on = { sqlite = true, mysql = true } },
  { [[op.batch_alter_table("t", function(batch)
        batch.add_column({ "n", sql.integer, nullable = false, default = 3 })
        batch.alter_column("c", { new_column_name = "cc" })
        batch.create_index("ix_n", { "n", "cc" })
        batch.create_check_constraint("ck_n", "n > 0")
      end)]] },
  { [[op.create_table("n", { { "id", sql.integer, primary_key = true }, { "k", sql.integer } })
      op.create_index("ix_nk", "n", { "k" })
      op.add_column("t", { "n_id", sql.integer })
      op.create_foreign_key("fk_tn", "t", "n", { "n_id" }, { "id" })
      op.rename_table("n", "nn")
      op.rename_column("nn", "k", "kk")
      op.reversible {
        up = function() op.execute "INSERT INTO nn (kk) VALUES (1)" end,
        down = function() op.execute "DELETE FROM nn" end,
      }]] },
}

-- what has no inverse, and a word of the error
local refused = {
  { [[op.drop_table "o"]], "drop_table" }, { [[op.drop_column("t", "b")]], "drop_column" }, { [[op.drop_index("ix_c", "t")]], "drop_index" },
  { [[op.execute "DELETE FROM o"]], "reversible", code = 1 }, { [[op.bulk_insert("o", { { id = 5 } })]], "reversible", code = 1 },
  { [[op.get_bind():scalar "SELECT 1"]], "reversible", code = 1 }, { [[op.drop_view "v"]], "drop_view" },
  { [[op.alter_column("t", "b", { type = sql.string(50) })]], "existing_type" }, { [[op.drop_constraint("uq_b", "t")]], "drop_constraint" },
  { [[op.remove_enum_value("mood", "a")]], "remove_enum_value" },
  { [[op.backfill { table = "t", set = { b = "x" } }]], "reversible", code = 1 },
}

for _, dialect in ipairs { "sqlite", "postgresql", "mysql" } do
  describe("change() on " .. dialect, function()
    local function begin(case)
      local db = scratch.database(dialect)
      local p = project.new { url = db.url }
      local enum = case.enum and [[op.add_column("t", { "m", sql.enum("mood", { "a", "b" }) })]] or ""
      p:revision { id = "aaaa", upgrade = base_up .. enum .. (case.prepare or ""), downgrade = "" }
      p:write("migrations/bbbb.lua", 'revision = "bbbb"\ndown_revision = "aaaa"\nfunction change()\n' .. case[1] .. "\nend\n")
      local r = p:luamig("upgrade", "aaaa")
      assert(r.code == 0, r.stderr)
      return db, p
    end

    for _, case in ipairs(inverted) do
      if not case.on or case.on[dialect] then
        it("inverts " .. case[1]:match "[^\n]+", function()
          local db, p = begin(case)
          local function luamig(...)
            local r = p:luamig(...)
            assert(r.code == 0, r.stderr)
          end
          local before = dump.schema(db)
          luamig "upgrade"
          local after = dump.schema(db)
          if dialect == "postgresql" and not case.unseen then assert.not_equal("", dump.difference(before, after)) end
          luamig("downgrade", "-1")
          assert.equal("", dump.difference(before, dump.schema(db)))
          luamig "upgrade"
          if not (case.settles and dialect == "mysql") then assert.equal("", dump.difference(after, dump.schema(db))) end
          luamig("downgrade", "-1")
          assert.equal("", dump.difference(before, dump.schema(db)))
          db:drop()
        end)
      end
    end

    for _, case in ipairs(refused) do
      it("refuses " .. case[1], function()
        local db, p = begin(case)
        local before = dump.schema(db)
        local r = p:luamig "upgrade"
        assert.equal(case.code or 2, r.code)
        assert.matches(case[2], r.stderr, 1, true)
        assert.equal("", dump.difference(before, dump.schema(db)))
        assert.matches("still at aaaa", r.stderr, 1, true)
        if not case.code then assert.matches("in op." .. case[1]:match "op%.([%w_]+)", r.stderr, 1, true) end
        db:drop()
      end)
    end
  end)
end
