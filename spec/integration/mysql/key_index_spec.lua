-- The index that a foreign key needs: InnoDB drops none without another in its place, and luamig gives it one.
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"

describe("an index of MySQL that a foreign key needs", function()
  local db, p

  before_each(function()
    db = scratch.database "mysql"
    p = project.new { url = db.url }
    p:revision { id = "aaaa", upgrade = [[
      op.create_table("u", { { "id", sql.integer, primary_key = true } })
      op.create_table("t", { { "id", sql.integer, primary_key = true }, { "u_id", sql.integer }, { "v", sql.integer },
        sql.foreign_key({ "u_id" }, "u", { "id" }, { name = "fk_t_u" }) })]],
      downgrade = [[op.drop_table("t") op.drop_table("u")]] }
  end)
  after_each(function() db:drop() end)

  local function indexes()
    return db:query [[SELECT DISTINCT index_name FROM information_schema.statistics
      WHERE table_schema = database() AND table_name = 't' ORDER BY index_name]]
  end

  local function ok(...)
    local r = p:luamig(...)
    assert(r.code == 0, r.stdout .. r.stderr)
    return r
  end

  it("goes, and the server's own comes back", function()
    p:revision { id = "bbbb", down = "aaaa",
      upgrade = [[op.create_index("ix_t_u", "t", { "u_id" }) op.create_index("ix_t_uv", "t", { "u_id", "v" })]],
      downgrade = [[op.drop_index("ix_t_uv", "t") op.drop_index("ix_t_u")]] }
    ok "upgrade"
    assert.same({ "ix_t_u", "ix_t_uv", "PRIMARY" }, indexes())
    local plain = ok("downgrade", "-1", "--json").stdout
    assert.same({ "fk_t_u", "PRIMARY" }, indexes())
    assert.truthy(plain:find("DROP INDEX ix_t_uv ON t", 1, true)) -- ix_t_u serves the key
    assert.truthy(plain:find("ALTER TABLE t ADD INDEX fk_t_u (u_id), DROP INDEX ix_t_u", 1, true))
    ok "verify"
  end)

  it("goes before its table, as Alembic writes a downgrade, and as change() inverts", function()
    p:revision { id = "bbbb", down = "aaaa", upgrade = [[
      op.create_table("w", { { "id", sql.integer, primary_key = true }, { "u_id", sql.integer, references = "u.id" } })
      op.create_index("ix_w_u", "w", { "u_id" })]], downgrade = [[op.drop_index("ix_w_u", "w") op.drop_table("w")]] }
    p:write("migrations/cccc.lua", [[
revision = "cccc"
down_revision = "bbbb"
function change()
  op.create_table("x", { { "id", sql.integer, primary_key = true }, { "u_id", sql.integer, references = "u.id" } })
  op.create_index("ix_x_u", "x", { "u_id" })
end
]])
    ok "upgrade"
    ok("downgrade", "base")
    ok "verify"
  end)

  it("comes back with the columns of the key that stays, when a longer key goes", function()
    p:write("migrations/bbbb.lua", [[
revision = "bbbb"
down_revision = "aaaa"
function change()
  op.create_table("uv", { { "u_id", sql.integer }, { "v", sql.integer }, sql.primary_key { "u_id", "v" } })
  op.create_foreign_key("fk_t_uv", "t", "uv", { "u_id", "v" }, { "u_id", "v" })
end
]])
    ok "upgrade"
    assert.same({ "fk_t_uv", "PRIMARY" }, indexes())
    ok("downgrade", "-1")
    assert.same({ "fk_t_u", "PRIMARY" }, indexes())
    ok "verify"
  end)

  it("is needed by two keys: the server's own of the longer one comes back", function()
    p:revision { id = "bbbb", down = "aaaa", upgrade = [[
      op.create_table("w", { { "a", sql.integer }, { "b", sql.integer }, sql.primary_key { "a", "b" } })
      op.create_table("x", { { "a", sql.integer }, { "b", sql.integer }, { "c", sql.integer },
        sql.foreign_key({ "a", "b" }, "w", { "a", "b" }, { name = "fk_ab" }), sql.foreign_key({ "a" }, "u", { "id" }, { name = "fk_a" }) })
      op.create_index("ix_x", "x", { "a", "b", "c" })]], downgrade = [[op.drop_index("ix_x", "x") op.drop_table("x") op.drop_table("w")]] }
    ok "upgrade"
    assert.truthy(ok("downgrade", "-1", "--json").stdout:find("ALTER TABLE x ADD INDEX fk_ab (a, b), DROP INDEX ix_x", 1, true))
  end)

  it("goes by what autogenerate writes for one of two keys, whatever the way to there was", function()
    p:write("migrations/bbbb.lua", [[
revision = "bbbb"
down_revision = "aaaa"
function change() op.create_foreign_key("fk_second", "t", "u", { "u_id" }, { "id" }, { ondelete = "CASCADE" }) end
]])
    ok "upgrade"
    p:write("schema.lua", (ok "inspect".stdout:gsub('[^\n]*fk_second"[^\n]*\n', "")))
    ok("revision", "--autogenerate", "-m", "one key", "--rev-id", "cccc")
    ok "upgrade"
    ok "check"
    ok "verify"
  end)

  it("of a key that another table rests on is an error that says so", function()
    p:revision { id = "bbbb", down = "aaaa", upgrade = [[
      op.create_table("r", { { "id", sql.integer, primary_key = true }, { "code", sql.integer } })
      op.create_index("ix_code", "r", { "code" }, { unique = true })
      op.create_table("s", { { "id", sql.integer, primary_key = true }, { "code", sql.integer },
        sql.foreign_key({ "code" }, "r", { "code" }, { name = "fk_s" }) })
      op.drop_index("ix_code", "r")]] }
    local r = p:luamig "upgrade"
    assert.equal(1, r.code)
    assert.matches("rests on the index", r.stderr)
  end)
end)
