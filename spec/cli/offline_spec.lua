-- What a migration may ask where nothing runs: --sql and plan.
local project = require "spec.support.project"

local function script(body)
  local p = project.new {}
  p:revision { id = "a1b2", upgrade = 'op.create_table("t", { { "id", sql.integer } })\n' .. body }
  return p:luamig("upgrade", "--sql")
end

describe("a script", function()
  it("lists what conn:execute and table handles say, untouched", function()
    local r = script [[
      op.get_bind():execute("INSERT INTO t VALUES (:id)", { id = 5 })
      op.execute(sql.table "t":insert { id = 6 })
      op.expect_none("SELECT * FROM t WHERE id < 0", "no negative ones")
      op.get_bind():transaction(function() op.execute "DELETE FROM t WHERE id = 7" end)
      if op.offline then op.execute "SELECT 'offline'" end]]
    assert.equal(0, r.code, r.stderr)
    assert.matches("INSERT INTO t VALUES %(5%);", r.stdout)
    assert.matches("INSERT INTO t %(id%) VALUES %(6%);", r.stdout)
    assert.matches("DELETE FROM t WHERE id = 7;", r.stdout)
    assert.matches("SELECT 'offline';", r.stdout)
  end)

  local touching = {
    'local n = op.execute("UPDATE t SET id = 1").rowcount',
    'local row = op.get_bind():execute("SELECT 1"):fetchone()',
    'local rows = op.get_bind():execute("SELECT 1"):fetchall()',
    'local n = op.get_bind():scalar("SELECT 1")',
    'local n = op.get_bind():execute(sql.table "t":select()):scalar()',
    'for row in op.get_bind():rows("SELECT 1") do print(row) end',
  }
  for _, body in ipairs(touching) do
    it("cannot know: " .. body, function()
      local r = script(body)
      assert.equal(2, r.code)
      assert.matches("migrations/a1b2.lua:7", r.stderr)
    end)
  end
end)
