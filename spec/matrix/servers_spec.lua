-- The example project where connections are pooled, nodes replicate and standbys follow. ./dev test --matrix starts these.
local cli = require "spec.support.cli"

local servers = {
  { "PgBouncer in transaction mode", "LUAMIG_TEST_PGBOUNCER_URL" },
  { "a PostgreSQL primary with a standby", "LUAMIG_TEST_PGREPLICA_URL" },
  { "a Galera cluster", "LUAMIG_TEST_GALERA3_URL" },
}

local function luamig(url, ...)
  local r = cli.run({ "--url", url, ... })
  assert.equal(0, r.code, r.stderr)
  return r.stdout
end

for _, server in ipairs(servers) do
  local name, variable = server[1], server[2]
  it("the example project goes up and down on " .. name, function()
    local url = assert(os.getenv(variable), variable .. " is not set")
    luamig(url, "upgrade")
    assert.is_truthy(luamig(url, "current"):find "%(head%)")
    luamig(url, "downgrade", "base")
    assert.equal("", luamig(url, "current"))
  end)
end

it("what one node of a Galera cluster did, the others know", function()
  local first = assert(os.getenv "LUAMIG_TEST_GALERA3_URL")
  luamig(first, "upgrade")
  for _, variable in ipairs { "LUAMIG_TEST_GALERA3_2_URL", "LUAMIG_TEST_GALERA3_3_URL" } do
    assert.is_truthy(luamig(assert(os.getenv(variable)), "current"):find "%(head%)")
  end
  luamig(assert(os.getenv "LUAMIG_TEST_GALERA3_2_URL"), "downgrade", "base")
  assert.equal("", luamig(first, "current"))
end)
