-- Where a column that schema.lua adds to a table stands in it.
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"

it("autogenerate adds a column where its declaration says", function()
  local db = scratch.database "mysql"
  local p = project.new { url = db.url }
  db:query "CREATE TABLE t (id INT PRIMARY KEY, b INT)"
  p:write("schema.lua", [[return sql.schema { t = {
    { "id", sql.integer, primary_key = true, autoincrement = false }, { "a", sql.string(9), mysql_after = "id" }, { "b", sql.integer },
    { "c", sql.integer, mysql_first = true }, sql.check("b > 0", { name = "ck" }) } }]])
  for _, args in ipairs { { "revision", "--autogenerate", "-m", "new" }, { "upgrade" }, { "check" }, { "downgrade", "base" }, { "upgrade" } } do
    local r = p:luamig(table.unpack(args))
    assert.equal(0, r.code, r.stdout .. r.stderr)
  end
  assert.same({ "c", "id", "a", "b" }, db:query [[SELECT column_name FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 't' ORDER BY ordinal_position]])
  db:drop()
end)
