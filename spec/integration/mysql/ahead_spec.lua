-- Rows that are sent before the answer to the ones before them was read: whatever ends the run meanwhile, nothing of it stays.
local driver = require("luamig_internals").driver
local process = require "spec_process"
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"

local ROWS = [[
  for batch = 0, 9 do
    local rows = {}
    for i = 1, 100 do rows[i] = { id = batch * 100 + i, s = "row " .. i } end
    op.bulk_insert("v", rows)
  end]]

describe("rows sent ahead", function()
  local db, p, blocker

  before_each(function()
    db = scratch.database "mysql"
    p = project.new { url = db.url }
    db:query "CREATE TABLE v (id INTEGER PRIMARY KEY, s VARCHAR(20))"
    blocker = nil
  end)
  after_each(function()
    if blocker then blocker:close() end
    db:drop()
  end)

  -- Starts an upgrade whose sixth batch waits for another session; the number of the session that waits.
  local function waiting(body)
    blocker = assert(driver.open(db.url))
    assert(blocker:execute "START TRANSACTION")
    assert(blocker:execute "INSERT INTO v VALUES (550, 'held')")
    p:revision { id = "a1", upgrade = body, downgrade = "" }
    local running = p:start "upgrade"
    for _ = 1, 400 do
      local id = db:query("SELECT id FROM information_schema.processlist WHERE db = database() AND info LIKE 'INSERT INTO v %'")[1]
      if id then return running, id end
      process.sleep(0.05)
    end
    error("nothing waits: " .. running:wait(1).stderr)
  end

  local function count() return db:value "SELECT count(*) FROM v" end

  it("are rolled back when the session is killed, and go in the next time", function()
    local running, id = waiting(ROWS)
    db:query("KILL " .. id)
    local r = running:wait(20)
    assert.equal(1, r.code, r.stderr)
    assert.matches("the connection to [^\n]* was lost", r.stderr)
    assert(blocker:execute "ROLLBACK")
    assert.equal("0", count())
    assert.equal(0, p:luamig("upgrade").code)
    assert.equal("1000", count())
  end)

  it("are stopped by a signal", function()
    local running = waiting(ROWS)
    running:kill "INT"
    local r = running:wait(20)
    assert.equal(130, r.code, r.stderr)
    assert.matches("\n  state     rolled back; still at base\n$", r.stderr)
    assert(blocker:execute "ROLLBACK")
    assert.equal("0", count())
  end)

  it("are heard of when the script fails after them", function()
    p:revision { id = "a1", upgrade = ROWS .. "\nerror 'the script'", downgrade = "" }
    local r = p:luamig "upgrade"
    assert.equal(1, r.code)
    assert.matches("the script", r.stderr)
    assert.equal("0", count())
    db:query "INSERT INTO v VALUES (950, 'there')"
    r = p:luamig "upgrade"
    assert.equal(1, r.code)
    assert.matches("Duplicate entry '950'", r.stderr)
    assert.not_matches("the script", r.stderr)
    assert.equal("1", count())
  end)
end)
