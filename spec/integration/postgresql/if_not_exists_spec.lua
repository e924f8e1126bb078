-- if_not_exists of what PostgreSQL has no IF NOT EXISTS for: made when it is missing, left alone when it is there, by a run
-- and by a script, which knows nothing of the database.
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"

local BODY = [==[
  op.create_table("t", { { "id", sql.integer }, if_not_exists = true })
  op.create_domain("d", sql.integer, { check = "VALUE > %d", if_not_exists = true })
  op.create_function("f", { args = "a integer", returns = "integer", if_not_exists = true }, "SELECT a + %d -- $$")
  op.create_function("tf", { returns = "trigger", replace = true }, "BEGIN RETURN NEW; END")
  op.create_trigger("tr", "t", { when = "%s", events = { "insert" }, if_not_exists = true }, "tf()")
  op.create_view("v", "SELECT %d AS n -- the number", { if_not_exists = true })
  op.create_view("m", "SELECT %d AS n", { materialized = true, if_not_exists = true })]==]

local SEEN = [[
  SELECT f(0), (SELECT n FROM v), (SELECT n FROM m), (SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE contypid = 'd'::regtype),
         (SELECT pg_get_triggerdef(oid) LIKE '% AFTER %' FROM pg_trigger WHERE tgname = 'tr')]]

describe("if_not_exists", function()
  local db
  before_each(function() db = scratch.database "postgresql" end)
  after_each(function() db:drop() end)

  -- Two revisions that make the same things, the second one in another way.
  local function new_project()
    local p = project.new { url = db.url }
    p:revision { id = "first", upgrade = BODY:format(1, 1, "after", 1, 1) }
    p:revision { id = "second", down = "first", upgrade = BODY:format(2, 2, "before", 2, 2) }
    return p
  end

  it("leaves alone what is there", function()
    local p = new_project()
    for _, target in ipairs { "first", "second" } do
      local r = p:luamig("upgrade", target)
      assert.equal(0, r.code, r.stderr)
      assert.equal("1\t1\t1\tCHECK ((VALUE > 1))\tt", db:value(SEEN))
    end
  end)

  it("leaves it alone in a script", function()
    local r = new_project():luamig("upgrade", "--sql")
    assert.equal(0, r.code, r.stderr)
    db:query(r.stdout)
    assert.equal("1\t1\t1\tCHECK ((VALUE > 1))\tt", db:value(SEEN))
  end)
end)
