-- The SQL of spec/golden/operations.lua stands in spec/golden/<dialect>.sql; without any server. A change that is
-- meant is taken over by LUAMIG_GOLDEN=write and read in the diff.
local internals = require "luamig_internals"
local operations = dofile "spec/golden/operations.lua"

local dialects = {
  sqlite = { "sqlite", {} },
  postgresql = { "postgresql", {} },
  mysql = { "mysql", {} },
  mariadb = { "mysql", { is_mariadb = true, server_version = 101119 } },
}

local function render(name)
  local dialect, options = table.unpack(dialects[name])
  options.before = operations.before
  local out = {}
  for _, operation in ipairs(operations) do
    out[#out + 1] = ("-- %s"):format(operation[1])
    local statements, err = internals.compile(dialect, options, operation[2])
    for _, statement in ipairs(statements or {}) do
      local flags = {}
      for _, flag in ipairs { "no_transaction", "ends_segment", "foreign_keys_off", "legacy_alter", "check_empty" } do
        if statement[flag] then flags[#flags + 1] = flag end
      end
      out[#out + 1] = statement.inline .. ";" .. (#flags > 0 and " -- " .. table.concat(flags, " ") or "")
    end
    for _, text in ipairs(statements and statements.log or {}) do out[#out + 1] = "-- log: " .. text end
    if err then
      out[#out + 1] = ("-- %s: %s"):format(err.kind, err.message)
      if err.hint then out[#out + 1] = "-- hint: " .. err.hint end
    end
    out[#out + 1] = ""
  end
  return table.concat(out, "\n")
end

describe("the SQL of operations", function()
  for name in pairs(dialects) do
    it("on " .. name, function()
      local path, text = ("spec/golden/%s.sql"):format(name), render(name)
      if os.getenv "LUAMIG_GOLDEN" == "write" then
        local file = assert(io.open(path, "w"))
        file:write(text)
        file:close()
      end
      local file = assert(io.open(path))
      local wanted = file:read "a"
      file:close()
      assert.equal(wanted, text)
    end)
  end
end)
