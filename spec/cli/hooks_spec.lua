-- The hooks of luamig.conf.lua.
local project = require "spec.support.project"

describe("hooks", function()
  it("are called with what they are about", function()
    local p = project.new { config = [[hooks = {
      after_connect = function(conn) print("connected", conn.dialect, conn:scalar "SELECT 1") end,
      before_migration = function(step) print("before", step.revision, step.direction, step.message, step.file) end,
      after_migration = function(step) print("after", step.revision, step.direction) end,
      on_error = function(step, err) print("failed", step.revision, err.kind, err.line) end,
      after_revision = function(path) print("written", path:match "[^/]+$") end,
    },]] }
    p:revision { id = "a1b2", message = "first", upgrade = 'op.create_table("t", { { "id", sql.integer } })', downgrade = "op.drop_table('nowhere')" }
    local up = p:luamig("upgrade")
    assert.equal(0, up.code)
    assert.matches("connected\tsqlite\t1\n", up.stderr)
    assert.matches("before\ta1b2\tupgrade\tfirst\tmigrations/a1b2.lua\n.*after\ta1b2\tupgrade\n", up.stderr)
    local down = p:luamig("downgrade", "base")
    assert.equal(1, down.code)
    assert.matches("failed\ta1b2\tsql\t10\n", down.stderr)
    assert.not_matches("after\ta1b2\tdowngrade", down.stderr)
    local made = p:luamig("revision", "-m", "second", "--rev-id", "b2c3")
    assert.equal(0, made.code)
    assert.matches("written\tb2c3_second.lua", made.stderr)
  end)
end)
