-- The example project where connections are pooled, nodes replicate and standbys follow. ./dev test --matrix starts these.
local cli = require "spec.support.cli"
local internals = require "luamig_internals"
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"
local parse = require("spec.support.servers").parse

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

-- Without waiting for what is on its way, a node answered with what it knew a moment ago in about one of ten rounds.
it("a node of a cluster knows what another one has just finished", function()
  local name, nodes = "luamig_scratch_" .. tostring({}):match "0x(%x+)", {}
  local admin = assert(internals.driver.open(assert(os.getenv "LUAMIG_TEST_GALERA3_URL")))
  assert(admin:execute("CREATE DATABASE " .. name))
  for i, node in ipairs { "GALERA3", "GALERA3_2", "GALERA3_3" } do
    nodes[i] = assert(os.getenv("LUAMIG_TEST_" .. node .. "_URL")):gsub("/[^/?]*$", "/" .. name)
  end
  local p = project.new { url = nodes[1] }
  p:revision {
    id = "a1", upgrade = 'op.create_table("sync_wait", { { "id", sql.integer, primary_key = true } })',
    downgrade = 'op.drop_table("sync_wait")',
  }
  for round = 1, 12 do
    local at, other, third = nodes[round % 3 + 1], nodes[(round + 1) % 3 + 1], nodes[(round + 2) % 3 + 1]
    local r = p:luamig("upgrade", "--url", at)
    assert.equal(0, r.code, r.stderr)
    assert.equal("a1 (head) a1\n", p:luamig("current", "--url", other).stdout)
    r = p:luamig("downgrade", "base", "--url", third)
    assert.equal(0, r.code, r.stderr)
    assert.matches("↓ a1", r.stderr)
    assert.equal("", p:luamig("current", "--url", at).stdout)
  end
  assert(admin:execute("DROP DATABASE " .. name))
  admin:close()
end)

it("settings of `session` hold behind a pooler, and leak to nobody", function()
  local pooled = assert(os.getenv "LUAMIG_TEST_PGBOUNCER_URL")
  local direct = assert(os.getenv "LUAMIG_TEST_POSTGRESQL_URL")
  local db = scratch.database "postgresql"
  local url = pooled:gsub("/[^/?]*$", "/" .. db.name)
  local through = setmetatable({ parts = parse(url), dialect = "postgresql" }, getmetatable(db))
  local role = "role_of_" .. db.name
  db:query(("CREATE ROLE %s; GRANT %s TO CURRENT_USER; CREATE SCHEMA app AUTHORIZATION %s"):format(role, role, role))
  local p = project.new { url = url, config = ('session = { "SET ROLE %s", "SET SESSION search_path = app, public" },'):format(role) }
  p:revision {
    id = "a1", upgrade = [[op.create_table("one", { { "id", sql.integer, primary_key = true } })
  op.commit()
  op.create_table("two", { { "id", sql.integer, primary_key = true } })]],
    downgrade = 'op.drop_table("two") op.drop_table("one")',
  }
  local function owners()
    return table.concat(db:query "SELECT DISTINCT schemaname || ' ' || tableowner FROM pg_tables WHERE schemaname IN ('app', 'public')", "|")
  end
  local r = p:luamig("upgrade", "--lock-timeout", "2s")
  assert.equal(0, r.code, r.stderr)
  assert.equal("app " .. role, owners())
  for _ = 1, 4 do
    r = p:luamig("current", "--json")
    assert.matches('"revision": "a1"', r.stdout)
    assert.equal("0", through:value "SELECT count(*) FROM pg_settings WHERE name = 'search_path' AND setting LIKE 'app%'")
  end
  r = p:luamig("downgrade", "base", "--url", (direct:gsub("/[^/?]*$", "/" .. db.name)))
  assert.equal(0, r.code, r.stderr)
  assert.equal("0", db:value "SELECT count(*) FROM pg_tables WHERE schemaname = 'app' AND tablename IN ('one', 'two')")
  db:query(("DROP SCHEMA app CASCADE; DROP OWNED BY %s; DROP ROLE %s"):format(role, role))
  db:drop()
end)

it("a standby refuses at once what would write, and says where to go", function()
  local standby = assert(os.getenv "LUAMIG_TEST_PGREPLICA_STANDBY_URL")
  local primary = assert(os.getenv "LUAMIG_TEST_PGREPLICA_URL")
  local r = cli.run { "--url", standby, "upgrade" }
  assert.equal(1, r.code)
  assert.matches("the server is a read-only standby", r.stderr, 1, true)
  assert.matches("?target_session_attrs=read-write", r.stderr, 1, true)
  local host = "(127%.0%.0%.1:%d+)"
  local both = standby:gsub(host, standby:match(host) .. "," .. primary:match(host)) .. "?target_session_attrs=read-write"
  luamig(both, "upgrade")
  assert.is_truthy(luamig(primary, "current"):find "%(head%)")
  luamig(both, "downgrade", "base")
end)
