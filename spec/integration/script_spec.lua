-- A script (--sql), run by the database's own client, leaves what `upgrade` leaves: schema and version rows. Each pattern
-- that asks the database nothing is scripted from the one before it, with a snapshot of the database at that point.
local cli = require "spec.support.cli"
local dump = require "spec.support.dump"
local scratch = require "spec.support.scratch"

local project = (debug.getinfo(1, "S").source:sub(2):match("^(.*)/") or ".") .. "/../patterns"

local function revisions()
  local result = cli.run({ "history", "--json" }, { cwd = project })
  assert.equal(0, result.code, result.stderr)
  local ids = {}
  for id in result.stdout:gmatch('"revision":%s*"([^"]+)"') do table.insert(ids, 1, id) end
  return ids
end

for _, dialect in ipairs { "sqlite", "postgresql", "mysql" } do
  it("scripts of the patterns for " .. dialect, function()
    local live, scripted = scratch.database(dialect), scratch.database(dialect)
    local snapshot, before, count = scratch.folder() .. "/snapshot.json", "base", 0
    local function luamig(db, ...)
      return cli.run({ "--url", db.url, ... }, { cwd = project })
    end
    local function ok(result)
      assert.equal(0, result.code, result.stderr)
      return result.stdout
    end
    for _, id in ipairs(revisions()) do
      local file = assert(io.open(snapshot, "w"))
      file:write(ok(luamig(scripted, "inspect", "--json")))
      file:close()
      local script = luamig(scripted, "upgrade", before .. ":" .. id, "--sql", "--snapshot", snapshot)
      ok(luamig(live, "upgrade", id))
      if script.code == 0 then
        scripted:query(script.stdout)
        count = count + 1
      else -- it reads
        assert.equal(2, script.code, script.stderr)
        assert.equal("", script.stdout)
        ok(luamig(scripted, "upgrade", id))
      end
      assert.equal("", dump.difference(dump.schema(live), dump.schema(scripted)), id)
      assert.same(live:query "SELECT version_num FROM luamig_version", scripted:query "SELECT version_num FROM luamig_version")
      before = id
    end
    assert.is_true(count >= 12, count .. " scripts")
    live:drop()
    scripted:drop()
  end)
end
