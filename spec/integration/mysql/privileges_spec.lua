-- What a user who may only read is told.
local live = require "spec.support.live"
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"

describe("a user who may only read, on mysql,", function()
  local db, p, user
  before_each(function()
    db = scratch.database "mysql"
    p = project.new { url = db.url }
    user = "poor_" .. db.name:sub(-16)
    db:query(("CREATE TABLE t (a INTEGER, b INTEGER); CREATE VIEW v AS SELECT a FROM t; CREATE USER %s IDENTIFIED BY 'poor'; GRANT SELECT ON %s.* TO %s")
      :format(user, db.name, user))
  end)
  after_each(function()
    db:query("DROP USER " .. user)
    db:drop()
  end)

  local function as_user(command) return p:luamig(command, "--url", (db.url:gsub("//[^@]*@", "//" .. user .. ":poor@"))) end

  it("gets no view without its query", function()
    local r = as_user "inspect"
    assert.equal(1, r.code)
    assert.matches("error: this user is not shown the query of the view 'v'\n", r.stderr, 1, true)
    db:query(("GRANT SHOW VIEW ON %s.* TO %s"):format(db.name, user))
    r = as_user "inspect"
    assert.equal(0, r.code, r.stderr)
    assert.matches("v = .*select .*a", r.stdout)
  end)

  it("is told the names of what it may not read", function()
    db:query "DROP VIEW v; CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1; CREATE PROCEDURE p() SELECT 1"
    db:query(("GRANT INSERT ON %s.* TO %s"):format(db.name, user))
    local r = as_user "inspect"
    assert.equal(0, r.code, r.stderr)
    assert.matches('{ "a", sql.integer }', r.stdout, 1, true)
    if live.flavour(db) == "mariadb" then assert.matches("triggers: r on t", r.stderr, 1, true) end -- MySQL hides it
  end)

  it("leaves no scratch schema behind that it may not make", function()
    db:query "DROP VIEW v"
    p:write("schema.lua", [[return sql.schema { t = { { "a", sql.integer }, { "b", sql.integer, computed = sql.computed("a + 1") } } }]])
    local r = as_user "check"
    assert.equal(1, r.code)
    assert.matches("which this user may not make", r.stderr, 1, true)
    assert.is_nil(r.stderr:find("left behind", 1, true), r.stderr)
  end)
end)
