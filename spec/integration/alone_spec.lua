-- Statements that stand alone (transactional = false, op.autocommit_block): what of them fails takes nothing else with it.
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"

for _, dialect in ipairs { "sqlite", "postgresql", "mysql" } do
  describe("alone on " .. dialect, function()
    local db, p
    before_each(function()
      db = scratch.database(dialect)
      p = project.new { url = db.url }
    end)
    after_each(function() db:drop() end)

    it("an autocommit_block goes on behind a conn:transaction that failed", function()
      p:revision { id = "a1", upgrade = [[
        op.execute "CREATE TABLE t (a INTEGER)"
        op.autocommit_block(function()
          local conn = op.get_bind()
          assert(not pcall(conn.transaction, conn, function()
            op.execute "INSERT INTO t VALUES (1)"
            error "no"
          end))
          op.execute "INSERT INTO t VALUES (2)"
        end)
        error "stop"]] }
      local r = p:luamig "upgrade"
      assert.equal(1, r.code)
      assert.equal("2", db:value "SELECT a FROM t")
    end)

    it("a statement's label in the journal ends between two characters", function()
      for length = 60, 64 do
        local id = ("a%d"):format(length)
        p:revision { id = id, down = length > 60 and ("a%d"):format(length - 1) or nil, upgrade = ([[
          op.execute "CREATE TABLE %s (a INTEGER)"
          op.commit()
          op.execute "INSERT INTO %s SELECT 1 WHERE '%s%s' <> 'x'"
          op.commit()
          op.execute "INSERT INTO %s VALUES (2)"]]):format(id, id, ("-"):rep(length - 30), ("€é𝄞"):rep(9), id) }
      end
      local r = p:luamig "upgrade"
      assert.equal(0, r.code, r.stderr)
      assert.equal("2", db:value "SELECT count(*) FROM a64")
    end)

    it("rows that go in by batches go on behind the last one, and no copy of them is kept", function()
      local function insert(ids)
        p:revision { id = "a1", header = "transactional = false", upgrade = ([[
          op.create_table("t", { { "id", sql.integer, primary_key = true, autoincrement = false } })
          local rows = {}
          for i, id in ipairs { %s } do rows[i] = { id = id } end
          op.bulk_insert("t", rows, { batch_size = 2 })]]):format(ids) }
        return p:luamig "upgrade"
      end
      assert.equal(1, insert("1, 2, 3, 1, 5").code)
      assert.same({ "1", "2" }, db:query "SELECT id FROM t ORDER BY id")
      assert.equal("0", db:value "SELECT count(*) FROM luamig_journal WHERE rest IS NOT NULL")
      local r = insert "1, 7, 3, 4, 5"
      assert.equal(5, r.code, r.stderr)
      assert.matches("does not do what it did before it was cut off", r.stderr, 1, true)
      r = insert "1, 2, 3, 4, 5"
      assert.equal(0, r.code, r.stderr)
      assert.same({ "1", "2", "3", "4", "5" }, db:query "SELECT id FROM t ORDER BY id")
    end)
  end)
end

it("a COMMIT that fails is the failure of its statement alone", function()
  local db = scratch.database "postgresql"
  local p = project.new { url = db.url }
  p:revision { id = "a1", header = "transactional = false", upgrade = [[
    local conn = op.get_bind()
    op.execute "CREATE TABLE p (id INTEGER PRIMARY KEY)"
    op.execute "CREATE TABLE c (id INTEGER REFERENCES p DEFERRABLE INITIALLY DEFERRED)"
    local _, err = pcall(op.execute, "INSERT INTO c VALUES (1)")
    assert(err.sqlstate == "23503" and err.sql == "COMMIT", tostring(err))
    _, err = pcall(conn.transaction, conn, function() op.execute "INSERT INTO c VALUES (1)" end)
    assert(err.sqlstate == "23503", tostring(err))
    op.execute "INSERT INTO p VALUES (2)"
    op.execute "INSERT INTO c VALUES (2)"]] }
  local r = p:luamig "upgrade"
  assert.equal(0, r.code, r.stderr)
  assert.is_nil(r.stderr:find("no transaction in progress", 1, true), r.stderr)
  assert.equal("2", db:value "SELECT id FROM c")
  db:drop()
end)

for _, dialect in ipairs { "sqlite", "postgresql" } do
  it("rows whose COMMIT fails are over on " .. dialect, function()
    local db = scratch.database(dialect)
    local p = project.new { url = db.url }
    p:revision { id = "a1", header = "transactional = false", upgrade = [[
      local conn = op.get_bind()
      op.execute "CREATE TABLE p (id INTEGER PRIMARY KEY)"
      op.execute "CREATE TABLE c (id INTEGER REFERENCES p (id) DEFERRABLE INITIALLY DEFERRED)"
      assert(not pcall(conn.rows, conn, "INSERT INTO c VALUES (1) RETURNING id"))
      collectgarbage() -- of the reader too
      op.execute "INSERT INTO p VALUES (2)"
      for row in conn:rows "INSERT INTO c VALUES (2) RETURNING id" do assert(row.id == 2) end]] }
    local r = p:luamig "upgrade"
    assert.equal(0, r.code, r.stderr)
    assert.equal("2", db:value "SELECT id FROM c")
    db:drop()
  end)
end
