-- What the server says of keys in the storage engine's words, luamig says in those of a migration; and what it advises works.
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"

describe("keys that MySQL refuses", function()
  local db, p

  before_each(function()
    db = scratch.database "mysql"
    p = project.new { url = db.url }
  end)
  after_each(function() db:drop() end)

  local a = [[op.create_table("a", { { "id", sql.integer, primary_key = true }, { "u", sql.integer }, { "x", sql.text } })
    ]]
  local pair = [[op.create_table("c", { { "x", sql.integer }, { "y", sql.integer }, sql.primary_key { "x", "y" } })
    op.create_table("d", { { "id", sql.integer, primary_key = true }, { "x", sql.integer }, { "y", sql.integer },
      sql.foreign_key({ "x", "y" }, "c", { "x", "y" }) })
    ]]
  -- name, what is there, what fails, the hint (or what MySQL, which tells more, says by itself), what does it instead
  local cases = {
    { "a foreign key of another type", a, [[op.create_table("b", { { "a_id", sql.bigint, references = "a.id" } })]],
      { "same type on both sides", "are incompatible" }, [[op.create_table("b", { { "a_id", sql.integer, references = "a.id" } })]] },
    { "a foreign key to no key", a, [[op.create_table("b", { { "a_u", sql.integer, references = "a.u" } })]],
      { "index that begins with its columns", "Missing index", "Missing unique key" },
      [[op.create_index("ix", "a", { "u" }, { unique = true }) op.create_table("b", { { "a_u", sql.integer, references = "a.u" } })]] },
    { "a key that a foreign key rests on", pair, [[op.drop_constraint(nil, "c", { type = "primary" })]],
      { "in the same op.batch_alter_table" }, [[op.batch_alter_table("c", function(batch)
        batch.drop_constraint(nil, { type = "primary" })
        batch.create_unique_constraint("uq", { "x", "y" })
      end)]] },
    { "a key over text", "", [[op.create_table("b", { { "t", sql.text, primary_key = true } })]],
      { "only the beginning of the column" },
      [[op.create_table("b", { { "t", sql.text }, sql.primary_key("t", { mysql_length = { t = 100 } }) })]] },
    { "a key that is too long", "", [[op.create_table("b", { { "t", sql.string(4000), primary_key = true } })]],
      { "only the beginning of the column" },
      [[op.create_table("b", { { "t", sql.string(4000) } }) op.create_index("ix", "b", { { "t", length = 100 } })]] },
    { "a column that fills itself in, without a key", a, [[op.drop_constraint(nil, "a", { type = "primary" })]],
      { "autoincrement = false" },
      [[op.alter_column("a", "id", { autoincrement = false }) op.drop_constraint(nil, "a", { type = "primary" })]] },
  }

  for _, case in ipairs(cases) do
    it("are told with what to do: " .. case[1], function()
      p:revision { id = "aaaa", upgrade = case[2] }
      p:revision { id = "bbbb", down = "aaaa", upgrade = case[3] }
      local r = p:luamig "upgrade"
      assert.equal(1, r.code)
      local told = false
      for _, says in ipairs(case[4]) do
        told = told or r.stderr:find(says, 1, true) ~= nil
      end
      assert(told, r.stderr)
      p:revision { id = "bbbb", down = "aaaa", upgrade = case[5] }
      r = p:luamig "upgrade"
      assert(r.code == 0, r.stderr)
    end)
  end

  it("are told with what to do: a name of another foreign key", function()
    p:revision { id = "aaaa", upgrade = a .. [[
      op.create_table("b", { { "u", sql.integer }, sql.foreign_key("u", "a.id", { name = "fk" }) })
      op.create_table("c", { { "u", sql.integer }, sql.foreign_key("u", "a.id", { name = "fk" }) })]] }
    local r = p:luamig "upgrade"
    assert.equal(1, r.code)
    assert(r.stderr:find "unique in a database" or r.stderr:find "Duplicate foreign key", r.stderr)
  end)

  it("cannot be tried in conn:transaction, and the hint says what to do instead", function()
    p:revision { id = "aaaa", upgrade = a .. [[
      pcall(op.drop_constraint, "uq", "a", { type = "unique" })
      op.add_column("a", { "v", sql.integer })]] }
    assert.matches("ask op.inspect or op.has_column before it, or give it if_exists", p:luamig "upgrade".stderr, 1, true)
  end)
end)
