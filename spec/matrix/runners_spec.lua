-- Runners that no session lock keeps apart: behind PgBouncer in transaction mode, and on the three nodes of a Galera cluster.
local cli = require "spec.support.cli"
local internals = require "luamig_internals"
local process = require "spec_process"
local project = require "spec.support.project"
local runners = require "spec.support.runners"
local scratch = require "spec.support.scratch"
local servers = require "spec.support.servers"
local torture = require "spec.support.torture"

local RUNNERS, STEPS, ROUNDS = 16, 5, torture.rounds(1)

local function url_of(name)
  local url = os.getenv("LUAMIG_TEST_" .. name .. "_URL")
  return assert(url and url ~= "" and url, "LUAMIG_TEST_" .. name .. "_URL is not set: run ./dev test --matrix")
end

local function behind_pgbouncer()
  local db = scratch.database "postgresql"
  local pooler = servers.parse(url_of "PGBOUNCER")
  local pooled = ("postgresql://%s:%s@%s:%s/%s"):format(pooler.user, pooler.password, pooler.host, pooler.port, db.name)
  db:query "CREATE TABLE counts (n INTEGER PRIMARY KEY); INSERT INTO counts VALUES (0)"
  assert.equal(STEPS, runners.run({ pooled, pooled, db.url }, RUNNERS, STEPS))
  assert.equal(tostring(STEPS), db:value "SELECT n FROM counts")
  assert.equal(tostring(STEPS), db:value "SELECT count(*) FROM luamig_history")
  assert.equal("0", db:value "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())")
  db:drop()
end

it("each step once behind PgBouncer, beside runners that reach the server directly", function()
  for _ = 1, ROUNDS do behind_pgbouncer() end
  torture.count(("rounds of %d runners, PgBouncer"):format(RUNNERS), ROUNDS)
end)

-- A runner that stands still for longer than its lease lasts, while another one does its work: it does nothing more.
it("stops where its lease has run out, behind PgBouncer", function()
  local db = scratch.database "postgresql"
  local pooler = servers.parse(url_of "PGBOUNCER")
  local p = project.new { url = ("postgresql://%s:%s@%s:%s/%s"):format(pooler.user, pooler.password, pooler.host, pooler.port, db.name) }
  p:revision { id = "aaaa", header = "transactional = false", upgrade = [[
    op.execute "CREATE TABLE IF NOT EXISTS done (n INTEGER)"
    if op.args.slow then op.sleep(2) end
    op.execute "INSERT INTO done VALUES (1)"]] }
  local slow = cli.start({ "upgrade", "-x", "slow=1" }, { cwd = p.path })
  while db:value "SELECT to_regclass('done') IS NOT NULL" ~= "t" do process.sleep(0.05) end
  slow:kill "STOP"
  local r = p:luamig("upgrade", "--lock-timeout", "40s")
  assert.equal(0, r.code, r.stderr)
  slow:kill "CONT"
  local stopped = slow:wait(30)
  assert.equal(4, stopped.code, stopped.stderr)
  assert.matches("ran out", stopped.stderr)
  assert.equal("1", db:value "SELECT count(*) FROM done")
  db:drop()
end)

local function on_three_nodes(round)
  local name = ("luamig_scratch_%s_%d"):format(tostring({}):match "0x(%x+)", round)
  local admin = assert(internals.driver.open(url_of "GALERA3"))
  assert(admin:execute("CREATE DATABASE " .. name))
  local nodes = {}
  for i, node in ipairs { "GALERA3", "GALERA3_2", "GALERA3_3" } do nodes[i] = url_of(node):gsub("/[^/?]*$", "/" .. name) end
  assert(admin:execute(("CREATE TABLE %s.counts (n INTEGER PRIMARY KEY)"):format(name)))
  assert(admin:execute(("INSERT INTO %s.counts VALUES (0)"):format(name)))
  local done, failure = pcall(runners.run, nodes, RUNNERS, STEPS)
  local total = done and admin:scalar(("SELECT n FROM %s.counts"):format(name))
  assert(admin:execute("DROP DATABASE " .. name))
  admin:close()
  assert(done, failure)
  assert.equal(STEPS, failure)
  assert.equal(STEPS, total)
end

it("each step once from three nodes of a cluster", function()
  for round = 1, ROUNDS do on_three_nodes(round) end
  torture.count(("rounds of %d runners, Galera"):format(RUNNERS), ROUNDS)
end)
