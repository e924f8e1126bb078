-- conn:execute with a list of parameter tables: the statement runs once with each.
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"
local servers = require "spec.support.servers"

for _, dialect in ipairs(servers.dialects) do
  describe("a list of parameters on " .. dialect, function()
    local db, p
    before_each(function()
      db = scratch.database(dialect)
      p = project.new { url = db.url }
      db:query "CREATE TABLE notes (id INTEGER NOT NULL PRIMARY KEY, body VARCHAR(50))"
    end)
    after_each(function() db:drop() end)

    local function upgrade(lines, ...)
      p:revision { id = "a1", upgrade = "local conn = op.get_bind()\n" .. lines, downgrade = "" }
      return p:luamig("upgrade", ...)
    end
    local function notes() return table.concat(db:query "SELECT concat(id, coalesce(body, '-')) FROM notes ORDER BY id", ",") end
    if dialect == "sqlite" then
      notes = function() return table.concat(db:query "SELECT id || coalesce(body, '-') FROM notes ORDER BY id", ",") end
    end

    it("counts the rows of all", function()
      local r = upgrade [[
        local result = conn:execute("INSERT INTO notes (id, body) VALUES (:id, :body)",
          { { id = 1, body = "a" }, { id = 2, body = sql.null }, { id = 3, body = "c" } })
        assert(result.rowcount == 3, result.rowcount)
        result = conn:execute("UPDATE notes SET body = ? WHERE id = ?", { { "x", 1 }, { "y", 9 }, { "z", 3 } })
        assert(result.rowcount == 2, result.rowcount)
        assert(conn:execute("DELETE FROM notes WHERE id = ?", { { 2 } }).rowcount == 1)]]
      assert.equal(0, r.code, r.stderr)
      assert.equal("1x,3z", notes())
    end)

    it("takes more than go to the server at a time", function()
      local r = upgrade [[
        local list = {}
        for i = 1, 2500 do list[i] = { id = i, body = i % 7 > 0 and "note " .. i or sql.null } end
        assert(conn:execute("INSERT INTO notes (id, body) VALUES (:id, :body)", list).rowcount == 2500)
        assert(conn:scalar "SELECT count(body) FROM notes" == 2143)]]
      assert.equal(0, r.code, r.stderr)
    end)

    it("says which of them failed, and nothing of it stays", function()
      local r = upgrade [[
        local list = {}
        for i = 1, 1500 do list[i] = { id = i == 1234 and 7 or i, body = "x" } end
        conn:execute("INSERT INTO notes (id, body) VALUES (:id, :body)", list)]]
      assert.equal(1, r.code)
      assert.matches("a1.lua:9\n", r.stderr)
      assert.matches("with set 1234 of the parameters", r.stderr)
      assert.equal("", notes())
    end)

    it("may fail inside conn:transaction, and be sent again", function()
      local r = upgrade [[
        local function insert() conn:execute("INSERT INTO later (a) VALUES (?)", { { 1 }, { 2 } }) end
        assert(not pcall(conn.transaction, conn, insert))
        op.create_table("later", { { "a", sql.integer, primary_key = true, autoincrement = false } })
        insert()
        assert(not pcall(conn.transaction, conn, insert))
        op.execute "DELETE FROM later"
        insert()
        assert(conn:scalar "SELECT count(*) FROM later" == 2)]]
      assert.equal(0, r.code, r.stderr)
    end)

    it("stands alone statement by statement outside a transaction, and goes on where it was", function()
      local lines = [[
        op.autocommit_block(function()
          conn:execute("INSERT INTO notes (id) VALUES (?)", { { 1 }, { 2 }, { 3 }, { 4 } })
        end)]]
      db:query "INSERT INTO notes (id, body) VALUES (3, 'there')"
      local r = upgrade(lines)
      assert.equal(1, r.code)
      assert.matches("with set 3 of the parameters", r.stderr)
      assert.equal("1-,2-,3there", notes())
      db:query "UPDATE notes SET id = 4 WHERE id = 3"
      r = p:luamig "upgrade"
      assert.equal(1, r.code)
      assert.matches("with set 4 of the parameters", r.stderr)
      db:query "DELETE FROM notes WHERE id = 4"
      r = p:luamig "upgrade"
      assert.equal(0, r.code, r.stderr)
      assert.equal("1-,2-,3-,4-", notes())
    end)

    it("is written out in a script", function()
      local r = upgrade([[conn:execute("INSERT INTO notes (id, body) VALUES (?, ?)", { { 1, "a" }, { 2, "it's" } })]], "--sql")
      assert.equal(0, r.code, r.stderr)
      assert.matches("VALUES %(1, 'a'%);\n.*VALUES %(2, 'it''s'%);\n", r.stdout)
    end)

    it("is read before anything is sent", function()
      for lines, message in pairs {
        ['conn:execute("INSERT INTO notes (id) VALUES (:id)", { { id = 1 }, { ix = 2 } })'] =
          "parameter ':id' is missing\n[^\n]*\n  detail    with set 2 of the parameters",
        ['conn:execute("INSERT INTO notes (id) VALUES (?)", { { 1 }, 2 })'] = "conn:execute: set 2: parameters must be a table of parameters, not the number 2",
        ['conn:execute("SELECT id FROM notes WHERE id = ?", { { 1 }, { 2 } })'] = "a statement that gives rows takes one set of parameters",
        ['conn:execute("DELETE FROM notes WHERE id IN (?)", { { 1, 2 } })'] = "2 parameters are given, the statement has 1 '%?'.*IN %(…%) takes one for each",
        ['conn:scalar("SELECT id FROM notes WHERE id = ?", { { 1 }, { 2 } })'] = "parameter 1: it is one value, not a table",
      } do
        local r = upgrade(lines)
        assert.equal(1, r.code)
        assert.matches(message, r.stderr)
        assert.equal("", notes())
      end
    end)
  end)
end
