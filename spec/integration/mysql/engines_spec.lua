-- Tables without transactions: nothing takes back what was changed in them.
local internals = require "luamig_internals"
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"

describe("a table without transactions", function()
  local db, p
  before_each(function()
    db = scratch.database "mysql"
    db:query [[CREATE TABLE old (n INTEGER) ENGINE = MyISAM; INSERT INTO old VALUES (1);
      CREATE TABLE new (n INTEGER) ENGINE = InnoDB; INSERT INTO new VALUES (1)]]
    p = project.new { url = db.url }
  end)
  after_each(function() db:drop() end)

  local function values() return db:query "SELECT n FROM old UNION ALL SELECT n FROM new" end

  it("is not said to be rolled back", function()
    p:revision { id = "a1", upgrade = [[
      op.execute "UPDATE old SET n = n + 1"
      op.execute "UPDATE new SET n = n + 1"
      op.execute "INSERT INTO nowhere VALUES (1)"]] }
    local r = p:luamig "upgrade"
    assert.equal(1, r.code)
    assert.matches("\nwarning: what was changed in tables without transactions (MyISAM, Aria) is not rolled back\n", r.stderr, 1, true)
    assert.matches("state     rolled back, but for tables without transactions; still at base\n", r.stderr, 1, true)
    assert.same({ "2", "1" }, values())
    assert.matches('"rolled_back": false', p:luamig("upgrade", "--json").stdout, 1, true)
  end)

  it("is told of after conn:transaction, too", function()
    p:revision { id = "a1", upgrade = [[
      pcall(function() op.get_bind():transaction(function() op.execute "UPDATE old SET n = n + 1" error "no" end) end)]] }
    local r = p:luamig "upgrade"
    assert.equal(0, r.code, r.stderr)
    assert.matches("warning: what was changed in tables without transactions", r.stderr, 1, true)
  end)

  it("is not changed once more after a lock timeout", function()
    p:revision { id = "a1", upgrade = [[
      op.execute "SET innodb_lock_wait_timeout = 1"
      op.execute "UPDATE old SET n = n + 1"
      op.execute "UPDATE new SET n = n + 1"]] }
    local other = assert(internals.driver.open(db.url))
    assert(other:begin())
    assert(other:execute "UPDATE new SET n = 10")
    local r = p:luamig "upgrade"
    assert(other:rollback())
    other:close()
    assert.equal(1, r.code)
    assert.is_nil(r.stderr:find("once more", 1, true), r.stderr)
    assert.same({ "2", "1" }, values())
  end)
end)
