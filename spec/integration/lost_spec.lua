-- The connection breaks in the middle of a revision: a clear error, and a state from which `upgrade` goes on.
local project = require "spec.support.project"
local proxy = require "spec.support.proxy"
local scratch = require "spec.support.scratch"

for _, dialect in ipairs { "postgresql", "mysql" } do
  it("goes on after a lost connection on " .. dialect, function()
    local db = scratch.database(dialect)
    local p = project.new { url = db.url }
    db:query "CREATE TABLE marks (a INTEGER); CREATE TABLE accident (n INTEGER); INSERT INTO accident VALUES (1)"
    p:revision { id = "aaaa1", upgrade = [[
      op.execute "INSERT INTO marks VALUES (1)"
      op.create_table("t", { { "id", sql.integer, primary_key = true } })
      op.commit()
      op.execute "INSERT INTO marks VALUES (2)"
      if op.get_bind():scalar "SELECT count(*) FROM accident" == 1 then
        op.execute(op.dialect == "postgresql" and "SELECT pg_terminate_backend(pg_backend_pid())" or "KILL CONNECTION_ID()")
      end
      op.execute "INSERT INTO marks VALUES (3)"
    ]], downgrade = "" }
    local r = p:luamig "upgrade"
    assert.equal(1, r.code)
    assert.matches("migrations/aaaa1[^\n]*:%d+", r.stderr)
    assert.matches("half applied", r.stderr)
    db:query "DELETE FROM accident"
    r = p:luamig "upgrade"
    assert.equal(0, r.code, r.stderr)
    assert.same({ "1", "2", "3" }, db:query "SELECT a FROM marks ORDER BY a")
    assert.equal("0", db:value "SELECT count(*) FROM luamig_journal")
    db:drop()
  end)
end

-- Runs command(options) through a connection that is cut at one exchange after the other, but for those that
-- connect and look.
--   fill(db): before each; look(db, r, what): after each
local function cut_everywhere(dialect, mode, command, fill, look)
  local function once(kind, at)
    local db = scratch.database(dialect)
    fill(db)
    local through = proxy.start(db.url, kind, at)
    local r = command({ env = { LUAMIG_URL = through.url } })
    local exchanges = through:stop()
    if kind ~= "none" then look(db, r, ("exchange %d (%s): %s"):format(at, kind, r.stderr)) end
    db:drop()
    return exchanges
  end
  local exchanges = once("none", 0)
  for at = exchanges // 2, exchanges do once(mode, at) end
end

local function heads(db)
  local there = db:value("SELECT count(*) FROM information_schema.tables WHERE table_name = 'luamig_version' AND table_schema = "
    .. (db.dialect == "mysql" and "database()" or "current_schema()")) ~= "0"
  return there and db:query "SELECT version_num FROM luamig_version" or {}
end

for _, dialect in ipairs { "postgresql", "mysql" } do
  it("says of no statement that it stays unless the server has said so on " .. dialect, function()
    local p = project.new { url = "${LUAMIG_URL}" }
    p:revision { id = "aaaa1", upgrade = [[
      op.create_table("made_1", { { "id", sql.integer, primary_key = true } })
      op.commit()
      op.create_table("made_2", { { "id", sql.integer, primary_key = true } })
      op.create_table("made_3", { { "id", sql.integer, primary_key = true } })
      op.commit()
      op.create_table("made_4", { { "id", sql.integer, primary_key = true } })
    ]], downgrade = "" }
    cut_everywhere(dialect, "lose", function(options) return p:luamig("upgrade", options) end, function() end, function(db, r, what)
      local stay = tonumber(r.stderr:match "at least (%d+) of the %d+ statements")
      if not stay then return end
      local made = tonumber(db:value("SELECT count(*) FROM information_schema.tables WHERE table_name LIKE 'made%' AND table_schema = "
        .. (dialect == "mysql" and "database()" or "current_schema()")))
      assert.is_true(stay <= made, what)
    end)
  end)

  it("a stamp is carried out or not, and said to be, on " .. dialect, function()
    local p = project.new { url = "${LUAMIG_URL}" }
    p:revision { id = "aaaa1", upgrade = [[
      op.create_table("t", { { "id", sql.integer, primary_key = true } })
      op.commit()
      op.execute "SELECT * FROM nowhere"
    ]], downgrade = "" }
    p:revision { id = "bbbb1", down = "aaaa1" }
    local complete = 0
    cut_everywhere(dialect, "answer", function(options) return p:luamig("stamp", "bbbb1", options) end, function(db)
      assert.equal(1, p:luamig("upgrade", { env = { LUAMIG_URL = db.url } }).code)
    end, function(db, r, what)
      local stamped = heads(db)[1] == "bbbb1"
      local half = db:value "SELECT count(*) FROM luamig_journal" ~= "0"
      assert.equal(not stamped, half, what)
      if r.code == 0 then return end
      if r.stderr:find("the stamp is complete", 1, true) then
        complete = complete + 1
        assert.is_true(stamped, what)
      elseif r.stderr:find("still at base", 1, true) then
        assert.is_false(stamped, what)
      else
        assert.is_false(stamped, what)
        assert.is_nil(r.stderr:find("state ", 1, true), what)
      end
    end)
    assert.is_true(complete > 0)
  end)
end
