-- Every operation of spec/golden/operations.lua on each real database: the server takes it, or it is the error that
-- the golden file says.
local live = require "spec.support.live"
local operations = dofile "spec/golden/operations.lua"
local scratch = require "spec.support.scratch"

-- What needs more than the database of the golden files.
local elsewhere = {
  ["alter_table"] = "STRICT refuses its types, and there is no tablespace; operations_spec runs it",
  ["alter_table in a batch"] = "likewise",
  ["alter_table: what it goes back to"] = "ENCRYPTION needs a plugin",
  ["alter_table: character set of a table that is not known"] = "there is no such table",
  ["create_table: options"] = "needs a schema and a tablespace",
  ["schemas"] = "would make a database on MySQL",
  ["constraints: exclude"] = "needs btree_gist",
  ["functions"] = "the body is MySQL's",
  ["triggers"] = "needs a function on PostgreSQL",
}

-- Without the server's version.
local function plain(message)
  return message and (message:gsub("^(%a+) [%d.]+ ", "%1 "))
end

-- The error that the golden file says, nil when there is none.
local function golden_error(name, operation)
  local file = assert(io.open(("spec/golden/%s.sql"):format(name)))
  local inside = false
  for line in file:lines() do
    if line == "-- " .. operation then inside = true elseif line == "" then inside = false end
    local kind, message = line:match("^%-%- (%l+): (.*)$")
    if inside and (kind == "unsupported" or kind == "script" or kind == "offline") then
      file:close()
      return plain(message)
    end
  end
  file:close()
end

for _, dialect in ipairs { "sqlite", "postgresql", "mysql" } do
  describe("the operations on " .. dialect, function()
    local db

    lazy_setup(function()
      db = scratch.database(dialect)
      live.connect(db)
    end)
    lazy_teardown(function()
      db.conn:close()
      db:drop()
    end)

    for _, operation in ipairs(operations) do
      local title, fn = operation[1], operation[2]
      if not elsewhere[title] then
        it(title, function()
          live.empty(db)
          assert(live.run(db, operations.before))
          local done, err = live.run(db, fn, { autocommit = title == "create_index" })
          local wanted = golden_error(live.flavour(db), title)
          assert.equal(wanted, plain(err and err.message))
          assert.equal(wanted == nil, done ~= nil)
        end)
      end
    end
  end)
end
