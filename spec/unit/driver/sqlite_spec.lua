local driver = require("luamig_internals").driver
local scratch = require "spec.support.scratch"
local contract = require "spec.support.driver_contract"
local must, fails, rows, write = contract.must, contract.fails, contract.rows, contract.write

contract.contract(_ENV, "sqlite", {
  placeholder = "?",
  types = { boolean = "BOOLEAN", integer = "INTEGER", bigint = "BIGINT", real = "REAL", text = "TEXT", blob = "BLOB", decimal = "NUMERIC(20, 2)", json = "JSON" },
  many = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) SELECT i, 'row ' || i FROM n",
  slow = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000000) SELECT count(*) FROM n",
  begin = "BEGIN IMMEDIATE",
  missing_table = { native_code = 1 },
  duplicate = { native_code = 1555 }, -- SQLITE_CONSTRAINT_PRIMARYKEY
})

local function exists(path)
  local file = io.open(path)
  return file ~= nil and file:close()
end

describe("the sqlite driver", function()
  local folder, file
  before_each(function()
    folder = scratch.folder()
    file = folder .. "/a.db"
  end)

  it("creates the file", function()
    local conn = must(driver.open("sqlite:///" .. file))
    assert.equal(file, conn:server().database)
    must(conn:execute("CREATE TABLE t (a)"))
    conn:close()
    assert.is_true(exists(file))
  end)

  it("reads a missing file as empty, without creating it", function()
    local conn = must(driver.open("sqlite:///" .. file, { read_only = true }))
    assert.equal(0, must(conn:scalar("SELECT count(*) FROM sqlite_master")))
    conn:close()
    assert.is_false(exists(file))
  end)

  it("says that the folder is missing", function()
    for _, read_only in ipairs { true, false } do
      local err = fails("connect", driver.open("sqlite:///" .. folder .. "/no/a.db", { read_only = read_only }))
      assert.equal(("the folder '%s/no' of the database file does not exist"):format(folder), err.message)
      assert.matches("Create it", err.hint)
    end
  end)

  it("says that the file is a folder, or under a file", function()
    assert.matches("is a folder", fails("connect", driver.open("sqlite:///" .. folder)).message)
    write(file, "")
    assert.matches("is no folder", fails("connect", driver.open("sqlite:///" .. file .. "/b.db")).message)
  end)

  it("says that the file is no database", function()
    write(file, ("this is no database at all. "):rep(100))
    local err = fails("connect", driver.open("sqlite:///" .. file))
    assert.equal(("'%s' is not a SQLite database"):format(file), err.message)
  end)

  it("takes an empty file for an empty database", function()
    write(file, "")
    local conn = must(driver.open("sqlite:///" .. file))
    assert.equal(0, must(conn:scalar("SELECT count(*) FROM sqlite_master")))
    conn:close()
  end)

  -- In a child that is not root: root may write everything.
  local function as_nobody(path, options)
    local script = folder .. "/try.lua"
    write(script, ([[
      package.cpath = %q
      local conn, err = require("luamig_internals").driver.open("sqlite:///%s", %s)
      if conn then conn, err = conn:execute("CREATE TABLE t (a)") end
      print(conn and "done" or err.kind, err and err.message, err and err.hint)
    ]]):format(folder .. "/?.so", path, options or "{}"))
    assert(os.execute(("cp '%s/luamig_internals.so' '%s' && chmod 755 '%s'"):format(require "spec.build", folder, folder)))
    local root = io.popen("id -u"):read("l") == "0"
    local child = assert(io.popen((root and "setpriv --reuid 65534 --clear-groups " or "") .. "env " .. contract.lua() .. script))
    local line = child:read("a")
    child:close()
    return line
  end

  it("says that the file cannot be written", function()
    must(driver.open("sqlite:///" .. file)):close()
    assert(os.execute("chmod 444 " .. file))
    for _, options in ipairs { "{}", "{ read_only = true }" } do
      assert.matches("^permission\tattempt to write a readonly database\tThe file '", as_nobody(file, options))
    end
  end)

  it("says that the file cannot be read or created", function()
    must(driver.open("sqlite:///" .. file)):close()
    assert(os.execute("chmod 000 " .. file))
    assert.matches("^permission\tno permission to open the database file '", as_nobody(file))
    assert(os.execute(("mkdir -m 555 %s/closed"):format(folder)))
    assert.matches("^permission\tno permission to create the database file '", as_nobody(folder .. "/closed/new.db"))
  end)

  it("enforces foreign keys unless the URL says otherwise", function()
    local function value(options)
      local conn = must(driver.open("sqlite:///" .. file .. options))
      local on = conn:scalar("PRAGMA foreign_keys")
      conn:close()
      return on
    end
    assert.equal(1, value(""))
    assert.equal(0, value("?foreign_keys=off"))
    assert.equal(1, value("?foreign_keys=on"))
    assert.matches("'on' or 'off'", fails("config", driver.open("sqlite:///" .. file .. "?foreign_keys=maybe")).message)
    assert.matches("milliseconds", fails("config", driver.open("sqlite:///" .. file .. "?busy_timeout=soon")).message)
  end)

  it("switches foreign keys off for one statement, also inside a transaction", function()
    local conn = must(driver.open("sqlite:///" .. file))
    must(conn:execute("CREATE TABLE p (id INTEGER PRIMARY KEY)"))
    must(conn:execute("CREATE TABLE c (p REFERENCES p (id))"))
    must(conn:begin())
    must(conn:run("INSERT INTO c VALUES (42)", "foreign_keys_off"))
    fails("sql", conn:execute("INSERT INTO c VALUES (43)"))
    fails("sql", conn:run("INSERT INTO nothing VALUES (42)", "foreign_keys_off"))
    fails("sql", conn:execute("INSERT INTO c VALUES (43)"))
    must(conn:commit())
    conn:close()
  end)

  it("renames a table that a broken view names with legacy_alter_table", function()
    local conn = must(driver.open("sqlite:///" .. file))
    must(conn:execute("CREATE TABLE t (a)"))
    must(conn:execute("CREATE VIEW v AS SELECT a FROM gone"))
    fails("sql", conn:run("ALTER TABLE t RENAME TO u"))
    must(conn:run("ALTER TABLE t RENAME TO u", "legacy_alter"))
    assert.equal(0, must(conn:scalar("SELECT count(*) FROM u")))
    conn:close()
  end)

  it("checks that a query is empty", function()
    local conn = must(driver.open("sqlite::memory:"))
    must(conn:run("SELECT 1 WHERE 0", "check_empty"))
    local err = fails("sql", conn:run("SELECT 1 AS a, 'x' AS b UNION ALL SELECT 2, NULL", "check_empty"))
    assert.equal("it is not empty", err.message)
    assert.matches("a = 1, b = x\na = 2, b = NULL", err.detail)
    conn:close()
  end)

  it("begins with the write lock and waits for it as long as busy_timeout says", function()
    local one = must(driver.open("sqlite:///" .. file))
    must(one:begin())
    local two = must(driver.open("sqlite:///" .. file .. "?busy_timeout=200"))
    local began = os.clock()
    local err = fails("timeout", two:begin())
    assert.is_true(os.clock() - began < 2)
    assert.equal(5, err.native_code)
    assert.equal("idle", two:tx_state())
    must(one:commit())
    must(two:begin())
    must(two:rollback())
    one:close()
    two:close()
  end)

  it("stops waiting for a lock when asked", function()
    local one = must(driver.open("sqlite:///" .. file))
    must(one:begin())
    local two = must(driver.open("sqlite:///" .. file .. "?busy_timeout=60000"))
    two:cancel(200)
    fails("interrupted", two:begin())
    one:close()
    must(two:begin())
    two:close()
  end)

  it("knows when SQLite rolled back by itself", function()
    local conn = must(driver.open("sqlite:///" .. file))
    must(conn:execute("CREATE TABLE t (a INTEGER PRIMARY KEY ON CONFLICT ROLLBACK)"))
    must(conn:begin())
    must(conn:execute("INSERT INTO t VALUES (1)"))
    fails("sql", conn:execute("INSERT INTO t VALUES (1)"))
    assert.equal("failed", conn:tx_state())
    local err = fails("sql", conn:commit())
    assert.matches("cannot be committed", err.message)
    assert.equal("idle", conn:tx_state())
    assert.equal(0, must(conn:scalar("SELECT count(*) FROM t")))
    conn:close()
  end)

  it("gives values as the column is declared", function()
    local conn = must(driver.open("sqlite::memory:"))
    must(conn:execute("CREATE TABLE t (b BOOLEAN, n NUMERIC(10, 2), d DECIMAL, i INTEGER, r REAL, x)"))
    must(conn:execute("INSERT INTO t VALUES (1, 9.99, 3.0, 1, 3.0, 1), (2, 5, 3.5, 0, 0.1, x'00')"))
    local all = rows(conn, "SELECT * FROM t")
    assert.same({ { true, "9.99", 3, 1, 3.0, 1 }, { 2, 5, "3.5", 0, 0.1, { bytes = "\0" } } }, all)
    assert.equal("integer", math.type(all[1][3]))
    assert.equal("float", math.type(all[1][5]))
    conn:close()
  end)

  it("counts rows that RETURNING gives", function()
    local conn = must(driver.open("sqlite::memory:"))
    must(conn:execute("CREATE TABLE t (a)"))
    local cursor = must(conn:query("INSERT INTO t VALUES (1), (2) RETURNING a"))
    assert.same({ 1 }, cursor:next())
    assert.same({ 2 }, cursor:next())
    assert.is_nil(cursor:next())
    assert.equal(2, cursor:changed())
    cursor:close()
    conn:close()
  end)

  it("does nothing for a comment", function()
    local conn = must(driver.open("sqlite::memory:"))
    assert.equal(0, must(conn:execute("-- nothing")))
    assert.equal(0, must(conn:execute("")))
    conn:close()
  end)
end)
