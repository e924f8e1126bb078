-- What people write every day with other tools, as one project: up, down and up again on each database, the schema
-- compared after every step by the servers' own clients.
local cli = require "spec.support.cli"
local dump = require "spec.support.dump"
local scratch = require "spec.support.scratch"

local project = (debug.getinfo(1, "S").source:sub(2):match("^(.*)/") or ".")

local function revisions()
  local result = cli.run({ "history", "--json" }, { cwd = project })
  assert.equal(0, result.code, result.stderr)
  local ids = {}
  for id in result.stdout:gmatch('"revision":%s*"([^"]+)"') do table.insert(ids, 1, id) end
  return ids
end

for _, dialect in ipairs { "sqlite", "postgresql", "mysql" } do
  describe("the patterns on " .. dialect, function()
    local db
    setup(function() db = scratch.database(dialect) end)
    teardown(function() db:drop() end)

    local function luamig(...)
      local result = cli.run({ "--url", db.url, ... }, { cwd = project })
      assert(result.code == 0, result.stderr)
      return result
    end

    it("go up, down and up again", function()
      local ids, before = revisions(), dump.schema(db)
      assert.is_true(#ids >= 24, #ids .. " revisions")
      for _, id in ipairs(ids) do
        luamig("upgrade", id)
        local after = dump.schema(db)
        luamig("downgrade", "-1")
        assert.equal("", dump.difference(before, dump.schema(db)), "downgrade of " .. id)
        luamig("upgrade", id)
        assert.equal("", dump.difference(after, dump.schema(db)), "second upgrade of " .. id)
        before = after
      end
    end)

    it("go down to the empty database and up in one run", function()
      local top = dump.schema(db)
      luamig("downgrade", "base")
      assert.equal("", dump.schema(db))
      luamig("upgrade")
      assert.equal("", dump.difference(top, dump.schema(db)))
    end)
  end)
end
