-- An error that the script caught is part of what it did: going on after the part that was committed, the call fails again as it
-- did then, so that the script takes the way that it took; and undoing it leaves alone what was never carried out.
local project = require "spec.support.project"
local proxy = require "spec.support.proxy"
local scratch = require "spec.support.scratch"
local servers = require "spec.support.servers"

local function create(name) return ('op.create_table("%s", { { "id", sql.integer, primary_key = true } })'):format(name) end

for _, dialect in ipairs(servers.dialects) do
  describe("errors that were caught on " .. dialect, function()
    local db, p
    before_each(function()
      db = scratch.database(dialect)
      p = project.new { url = db.url }
      db:query "CREATE TABLE notes (body VARCHAR(50) NOT NULL)"
    end)
    after_each(function() db:drop() end)

    -- The upgrade of lines that end in a failure, and then without that.
    local function twice(lines, header)
      p:revision { id = "a1", header = header, upgrade = lines .. "\nop.execute 'INSERT INTO nowhere VALUES (1)'", downgrade = "" }
      local first = p:luamig "upgrade"
      assert.equal(1, first.code, first.stderr)
      p:revision { id = "a1", header = header, upgrade = lines, downgrade = "" }
      local second = p:luamig "upgrade"
      assert.equal(0, second.code, second.stderr)
      assert.equal("0", db:value "SELECT count(*) FROM luamig_journal")
      return first, second
    end
    local function notes() return table.concat(db:query "SELECT body FROM notes ORDER BY body", ",") end

    it("are caught again", function()
      local first, second = twice([[
        local conn = op.get_bind()
        local ok, err = pcall(conn.transaction, conn, function()
          op.execute "INSERT INTO notes VALUES ('never')"
          conn:execute("UPDATE missing SET a = :a", { a = 1 })
        end)
        print("caught", ok, err.kind, err.sql, err.file, err.line, err.sqlstate, err.native_code, err.message)
        if ok then op.execute "INSERT INTO notes VALUES ('wrong')" else op.execute "INSERT INTO notes VALUES ('right')" end
        op.commit()
      ]])
      assert.equal("right", notes())
      local said = first.stderr:match "caught[^\n]*"
      assert.matches("caught\tfalse\tsql\tUPDATE missing SET a = [^\t]*\tmigrations/a1.lua\t9\t", said)
      assert.equal(said, second.stderr:match "caught[^\n]*")
    end)

    it("are the same for every kind of call", function()
      local first, second = twice([[
        local conn = op.get_bind()
        local function try(name, f, ...)
          local results = table.pack(pcall(f, ...))
          print(name, results[1], results[1] == false and results[2].message)
        end
        conn:transaction(function()
          try("read", function() conn:transaction(function() return conn:scalar "SELECT a FROM missing" end) end)
          try("rows", function() conn:transaction(function() for _ in conn:rows "SELECT a FROM missing" do end end) end)
          try("insert", function() conn:transaction(function() op.bulk_insert("missing", { { a = 1 } }) end) end)
          try("inside", function() conn:transaction(function() pcall(op.execute, "DELETE FROM missing") op.execute "INSERT INTO notes VALUES ('never')" end) end)
          try("nested", function() conn:transaction(function() try("inner", function() conn:transaction(function() op.execute "DELETE FROM missing" end) end) end) end)
          try("commit", op.commit)
          op.execute "INSERT INTO notes VALUES ('one')"
        end)
        op.commit()
      ]])
      local function said(r)
        local lines = {}
        for line in r.stderr:gmatch "[^\n]+" do lines[#lines + 1] = line:match "%a+\t%a+\t.*" end
        return table.concat(lines, "\n")
      end
      for _, name in ipairs { "read", "rows", "insert", "inside", "inner", "commit" } do assert.matches(name .. "\tfalse\t", said(first), 1, true) end
      assert.matches("nested\ttrue", said(first))
      assert.equal(said(first), said(second))
      assert.equal("one", notes())
    end)

    it("are caught again where statements stand alone", function()
      local _, second = twice([[
        for _, name in ipairs { "missing", "notes" } do
          local ok, err = pcall(op.execute, "INSERT INTO " .. name .. " VALUES ('" .. name .. "')")
          print("caught", ok, ok or err.kind)
        end
        pcall(op.drop_table, "missing")
        op.execute "INSERT INTO notes VALUES ('last')"
      ]], "transactional = false")
      assert.equal("last,notes", notes())
      assert.matches("caught\tfalse\tsql\n.*caught\ttrue\ttrue\n", second.stderr)
    end)

    it("are no reason to undo what was not done", function()
      db:query "CREATE TABLE kept (id INTEGER)"
      p:revision { id = "a1", header = "transactional = false", upgrade = create "one" .. [[

        pcall(op.create_table, "kept", { { "id", sql.integer } })
        pcall(function() op.get_bind():transaction(function()
          op.bulk_insert("notes", { { body = "never" } })
          op.execute "DELETE FROM missing"
        end) end)
        ]] .. create "two" .. "\nop.execute 'INSERT INTO nowhere VALUES (1)'" }
      assert.equal(1, p:luamig "upgrade".code)
      local r = p:luamig("downgrade", "current")
      assert.equal(0, r.code, r.stderr)
      assert.equal("0", db:value "SELECT count(*) FROM kept")
      assert.is_false((pcall(db.query, db, "SELECT * FROM one")))
      assert.is_false((pcall(db.query, db, "SELECT * FROM two")))
    end)

    it("do not hide that the part carried out was changed", function()
      p:revision { id = "a1", upgrade = "op.execute \"INSERT INTO notes VALUES ('one')\" op.commit() op.execute 'INSERT INTO nowhere VALUES (1)'" }
      assert.equal(1, p:luamig "upgrade".code)
      p:revision { id = "a1", upgrade = "pcall(op.execute, \"INSERT INTO notes VALUES ('other')\") pcall(op.commit) op.execute \"INSERT INTO notes VALUES ('two')\"" }
      local r = p:luamig "upgrade"
      assert.equal(5, r.code, r.stderr)
      assert.matches("'a1' does not do what it did before it was cut off", r.stderr, 1, true)
      assert.equal("one", notes())
    end)
  end)
end

-- Wherever the connection breaks, it is what failed: not the statement whose error was caught just before, nor the line of that.
it("a connection that breaks after an error that was caught is what failed", function()
  local p = project.new { url = "${LUAMIG_URL}" }
  p:revision { id = "a1", header = "transactional = false", upgrade = create "one" .. '\npcall(op.create_index, "ix", "one", { "nothing" })\n' .. create "two" .. "\n" .. create "three" }
  local function upgrade(mode, at)
    local db = scratch.database "mysql"
    local through = proxy.start(db.url, mode, at)
    local r = p:luamig("upgrade", { env = { LUAMIG_URL = through.url } })
    local exchanges = through:stop()
    if r.code ~= 0 then
      local what = ("%s %d: "):format(mode, at)
      assert.equal(1, r.code, what .. r.stderr)
      assert.matches("error: [^\n]*connect", r.stderr, what)
      r = p:luamig("upgrade", { env = { LUAMIG_URL = db.url } })
      assert.equal(0, r.code, what .. r.stderr)
      assert.equal("one,three,two", db:value "SELECT group_concat(table_name ORDER BY 1) FROM information_schema.tables WHERE table_schema = database() AND table_name NOT LIKE 'luamig%'")
    end
    db:drop()
    return exchanges
  end
  local exchanges = upgrade("none", 0)
  for at = exchanges // 2, exchanges do
    upgrade("answer", at)
    upgrade("lose", at)
  end
end)
