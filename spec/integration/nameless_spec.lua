-- What one run makes without a name, and changes further: the server has named it meanwhile, which only asking tells.
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"

local MADE = [[
  op.create_table("teams", { { "id", sql.integer, primary_key = true } })
  op.create_table("users", { { "id", sql.integer, primary_key = true, autoincrement = false }, { "team", sql.integer, references = "teams.id" }, { "a", sql.integer },
    { "b", sql.integer }, { "kept", sql.integer }, sql.check "a > 0", sql.unique { "a", "b" } })]]

-- What is done, and the columns that are left.
local changes = {
  ['op.drop_column("users", "team")'] = "id a b kept",
  ['op.batch_alter_table("users", function(batch) batch.drop_column "team" end)'] = "id a b kept",
  ['op.batch_alter_table("users", function(batch) batch.drop_constraint(nil, { type = "foreignkey", columns = "team" }) batch.drop_column "team" end)'] =
    "id a b kept",
  ['op.batch_alter_table("users", function(batch) batch.drop_constraint(nil, { type = "check", condition = "a > 0" }) batch.drop_column "kept" end)'] =
    "id team a b",
  ['op.rename_column("users", "a", "c")'] = "id team c b kept",
  ['op.alter_column("users", "a", { new_column_name = "c", type = sql.bigint })'] = "id team c b kept",
  ['op.batch_alter_table("users", function(batch) batch.rename_column("a", "c") end)'] = "id team c b kept",
  ['op.drop_column("users", "b")'] = "id team a kept",
  ['op.drop_constraint(nil, "users", { type = "primary" })'] = "id team a b kept",
  ['op.batch_alter_table("users", function(batch) batch.drop_constraint(nil, { type = "primary" }) end)'] = "id team a b kept",
}

for _, dialect in ipairs { "sqlite", "postgresql", "mysql" } do
  describe("what has no name on " .. dialect, function()
    local db
    after_each(function() db:drop() end)

    for change, left in pairs(changes) do
      it("is met by " .. change, function()
        db = scratch.database(dialect)
        local p = project.new { url = db.url }
        p:revision { id = "first", upgrade = MADE }
        p:revision { id = "second", down = "first", upgrade = change }
        p:revision { id = "third", down = "second", upgrade = [[
          local names = {}
          for i, column in ipairs(op.inspect "users".columns) do names[i] = column[1] end
          print("left: " .. table.concat(names, " "))]] }
        local r = p:luamig "upgrade"
        assert.equal(0, r.code, r.stderr)
        assert.matches("left: " .. left .. "\n", r.stderr, 1, true)
      end)
    end

    it("is told by op.inspect as a later run would tell it", function()
      local function named(...)
        db = scratch.database(dialect)
        local p = project.new { url = db.url }
        p:revision { id = "first", upgrade = MADE }
        p:revision { id = "second", down = "first", upgrade = [[
          local users = op.inspect "users"
          print("named", users.primary_key.name, users.uniques[1].name, users.foreign_keys[1].name)
          op.drop_constraint(users.foreign_keys[1].name, "users", { type = "foreignkey", columns = { "team" } })
          assert(#op.inspect "users".foreign_keys == 0)]] }
        local r
        for _, target in ipairs { ... } do
          r = p:luamig("upgrade", target)
          assert.equal(0, r.code, r.stderr)
        end
        return r.stderr:match "named[^\n]*"
      end
      local later = named("first", "second")
      db:drop()
      assert.equal(later, named "second")
    end)
  end)
end

it("columns that two foreign keys have do not say which one goes", function()
  for _, dialect in ipairs { "postgresql", "mysql" } do
    local db = scratch.database(dialect)
    local p = project.new { url = db.url }
    p:revision { id = "first", upgrade = MADE .. [[
      op.create_table("clubs", { { "id", sql.integer, primary_key = true } })
      op.create_foreign_key("to_clubs", "users", "clubs", { "team" }, { "id" })]] }
    p:revision { id = "second", down = "first", upgrade = 'op.drop_constraint(nil, "users", { type = "foreignkey", columns = "team" })' }
    local r = p:luamig "upgrade"
    assert.equal(1, r.code)
    assert.matches("table 'users' has two such constraints: '[%w_]+', '[%w_]+'\n", r.stderr)
    assert.matches("hint      Say the name of the one that goes.", r.stderr, 1, true)
    db:drop()
  end
end)

it("a script drops by the server's name what was made without one, and knows what is left", function()
  local p = project.new { url = "postgresql://nobody@127.0.0.1:1/none" }
  p:revision { id = "first", upgrade = [[op.create_enum("mood", { "good" })]] .. MADE .. [[
    op.create_table("clubs", { { "id", sql.integer, primary_key = true }, { "m", sql.enum "mood" }, { "team_id", sql.integer, references = "teams.id" },
      { "user_id", sql.integer, references = "users.id" } })
    op.execute "REFRESH MATERIALIZED VIEW totals"
    op.execute "ANALYZE"
    op.drop_constraint("clubs_team_id_fkey", "clubs", { type = "foreignkey" })
    op.drop_constraint("users_a_check", "users", { type = "check" })
    op.drop_constraint("users_a_b_key", "users")]] }
  p:revision { id = "second", down = "first", upgrade = [[
    assert(#op.inspect "clubs".foreign_keys == 1 and op.inspect "clubs".foreign_keys[1].columns[1] == "user_id")
    assert(#op.inspect "users".checks == 0 and #op.inspect "users".uniques == 0 and #op.inspect "users".foreign_keys == 1)
    op.set_enum_values("mood", { "good", "bad" })]] }
  local r = p:luamig("upgrade", "--sql")
  assert.equal(0, r.code, r.stderr)
  assert.matches("ALTER TABLE clubs DROP CONSTRAINT clubs_team_id_fkey;", r.stdout, 1, true)
  p:revision { id = "third", down = "second", upgrade = 'op.drop_constraint("clubs_pkey", "teams", { type = "unique" })' }
  r = p:luamig("upgrade", "--sql")
  assert.equal(1, r.code)
  assert.matches("constraint 'clubs_pkey' of table 'teams' does not exist", r.stderr, 1, true)
end)

it("a script for MySQL cannot know the name of a foreign key", function()
  local p = project.new { url = "mysql://nobody@127.0.0.1:1/none" }
  p:revision { id = "first", upgrade = MADE .. ' op.drop_column("users", "team")' }
  local r = p:luamig("upgrade", "--sql", "--json")
  assert.equal(2, r.code)
  assert.matches('"kind": "offline",\n    "message": "the server\'s name for the foreign key of column \'team\' cannot be known here"', r.stdout, 1, true)
end)
