-- What a script can say when nothing is known of the database, and what it must not guess; and what is refused
-- before anything is appended.
local internals = require "luamig_internals"

local function compile(dialect, fn, options)
  local how = { unknown = true, offline = true }
  for key, value in pairs(options or {}) do how[key] = value end
  local statements, err = internals.compile(dialect, how, fn)
  if not statements then return nil, err end
  local texts = {}
  for i, statement in ipairs(statements) do texts[i] = statement.sql:gsub("%s+", " ") end
  return table.concat(texts, "; ")
end

describe("offline", function()
  local function retype(op, sql) op.alter_column("t", "a", { type = sql.string(20) }) end

  it("MySQL's MODIFY is an error that names what is missing", function()
    local _, err = compile("mysql", retype)
    assert.equal("offline", err.kind)
    assert.truthy(err.hint:find("existing_nullable, existing_default, existing_comment", 1, true))
    _, err = compile("mysql", function(op, sql)
      op.alter_column("t", "a", { nullable = false, existing_type = sql.integer, existing_default = sql.null, existing_comment = "" })
    end)
    assert.truthy(err.hint:find("Give existing_autoincrement", 1, true))
  end)

  it("MySQL's MODIFY is written when the options say all", function()
    assert.equal("ALTER TABLE t MODIFY a VARCHAR(20) NULL DEFAULT NULL", compile("mysql", function(op, sql)
      op.alter_column("t", "a", { type = sql.string(20), existing_nullable = true, existing_default = sql.null, existing_comment = "" })
    end))
    assert.equal("ALTER TABLE t MODIFY a INTEGER NOT NULL AUTO_INCREMENT COMMENT 'x'", compile("mysql", function(op, sql)
      op.alter_column("t", "a", { nullable = false, existing_type = sql.integer, existing_autoincrement = true,
        existing_default = sql.null, existing_comment = "x" })
    end))
  end)

  it("a server without RENAME COLUMN is told the column as the script made it", function()
    local text = assert(compile("mysql", function(op, sql)
      op.create_table("t", { { "a", sql.string(9), nullable = false, comment = "c" } })
      op.rename_column("t", "a", "b")
    end, { server_version = 100300, is_mariadb = true }))
    assert.matches("; ALTER TABLE t CHANGE a b VARCHAR(9) NOT NULL COMMENT 'c'", text, 1, true)
  end)

  it("a default alone restates nothing", function()
    assert.equal("ALTER TABLE t ALTER COLUMN a SET DEFAULT 5",
      compile("mysql", function(op) op.alter_column("t", "a", { default = 5 }) end))
  end)

  it("PostgreSQL converts with USING unless every type becomes that", function()
    assert.equal("ALTER TABLE t ALTER COLUMN a TYPE VARCHAR(20)", compile("postgresql", retype))
    assert.equal("ALTER TABLE t ALTER COLUMN a TYPE INTEGER USING a::INTEGER",
      compile("postgresql", function(op, sql) op.alter_column("t", "a", { type = sql.integer }) end))
  end)

  it("what earlier operations made is known", function()
    local function made(op, sql)
      op.create_table("t", { { "id", sql.integer, primary_key = true }, { "a", sql.string(10), nullable = false, comment = "c" } })
      op.create_index("ix", "t", { "a" })
      op.alter_column("t", "a", { type = sql.string(20) })
      op.drop_index "ix"
    end
    local sql = compile("mysql", made)
    assert.truthy(sql:find("MODIFY a VARCHAR(20) NOT NULL COMMENT 'c'; DROP INDEX ix ON t", 1, true), sql)
  end)

  it("an index or a constraint that must be looked up is an error", function()
    for _, fn in ipairs {
      function(op) op.drop_index "ix" end,
      function(op) op.drop_constraint(nil, "t", { type = "unique", columns = { "a" } }) end,
      function(op) op.rename_constraint("t", "a", "b") end,
      function(op) op.drop_column("t", "a", { if_exists = true }) end,
    } do
      local _, err = compile("mysql", fn)
      assert.equal("offline", err.kind)
    end
  end)

  it("an enum type that may be there is made only if it is not", function()
    assert.equal("DO $$ BEGIN CREATE TYPE e AS ENUM ('x'); EXCEPTION WHEN duplicate_object THEN NULL; END $$",
      compile("postgresql", function(op) op.create_enum("e", { "x" }, { if_not_exists = true }) end))
  end)
end)

-- A type that only another dialect has.
local function sql_variant(dialect)
  return function(sql)
    return dialect == "mysql" and sql.variant { sqlite = sql.text } or sql.variant { mysql = sql.text }
  end
end

describe("refused before anything is sent", function()
  local function refused(dialect, fn, kind, text)
    local done, err = compile(dialect, fn, { unknown = false, offline = false })
    assert.is_nil(done)
    assert.equal(kind, err.kind)
    assert.truthy(err.message:find(text, 1, true), err.message)
    return err
  end

  it("a name that the server would cut", function()
    local long = ("x"):rep(64)
    refused("postgresql", function(op, sql) op.create_table(long, { { "a", sql.integer } }) end, "script", "64 bytes, PostgreSQL takes 63")
    refused("postgresql", function(op) op.create_index(("ü"):rep(32), "t", { "a" }) end, "script", "64 bytes")
    assert.truthy(compile("mysql", function(op, sql) op.create_table(long, { { "a", sql.integer } }) end))
    refused("mysql", function(op, sql) op.create_table(long .. "x", { { "a", sql.integer } }) end, "script", "65 characters, MySQL takes 64")
    assert.truthy(compile("sqlite", function(op, sql) op.create_table(long .. long, { { "a", sql.integer } }) end))
  end)

  it("types and values that the server lacks", function()
    local err = refused("mysql", function(op, sql) op.create_table("t", { { "a", sql.string } }) end, "unsupported", "VARCHAR without a length")
    assert.truthy(err.hint:find("sql.string(255)", 1, true))
    refused("sqlite", function(op, sql) op.create_table("t", { { "a", sql.array(sql.integer) } }) end, "unsupported", "array types")
    refused("postgresql", function(op, sql) op.create_table("t", { { "a", sql.set { "x" } } }) end, "unsupported", "type SET")
    refused("postgresql", function(op, sql) op.create_table("t", { { "a", sql.enum { "x" } } }) end, "unsupported", "needs a name")
    refused("postgresql", function(op, sql)
      op.create_table("t", { { "a", sql.integer, computed = sql.computed("1", { stored = false }) } })
    end, "unsupported", "virtual computed columns")
  end)

  it("a variant that does not name the dialect", function()
    for _, dialect in ipairs { "sqlite", "postgresql", "mysql" } do
      local other = sql_variant(dialect)
      for _, fn in ipairs {
        function(op, sql) op.create_table("t", { { "a", other(sql) } }) end,
        function(op, sql) op.create_table("t", { { "a", other(sql), primary_key = true, default = sql.now } }) end,
        function(op, sql) op.add_column("t", { "a", other(sql), default = 1 }) end,
        function(op, sql)
          op.create_table("t", { { "a", sql.integer, default = 1 } })
          op.alter_column("t", "a", { type = other(sql) })
        end,
        function(op, sql) op.execute(sql.table("t"):select(sql.cast("a", other(sql)))) end,
      } do
        refused(dialect, fn, "unsupported", "has no such type")
      end
    end
    refused("postgresql", function(op, sql)
      op.create_table("t", { { "a", sql.array(sql.variant { mysql = sql.text }) } })
    end, "unsupported", "has no such type")
  end)

  it("an unknown column, with the nearest one", function()
    local err = refused("postgresql", function(op, sql)
      op.create_table("t", { { "price", sql.integer } })
      op.alter_column("t", "prise", { nullable = false })
    end, "script", "column 'prise' of table 't' does not exist")
    assert.equal("Did you mean 'price'?", err.hint)
  end)

  it("the second of two operations leaves nothing of itself", function()
    local statements = internals.compile("mysql", { offline = false }, function(op, sql)
      op.create_table("t", { { "a", sql.integer } })
      pcall(op.add_column, "t", { "b", sql.integer, references = "u.id", index = true, check = "b > 0", identity = sql.identity {} })
    end)
    assert.equal(1, #statements)
  end)
end)

describe("versions", function()
  local function index(op) op.create_index("i", "t", { "a" }, { unique = true, nulls_not_distinct = true }) end

  it("decide what a server can", function()
    assert.truthy(compile("postgresql", index, { server_version = 150000 }))
    local _, err = compile("postgresql", index, { server_version = 140000 })
    assert.equal("PostgreSQL 14 has no NULLS NOT DISTINCT", err.message)
    local function virtual(op, sql) op.create_table("t", { { "a", sql.integer, computed = sql.computed("1", { stored = false }) } }) end
    assert.truthy(compile("postgresql", virtual, { server_version = 180000 }))
    local function period(op, sql)
      op.create_unique_constraint("u", "t", { "a", "during" }, { without_overlaps = true })
      op.create_foreign_key("f", "t", "r", { "a", "during" }, { "id", "valid" }, { period = true, enforced = false })
    end
    assert.equal("ALTER TABLE t ADD CONSTRAINT u UNIQUE (a, during WITHOUT OVERLAPS); " ..
      "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY(a, PERIOD during) REFERENCES r (id, PERIOD valid) NOT ENFORCED",
      compile("postgresql", period, { server_version = 180000 }))
    _, err = compile("postgresql", period, { server_version = 170000 })
    assert.equal("PostgreSQL 17 has no keys WITHOUT OVERLAPS", err.message)
    local function unenforced(op) op.create_check_constraint("c", "t", "a > 1", { enforced = false }) end
    assert.equal("ALTER TABLE t ADD CONSTRAINT c CHECK (a > 1) NOT ENFORCED", compile("mysql", unenforced, { server_version = 80036 }))
    for _, server in ipairs { { "postgresql", 170000 }, { "mysql", 101119, true } } do
      _, err = compile(server[1], unenforced, { server_version = server[2], is_mariadb = server[3] })
      assert.equal("unsupported", err.kind) -- it would be enforced
      assert.matches("%-%-server%-version", err.hint)
    end
    local function commented(op, sql) op.create_table("t", { { "a", sql.integer }, sql.index("i", { "a" }, { comment = "it's" }) }) end
    assert.truthy(compile("postgresql", commented):find("COMMENT ON INDEX i IS 'it''s'", 1, true))
    local function expression(op, sql) op.create_index("i", "t", { sql.expr "lower(a)" }) end
    assert.truthy(compile("mysql", expression, { server_version = 80036 }))
    _, err = compile("mysql", expression, { server_version = 101119, is_mariadb = true })
    assert.equal("MariaDB 10.11 has no indexes on expressions", err.message)
    local function check(op) op.create_check_constraint("c", "t", "a > 1") end
    _, err = compile("mysql", check, { server_version = 50744 })
    assert.equal("unsupported", err.kind)
    local function rename(op) op.rename_column("t", "a", "b") end
    assert.equal("ALTER TABLE t RENAME COLUMN a TO b", compile("mysql", rename))
    _, err = compile("mysql", rename, { server_version = 50744 })
    assert.equal("offline", err.kind)
  end)
end)
