-- The case of a column's name does not count here, that of a table's may.
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"

it("autogenerate takes a column for itself in whatever case schema.lua writes it", function()
  local db = scratch.database "mysql"
  local p = project.new { url = db.url }
  local function check(parent, id, code, key)
    p:write("schema.lua", ([[return sql.schema {
      parent = { { %q, sql.integer, primary_key = true }, { "Code", sql.integer } },
      child = { { "id", sql.integer, primary_key = true }, { %q, sql.integer }, sql.index("ix", { %q }),
        sql.unique({ "Id", %q }, { name = "uq" }), sql.foreign_key({ %q }, "parent", { %q }, { name = "fk" }) } }]])
      :format(parent, key, key, key, id, code))
    return p:luamig "check"
  end
  check("ID", "parent", "id", "Parent")
  for _, args in ipairs { { "revision", "--autogenerate", "-m", "new" }, { "upgrade" }, { "check" } } do
    local r = p:luamig(table.unpack(args))
    assert.equal(0, r.code, r.stdout .. r.stderr)
  end
  local r = check("Id", "PARENT", "iD", "pArent")
  assert.equal(0, r.code, r.stdout .. r.stderr)
  r = check("Id", "other", "ID", "other")
  assert.equal(2, select(2, r.stdout:gsub("_column", "")), r.stdout) -- another name is another column
  db:drop()
end)
