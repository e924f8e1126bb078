-- Alembic's autogenerate as oracle: what it truly finds luamig finds; the migration that is written closes the gap and
-- can be undone. spec/fixtures/autogen_differences.lua lists where luamig shall differ.
local autogen_case = require "spec.support.autogen_case"
local json = require "dkjson"
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"
local servers = require "spec.support.servers"

local wanted, refused = table.unpack(dofile "spec/fixtures/autogen_differences.lua")

for _, dialect in ipairs(servers.dialects) do
  describe("autogenerate on " .. dialect, function()
    local db
    for _, case in ipairs(autogen_case.all(dialect)) do
      it(case.name, function()
        db = db or scratch.database(dialect)
        db:empty()
        local p = project.new { url = db.url, config = case.config, files = { ["schema.lua"] = case.schema } }
        p:revision { id = "before", upgrade = case.before }
        p:succeed "upgrade"
        local before = p:succeed("inspect").stdout

        local found = p:luamig("check", "--json")
        local operations = assert(json.decode(found.stdout), found.stdout .. found.stderr).operations
        if refused[case.name] then
          assert.equal(1, found.code)
          return
        end
        assert(operations, found.stdout .. found.stderr)
        assert.equal(#operations > 0 and 3 or 0, found.code)
        if case.unchanged then assert.same({}, operations) end
        if not wanted[case.name] then
          for _, one in ipairs(case.expected) do
            assert(one.test(operations), one.what .. " is missing in\n" .. found.stdout)
          end
        end

        if #operations > 0 then
          local path = p:succeed("revision", "--autogenerate", "-m", "after").stdout:match "%S+"
          local text = p:read(path)
          local function try(...)
            local r = p:luamig(...)
            assert(r.code == 0, table.concat({ ... }, " ") .. "\n" .. r.stdout .. r.stderr .. text)
          end
          try "upgrade"
          try "check"
          try("downgrade", "-1")
          assert.equal(before, p:succeed("inspect").stdout, text)
          try "upgrade"
          try "check"
        end
      end)
    end
  end)
end
