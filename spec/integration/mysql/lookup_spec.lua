-- MariaDB answers a question about one table by opening that table, unless the question is asked so that it takes to
-- opening every table of every database: EXPLAIN says which.
local live = require "spec.support.live"
local scratch = require "spec.support.scratch"

local function read(name)
  local file = assert(io.open("src/db/mysql/sql/" .. name .. ".sql"))
  local text = file:read "a"
  file:close()
  return text
end

-- As reflection of one table sends it to MariaDB.
local function query_of(name, database)
  local text = read(name)
  for _, mark in ipairs { "all", "mysql" } do text = text:gsub("/%*" .. mark .. "%*/.-/%*end%*/", "") end
  return (text:gsub("COALESCE%(%?,", "COALESCE(NULL,"):gsub("%?", "'t'"):gsub("DATABASE%(%)", "'" .. database .. "'"))
end

describe("a question about one table", function()
  local db

  lazy_setup(function()
    db = scratch.database "mysql"
    db:query "CREATE TABLE t (id INT PRIMARY KEY)"
  end)
  lazy_teardown(function() db:drop() end)

  for _, name in ipairs { "tables", "columns", "indexes", "foreign_keys", "checks_mariadb", "views" } do
    it("opens no other: " .. name, function()
      if live.flavour(db) ~= "mariadb" then return end -- MySQL's are views over its own tables
      local plan = table.concat(db:query("EXPLAIN " .. query_of(name, db.name)), "\n")
      assert.is_truthy(plan:find("Scanned 0 databases", 1, true), plan)
      assert.is_nil(plan:find("Scanned all databases", 1, true), plan)
    end)
  end
end)
