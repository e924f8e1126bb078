-- SQLite takes a name in double quotes that is no column for a string: an index over it would be made, over a constant.
local project = require "spec.support.project"

describe("an index of SQLite over a word that has to be quoted", function()
  local function upgraded(lines)
    local p = project.new {}
    p:revision { id = "a1", upgrade = lines }
    return p:luamig "upgrade"
  end

  for what, lines in pairs {
    ["a table that is there"] = [[op.create_table("t", { { "id", sql.integer } }) op.create_index("ix", "t", { "order" })]],
    ["a new table"] = [[op.create_table("t", { { "id", sql.integer }, sql.index("ix", { "order" }) })]],
    ["a batch"] = [[op.create_table("t", { { "id", sql.integer } }) op.batch_alter_table("t", function(batch) batch.create_index("ix", { "order" }) end)]],
  } do
    it("needs the column: " .. what, function()
      local r = upgraded(lines)
      assert.equal(1, r.code, r.stderr)
      assert.matches("error: table 't' has no column 'order'\n  migrations/a1.lua:6 ", r.stderr)
    end)
  end

  it("is made where the column is, in any case of its letters", function()
    local r = upgraded [[op.create_table("t", { { "id", sql.integer }, { "Order", sql.text }, sql.index("iy", { "order" }) })
      op.create_index("ix", "t", { "ORDER" })
      op.execute 'ALTER TABLE t ADD "group" TEXT'
      op.create_index("iz", "t", { "group" })]]
    assert.equal(0, r.code, r.stderr)
  end)
end)
