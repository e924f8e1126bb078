-- luamig verify: every revision up, down, up on a scratch database of the configured dialect.
local project = require "spec.support.project"
local servers = require "spec.support.servers"

local function new_project(dialect)
  local p = project.new { url = dialect ~= "sqlite" and servers.url(dialect) or nil }
  p:revision {
    id = "a1", message = "create users",
    upgrade = 'op.create_table("users", { { "id", sql.integer, primary_key = true } })', downgrade = 'op.drop_table("users")',
  }
  p:revision {
    id = "b2", down = "a1", message = "add names", upgrade = 'op.add_column("users", { "name", sql.string(50) })',
    downgrade = 'op.drop_column("users", "name")',
  }
  return p
end

for _, dialect in ipairs(servers.dialects) do
  it("verifies on " .. dialect, function()
    local p = new_project(dialect)
    local r = p:luamig "verify"
    assert.equal(0, r.code, r.stderr)
    assert.equal("2 revisions up, down and up\n", r.stdout)
    assert.matches("\n✓ a1 create users\n✓ b2 add ages\n$", (r.stderr:gsub("names", "ages")))
    assert.is_false(p:exists "app.db")
    p:revision {
      id = "c3", down = "b2", upgrade = 'op.create_index("ix_users_name", "users", { "name" })', downgrade = "",
    }
    r = p:luamig("verify", "--json")
    assert.equal(3, r.code)
    assert.matches('"revision": "c3",\n      "file": "migrations/c3%.lua",\n      "ok": false', r.stdout)
    assert.matches('"kind": "check_failed",\n    "message": "revision \'c3\' does not go up, down and up', r.stdout)
    assert.matches("tables%.users%.indexes%.ix_users_name: left behind", r.stdout)
    assert.matches('op%.create_index%(\\"ix_users_name\\"', r.stdout)
    r = p:luamig("verify", "b2")
    assert.equal(0, r.code, r.stderr)
    assert.equal("2 revisions up, down and up\n", r.stdout)
  end)
end

it("verifies branches each on a database of its own, and lets irreversible ones be", function()
  local p = new_project "sqlite"
  p:revision { id = "c3", down = "a1", upgrade = 'op.create_table("c", { { "id", sql.integer } })', downgrade = 'op.drop_table("c")' }
  p:revision { id = "d4", down = { "b2", "c3" } }
  p:write("migrations/e5.lua", 'revision = "e5"\ndown_revision = "d4"\nirreversible = "data is gone"\n'
    .. 'function upgrade()\n  op.drop_table("c")\nend\n')
  local r = p:luamig "verify"
  assert.equal(0, r.code, r.stderr)
  assert.equal("5 revisions up, down and up\n", r.stdout)
end)

it("says which revision fails", function()
  local p = new_project "sqlite"
  p:revision { id = "c3", down = "b2", upgrade = 'op.execute("NONSENSE")' }
  local r = p:luamig "verify"
  assert.equal(1, r.code)
  assert.matches("✓ b2 add names\nerror: [^\n]*\n  migrations/c3%.lua:6 in op%.execute\n", r.stderr)
end)
