-- Memory that runs out once, at each place in turn: an error that says so (under a sanitizer: no leak either) or the same
-- result as ever, and the next `upgrade` completes what was begun.
local cli = require "spec.support.cli"
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"
local servers = require "spec.support.servers"
local torture = require "spec.support.torture"

local SCARCE = package.loaded["spec.build"] .. "/spec_faulty"
local PLACES = torture.kills(12)

local function run(p, url, args, at)
  return cli.run(args, { program = SCARCE, cwd = p.path, timeout = 120,
    env = { LUAMIG_URL = url, LUAMIG_SCARCE_AT = tostring(at), LUAMIG_SCARCE_COUNT = p.path .. "/count" } })
end

-- How many places there are, by an undisturbed run.
local function count(p, url, args)
  local r = run(p, url, args, 0)
  assert.equal(0, r.code, r.stderr)
  return math.tointeger(tonumber(p:read "count")), r
end

local function is_clean(r, what)
  what = what .. r.stderr
  assert.is_nil(r.signal, what)
  assert.is_nil(r.stderr:find "Sanitizer", what)
  if r.code ~= 0 then assert.matches("memory", r.stderr .. r.stdout, what) end
end

-- Some of the places, spread over all of them.
local function some(places)
  local list, n = {}, math.min(PLACES, places)
  for i = 1, n do
    list[i] = math.random(math.floor((i - 1) * places / n) + 1, math.floor(i * places / n))
  end
  return ipairs(list)
end

describe("memory that runs out", function()
  it("while files and arguments are read, wherever that is", function()
    local p, args = project.new {}, { "history", "-x", "a=1", "-x", "b=2" }
    p:revision { id = "aaaa1", upgrade = "" }
    p:revision { id = "bbbb2", down = "aaaa1", upgrade = "" }
    local places, calm = count(p, nil, args)
    for at = 1, places do
      local what, r = ("place %d of %d: "):format(at, places), run(p, nil, args, at)
      is_clean(r, what)
      if r.code == 0 then assert.equal(calm.stdout, r.stdout, what) end
    end
  end)

  it("while a script is written for SQLite", function()
    local p, args = project.new {}, { "upgrade", "--sql" }
    p:revision { id = "aaaa1", upgrade = [[
  op.create_table("t", { { "id", sql.integer, primary_key = true }, { "n", sql.integer } })
  op.alter_column("t", "n", { nullable = false })]] }
    local places = count(p, "sqlite::memory:", args)
    for _, at in some(places) do
      is_clean(run(p, "sqlite::memory:", args, at), ("place %d of %d: "):format(at, places))
    end
  end)

  for _, dialect in ipairs(servers.dialects) do
    it("in upgrade on " .. dialect, function()
      local p, calm = torture.project(), scratch.database(dialect)
      torture.fill(calm)
      local places = count(p, calm.url, { "upgrade" })
      local expected = torture.state(calm)
      calm:drop()
      for _, at in some(places) do
        local what, db = ("place %d of %d: "):format(at, places), scratch.database(dialect)
        torture.fill(db)
        local r = run(p, db.url, { "upgrade" }, at)
        is_clean(r, what)
        torture.recover(p, db, r)
        assert.same(expected, torture.state(db), what .. r.stderr)
        db:drop()
      end
      torture.count("times without memory, upgrade, " .. dialect, PLACES)
    end)
  end
end)
