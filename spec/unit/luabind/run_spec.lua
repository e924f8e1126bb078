-- op and connections in a running migration, on each database.
local binding = require("luamig_internals").binding
local servers = require "spec.support.servers"
local scratch = require "spec.support.scratch"
local project = require "spec.support.project"

local header = 'revision = "abc1"\ndown_revision = nil\n'

for _, dialect in ipairs(servers.dialects) do
  describe("a migration on " .. dialect, function()
    local database
    before_each(function() database = scratch.database(dialect) end)
    after_each(function() database:drop() end)

    -- What the body of upgrade() logs.
    local function said(body, options)
      options = options or {}
      options.url = database.url
      local log, err = binding.run(header .. "function upgrade()\n" .. body .. "\nend\n", options)
      assert.is_truthy(log, err and tostring(err))
      return log
    end

    local function failure(body, options)
      options = options or {}
      options.url = database.url
      local log, err = binding.run(header .. "function upgrade()\n" .. body .. "\nend\n", options)
      assert.is_nil(log)
      return err
    end

    local users = 'op.create_table("users", { { "id", sql.integer, primary_key = true }, { "email", sql.string(100) }, { "n", sql.integer } })\n'

    it("sends operations", function()
      said(users)
      database:query "INSERT INTO users (email, n) VALUES ('a', 1)"
      assert.same({ "1\ta" }, database:query "SELECT id, email FROM users")
    end)

    it("knows where it is", function()
      local log = said [[
        print(op.dialect, op.get_bind().dialect, math.type(op.server_version), op.is_mariadb, op.offline, op.tag)
        print(op.f "x", op.quote "order" ~= "order", #op.uuid(), op.uuid() ~= op.uuid(), next(op.args))]]
      assert.equal(("%s\t%s\tinteger\t%s\tfalse\tnil"):format(dialect, dialect, dialect == "mysql"), log[1])
      assert.equal("x\ttrue\t36\ttrue\tnil", log[2])
    end)

    it("reads and writes by a connection", function()
      local log = said(users .. [[
        local conn = op.get_bind()
        print(conn:execute("INSERT INTO users (email) VALUES (:a), (:b)", { a = "a", b = "b" }).rowcount)
        local r = conn:execute("SELECT id, email FROM users ORDER BY id")
        local row = r:fetchone()
        print(row.id, row.email)
        row = r:fetchone()
        print(row[1], row[2])
        print(r:fetchone())
        print(r:scalar())
        print(#conn:execute("SELECT * FROM users"):fetchall())
        local first = conn:execute("SELECT * FROM users WHERE id = ?", { 1 }):fetchone()
        print(first.email, first[2], #first, first.n)
        print(pcall(function() return first.emial end))
        local twice = conn:execute("SELECT 1 AS x, 2 AS x"):fetchone()
        print(pcall(function() return twice.x end))
        local text = ""
        for name, value in pairs(first) do text = text .. name .. "=" .. tostring(value) .. " " end
        print(text)
        for each in conn:execute "SELECT email FROM users ORDER BY id" do print(each.email) end]])
      assert.same({ "a", "b" }, table.move(log, 11, 12, 1, {}))
      assert.same({ "2", "1\ta", "2\tb", "nil", "1", "2", "a\ta\t3\tnil" }, table.move(log, 1, 7, 1, {}))
      assert.matches("x.lua:17: the row has no column 'emial' %(did you mean 'email'%?%)", log[8])
      assert.matches("the row has two columns 'x'", log[9])
      assert.equal("id=1 email=a n=nil ", log[10])
    end)

    it("streams rows while other statements run", function()
      assert.same({ "1 2 3", "3", "1" }, said(users .. [[
        op.bulk_insert("users", { { email = "a", n = 1 }, { email = "b", n = 2 }, { email = "c", n = 3 } })
        local conn, seen = op.get_bind(), {}
        for row in conn:rows("SELECT id, n FROM users WHERE n < ? ORDER BY id", { 10 }) do
          conn:execute("UPDATE users SET n = n + 100 WHERE id = ?", { row.id })
          seen[#seen + 1] = tostring(row.n)
        end
        print(table.concat(seen, " "))
        print(conn:scalar("SELECT count(*) FROM users WHERE n > 100"))
        for row in conn:rows "SELECT id FROM users ORDER BY id" do print(row.id) break end
        conn:execute("DROP TABLE users")]]))
    end)

    it("passes values through", function()
      local log = said [[
        op.create_table("v", { { "i", sql.bigint }, { "t", sql.text }, { "b", sql.boolean }, { "f", sql.double },
          { "d", sql.numeric(30, 10) }, { "y", sql.blob }, { "j", sql.json } })
        local conn = op.get_bind()
        conn:execute("INSERT INTO v VALUES (?, ?, ?, ?, ?, ?, ?)",
          { math.maxinteger, "é'\\", true, 0.1, "12345678901234567890.5", sql.bytes "a\0b", sql.json { a = 1 } })
        local row = conn:execute("SELECT * FROM v"):fetchone()
        print(row.i == math.maxinteger, row.t, row.b, row.f, #row.y, json.decode(row.j).a, type(row.d))
        conn:execute("DELETE FROM v")
        conn:execute("INSERT INTO v (t, i) VALUES (:t, :i)", { t = sql.null, i = 5 })
        row = conn:execute("SELECT * FROM v"):fetchone()
        print(row.t, row.i, row.j)]]
      assert.matches("^true\té'\\\ttrue\t0%.1\t3\t1\t", log[1])
      assert.equal("nil\t5\tnil", log[2])
    end)

    it("rolls back to a savepoint", function()
      assert.same({ "false", "true", "1", "7 8" }, said(users .. [[
        local conn = op.get_bind()
        op.autocommit_block(function() conn:execute("INSERT INTO users (email) VALUES ('kept')") end)
        print((pcall(conn.transaction, conn, function() conn:execute("DELETE FROM users") error("no") end)))
        local ok, err = pcall(conn.transaction, conn, function() conn:execute("SELECT * FROM nowhere") end)
        print(not ok and err.kind == "sql")
        print(conn:scalar "SELECT count(*) FROM users")
        local a, b = conn:transaction(function() return 7, 8 end)
        print(a .. " " .. b)
        conn:transaction(function() conn:transaction(function() end) end)]]))
    end)

    it("commits each statement of a block, also after a block inside it was refused", function()
      local err = failure(users .. [[
        op.autocommit_block(function()
          local ok, err = pcall(op.autocommit_block, function() end)
          assert(not ok and err.message == "op.autocommit_block is open already")
          op.get_bind():transaction(function() op.execute "INSERT INTO users (n) VALUES (1)" end)
          op.execute "INSERT INTO users (n) VALUES (2)"
          op.execute "INSERT INTO nowhere (n) VALUES (3)"
        end)]])
      assert.equal("INSERT INTO nowhere (n) VALUES (3)", err.sql)
      assert.same({ "1", "2" }, database:query "SELECT n FROM users ORDER BY n")
    end)

    it("runs table handles", function()
      local log = said(users .. [[
        local t, conn = sql.table "users", op.get_bind()
        op.execute(t:insert { { email = "A", n = 1 }, { email = "B", n = 2 } })
        op.execute(t:insert_from_select({ "email", "n" }, t:select(sql.expr "'C'", "n"):where("n = :n", { n = 2 })))
        print(op.execute(t:update { email = sql.expr "lower(email)" }:where("n > ?", 1)).rowcount)
        for row in conn:rows(t:select("id", "email"):where "n IS NOT NULL":where("id < ?", 10):order_by({ "id", desc = true }):limit(2)) do print(row.id, row.email) end
        print(conn:scalar(t:select("id"):order_by("id"):offset(1)))
        op.create_table("p", { { "user_id", sql.integer, primary_key = true }, { "bio", sql.text } })
        op.execute(sql.table "p":insert { user_id = 1, bio = "it's ?" })
        op.execute(t:update { email = sql.col "p.bio" }:from("p"):where "users.id = p.user_id")
        print(conn:scalar "SELECT email FROM users WHERE id = 1")
        op.execute(t:delete():where("n = ?", 2))
        print(conn:scalar(t:select(sql.expr "count(*)")))]])
      assert.same({ "2", "3\tc", "2\tb", "2", "it's ?", "1" }, log)
    end)

    it("makes a view of a table handle's query", function()
      assert.same({ "it's" }, said(users .. [[
        op.bulk_insert("users", { { email = "a", n = 1 }, { email = "it's", n = 2 } })
        op.create_view("v", sql.table "users":select("email"):where("email = ?", "it's"))
        print(op.get_bind():scalar "SELECT email FROM v")
        op.drop_view("v")]]))
    end)

    it("passes over an identity, and its end, where the key fills itself in anyway", function()
      assert.same({ "1" }, said [[
        op.create_table("t", { { "id", sql.integer, primary_key = true }, { "a", sql.integer } })
        op.alter_column("t", "id", { identity = sql.identity { always = true } })
        op.execute "INSERT INTO t (a) VALUES (1)"
        print(op.get_bind():scalar "SELECT id FROM t")
        op.alter_column("t", "id", { drop_identity = true })]])
    end)

    it("makes a UUID as a column of the type takes it", function()
      local log = said [[
        op.create_table("t", { { "id", sql.uuid, primary_key = true }, { "words", sql.string(36) } })
        op.bulk_insert("t", { { id = op.uuid(sql.uuid), words = op.uuid(sql.string(36)) } })
        print(#op.uuid(sql.uuid), #op.uuid(sql.char(32)), #op.uuid(sql.char(36)), #op.uuid(sql.text), #op.uuid())]]
      assert.equal((dialect == "postgresql" and 36 or 32) .. "\t32\t36\t36\t36", log[1])
      assert.equal(dialect == "postgresql" and "36\t36" or "32\t36", database:value "SELECT length(CAST(id AS CHAR(36))), length(words) FROM t")
    end)

    it("shows a zero byte in the log", function()
      assert.same({ "a\\0b\tc\\0", "\\0" }, said [[op.log("a\0b", "c\0") print "\0"]])
      assert.matches("op.f: argument 1 %(name%) is missing", said "print(pcall(op.f))"[1])
    end)

    it("answers questions of the catalog", function()
      local log = said(users .. [[
        print(op.has_table "users", op.has_table "nothing", op.has_column("users", "email"), op.has_column("users", "x"), op.has_column("nothing", "x"))
        print(table.concat(op.inspect(), " "))
        print(op.inspect "nothing")
        op.create_index("ix_users_email", "users", "email", { unique = true })
        local d = op.inspect "users"
        print(d.name, #d.columns, d.columns[2][1], tostring(d.columns[1][2]), d.primary_key.columns[1], d.indexes[1].name, d.indexes[1].unique)
        op.create_table("copy", { d.columns, d.primary_key })
        print(op.has_column("copy", "n"))]])
      assert.equal("true\tfalse\ttrue\tfalse\tfalse", log[1])
      assert.equal("users", log[2])
      assert.equal("nil", log[3])
      assert.equal("users\t3\temail\tsql.integer\tid\tix_users_email\ttrue", log[4])
      assert.equal("true", log[5])
    end)

    it("has a column of a native type fill itself in that is to", function()
      local log = said [[
        op.create_table("t", { { "id", sql.native "BIGINT", primary_key = true, autoincrement = true }, { "a", sql.integer } })
        op.execute "INSERT INTO t (a) VALUES (1), (2)"
        print(op.get_bind():scalar "SELECT max(id) FROM t")]]
      assert.same({ "2" }, log)
    end)

    it("takes no SQL for the name of a column", function()
      local log = said(users .. [[
        local conn, t = op.get_bind(), sql.table "users"
        print(select(2, pcall(t.select, t, "count(*)")).message)
        print(select(2, pcall(t.select, t, "id AS n")).message)
        print(select(2, pcall(function() return t:select "id":order_by "id DESC" end)).message)
        conn:execute(t:insert { id = 1, email = "a", n = 10 })
        conn:execute(t:insert { id = 2, email = "b", n = 9 })
        print(conn:scalar(t:select(sql.expr "count(*)")))
        print(conn:scalar(t:select "id":order_by({ "users.n", desc = true }, "users.id")))
        print(conn:scalar(t:select "id":order_by({ sql.cast("n", sql.char(2)), desc = true })))
        print(pcall(function() return conn:execute("SELECT 1").lastrowid end))]])
      local no_column = 'sql.table: select: \'%s\' is no column\'s name: SQL is sql.expr "…", a column of such a name sql.col "…"'
      assert.equal(no_column:format "count(*)", log[1])
      assert.equal(no_column:format "id AS n", log[2])
      assert.equal("sql.table: select: DESC stands beside the column: { '…', desc = true }", log[3])
      assert.same({ "2", "1", "2" }, { log[4], log[5], log[6] })
      assert.matches("there is no 'lastrowid' (conn:scalar(\"INSERT … RETURNING id\"", log[7], 1, true)
    end)

    it("encodes rows as objects", function()
      local log = said [[
        local conn = op.get_bind()
        print(json.encode(conn:execute("SELECT 1 AS b, NULL AS a, 'x' AS c"):fetchone()))
        print(json.encode { conn:execute("SELECT 1 AS n UNION SELECT 2 ORDER BY 1"):fetchall(), { 1 } })
        local ok, err = pcall(json.encode, conn:execute("SELECT 1 AS n, 2 AS n"):fetchone())
        print(ok, err.message)]]
      assert.same({ '{"b":1,"a":null,"c":"x"}', '[[{"n":1},{"n":2}],[1]]', "false\tthe row has two columns 'n'" }, log)
    end)

    it("compares columns as the server does", function()
      local log = said(users .. [[
        print(op.has_column("users", "EMAIL"), op.has_column("users", "email"))
        if op.dialect ~= "postgresql" then op.add_column("users", { "EMAIL", sql.text }, { if_not_exists = true }) end
        print(#op.inspect "users".columns)]])
      assert.same({ tostring(dialect ~= "postgresql") .. "\ttrue", "3" }, log)
      assert.same({ "0" }, database:query "SELECT count(*) FROM users")
    end)

    it("adds of several columns those that are missing", function()
      local log = said(users .. [[
        op.add_columns("users", { { "email", sql.text }, { "a", sql.integer }, { "id", sql.integer }, { "b", sql.integer } }, { if_not_exists = true })
        op.batch_alter_table("users", function(batch)
          batch.add_columns({ { "b", sql.integer }, { "c", sql.integer } }, { if_not_exists = true })
          batch.add_columns({ { "a", sql.integer }, { "c", sql.integer } }, { if_not_exists = true })
        end)
        local names = {}
        for i, column in ipairs(op.inspect "users".columns) do names[i] = column[1] end
        print(table.concat(names, " "))]])
      assert.same({ "id email n a b c" }, log)
    end)

    it("answers questions about another schema", function()
      local kept = dialect == "mysql" and scratch.database(dialect) -- a schema of MySQL is a database
      local name = kept and kept.name or dialect == "sqlite" and "temp" or "aux"
      local create = dialect == "postgresql" and 'op.create_schema "aux"\n' or ""
      local log = said(create .. ([[
        local there = { schema = "%s" }
        op.create_table("a", { { "id", sql.integer } })
        op.create_table("b", { { "id", sql.integer }, schema = there.schema })
        print(table.concat(op.inspect(), " "), table.concat(op.inspect(nil, there), " "), table.concat(op.inspect(there), " "))
        print(op.has_table("b", there), op.has_table "b", op.has_column("b", "id", there), op.inspect("b", there).schema == there.schema)
        local ok, err = pcall(op.has_table, "b", { schema = "nowhere" })
        print(ok, ok and tostring(err) or err.message, ok or err.hint)
        print(pcall(op.inspect, there, there))]]):format(name))
      assert.equal("a\tb\tb", log[1])
      assert.equal("true\tfalse\ttrue\ttrue", log[2])
      assert.equal(dialect == "sqlite" and "false\tno database is attached as 'nowhere'\ta schema is an attached file on SQLite: "
        .. [[session = { "ATTACH 'file.db' AS nowhere" } in the configuration]] or "true\tfalse\ttrue", log[3])
      assert.matches("argument 1 %(table%) must be a string, not a table", log[4])
      if kept then kept:drop() end
    end)

    it("collects a batch", function()
      local log = said(users .. [[
        op.batch_alter_table("users", function(batch)
          batch.add_column({ "age", sql.integer, nullable = true })
          batch.create_index("ix_users_age", { "age" })
        end)
        print(op.has_column("users", "age"), op.inspect "users".indexes[1].name)
        print(pcall(function() op.batch_alter_table("users", function(batch) batch:add_column { "x", sql.text } end) end))
        print(pcall(function() op.batch_alter_table("users", function(batch) batch.drop_tabel() end) end))
        print(pcall(function() op.batch_alter_table("users", function(batch) batch.execute "SELECT 1" end) end))
        print(pcall(function() op.batch_alter_table("users", function(batch) op.commit() end) end))
        print(pcall(function() op.batch_alter_table("users", function(batch) batch.add_column({ "y", sql.text }, { schema = "s" }) end) end))
        local kept
        op.batch_alter_table("users", function(batch) kept = batch end)
        print(pcall(function() kept.add_column { "x", sql.text } end))
        print(pcall(function() op.batch_alter_table("users", function() end, { recreate = "sometimes" }) end))]])
      assert.equal("true\tix_users_age", log[1])
      assert.matches("batch.add_column is called with a dot", log[2])
      assert.matches("unknown operation 'batch.drop_tabel'", log[3])
      assert.matches("unknown operation 'batch.execute' %(write op.execute%)", log[4])
      assert.matches("op.commit ends a transaction, which op.batch_alter_table holds open", log[5])
      assert.matches("it stands with op.batch_alter_table", log[6])
      assert.matches("the batch is over", log[7])
      assert.matches("unknown word 'sometimes'", log[8])
    end)

    it("ends no segment inside a batch", function()
      local refused = { ['op.backfill { table = "users", set = { n = 1 } }'] = "op.backfill" }
      if dialect ~= "mysql" then refused['op.execute "VACUUM"'] = "VACUUM" end
      if dialect == "postgresql" then
        refused['batch.create_index("ix", { "n" }, { concurrently = true })'] = "CREATE INDEX"
        refused['op.create_index("ix", "users", { "n" }, { concurrently = true })'] = "CREATE INDEX"
      end
      for call, what in pairs(refused) do
        local err = failure(users .. ('op.batch_alter_table("users", function(batch) batch.drop_column "email" %s end)'):format(call))
        assert.equal(what .. " cannot stand inside op.batch_alter_table: it would commit", err.message)
        assert.equal("write it before or after the batch", err.hint)
        database:query "DROP TABLE IF EXISTS users"
      end
      said(users .. [[ -- where each DDL statement commits anyway, so do those of a batch
        op.batch_alter_table("users", function(batch)
          batch.drop_column "email"
          op.create_table("other", { { "id", sql.integer } })
        end)
        op.backfill { table = "users", set = { n = 1 } }]])
    end)

    it("checks preconditions", function()
      local err = failure(users .. [[
        op.expect_none("SELECT * FROM users", "there are users")
        op.bulk_insert("users", { { email = "a", n = 1 }, { email = "b", n = 2 } })
        op.expect_none(sql.table "users":select "email":order_by "email", "there are users")]])
      for _, sql in ipairs { "DELETE FROM users", "SELECT 1; SELECT 2" } do
        assert.equal("a precondition is one query", failure(('op.expect_none(%q, "x")'):format(sql)).message)
      end
      assert.equal("there are users: 2 rows were found", err.message)
      assert.equal("email = 'a'\nemail = 'b'", err.detail)
      assert.equal("op.expect_none", err.operation)
      assert.equal(7, err.line)
    end)

    it("says what failed, and where", function()
      local err = failure 'local x = 1\nop.execute("SELECT * FROM nowhere")'
      assert.equal("sql", err.kind)
      assert.equal(5, err.line)
      assert.equal("op.execute", err.operation)
      assert.equal("abc1", err.revision)
      assert.equal("SELECT * FROM nowhere", err.sql)
      assert.equal("migrations/x.lua", err.file)
      if dialect == "postgresql" then assert.equal("42P01", err.sqlstate) end
      local dropped = failure 'op.drop_table("nowhere")'
      assert.equal("op.drop_table", dropped.operation)
    end)

    it("says what to do where something else uses it", function()
      local made = users .. [[op.create_table("notes", { { "id", sql.integer }, { "user_id", sql.integer, references = "users.id" } })
        op.create_view("names", "SELECT email FROM users") ]]
      local before = "drop what uses it before, and make it again after"
      local cases = {
        ['op.drop_table "users"'] = {
          postgresql = "drop what uses it before; or give `cascade = true`, which drops it too", mysql = before,
          sqlite = false },
        ['op.drop_column("users", "email")'] = {
          postgresql = "drop what uses it before; or give `cascade = true`, which drops it too", mysql = false, sqlite = before },
        ['op.batch_alter_table("users", function(batch) batch.alter_column("email", { type = sql.text }) batch.drop_column "id" end)'] = {
          postgresql = before, mysql = before, sqlite = false },
        ['op.execute "DROP TABLE users"'] = {
          postgresql = "Use DROP ... CASCADE to drop the dependent objects too.", mysql = false, sqlite = false },
      }
      for code, hints in pairs(cases) do
        database:empty()
        if hints[dialect] then assert.equal(hints[dialect], failure(made .. code).hint, code) end
      end
    end)

    it("runs a file of the project", function()
      local p = project.new { files = { ["seed.sql"] = "\xEF\xBB\xBFCREATE TABLE seed (id integer);\nINSERT INTO seed VALUES (1);\nINSERT INTO seed VALUES (2);" } }
      assert.same({ "2" }, said('op.execute_file "seed.sql"\nprint(op.get_bind():scalar "SELECT count(*) FROM seed")', { root = p.path }))
      assert.matches("cannot read", failure('op.execute_file "none.sql"', { root = p.path }).message)
    end)

    it("changes in both directions by change()", function()
      local source = header .. [[
function change()
  op.create_table("a", { { "id", sql.integer, primary_key = true } })
  op.add_column("a", { "x", sql.integer })
  op.reversible { up = function() op.execute("INSERT INTO a (id, x) VALUES (1, 2)") end, down = function() print(op.get_bind():scalar("SELECT x FROM a")) end }
end
]]
      assert(binding.run(source, { url = database.url }))
      assert.same({ "2" }, database:query "SELECT x FROM a")
      assert.same({ "2" }, (assert(binding.run(source, { url = database.url, direction = "downgrade" }))))
      assert.same({ "false" }, said 'print(op.has_table "a")')
    end)

    it("changes the options of a table in both directions by change()", function()
      local options = { sqlite = "sqlite_strict = true, existing_sqlite_strict = false",
        postgresql = "postgresql_with = { fillfactor = 70, autovacuum_enabled = false }, existing_postgresql_with = { fillfactor = 90 }",
        mysql = 'mysql_charset = "latin1", mysql_max_rows = 9, existing_mysql_collate = "utf8mb4_bin", existing_mysql_max_rows = 7' }
      local source = header .. 'function change() op.alter_table("a", { ' .. options[dialect] .. " }) end\n"
      local function shown()
        return said(({ sqlite = [[print((op.get_bind():scalar "SELECT strict FROM pragma_table_list WHERE name = 'a'"))]],
          postgresql = [[print(op.get_bind():scalar "SELECT array_to_string(reloptions, ' ') FROM pg_class WHERE relname = 'a'")]],
          mysql = [[print(op.get_bind():scalar("SELECT concat(table_collation, create_options) FROM information_schema.tables " ..
            "WHERE table_name = 'a' AND table_schema = database()"))]] })[dialect])[1]
      end
      said 'op.create_table("a", { { "id", sql.integer }, mysql_collate = "utf8mb4_bin", mysql_max_rows = 7, postgresql_with = { fillfactor = 90 } })'
      local before = shown()
      assert(binding.run(source, { url = database.url }))
      assert.not_equal(before, shown())
      assert(binding.run(source, { url = database.url, direction = "downgrade" }))
      assert.equal(before, shown())
      local log, err = binding.run(header .. 'function change() op.alter_table("a", { '
        .. options[dialect]:gsub("existing_([%w_]+) = [^{,]*[^,]*$", "") .. " }) end\n", { url = database.url })
      assert.is_nil(log)
      assert.equal("irreversible", err.kind)
      assert.matches("add existing_" .. dialect, err.hint)
    end)

    it("refuses in change() what has no inverse, before anything is sent", function()
      local function change(body)
        local log, err = binding.run(header .. "function change()\nop.create_table('a', { { 'id', sql.integer } })\n" .. body .. "\nend", { url = database.url })
        assert.is_nil(log)
        return err
      end
      assert.matches("op.execute: change%(%) only takes operations", change("op.execute('SELECT 1')").message)
      assert.matches("conn:scalar: change%(%) only takes operations", change("op.get_bind():scalar('SELECT 1')").message)
      local err = change "op.drop_table('b')"
      assert.equal("irreversible", err.kind)
      assert.equal(5, err.line)
      assert.same({ "false" }, said 'print(op.has_table "a")')
    end)

    it("refuses calls that are wrong", function()
      local cases = {
        { "op:drop_table('t')", "op.drop_table is called with a dot, not with a colon" },
        { "op.drop_tabel('t')", "unknown operation 'op.drop_tabel' (did you mean 'drop_table'?)" },
        { "op.add_index('t')", "unknown operation 'op.add_index' (luamig writes 'create_index')" },
        { "op.get_context()", "unknown operation 'op.get_context' (op.dialect, op.offline and" },
        { "op.get_bind():commit()", "conn: there is no 'commit' (op.commit() commits what was done so far)" },
        { "op.get_bind():execute 'SELECT 1':first()", "result: there is no 'first' (luamig writes 'fetchone')" },
        { 'op.batch_alter_table("t", function() end, { naming_convention = {} })', "unknown option 'naming_convention' (a constraint without a name is" },
        { "for _ in op.execute 'SELECT 1' do end", "op.execute gives no rows" },
        { "op.x = 1", "op cannot be changed" },
        { "op.get_bind().execute('SELECT 1')", "execute is called with a colon: conn:execute(…)" },
        { "return op.get_bind().exec", "there is no 'exec'" },
        { "op.get_bind():execute('SELECT ?', 1)", "must be a table of parameters, not the number 1" },
        { "op.get_bind():execute('SELECT ?, ?', 1, 2)", "parameters stand in one table" },
        { "op.get_bind():scalar('SELECT 1 WHERE 1 IN (:ids)', { ids = { 1, 2 } })", "parameter 'ids': it is one value, not a table: IN (…) takes" },
        { "op.get_bind():execute('SELECT ?', { 1, nil, 2 })", "parameter 2 is nil: write sql.null" },
        { "op.get_bind():execute(sql.table 't':select(), { 1 })", "has its parameters already" },
        { "op.execute(sql.table 't':select(), { 1 })", "has its parameters already" },
        { "op.execute('SELECT 1'):fetchall()", "op.execute gives no rows: use op.get_bind():execute(…)" },
        { "op.get_bind():execute('SELECT 1').fetchall()", "fetchall is called with a colon" },
        { "return op.get_bind():execute('SELECT 1').rows", "there is no 'rows'" },
        { "op.sleep(-1)", "it takes seconds" },
        { "op.sleep('x')", "it takes seconds" },
        { "op.autocommit_block()", "argument 1 must be a function" },
        { "op.get_bind():transaction()", "conn:transaction: argument 1 must be a function" },
        { "op.reversible { up = print }", "it stands in change()" },
        { "op.reversible { upp = print }", "unknown option 'upp' (did you mean 'up'?)" },
        { "op.batch_alter_table('t', {})", "argument 2 must be a function(batch)" },
        { "op.get_bind():transaction(function() op.commit() end)", "op.commit ends a transaction, which conn:transaction holds open" },
        { "op.has_table()", "argument 1 (table) must be a string, not nil" },
        { "op.quote('')", "is an empty string" },
        { "op.expect_none('SELECT 1', 'x', 3)", "unexpected argument 3" },
        { "op.execute('BEGIN')", "autocommit_block" },
        { "op.bulk_insert('t', { {} })", "op.bulk_insert: row 1 is empty" },
        { "op.bulk_insert('t', { { a = 1 } }, { postgresql_overriding = 'sys' })",
          dialect == "postgresql" and "postgresql_overriding 'sys' is unknown" or "" },
        { "op.rename_index('nowhere', 'ix')", dialect == "postgresql" and 'relation "nowhere" does not exist' or "index 'nowhere' does not exist" },
      }
      for _, case in ipairs(cases) do
        local err = failure(case[1])
        local text = err.message .. " " .. (err.hint or "")
        assert.is_truthy(text:find(case[2], 1, true), case[1] .. ": " .. text)
        assert.equal(4, err.line, case[1])
      end
    end)

    it("sleeps", function()
      assert.same({ "x" }, said "op.sleep(0.01) print 'x'")
    end)
  end)
end
