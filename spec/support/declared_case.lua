-- Each change of spec/fixtures/declared_cases.lua: seen, written as a migration that closes the gap, undone by it, and
-- what `inspect` says of it is the declared schema again. The servers' own clients compare.
-- LUAMIG_DECLARED_EACH=1 runs every case by itself, to find the one that is wrong.
--
--   declared_case.define(dialect)   a `describe` with all of them; a spec file a dialect, which run side by side
local assert = require "luassert"
local busted = require "busted"
local dump = require "spec.support.dump"
local json = require "dkjson"
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"

local cases = dofile "spec/fixtures/declared_cases.lua"
local each = os.getenv "LUAMIG_DECLARED_EACH" ~= nil

local function run_case(case, db)
  local p = project.new { url = db.url, config = case.config }
  local shown = ""
  local function run(...)
    local r = p:luamig(...)
    assert(r.code == 0, ("%s\n%s%s\n%s"):format(table.concat({ ... }, " "), r.stdout, r.stderr, shown))
    return r.stdout
  end
  local function declare(body)
    p:write("schema.lua", "return sql.schema {\n" .. body .. "\n}\n")
    shown = body
  end
  -- Writes the migration to the declared schema and applies it; whether there was anything to write.
  local function go(body)
    declare(body)
    local path = run("revision", "--autogenerate", "-m", "go"):match "%S+"
    if not path then return false end
    shown = body .. "\n" .. p:read(path)
    if body == case.after and case.refused then -- until the rows are put right
      local r = p:luamig "upgrade"
      assert.equal(1, r.code, shown)
      assert.matches(case.refused, r.stderr)
      db:query(case.rows_then)
    end
    run "upgrade"
    assert.equal("", run "check", shown)
    return true
  end
  -- What inspect says is what is there.
  local function inspected(body)
    declare(run "inspect")
    p:write("schema.lua", shown)
    local r = p:luamig "check"
    assert(r.code == 0, "inspect, then check\n" .. r.stdout .. r.stderr .. shown)
    declare(body)
  end
  local function kept()
    if case.kept then assert.not_equal("0", db:value(case.kept), shown) end
  end
  -- Each table of a crowd differs.
  local function all_seen()
    local seen = {}
    for _, operation in ipairs(json.decode(p:luamig("check", "--json").stdout).operations) do
      if operation.table then seen[operation.table] = true end
    end
    for _, name in ipairs(case.tables or {}) do assert(seen[name], "no difference is seen in " .. name .. "\n" .. shown) end
  end

  if case.sql then db:query(case.sql) end
  go(case.before)
  if case.tables or case.same then inspected(case.before) end
  if case.rows then db:query(case.rows) end
  local before = dump.schema(db)
  declare(case.after)
  if case.same then
    run "check"
    return
  end
  all_seen()
  local changed = go(case.after)
  kept()
  assert(changed or case.any, "the difference is not seen")
  if not changed then return end
  inspected(case.after)
  local after = dump.schema(db)
  run("downgrade", "-1")
  kept()
  assert.equal("", dump.difference(before, dump.schema(db)), shown)
  run "upgrade"
  assert.equal("", dump.difference(after, dump.schema(db)), shown)
  kept()
end

local declared_case = {}

function declared_case.define(dialect)
  busted.describe("declared on " .. dialect .. ",", function()
    local db = scratch.database(dialect)
    local is_mariadb = dialect == "mysql" and db:value("SELECT version()"):find("MariaDB", 1, true) ~= nil
    for _, case in ipairs(cases(dialect, each, is_mariadb)) do
      busted.it(case.name, function()
        db:empty()
        run_case(case, db)
      end)
    end
  end)
end

return declared_case
