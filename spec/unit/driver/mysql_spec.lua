local driver = require("luamig_internals").driver
local scratch = require "spec.support.scratch"
local servers = require "spec.support.servers"
local contract = require "spec.support.driver_contract"
local must, fails, rows = contract.must, contract.fails, contract.rows

contract.contract(_ENV, "mysql", {
  placeholder = "?",
  types = { boolean = "TINYINT(1)", integer = "INTEGER", bigint = "BIGINT", real = "DOUBLE", text = "LONGTEXT", blob = "LONGBLOB", decimal = "DECIMAL(20, 2)", json = "JSON" },
  many = "SELECT 1 + a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d + 100000 * g.d AS i, 'row' FROM "
    .. table.concat((function()
      local list = {}
      for i, name in ipairs { "g", "f", "e", "c", "b", "a" } do
        list[i] = "(SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9) AS " .. name
      end
      return list
    end)(), " JOIN ") .. " ORDER BY 1",
  slow = "SELECT SLEEP(20) FROM (SELECT 1 UNION SELECT 2) AS two",
  begin = "START TRANSACTION",
  missing_table = { sqlstate = "42S02", native_code = 1146 },
  duplicate = { sqlstate = "23000", native_code = 1062 },
})

describe("the mysql driver", function()
  local database, conn
  setup(function() database = scratch.database "mysql" end)
  teardown(function() database:drop() end)
  before_each(function() conn = must(driver.open(database.url)) end)
  after_each(function() conn:close() end)

  it("tells the server's facts", function()
    local server = conn:server()
    local version = must(conn:scalar("SELECT VERSION()"))
    assert.equal(version:lower():find("mariadb", 1, true) ~= nil, server.is_mariadb)
    local a, b, c = version:match("^(%d+)%.(%d+)%.(%d+)")
    assert.equal(a * 10000 + b * 100 + c, server.version)
    assert.equal(database.name, server.database)
    assert.equal(database.name, server.schema)
    assert.is_false(server.no_backslash_escapes)
    assert.is_false(server.ansi_quotes)
    assert.equal("utf8mb4", must(conn:scalar("SELECT @@character_set_client")))
  end)

  it("takes the scheme mariadb and options", function()
    local other = must(driver.open(database.url:gsub("^mysql", "mariadb") .. "?charset=utf8mb4&connect-timeout=3&ssl-mode=preferred"))
    assert.equal(1, must(other:scalar("SELECT 1")))
    other:close()
    assert.matches("UTF%-8", fails("config", driver.open(database.url .. "?charset=latin1")).hint)
    assert.matches("ssl%-mode", fails("config", driver.open(database.url .. "?ssl-mode=maybe")).message)
    assert.matches("seconds", fails("config", driver.open(database.url .. "?read_timeout=soon")).message)
  end)

  it("compresses where the URL says so", function()
    for value, on in pairs { ["?compress=on"] = "ON", ["?compress=1"] = "ON", ["?compress=off"] = "OFF", [""] = "OFF" } do
      local other = must(driver.open(database.url .. value))
      local row = must(other:query "SHOW STATUS LIKE 'Compression'"):next()
      other:close()
      assert.equal(on, row[2], value)
    end
    assert.matches("'on' or 'off'", fails("config", driver.open(database.url .. "?compress=maybe")).message)
  end)

  it("speaks TLS where ssl-mode asks for it, or not at all", function()
    local offers = must(conn:scalar("SELECT coalesce(max(variable_value), '') FROM " .. (conn:server().is_mariadb
      and "information_schema.global_variables WHERE variable_name = 'HAVE_SSL'"
      or "performance_schema.global_variables WHERE variable_name = 'tls_version'"))):upper()
    offers = offers ~= "" and offers ~= "DISABLED" and offers ~= "NO"
    local function cipher(mode)
      local other = must(driver.open(database.url .. "?ssl-mode=" .. mode))
      local row = rows(other, "SHOW SESSION STATUS LIKE 'Ssl_cipher'")[1]
      other:close()
      return row[2] ~= ""
    end
    assert.is_false(cipher "disabled")
    assert.equal(offers, cipher "preferred")
    if offers then
      assert.is_true(cipher "required")
    else
      assert.matches("offers no TLS", fails("connect", driver.open(database.url .. "?ssl-mode=required")).message)
    end
  end)

  it("says that the URL names no database", function()
    local other = must(driver.open((database.url:gsub("/[^/]*$", "/"))))
    assert.matches("names no database", fails("sql", other:execute("CREATE TABLE t (a INT)")).hint)
    other:close()
  end)

  it("maps types, alike by both protocols", function()
    must(conn:execute([[CREATE TABLE m (t1 TINYINT(1), t TINYINT, s SMALLINT, i INT, b BIGINT UNSIGNED, y YEAR, f FLOAT, d DOUBLE,
      n DECIMAL(30, 2), n2 DECIMAL(10, 2), bits BIT(10), bit1 BIT(1), dt DATETIME(3), da DATE, ti TIME, ts TIMESTAMP NULL,
      e ENUM('x', 'y'), se SET('p', 'q'), c CHAR(5), bi BINARY(3), vb VARBINARY(10), te TEXT, bl BLOB, j JSON)]]))
    must(conn:execute([[INSERT INTO m VALUES (1, 1, -3, 7, 18446744073709551615, 2026, 3.14, 0.1, 10.00, 0.50, 513, 1, '2026-01-31 12:00:00.5',
      '2026-01-31', '10:00:00', '2026-01-31 12:00:00', 'x', 'p,q', 'é', 'ab', 0x00ff, 'text', 0x00, '{"a": 1}')]]))
    local expected = { true, 1, -3, 7, "18446744073709551615", 2026, 3.14, 0.1, 10, "0.50", 513, 1, "2026-01-31 12:00:00.500",
      "2026-01-31", "10:00:00", "2026-01-31 12:00:00", "x", "p,q", "é", { bytes = "ab\0" }, { bytes = "\0\255" }, "text", { bytes = "\0" }, '{"a": 1}' }
    assert.same(expected, rows(conn, "SELECT * FROM m")[1])
    assert.same(expected, rows(conn, "SELECT * FROM m WHERE t = ?", { 1 })[1])
  end)

  it("gives long and short fields row by row", function()
    must(conn:execute("CREATE TABLE long_ones (i INTEGER, v LONGTEXT)"))
    local lengths = { 0, 63, 64, 65, 100000, 3, 200000, 1 }
    for i, n in ipairs(lengths) do must(conn:execute("INSERT INTO long_ones VALUES (?, ?)", { i, ("x"):rep(n) })) end
    for _, params in ipairs { false, { 0 } } do
      local all = rows(conn, "SELECT v FROM long_ones WHERE i > " .. (params and "?" or "0") .. " ORDER BY i", params or nil, true)
      for i, n in ipairs(lengths) do assert.equal(n, #all[i][1]) end
    end
  end)

  it("counts rows that an UPDATE matched", function()
    must(conn:execute("CREATE TABLE w (a INTEGER, b INTEGER)"))
    must(conn:execute("INSERT INTO w VALUES (1, 1), (2, 2)"))
    assert.equal(2, must(conn:execute("UPDATE w SET b = b")))
    assert.equal(1, must(conn:execute("UPDATE w SET b = ? WHERE a = 1", { 1 })))
  end)

  it("drops further results of a procedure", function()
    must(conn:execute("CREATE PROCEDURE two() BEGIN SELECT 1; SELECT 2; SELECT 3; END"))
    assert.same({ { 1 } }, rows(conn, "CALL two()"))
    must(conn:execute("CALL two()"))
    local cursor = must(conn:query("CALL two()", nil, true))
    assert.same({ 1 }, cursor:next())
    cursor:close()
    assert.equal(4, must(conn:scalar("SELECT 4")))
    must(conn:execute("CREATE PROCEDURE bad() BEGIN SELECT 1; SELECT * FROM nothing_there; END"))
    assert.equal(1146, fails("sql", conn:execute("CALL bad()")).native_code)
    assert.equal(4, must(conn:scalar("SELECT 4")))
  end)

  it("knows that DDL commits", function()
    must(conn:begin())
    must(conn:execute("CREATE TABLE x (a INTEGER)"))
    assert.equal("idle", conn:tx_state())
    must(conn:commit())
  end)

  it("times out waiting for a lock", function()
    local other = must(driver.open(database.url))
    must(conn:execute("CREATE TABLE lw (a INTEGER PRIMARY KEY, b INTEGER)"))
    must(conn:execute("INSERT INTO lw VALUES (1, 0)"))
    must(other:begin())
    must(other:execute("UPDATE lw SET b = 2 WHERE a = 1"))
    must(conn:execute("SET SESSION innodb_lock_wait_timeout = 1"))
    must(conn:begin())
    local err = fails("timeout", conn:execute("UPDATE lw SET b = 1 WHERE a = 1"))
    assert.equal(1205, err.native_code)
    assert.matches("Another session", err.hint)
    other:close()
    must(conn:rollback())
  end)

  it("knows when a deadlock rolled the transaction back", function()
    must(conn:execute("CREATE TABLE dl (a INTEGER PRIMARY KEY, b INTEGER)"))
    must(conn:execute("INSERT INTO dl VALUES (1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (6, 0)"))
    must(conn:begin())
    must(conn:execute("UPDATE dl SET b = 1 WHERE a = 1"))
    -- the one that changed more rows wins; it waits for row 1 while we wait for row 2
    local p = servers.parse(database.url)
    local other = assert(io.popen(("mariadb --no-defaults -h %s -P %s -u%s -p%s %s -e %q"):format(p.host, p.port, p.user, p.password, p.name,
      "BEGIN; UPDATE dl SET b = 2 WHERE a > 1; DO SLEEP(0.5); UPDATE dl SET b = 2 WHERE a = 1; ROLLBACK")))
    os.execute("sleep 0.25")
    local err = fails("sql", conn:execute("UPDATE dl SET b = 1 WHERE a = 2"))
    other:close()
    assert.equal(1213, err.native_code)
    assert.equal("40001", err.sqlstate)
    assert.equal("failed", conn:tx_state())
    assert.matches("cannot be committed", fails("sql", conn:commit()).message)
    assert.equal("idle", conn:tx_state())
    assert.equal(0, must(conn:scalar("SELECT max(b) FROM dl")))
  end)

  it("times out as the server is told", function()
    if not conn:server().is_mariadb then return end
    must(conn:execute("SET SESSION max_statement_time = 0.2"))
    local err = fails("timeout", conn:execute("SELECT SLEEP(10) FROM (SELECT 1 UNION SELECT 2) AS two"))
    assert.equal(1969, err.native_code)
    assert.matches("^statement_timeout allows it no more time", err.hint)
  end)

  it("says that the connection was lost", function()
    local other = must(driver.open(database.url))
    local id = must(other:scalar("SELECT CONNECTION_ID()"))
    must(other:begin())
    must(conn:execute("KILL " .. id))
    local err = fails("connect", other:execute("SELECT 1"))
    assert.matches("^the connection to 127%.0%.0%.1:%d+ was lost", err.message)
    assert.is_true(other:server().lost)
    assert.matches("was lost earlier", fails("connect", other:execute("SELECT 1")).message)
    fails("connect", other:commit())
    must(other:rollback())
    other:close()
  end)

  it("fails in the middle of a stream", function()
    local id = must(conn:scalar("SELECT CONNECTION_ID()"))
    local other = must(driver.open(database.url))
    local cursor = must(conn:query("SELECT a.seq, REPEAT('x', 1000) FROM seq_1_to_1000000 AS a", nil, true))
    must(cursor:next())
    must(other:execute("KILL " .. id))
    other:close()
    local row, err
    repeat row, err = cursor:next() until not row
    assert.equal("connect", err.kind)
    cursor:close()
  end)

  it("says that it lacks a right", function()
    local name = "luamig_scratch_u" .. tostring(os.time()):sub(-6)
    local ok = conn:execute(("CREATE USER '%s'@'%%' IDENTIFIED BY 'pw'"):format(name))
    if not ok then
      fails("permission", conn:execute("SELECT * FROM mysql.global_priv"))
      return
    end
    local parts = servers.parse(database.url)
    local err = fails("permission", driver.open(("mysql://%s:pw@%s:%s/%s"):format(name, parts.host, parts.port, parts.name)))
    assert.equal(1044, err.native_code)
    assert.matches("GRANT", err.hint)
    must(conn:execute(("DROP USER '%s'@'%%'"):format(name)))
  end)

  describe("several statements in one message", function()
    before_each(function() must(conn:execute "CREATE TABLE joined (a INTEGER PRIMARY KEY, luamig_note TEXT)") end)
    after_each(function() must(conn:execute "DROP TABLE joined") end)

    local function kept()
      local cursor, list = must(conn:query "SELECT a FROM joined ORDER BY a"), {}
      for row in function() return cursor:next() end do list[#list + 1] = row[1] end
      return list
    end

    it("stop at the one that fails, which is known, and what is open stays open", function()
      local twice = "INSERT INTO joined (a) VALUES (1)"
      local done, err = conn:execute_many { { "START TRANSACTION" }, { twice }, { twice }, { "COMMIT" } }
      assert.equal(2, done)
      assert.equal(1062, err.native_code)
      assert.equal(twice, err.sql)
      assert.equal("open", conn:tx_state())
      must(conn:execute "ROLLBACK")
      assert.equal("idle", conn:tx_state())
      assert.same({}, kept())
      done, err = conn:execute_many { { twice }, { "CREATE TABLE joined (b INTEGER)" }, { "INSERT INTO joined (a) VALUES (2)" } }
      assert.equal(1, done)
      assert.equal("42S01", err.sqlstate)
      assert.same({ 1 }, kept())
    end)

    it("are carried out up to one that cannot be read, or not stand in a compound statement", function()
      local done, err = conn:execute_many { { "INSERT INTO joined (a) VALUES (?)", { 7 } }, { "CREATE TABLE nothing (a INTEGER CHECK (a >))" } }
      assert.equal(1, done)
      assert.equal(1064, err.native_code)
      assert.equal("CREATE TABLE nothing (a INTEGER CHECK (a >))", err.sql)
      assert.same({ 7 }, kept())
      assert.equal(2, must(conn:execute_many {
        { "INSERT INTO joined (a) VALUES (8) -- a comment; at the end" },
        { "CREATE TRIGGER joined_note BEFORE INSERT ON joined FOR EACH ROW SET NEW.luamig_note = 'it''s; ?'" },
      }))
      assert.equal(2, must(conn:execute_many { { "INSERT INTO joined (a) VALUES (9)" }, { "DROP TRIGGER joined_note" } }))
      assert.equal("it's; ?", must(conn:scalar "SELECT luamig_note FROM joined WHERE a = 9"))
      assert.same({ 7, 8, 9 }, kept())
    end)

    it("are one statement for MariaDB, with one answer, where it can read that", function()
      local function compounds() return tonumber(must(conn:query "SHOW SESSION STATUS LIKE 'Com_compound_sql'"):next()[2]) end
      if not conn:server().is_mariadb then return end
      local before = compounds()
      assert.equal(2, must(conn:execute_many { { "INSERT INTO joined (a) VALUES (1)" }, { "ALTER TABLE joined ADD b INTEGER" } }))
      assert.equal(before + 1, compounds())
      -- the name that luamig uses inside; a mode that declares elsewhere
      assert.equal(2, must(conn:execute_many { { "INSERT INTO joined (a) VALUES (2)" }, { "ALTER TABLE joined ADD luamig_at INTEGER CHECK (luamig_at > 0)" } }))
      assert.matches("CHECK %(`luamig_at` > 0%)", must(conn:query "SHOW CREATE TABLE joined"):next()[2])
      must(conn:execute "SET sql_mode = 'ORACLE'")
      assert.equal(2, must(conn:execute_many { { "INSERT INTO joined (a) VALUES (3)" }, { "ALTER TABLE joined ADD c INTEGER" } }))
      must(conn:execute "SET sql_mode = DEFAULT")
      assert.same({ 1, 2, 3 }, kept())
    end)

    -- luamig's own rows are not told apart: what is known of a failure is that it was one of them
    it("share one mark where they are luamig's own, and find the rows that the one before has changed", function()
      local apart = not conn:server().is_mariadb -- MySQL answers each
      local insert = "INSERT INTO joined (a) VALUES (?)"
      local own = { { "START TRANSACTION", nil, true }, { insert, { 1 }, true }, { "SET @one = row_count()", nil, true }, { insert, { 1 }, true } }
      local done, err = conn:execute_many { { "CREATE INDEX ix ON joined (luamig_note(8))" }, own[1], own[2], own[3], own[4], { "COMMIT" } }
      assert.equal(apart and 4 or 1, done)
      assert.equal(1062, err.native_code)
      assert.equal(apart and insert or ("START TRANSACTION; %s; SET @one = row_count(); %s"):format(insert, insert), err.sql)
      must(conn:execute "ROLLBACK")
      assert.equal(1, must(conn:scalar "SELECT @one"))
      assert.same({}, kept())
    end)

    it("that come again are prepared once, until one fails", function()
      if not conn:server().is_mariadb then return end
      local function counted(what) return tonumber(must(conn:query(("SHOW SESSION STATUS LIKE 'Com_%s'"):format(what))):next()[2]) end
      local prepared, executed = counted "prepare_sql", counted "execute_sql"
      local function insert(a) return conn:execute_many { { "INSERT INTO joined VALUES (?, ?)", { a, "it's \\ ?" }, true }, { "ALTER TABLE joined COMMENT 'more'" } } end
      local function since() return { counted "prepare_sql" - prepared, counted "execute_sql" - executed } end
      assert.equal(2, must(insert(1)))
      assert.equal(2, must(insert(2)))
      assert.same({ 1, 2 }, since())
      local done, err = insert(2)
      assert.equal(0, done)
      assert.equal("INSERT INTO joined VALUES (?, ?)", err.sql)
      assert.equal(2, must(insert(3)))
      assert.same({ 2, 4 }, since())
      assert.equal("it's \\ ?", must(conn:scalar "SELECT luamig_note FROM joined WHERE a = 3"))
      local many = {}
      for i = 1, 20 do many[i] = { ("INSERT INTO joined (a) VALUES (%d + ?)"):format(i), { 100 }, true } end
      many[21] = { "ALTER TABLE joined COMMENT 'many'" }
      assert.equal(21, must(conn:execute_many(many)))
      assert.same({ 2 + 15, 4 + 15 }, since()) -- there is room for sixteen
      assert.equal(23, #kept())
    end)

    it("are not begun again when the run is cancelled among them", function()
      must(conn:execute "SET @@session.innodb_lock_wait_timeout = 20")
      local other = must(driver.open(database.url))
      must(other:execute "INSERT INTO joined (a) VALUES (5)")
      must(other:begin())
      must(other:execute "UPDATE joined SET luamig_note = 'held' WHERE a = 5")
      conn:cancel(300)
      local done, err = conn:execute_many { { "INSERT INTO joined (a) VALUES (6)" }, { "DELETE FROM joined WHERE a = 5" } }
      other:close()
      assert.equal(1, done)
      assert.equal("interrupted", err.kind)
      assert.same({ 5, 6 }, kept())
    end)
  end)
end)

describe("connecting to MySQL", function()
  local url = servers.url "mysql"
  local parts = servers.parse(url)

  local function refused(text)
    local err = fails("connect", driver.open(text))
    assert.matches("^cannot connect to MySQL at ", err.message)
    return err
  end

  it("says that the password is wrong, not which", function()
    local err = refused((url:gsub(":[^:@]*@", ":wr0ngsecret@")))
    assert.equal(1045, err.native_code)
    assert.equal("28000", err.sqlstate)
    assert.matches("Check user and password", err.hint)
    for _, text in pairs(err) do assert.not_matches("wr0ngsecret", tostring(text)) end
  end)

  it("says that the database does not exist", function()
    local err = refused((url:gsub("/[^/]*$", "/luamig_no_such_db")))
    if err.native_code == 1049 then assert.matches("CREATE DATABASE", err.hint) end
    assert.matches("luamig_no_such_db", err.message)
  end)

  it("says that the server is down", function()
    local err = refused("mysql://u:p@127.0.0.1:1/db")
    assert.matches("127%.0%.0%.1:1", err.message)
    assert.matches("Is the server running", err.hint)
    assert.matches("Is the server running", refused("mysql://u@/db?unix_socket=/nonexistent").hint)
  end)

  it("says that the file of options cannot be read", function()
    local err = fails("config", driver.open "mysql://u:p@127.0.0.1/db?read_default_file=/nonexistent.cnf")
    assert.matches("cannot read '/nonexistent.cnf'", err.message)
  end)

  it("says that the host is unknown", function()
    local err = refused("mysql://u:p@no-such-host.invalid/db")
    assert.matches("Check the host", err.hint)
  end)

  it("takes what the URL leaves out from ~/.my.cnf", function()
    local folder = scratch.folder()
    contract.write(folder .. "/.my.cnf", ("[client]\nuser=%s\npassword=%s\ndefault-character-set=latin1\n"):format(parts.user, parts.password))
    local line = contract.in_child("HOME=" .. folder, ("mysql://%s:%s/%s"):format(parts.host, parts.port, parts.name))
    assert.equal("connected to " .. parts.name, line)
    local other = folder .. "/other.cnf"
    contract.write(other, ("[mine]\nuser=%s\npassword=%s\n"):format(parts.user, parts.password))
    line = contract.in_child("HOME=/nonexistent", ("mysql://%s:%s/%s?read_default_file=%s&read_default_group=mine"):format(parts.host, parts.port, parts.name, other))
    assert.equal("connected to " .. parts.name, line)
  end)

  it("goes by TCP to localhost when a port is given", function()
    if parts.host ~= "127.0.0.1" then return end
    local conn = must(driver.open((url:gsub("127%.0%.0%.1", "localhost"))))
    assert.equal(1, must(conn:scalar("SELECT 1")))
    conn:close()
  end)
end)
