-- A server that says its messages in another language: nothing hangs on what they say.
local live = require "spec.support.live"
local project = require "spec.support.project"
local server = require "spec.support.server"

describe("a server that speaks German", function()
  local own, db, p
  setup(function() own = server.start("pg15", { env = { LANGUAGE = "de" } }) end)
  teardown(function() own:stop() end)
  before_each(function()
    db = own:database()
    p = project.new { url = db.url, config = 'ddl_lock_timeout = "100ms", ddl_retries = 1,' }
    p:revision { id = "a1", upgrade = [[
      op.create_table("t", { { "id", sql.integer, primary_key = true }, { "a", sql.integer }, { "b", sql.integer }, { "c", sql.text },
        { "g", sql.integer, computed = sql.computed("a + 1", { stored = true }) } })
      op.create_view("v", "SELECT b FROM t")
      op.execute "INSERT INTO t (id, c) VALUES (1, 'x')"]] }
    local r = p:luamig "upgrade"
    assert.equal(0, r.code, r.stderr)
  end)
  after_each(function() db:drop() end)

  local function hint(upgrade)
    p:revision { id = "b2", down = "a1", upgrade = upgrade }
    local r = p:luamig "upgrade"
    assert.equal(1, r.code)
    return r.stderr:match "hint +([^\n]+)" or "", r.stderr
  end

  for what, case in pairs {
    ["a view"] = { 'op.alter_column("t", "b", { type = sql.bigint })', "drop what uses it before, and make it again after" },
    ["a generated column"] = { 'op.alter_column("t", "a", { type = sql.bigint })', "drop what uses it before, and make it again after" },
    ["a dropped table"] = { 'op.drop_table "t"', "drop what uses it before; or give `cascade = true`, which drops it too" },
    ["a value"] = { 'op.alter_column("t", "c", { type = sql.integer })',
      "a row has what is no value of the new type: change it before, or say with `postgresql_using` what becomes of it" },
    ["a type"] = { 'op.alter_column("t", "id", { type = sql.native "point" })', "say with `postgresql_using` what becomes of a value, as SQL" },
  } do
    it("hints at " .. what .. " in the way", function()
      local said, all = hint(case[1])
      assert.equal(case[2], said, all)
    end)
  end

  it("gives no such hint for what it cannot do otherwise", function()
    local said, all = hint 'op.execute "CREATE TABLE parts (id integer, k integer) PARTITION BY LIST (k)" op.create_unique_constraint("uq", "parts", { "id" })'
    assert.matches("0A000", all, 1, true)
    assert.equal("", said)
  end)

  it("tells who holds a lock", function()
    live.connect(db)
    live.execute(db, "BEGIN")
    live.execute(db, "SELECT count(*) FROM t")
    p:revision { id = "b2", down = "a1", upgrade = 'op.drop_column("t", "c")' }
    local r = p:luamig "upgrade"
    db.conn:close()
    assert.equal(1, r.code)
    assert.matches("session %d+ of user 'luamig'", r.stderr)
  end)
end)
