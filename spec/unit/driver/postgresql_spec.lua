local driver = require("luamig_internals").driver
local scratch = require "spec.support.scratch"
local servers = require "spec.support.servers"
local contract = require "spec.support.driver_contract"
local must, fails, rows = contract.must, contract.fails, contract.rows

contract.contract(_ENV, "postgresql", {
  placeholder = "$%d",
  types = { boolean = "BOOLEAN", integer = "INTEGER", bigint = "BIGINT", real = "DOUBLE PRECISION", text = "TEXT", blob = "BYTEA", decimal = "NUMERIC(20, 2)", json = "JSONB" },
  many = "SELECT i, 'row ' || i FROM generate_series(1, 1000000) AS i",
  slow = "SELECT pg_sleep(20)",
  missing_table = { sqlstate = "42P01", native_code = 0 },
  duplicate = { sqlstate = "23505", native_code = 0 },
})

describe("the postgresql driver", function()
  local database, conn
  setup(function() database = scratch.database "postgresql" end)
  teardown(function() database:drop() end)
  before_each(function() conn = must(driver.open(database.url)) end)
  after_each(function() conn:close() end)

  it("tells the server's facts", function()
    local server = conn:server()
    assert.is_true(server.version >= 140000)
    assert.is_false(server.is_mariadb)
    assert.equal(database.name, server.database)
    assert.equal("public", server.schema)
    assert.is_true(server.no_backslash_escapes)
    assert.equal("luamig", must(conn:scalar("SELECT current_setting('application_name')")))
    assert.equal("UTF8", must(conn:scalar("SHOW client_encoding")))
  end)

  it("takes libpq's options and environment", function()
    local other = must(driver.open(database.url .. "?application_name=mine&options=-c%20search_path%3Dpg_catalog%20-c%20DateStyle%3DGerman%20-c%20standard_conforming_strings%3Doff%20-c%20bytea_output%3Descape%20-c%20extra_float_digits%3D-10%20-c%20quote_all_identifiers%3Don"))
    assert.equal("mine", must(other:scalar("SELECT current_setting('application_name')")))
    assert.equal("pg_catalog", other:server().schema)
    assert.is_false(other:server().no_backslash_escapes)
    assert.equal("2026-01-31 12:00:00", must(other:scalar("SELECT timestamp '2026-01-31 12:00'")))
    assert.same({ bytes = "\0\\a\255" }, must(other:scalar("SELECT decode('005c61ff', 'hex')")))
    assert.equal(1 / 3, must(other:scalar("SELECT 1::float8 / 3")))
    assert.equal("date", must(other:scalar("SELECT 'date'::regtype::text")))
    other:close()
  end)

  it("maps types", function()
    local row = rows(conn, [[SELECT true, 1::int2, 2::int4, 3::int8, 1.5::float4, 2.5::float8, 10.00, 0.10, 12345678901234567890,
      '\x00ff'::bytea, timestamptz '2026-01-01 00:00+00' AT TIME ZONE 'UTC', date '2026-01-31', '{"a": 1}'::jsonb,
      'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid, ARRAY[1, 2], 1::oid, 'n'::name, 'NaN'::numeric, interval '1 day']])[1]
    assert.same({ true, 1, 2, 3, 1.5, 2.5, 10, "0.10", "12345678901234567890", { bytes = "\0\255" }, "2026-01-01 00:00:00",
      "2026-01-31", '{"a": 1}', "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "{1,2}", 1, "n", "NaN", "1 day" }, row)
    assert.equal("integer", math.type(row[7]))
    assert.equal(math.huge, must(conn:scalar("SELECT 'Infinity'::float8")))
  end)

  it("types a parameter as a literal would be", function()
    local row = rows(conn, "SELECT pg_typeof($1)::text, pg_typeof($2)::text, pg_typeof($3)::text, pg_typeof($4)::text, pg_typeof($5)::text",
      { 1, 2147483648, 1.5, true, { bytes = "x" } })[1]
    assert.same({ "integer", "bigint", "double precision", "boolean", "bytea" }, row)
    assert.equal("b", must(conn:scalar("SELECT '[\"a\", \"b\"]'::jsonb ->> $1", { 1 })))
    assert.equal("x", must(conn:scalar("SELECT ($1::jsonb) ->> 'a'", { { json = '{"a":"x"}' } })))
    must(conn:execute("CREATE TEMP TABLE p (d DATE, u UUID, n NUMERIC(10, 2), s SMALLINT, t TIMESTAMPTZ)"))
    must(conn:execute("INSERT INTO p VALUES ($1, $2, $3, $4, $5)", { "2026-01-31", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", 0.1, 3, driver.null }))
    assert.same({ { "2026-01-31", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "0.10", 3, driver.null } }, rows(conn, "SELECT * FROM p"))
  end)

  it("refuses a text with NUL", function()
    local err = fails("script", conn:scalar("SELECT $1", { "a\0b" }))
    assert.matches("parameter 1", err.message)
    assert.matches("sql.bytes", err.hint)
  end)

  it("gives the server's detail, hint and context", function()
    must(conn:execute("CREATE TEMP TABLE u (a INTEGER CONSTRAINT only_one UNIQUE)"))
    must(conn:execute("INSERT INTO u VALUES (1)"))
    local err = fails("sql", conn:execute("INSERT INTO u VALUES (1)"))
    assert.matches("only_one", err.message)
    assert.equal("Key (a)=(1) already exists.", err.detail)
    err = fails("sql", conn:execute("SELECT b FROM u WHERE A = 1"))
    assert.equal("42703", err.sqlstate)
    err = fails("sql", conn:execute("DO $$ BEGIN RAISE EXCEPTION 'no' USING HINT = 'try yes'; END $$"))
    assert.equal("no", err.message)
    assert.equal("try yes", err.hint)
    assert.matches("PL/pgSQL", err.detail)
    assert.equal("P0001", err.sqlstate)
  end)

  it("logs notices and warnings", function()
    local lines = {}
    local other = must(driver.open(database.url, { log = function(level, text) lines[#lines + 1] = level .. " " .. text end }))
    must(other:execute("DO $$ BEGIN RAISE NOTICE 'hello'; RAISE WARNING 'careful'; END $$"))
    other:close()
    assert.equal("info hello", lines[#lines - 2])
    assert.equal("warning careful", lines[#lines - 1])
  end)

  it("does not commit what failed", function()
    must(conn:begin())
    must(conn:execute("CREATE TABLE gone (a INTEGER)"))
    fails("sql", conn:execute("SELECT * FROM nothing_there"))
    assert.equal("failed", conn:tx_state())
    assert.equal("25P02", fails("sql", conn:execute("SELECT 1")).sqlstate)
    local err = fails("sql", conn:commit())
    assert.matches("cannot be committed", err.message)
    assert.equal("idle", conn:tx_state())
    assert.same({ "f" }, database:query("SELECT to_regclass('gone') IS NOT NULL"))
  end)

  it("takes a COMMIT that was answered by ROLLBACK for an error", function()
    must(conn:execute("BEGIN"))
    fails("sql", conn:execute("SELECT * FROM nothing_there"))
    local err = fails("sql", conn:execute(" commit"))
    assert.matches("rolled the transaction back", err.message)
    assert.equal("idle", conn:tx_state())
    must(conn:execute("BEGIN"))
    must(conn:execute("ROLLBACK"))
  end)

  it("fails at COMMIT when a deferred constraint does", function()
    must(conn:execute("CREATE TEMP TABLE d (a INTEGER UNIQUE DEFERRABLE INITIALLY DEFERRED)"))
    must(conn:begin())
    must(conn:execute("INSERT INTO d VALUES (1), (1)"))
    local err = fails("sql", conn:commit())
    assert.equal("23505", err.sqlstate)
    assert.equal("idle", conn:tx_state())
  end)

  it("fails in the middle of a stream", function()
    for _, streaming in ipairs { true, false } do
      local cursor, err = conn:query("SELECT 1 / (3 - i) FROM generate_series(1, 5) AS i", nil, streaming)
      if cursor then
        assert.is_truthy(cursor:next())
        assert.is_truthy(cursor:next())
        local row
        row, err = cursor:next()
        assert.is_nil(row)
        assert.is_nil(cursor:next())
        cursor:close()
      end
      assert.equal("22012", err.sqlstate)
      assert.matches("generate_series", err.sql)
      assert.equal(1, must(conn:scalar("SELECT 1")))
    end
  end)

  it("fails the next statement when the rest of a stream fails", function()
    local cursor = must(conn:query("SELECT 1 / (3 - i) FROM generate_series(1, 5) AS i", nil, true))
    assert.is_truthy(cursor:next())
    local err = fails("sql", conn:execute("SELECT 1"))
    assert.equal("22012", err.sqlstate)
    assert.equal(1, must(conn:scalar("SELECT 1")))
    fails("script", cursor:next())
  end)

  it("refuses COPY with the client and goes on", function()
    must(conn:execute("CREATE TEMP TABLE k (a INTEGER)"))
    for _, sql in ipairs { "COPY k FROM STDIN", "COPY (SELECT 1) TO STDOUT" } do
      assert.matches("bulk_insert", fails("unsupported", conn:execute(sql)).hint)
      fails("unsupported", conn:query(sql))
      assert.equal(0, must(conn:scalar("SELECT count(*) FROM k")))
    end
  end)

  it("times out as the server is told", function()
    must(conn:execute("SET statement_timeout = '100ms'"))
    local err = fails("timeout", conn:execute("SELECT pg_sleep(10)"))
    assert.equal("57014", err.sqlstate)
    assert.matches("^statement_timeout allows it no more time", err.hint)
    must(conn:execute("SET statement_timeout = 0"))
    must(conn:execute("CREATE TABLE l (a INTEGER)"))
    local other = must(driver.open(database.url))
    must(other:begin())
    must(other:execute("LOCK TABLE l"))
    must(conn:execute("SET lock_timeout = '100ms'"))
    err = fails("timeout", conn:execute("DROP TABLE l"))
    assert.equal("55P03", err.sqlstate)
    assert.matches("Another session holds a lock", err.hint)
    other:close()
  end)

  it("sends many statements in one round trip", function()
    local bad = { "SELECT $1", { "a\0b" } }
    must(conn:begin())
    local done, err = conn:execute_many { { "SELECT 1" }, { "SELECT 2" }, bad, { "SELECT 3" } }
    assert.equal(2, done)
    assert.equal("script", err.kind)
    assert.equal(bad[1], err.sql)
    done, err = conn:execute_many { { "SELECT 1" }, { "SELECT nothing" }, bad }
    assert.equal(1, done)
    assert.equal("42703", err.sqlstate)
    assert.equal("failed", conn:tx_state())
    must(conn:rollback())
    local pid = must(conn:scalar("SELECT pg_backend_pid()"))
    must(conn:begin())
    done, err = conn:execute_many { { "SELECT 1" }, { ("SELECT pg_terminate_backend(%d)"):format(pid) }, { "SELECT 2" } }
    assert.is_true(done <= 1)
    assert.equal("connect", err.kind)
    assert.is_true(conn:server().lost)
  end)

  it("knows that no pooler stands in between", function()
    assert.is_false(conn:server().pooled)
  end)

  it("says that it lacks a right", function()
    must(conn:execute("SET ROLE pg_read_all_stats"))
    local err = fails("permission", conn:execute("SELECT * FROM pg_authid"))
    assert.equal("42501", err.sqlstate)
  end)

  it("says that the connection was lost", function()
    local pid = must(conn:scalar("SELECT pg_backend_pid()"))
    must(conn:begin())
    database:query(("SELECT pg_terminate_backend(%d)"):format(pid))
    local err = fails("connect", conn:execute("SELECT 1"))
    assert.matches("^the connection to 127%.0%.0%.1:%d+ was lost: terminating connection", err.message)
    assert.equal("57P01", err.sqlstate)
    assert.is_true(conn:server().lost)
    assert.equal("failed", conn:tx_state())
    assert.matches("was lost earlier", fails("connect", conn:execute("SELECT 1")).message)
    assert.matches("was lost earlier", fails("connect", conn:query("SELECT 1")).message)
    fails("connect", conn:commit())
    must(conn:rollback())
  end)

  it("loses the connection in the middle of a stream", function()
    local pid = must(conn:scalar("SELECT pg_backend_pid()"))
    local cursor = must(conn:query("SELECT i, repeat('x', 1000) FROM generate_series(1, 1000000) AS i", nil, true))
    must(cursor:next())
    database:query(("SELECT pg_terminate_backend(%d)"):format(pid))
    local row, err
    repeat row, err = cursor:next() until not row
    assert.equal("connect", err.kind)
    cursor:close()
  end)
end)

describe("connecting to PostgreSQL", function()
  local url = servers.url "postgresql"
  local parts = servers.parse(url)

  local function refused(text, kind)
    local err = fails(kind or "connect", driver.open(text))
    assert.matches("^cannot connect to PostgreSQL", err.message)
    assert.not_matches("\n", err.message)
    return err
  end

  it("says that the password is wrong, not which", function()
    local err = refused((url:gsub(":[^:@]*@", ":wr0ngsecret@")))
    assert.matches('password authentication failed for user "' .. parts.user .. '"', err.message)
    assert.matches("PGPASSWORD", err.hint)
    for _, text in pairs(err) do assert.not_matches("wr0ngsecret", tostring(text)) end
  end)

  it("says that the database does not exist", function()
    local err = refused((url:gsub("/[^/]*$", "/no_such_db")))
    assert.matches('database "no_such_db" does not exist', err.message)
    assert.matches("CREATE DATABASE", err.hint)
  end)

  it("says what keeps a user out of a database that is there", function()
    local db = scratch.database "postgresql"
    local role = "poor_" .. db.name:sub(-16)
    local as_user = db.url:gsub("//[^@]*@", "//" .. role .. ":poor@")
    db:query(("CREATE ROLE %s PASSWORD 'poor'; REVOKE CONNECT ON DATABASE %s FROM PUBLIC"):format(role, db.name))
    assert.matches("ALTER ROLE", refused(as_user).hint)
    db:query(("ALTER ROLE %s LOGIN"):format(role))
    assert.matches("GRANT CONNECT", refused(as_user, "permission").hint)
    db:query(("GRANT CONNECT ON DATABASE %s TO %s; ALTER ROLE %s CONNECTION LIMIT 0"):format(db.name, role, role))
    assert.matches("in use", refused(as_user).hint)
    db:query(("DROP OWNED BY %s; DROP ROLE %s"):format(role, role))
    db:drop()
  end)

  it("says that the server is down", function()
    local err = refused("postgresql://u:p@127.0.0.1:1/db")
    assert.matches("127%.0%.0%.1:1", err.message)
    assert.matches("Is the server running", err.hint)
    assert.matches("Is the server running", refused("postgresql:///db?host=/nonexistent").hint)
  end)

  it("says that the host is unknown", function()
    local err = refused("postgresql://u:p@no-such-host.invalid/db")
    assert.matches("no%-such%-host%.invalid", err.message)
    assert.matches("Check the host", err.hint)
  end)

  it("says that an option is not libpq's", function()
    local err = refused(url .. "?nonsense=1", "config")
    assert.matches('invalid URI query parameter: "nonsense"', err.message)
    assert.matches("sslmode", err.hint)
    refused(url .. "?connect_timeout=soon", "config")
  end)

  it("takes what the URL leaves out from the environment and the password file", function()
    local folder = scratch.folder()
    contract.write(folder .. "/pass", ("%s:%s:*:%s:%s\n"):format(parts.host, parts.port, parts.user, parts.password))
    assert(os.execute("chmod 600 " .. folder .. "/pass"))
    local line = contract.in_child(("PGPASSFILE=%s/pass PGHOST=%s PGPORT=%s PGUSER=%s"):format(folder, parts.host, parts.port, parts.user),
      "postgresql:///" .. parts.name)
    assert.equal("connected to " .. parts.name, line)
  end)

  it("says why each of several hosts failed", function()
    local err = refused(("postgresql://%s:x@127.0.0.1:1,%s:%s/db"):format(parts.user, parts.host, parts.port))
    assert.matches(":" .. parts.port .. ": password authentication failed", err.message)
    assert.matches("port 1 failed: Connection refused", err.detail)
    assert.is_nil(refused("postgresql://u:p@127.0.0.1:1/db").detail)
  end)

  it("tries several hosts", function()
    local several = ("postgresql://%s:%s@127.0.0.1:1,%s:%s/%s?target_session_attrs=read-write"):format(parts.user, parts.password, parts.host, parts.port, parts.name)
    local conn = must(driver.open(several))
    assert.equal(parts.host .. ":" .. parts.port, conn:server().target)
    conn:close()
  end)
end)
