-- Every call of the driver fails once in turn, alone and with all that follow it: a clean error (under a sanitizer: no leak
-- either), and the next `upgrade` completes what was begun.
local cli = require "spec.support.cli"
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"
local servers = require "spec.support.servers"
local torture = require "spec.support.torture"

local FAULTY = package.loaded["spec.build"] .. "/spec_faulty"
local PLACES = torture.kills(12)

local function read(path)
  local file = assert(io.open(path))
  local text = file:read "a"
  file:close()
  return text
end

local function run(p, db, args, at, rest, late)
  local env = { LUAMIG_URL = db.url, LUAMIG_FAULT_AT = tostring(at), LUAMIG_FAULT_REST = rest and "1" or false, LUAMIG_FAULT_LATE = late and "1" or false,
    LUAMIG_FAULT_COUNT = p.path .. "/count" }
  return cli.run(args, { program = FAULTY, cwd = p.path, env = env, timeout = 120 })
end

-- Exit statuses are ours, what it said is an error of ours, and no sanitizer had anything to say.
local function is_clean(r, what)
  what = what .. r.stderr
  assert.is_nil(r.signal, what)
  assert.is_nil(r.stderr:find "Sanitizer", what)
  assert.is_nil(r.stderr:find("traceback", 1, true), what)
  assert.is_true(r.code == 0 or r.code == 1 or r.code == 5, what .. r.code)
  if r.code ~= 0 then assert.matches("a fault of the spec's", r.stderr .. r.stdout, what) end
end

-- Some of the places from 1 to count, all when there are no more than PLACES.
local function places(count)
  local out, step = {}, math.max(1, count / PLACES)
  for i = 0, math.min(count, PLACES) - 1 do out[#out + 1] = math.min(count, math.floor(i * step + math.random() * step) + 1) end
  return out
end

for _, dialect in ipairs(servers.dialects) do
  describe("a driver call that fails on " .. dialect, function()
    for _, rest in ipairs { false, true } do
      it("in upgrade" .. (rest and ", and all that follow" or ""), function()
        local p, failures = torture.project(), 0
        local calm = scratch.database(dialect)
        torture.fill(calm)
        assert.equal(0, run(p, calm, { "upgrade" }, 0).code)
        local expected, count = torture.state(calm), tonumber(read(p.path .. "/count"))
        calm:drop()
        for _, at in ipairs(places(count)) do
          local what = ("call %d of %d: "):format(at, count)
          local db = scratch.database(dialect)
          torture.fill(db)
          local r = run(p, db, { "upgrade" }, at, rest)
          is_clean(r, what)
          failures = failures + 1
          torture.recover(p, db, r)
          assert.same(expected, torture.state(db), what .. r.stderr)
          db:drop()
        end
        torture.count("driver calls that failed, upgrade, " .. dialect, failures)
      end)
    end

    it("in commands that read", function()
      local db = scratch.database(dialect)
      local p = project.new { url = db.url, files = { ["schema.lua"] = [[
        return sql.schema { t = { { "id", sql.integer, primary_key = true }, { "n", sql.string(20) }, sql.index("ix_n", { "n" }) } }
      ]] } }
      p:revision { id = "aaaa1", upgrade = 'op.create_table("t", { { "id", sql.integer, primary_key = true } })' }
      assert.equal(0, p:luamig "upgrade".code)
      local failures = 0
      for _, args in ipairs {
        { "check" }, { "inspect", "--json" }, { "revision", "--autogenerate", "-m", "more" }, { "status" }, { "current" },
        { "history" }, { "plan", "base" }, { "verify" },
      } do
        if args[1] == "plan" then args = { "downgrade", "base", "--dry-run" } end
        local line = table.concat(args, " ")
        run(p, db, args, 0)
        local count = tonumber(read(p.path .. "/count"))
        os.execute("rm -f '" .. p.path .. "'/migrations/*_more.lua")
        local what_places = PLACES > 100 and places(count) or { 1, count // 2, count }
        for _, at in ipairs(what_places) do
          local r = run(p, db, args, at)
          if r.code ~= 2 and r.code ~= 3 then is_clean(r, ("%s, call %d of %d: "):format(line, at, count)) end
          failures = failures + 1
          os.execute("rm -f '" .. p.path .. "'/migrations/*_more.lua")
        end
      end
      assert.equal("aaaa1", db:value "SELECT version_num FROM luamig_version")
      torture.count("driver calls that failed, other commands, " .. dialect, failures)
      db:drop()
    end)
  end)
end

-- What is said of the state is what the database has, and nothing is done twice.
it("a statement that was done when it was interrupted is known to be", function()
  local p, failures = torture.project(), 0
  local calm = scratch.database "mysql"
  torture.fill(calm)
  assert.equal(0, run(p, calm, { "upgrade" }, 0).code)
  local expected, count = torture.state(calm), tonumber(read(p.path .. "/count"))
  calm:drop()
  local all = places(count)
  for at = count - 5, count do all[#all + 1] = at end -- the last COMMIT is among them
  for _, at in ipairs(all) do
    local what = ("call %d of %d: "):format(at, count)
    local db = scratch.database "mysql"
    torture.fill(db)
    local r = run(p, db, { "upgrade" }, at, false, true)
    assert.is_true(r.code == 0 or r.code == 1 or r.code == 130, what .. r.stderr)
    if r.code ~= 0 then
      failures = failures + 1
      local has_table = db:value "SELECT count(*) FROM information_schema.tables WHERE table_schema = database() AND table_name = 'luamig_version'" == "1"
      local applied = has_table and db:value "SELECT count(*) FROM luamig_version" == "1"
      assert.matches(applied and "complete[^\n]*now at t0rture00001\n" or "base\n", r.stderr:match "\n  state  [^\n]*\n" or r.stderr, what)
    end
    torture.finish(p, db)
    assert.same(expected, torture.state(db), what .. r.stderr)
    db:drop()
  end
  assert.is_true(failures > 0)
  torture.count("statements done and said to be interrupted", failures)
end)

it("rows that cannot be read to their end while another statement waits are an error", function()
  local db = scratch.database "postgresql"
  local p = project.new { url = db.url }
  p:revision { id = "aaaa1", upgrade = [[
    local conn = op.get_bind()
    op.execute "CREATE TABLE t (q INTEGER)"
    for row in conn:rows "SELECT 10 / (5 - n) AS q FROM generate_series(1, 9) AS n" do
      conn:execute("INSERT INTO t VALUES (:q)", { q = row.q })
    end
  ]] }
  local r = p:luamig "upgrade"
  assert.equal(1, r.code, r.stderr)
  assert.matches("division by zero", r.stderr)
  db:drop()
end)
