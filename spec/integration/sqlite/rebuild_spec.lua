-- What a rebuild on SQLite must keep, on a real file with foreign keys on.
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"

describe("a rebuild on SQLite", function()
  local db, p

  before_each(function()
    db = scratch.database "sqlite"
    p = project.new { url = db.url }
  end)

  -- The database made by `sql`, then one revision; the result of `upgrade`.
  local function migrate(sql, upgrade)
    db:query(sql)
    p:revision { id = "aaaa", upgrade = upgrade }
    return p:luamig "upgrade"
  end

  local function ok(sql, upgrade)
    local r = migrate(sql, upgrade)
    assert(r.code == 0, r.stderr)
    return r
  end

  local function stored(name)
    return table.concat(db:query(("SELECT sql FROM sqlite_schema WHERE name = '%s'"):format(name)), "\n")
  end

  it("keeps the children of a cascading foreign key", function()
    ok([[CREATE TABLE p (id INTEGER PRIMARY KEY, a INTEGER);
         CREATE TABLE c (id INTEGER PRIMARY KEY, p_id INTEGER NOT NULL REFERENCES p (id) ON DELETE CASCADE);
         INSERT INTO p VALUES (1, 1), (2, 2); INSERT INTO c VALUES (10, 1), (11, 2);]],
      [[op.alter_column("p", "a", { nullable = false })]])
    assert.same({ "10\t1", "11\t2" }, db:query "SELECT * FROM c")
    assert.same({ "CREATE TABLE c (id INTEGER PRIMARY KEY, p_id INTEGER NOT NULL REFERENCES p (id) ON DELETE CASCADE)" },
      db:query "SELECT sql FROM sqlite_schema WHERE name = 'c'")
  end)

  it("keeps a CHECK that lists values but is no enum's", function()
    ok([[CREATE TABLE t (a VARCHAR(20) CONSTRAINT ck CHECK (a IN ('x', 'y')), b VARCHAR(3) CHECK (b IN ('one', 'two')),
           c VARCHAR(3) CHECK (c IN ('one', 'two')));]],
      [[op.alter_column("t", "a", { type = sql.string(99) })
        op.alter_column("t", "b", { type = sql.string(99), existing_type = sql.string(3) })
        op.alter_column("t", "c", { type = sql.string(99) })]])
    local text = stored "t"
    assert.matches("a VARCHAR(99) CONSTRAINT ck CHECK (a IN ('x', 'y'))", text, 1, true)
    assert.matches("b VARCHAR(99) CHECK (b IN ('one', 'two'))", text, 1, true)
    assert.not_matches("c IN", text) -- as wide as its values: an enum
  end)

  it("takes a constraint's own name before the one that the naming convention would give another", function()
    p = project.new { url = db.url, config = 'naming_convention = { ck = "ck_{table}_{columns}" },' }
    ok("CREATE TABLE t (a INTEGER, CHECK (a < 100), CONSTRAINT ck_t_a CHECK (a > 0));",
      [[op.batch_alter_table("t", function(batch)
          batch.drop_constraint("ck_t_a", { type = "check" })
          batch.add_constraint(sql.check("a > 1", { name = "ck_t_a" }))
        end)]])
    assert.matches("CHECK (a < 100),\n  CONSTRAINT ck_t_a CHECK (a > 1)\n", stored "t", 1, true)
    p:revision { id = "bbbb", down = "aaaa", upgrade = [[
      op.drop_constraint("ck_t_a", "t")
      op.drop_constraint("ck_t_a", "t")]] }
    assert.equal(0, p:luamig("upgrade").code)
    assert.not_matches("CHECK", stored "t")
  end)

  it("writes one collation", function()
    ok("CREATE TABLE t (a VARCHAR(20) COLLATE RTRIM NOT NULL);",
      [[op.alter_column("t", "a", { type = sql.string(30, { collation = "NOCASE" }) })]])
    assert.matches('a VARCHAR%(30%) COLLATE "NOCASE" NOT NULL', stored "t")
  end)

  it("keeps rowids, the number that AUTOINCREMENT has reached, triggers and views", function()
    ok([[CREATE TABLE t (a TEXT, b INTEGER); INSERT INTO t (rowid, a) VALUES (5, 'x'), (9, 'y');
         CREATE TABLE s (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT); INSERT INTO s (a) VALUES ('1'), ('2'), ('3'); DELETE FROM s WHERE id = 3;
         CREATE TABLE log (what TEXT);
         CREATE TRIGGER tr AFTER UPDATE OF a ON t WHEN old.a <> new.a BEGIN INSERT INTO log VALUES (old.a || new.a); END;
         CREATE VIEW v AS SELECT a, b FROM t; CREATE VIEW w AS SELECT * FROM v;]],
      [[op.alter_column("t", "b", { type = sql.text })
        op.alter_column("s", "a", { nullable = false })]])
    assert.same({ "5\tx", "9\ty" }, db:query "SELECT rowid, a FROM t")
    assert.same({ "4" }, db:query "INSERT INTO s (a) VALUES ('n'); SELECT max(id) FROM s;")
    assert.same({ "xz" }, db:query "UPDATE t SET a = 'z' WHERE a = 'x'; SELECT what FROM log;")
    assert.same({ "z\t", "y\t" }, db:query "SELECT * FROM w")
  end)

  it("takes AUTOINCREMENT away with the INTEGER that it needs", function()
    ok("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT); INSERT INTO t (a) VALUES ('x');",
      [[op.alter_column("t", "id", { type = sql.bigint, autoincrement = false })]])
    assert.matches("id BIGINT PRIMARY KEY,", stored "t", 1, true)
    assert.same({ "1\tx" }, db:query "SELECT id, a FROM t")
  end)

  it("keeps triggers that the same run has made, and none that it has dropped", function()
    ok("CREATE TABLE log (n INTEGER);", [[
      op.create_table("t", { { "id", sql.integer, primary_key = true }, { "a", sql.text } })
      op.execute "CREATE TRIGGER raw BEFORE UPDATE ON t BEGIN INSERT INTO log VALUES (1); END"
      op.create_trigger("made", "t", { when = "after", events = { "update" } }, "INSERT INTO log VALUES (2)")
      op.create_trigger("gone", "t", { when = "after", events = { "update" } }, "INSERT INTO log VALUES (4)")
      op.alter_column("t", "a", { nullable = false })
      op.drop_trigger "gone"
      op.alter_column("t", "a", { default = "x" })
      op.bulk_insert("t", { { id = 1, a = "y" } })
      op.execute "UPDATE t SET a = 'z'"]])
    assert.same({ "1", "2" }, db:query "SELECT n FROM log ORDER BY n")
  end)

  it("follows what the same run has renamed through the texts that it has read", function()
    ok([[CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE); CREATE INDEX ix ON t (a) WHERE a > 'a';
         CREATE TRIGGER tr AFTER UPDATE ON t BEGIN SELECT old.a FROM t; END;
         CREATE TABLE c (id INTEGER PRIMARY KEY, t_a TEXT REFERENCES t (a));
         CREATE TRIGGER tc AFTER INSERT ON c BEGIN UPDATE t SET a = 'x'; END;]],
      [[op.inspect "t" op.inspect "c"
        op.rename_table("t", "u")
        op.alter_column("u", "a", { nullable = false })
        op.alter_column("c", "t_a", { nullable = false })
        op.rename_column("u", "a", "b")
        op.alter_column("c", "t_a", { default = "x" })]])
    assert.equal([[CREATE INDEX ix ON "u" (b) WHERE b > 'a']], stored "ix")
    assert.equal([[CREATE TRIGGER tr AFTER UPDATE ON "u" BEGIN SELECT old.b FROM "u"; END]], stored "tr")
    assert.equal([[CREATE TRIGGER tc AFTER INSERT ON c BEGIN UPDATE "u" SET b = 'x'; END]], stored "tc")
    assert.matches('t_a TEXT REFERENCES "u" (b) NOT NULL', stored "c", 1, true)
  end)

  it("renames an index whose name is given in another case", function()
    ok("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE INDEX Ix ON t (a);", [[op.rename_index("iX", "other")]])
    assert.equal("CREATE INDEX other ON t (a)", stored "other")
  end)

  it("refuses a second constraint of a name", function()
    db:query "CREATE TABLE t (a, b, CONSTRAINT one CHECK (a > b), CONSTRAINT two UNIQUE (a));"
    p:revision { id = "aaaa", upgrade = [[op.rename_constraint("t", "one", "Two")]] }
    local r = p:luamig "upgrade"
    assert.equal(1, r.code)
    assert.matches("constraint 'Two' of table 't' exists already", r.stderr, 1, true)
    p:revision { id = "aaaa", upgrade = [[op.rename_constraint("t", "one", "One")]] }
    assert.equal(0, p:luamig("upgrade").code)
    assert.matches('CONSTRAINT "One" CHECK', stored "t", 1, true)
  end)

  it("gives a table its name in another case", function()
    ok([[CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE INDEX ix ON t (a); INSERT INTO t VALUES (1, 'x');
         CREATE TABLE c (id INTEGER PRIMARY KEY, t_id INTEGER REFERENCES t (id)); INSERT INTO c VALUES (1, 1);
         CREATE TRIGGER tr AFTER INSERT ON c BEGIN UPDATE t SET a = 'z'; END;]],
      [[op.rename_table("t", "T")
        op.alter_column("T", "a", { nullable = false })]])
    assert.matches('CREATE TABLE "T"', stored "T", 1, true)
    assert.matches('REFERENCES "T" (id)', stored "c", 1, true)
    assert.equal([[CREATE TRIGGER tr AFTER INSERT ON c BEGIN UPDATE "T" SET a = 'z'; END]], stored "tr")
    assert.same({ "1\tx" }, db:query "SELECT * FROM t")
  end)

  it("changes only what it was asked for in the stored text", function()
    ok([[CREATE TABLE t ( -- the table
           id INTEGER PRIMARY KEY DESC, a TEXT COLLATE NOCASE NOT NULL ON CONFLICT IGNORE, -- why
           b NUMERIC(5, 2) DEFAULT (1 + 1) CHECK (b > 0), /* c, */ c, g AS (a || b) STORED UNIQUE ON CONFLICT REPLACE,
           CHECK (a <> 'x, y)') CONSTRAINT q FOREIGN KEY (c) REFERENCES t DEFERRABLE INITIALLY DEFERRED );]],
      [[op.alter_column("t", "b", { default = 7 })]])
    assert.equal([[CREATE TABLE "t" (
  -- the table
           id INTEGER PRIMARY KEY DESC,
  a TEXT COLLATE NOCASE NOT NULL ON CONFLICT IGNORE,
  -- why
           b NUMERIC(5, 2) CHECK (b > 0) DEFAULT 7,
  /* c, */ c,
  g AS (a || b) STORED UNIQUE ON CONFLICT REPLACE,
  CHECK (a <> 'x, y)'),
  CONSTRAINT q FOREIGN KEY (c) REFERENCES t DEFERRABLE INITIALLY DEFERRED
)]], stored "t")
  end)

  it("keeps STRICT and WITHOUT ROWID", function()
    ok("CREATE TABLE t (a TEXT, b INT, PRIMARY KEY (a DESC)) WITHOUT ROWID, STRICT; INSERT INTO t VALUES ('x', 1);",
      [[op.alter_column("t", "b", { nullable = false })]])
    assert.matches("%) WITHOUT ROWID, STRICT$", stored "t")
    assert.same({ "x\t1" }, db:query "SELECT * FROM t")
  end)

  it("carries renamed columns through triggers, views, indexes and other tables", function()
    ok([[CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER UNIQUE, b INTEGER CHECK (b < a));
         CREATE TABLE c (t_a INTEGER REFERENCES t (a)); CREATE INDEX ix ON t (a + 1) WHERE a > 0;
         CREATE VIEW v AS SELECT a FROM t; CREATE TRIGGER tr AFTER INSERT ON c BEGIN UPDATE t SET b = a WHERE a = new.t_a; END;]],
      [[op.batch_alter_table("t", function(batch)
          batch.alter_column("a", { new_column_name = "z", nullable = false })
          batch.create_check_constraint("ck_z", "z > 0")
        end)]])
    assert.matches("REFERENCES t %(\"?z\"?%)", stored "c")
    assert.matches("\"?z\"? %+ 1%) WHERE \"?z\"? > 0", stored "ix")
    assert.matches("SELECT \"?z\"? FROM t", stored "v")
    assert.matches("SET b = \"?z\"? WHERE \"?z\"? = new.t_a", stored "tr")
    assert.matches("CHECK %(b < \"?z\"?%)", stored "t")
    assert.matches("CONSTRAINT ck_z CHECK %(\"?z\"? > 0%)", stored "t")
  end)

  it("lets two columns change their names", function()
    ok("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT); INSERT INTO t VALUES (1, 'a', 'b');",
      [[op.batch_alter_table("t", function(batch)
          batch.alter_column("a", { new_column_name = "c", nullable = false })
          batch.alter_column("b", { new_column_name = "a" })
          batch.alter_column("c", { new_column_name = "b" })
        end)]])
    assert.same({ "a\tb" }, db:query "SELECT b, a FROM t")
  end)

  it("takes the type of a cast for no column of that name", function()
    ok([[CREATE TABLE t (text TEXT, date TEXT, a INTEGER CHECK (length(CAST(a AS text)) < 5), b CHECK (CAST(b AS date) > 1));]],
      [[op.batch_alter_table("t", function(batch)
          batch.drop_column("text")
          batch.rename_column("date", "day")
          batch.create_check_constraint("ck", "CAST(a AS date) < 9")
        end)]])
    assert.equal([[CREATE TABLE "t" (
  day TEXT,
  a INTEGER CHECK (length(CAST(a AS text)) < 5),
  b CHECK (CAST(b AS date) > 1),
  CONSTRAINT ck CHECK (CAST(a AS date) < 9)
)]], stored "t")
  end)

  it("gives a dropped column's name to a new one", function()
    ok("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t VALUES (1, 'a');",
      [[op.batch_alter_table("t", function(batch)
          batch.alter_column("a", { new_column_name = "old_a" })
          batch.add_column({ "a", sql.integer, nullable = false, default = 3 }, { insert_before = "old_a" })
        end)]])
    assert.same({ "1\t3\ta" }, db:query "SELECT * FROM t")
  end)

  it("refuses to drop a column that a trigger, a view or a generated column uses", function()
    local setups = {
      "CREATE TRIGGER tr AFTER INSERT ON t BEGIN SELECT new.a; END;", "CREATE VIEW v AS SELECT a FROM t;",
      "ALTER TABLE t ADD COLUMN g AS (a + 1);",
    }
    for i, setup in ipairs(setups) do
      db = scratch.database "sqlite"
      p = project.new { url = db.url }
      local r = migrate("CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER UNIQUE, b INTEGER);" .. setup, [[op.drop_column("t", "a")]])
      assert.equal(1, r.code, setups[i])
      assert.same({ "1" }, db:query "SELECT count(*) FROM pragma_table_info('t') WHERE name = 'a'")
    end
  end)

  it("refuses a type that would lose a value, unless it is told what the values become", function()
    local setup = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t VALUES (1, '12'), (2, 'n/a');"
    local r = migrate(setup, [[op.alter_column("t", "a", { type = sql.integer })]])
    assert.equal(1, r.code)
    assert.matches("column 'a' of table 't' has values that the type INTEGER would lose", r.stderr, 1, true)
    assert.matches("n/a", r.stderr, 1, true)
    assert.same({ "text", "text" }, db:query "SELECT typeof(a) FROM t")
    p:revision { id = "aaaa", upgrade = [[op.alter_column("t", "a", { type = sql.integer, sqlite_using = "CASE WHEN a GLOB '[0-9]*' THEN a END" })]] }
    r = p:luamig "upgrade"
    assert.equal(0, r.code, r.stderr)
    assert.same({ "12\tinteger", "\tnull" }, db:query "SELECT a, typeof(a) FROM t")
  end)

  for _, case in ipairs {
    { "TEXT", "'0123'", "sql.json", false }, { "TEXT", "'1.50'", "sql.numeric(5, 2)", true }, { "TEXT", "'1.5'", "sql.integer", false },
    { "REAL", "1.5", "sql.integer", false }, { "REAL", "2.0", "sql.integer", true }, { "INTEGER", "9007199254740993", "sql.float", false },
    { "REAL", "0.1", "sql.text", true }, { "REAL", "0.1 + 0.2", "sql.text", false }, { "TEXT", "'2024-01-01'", "sql.datetime", true },
    { "TEXT", "'yes'", "sql.boolean", false }, { "TEXT", "x'00'", "sql.integer", false }, { "INTEGER", "5", "sql.string(9)", true },
    { "TEXT", "'9223372036854775808'", "sql.bigint", false },
  } do
    it(("%s %s to %s %s"):format(case[1], case[2], case[3], case[4] and "goes through" or "is refused"), function()
      local r = migrate(("CREATE TABLE t (id INTEGER PRIMARY KEY, a %s); INSERT INTO t VALUES (1, %s), (2, NULL);"):format(case[1], case[2]),
        ([[op.alter_column("t", "a", { type = %s })]]):format(case[3]))
      assert.equal(case[4] and 0 or 1, r.code, r.stderr)
    end)
  end

  it("fails when it makes a new foreign key violation", function()
    local r = migrate([[CREATE TABLE o (id INTEGER PRIMARY KEY); CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER); INSERT INTO t VALUES (1, 99);]],
      [[op.create_foreign_key("fk", "t", "o", { "a" }, { "id" })]])
    assert.equal(1, r.code)
    assert.matches("error: 1 row would break a foreign key\n.*rows: 1 of t that refer to o\n", r.stderr)
    assert.same({ "0" }, db:query "SELECT count(*) FROM pragma_foreign_key_list('t')")
  end)

  it("goes on where a foreign key refers to what is no key, and makes none of that kind", function()
    local sql = [[CREATE TABLE p (id INTEGER PRIMARY KEY, n INTEGER, u INTEGER UNIQUE); INSERT INTO p VALUES (1, 1, 1);
      CREATE TABLE c (id INTEGER PRIMARY KEY, n INTEGER REFERENCES p (n)); INSERT INTO c VALUES (1, 1);
      CREATE TABLE d (id INTEGER PRIMARY KEY, u INTEGER REFERENCES p (u)); INSERT INTO d VALUES (1, 1), (2, 3);]]
    ok(sql, [[op.alter_column("p", "n", { type = sql.bigint }) op.alter_column("d", "u", { nullable = false })]])
    assert.same({ "1\t1\t1" }, db:query "SELECT * FROM p")
    p:revision { id = "bbbb", down = "aaaa", upgrade = [[op.drop_constraint(nil, "p", { type = "unique", columns = { "u" } })]] }
    local r = p:luamig "upgrade"
    assert.equal(1, r.code)
    assert.truthy(r.stderr:find("a foreign key would refer to columns that are no key", 1, true), r.stderr)
    p:revision { id = "bbbb", down = "aaaa", upgrade = [[op.drop_table("p")]] }
    r = p:luamig "upgrade"
    assert.equal(1, r.code)
    assert.truthy(r.stderr:find("would break a foreign key", 1, true), r.stderr)
  end)

  it("numbers the rows by their rowids where a new column is the key", function()
    ok("CREATE TABLE t (email TEXT NOT NULL PRIMARY KEY); INSERT INTO t (rowid, email) VALUES (7, 'a'), (3, 'b');",
      [[op.batch_alter_table("t", function(batch)
        batch.drop_constraint(nil, { type = "primary" })
        batch.add_column { "id", sql.integer, nullable = false }
        batch.create_primary_key(nil, { "id" })
      end)]])
    assert.same({ "3\tb", "7\ta" }, db:query "SELECT id, email FROM t ORDER BY id")
  end)

  it("keeps the rows when every column is another one", function()
    ok("CREATE TABLE t (a TEXT); INSERT INTO t (rowid, a) VALUES (7, 'a'), (3, 'b');",
      [[op.batch_alter_table("t", function(batch)
        batch.add_column { "b", sql.integer, nullable = false, default = 5 }
        batch.drop_column "a"
      end, { recreate = "always" })]])
    assert.same({ "3\t5", "7\t5" }, db:query "SELECT rowid, b FROM t ORDER BY rowid")
  end)

  it("asks for a value of a new column that is made NOT NULL later in the batch", function()
    local r = migrate("CREATE TABLE t (a TEXT); INSERT INTO t VALUES ('a');",
      [[op.batch_alter_table("t", function(batch)
        batch.add_column { "b", sql.integer }
        batch.alter_column("b", { nullable = false })
      end)]])
    assert.equal(1, r.code)
    assert.truthy(r.stderr:find("table 't' has rows, and the new column 'b' is NOT NULL without a default", 1, true), r.stderr)
  end)

  it("asks for NULLs in what the rows become", function()
    ok("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t VALUES (1, NULL), (2, 'x');",
      [[op.alter_column("t", "a", { nullable = false, sqlite_using = "coalesce(a, 'none')" })]])
    assert.same({ "1\tnone", "2\tx" }, db:query "SELECT * FROM t")
    p:revision { id = "bbbb", down = "aaaa", upgrade = [[op.alter_column("t", "id", { nullable = false })
      op.alter_column("t", "a", { nullable = true }) op.alter_column("t", "a", { nullable = false, sqlite_using = "nullif(a, 'x')" })]] }
    local r = p:luamig "upgrade"
    assert.equal(1, r.code)
    assert.truthy(r.stderr:find("has NULLs", 1, true), r.stderr)
  end)

  it("says where the rows are after one was cut short", function()
    local r = migrate("CREATE TABLE _luamig_new_t (id INTEGER PRIMARY KEY, a TEXT);", [[op.alter_column("t", "a", { nullable = false })]])
    assert.equal(1, r.code)
    assert.matches("_luamig_new_t", r.stderr, 1, true)
  end)

  it("takes a leftover of its own out of the way", function()
    ok("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t VALUES (1, 'x'); CREATE TABLE _luamig_new_t (z);",
      [[op.alter_column("t", "a", { nullable = false })]])
    assert.same({ "1\tx" }, db:query "SELECT * FROM t")
    assert.same({}, db:query "SELECT 1 FROM sqlite_schema WHERE name LIKE '%luamig_new%'")
  end)

  it("says which table has rows in the way by the name that it has", function()
    local r = migrate("CREATE TABLE t (a INTEGER, b INTEGER); INSERT INTO t VALUES (1, 1), (2, 1);", [[op.create_unique_constraint("uq", "t", { "b" })]])
    assert.equal(1, r.code)
    assert.matches("error: UNIQUE constraint failed: t.b\n", r.stderr, 1, true)
  end)

  it("keeps a view on a column that goes and comes again", function()
    ok([[CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER); INSERT INTO t VALUES (1, 2, 3);
         CREATE VIEW v AS WITH w AS (SELECT * FROM t) SELECT w.b AS z FROM w;]],
      [[op.batch_alter_table("t", function(batch)
          batch.drop_column("b")
          batch.add_column { "b", sql.integer, computed = sql.computed("a + 1", { stored = false }) }
        end)]])
    assert.same({ "3" }, db:query "SELECT z FROM v")
  end)

  it("takes a column's index and unique with it, whatever its name and however it is written", function()
    ok([[CREATE TABLE t (id INTEGER PRIMARY KEY, "a""b" INTEGER, "Name" TEXT UNIQUE); CREATE INDEX ix ON t ("a""b"); INSERT INTO t VALUES (1, 2, 'x');]],
      [[op.drop_column("t", 'a"b') op.drop_column("t", "name")]])
    assert.same({ "1" }, db:query "SELECT * FROM t")
    assert.equal("", stored "ix")
  end)

  it("costs one copy a batch", function()
    db:query "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT, c TEXT);"
    p:revision {
      id = "aaaa", upgrade = [[op.batch_alter_table("t", function(batch)
        batch.alter_column("a", { nullable = false }) batch.drop_column("b") batch.alter_column("c", { type = sql.integer })
        batch.create_unique_constraint("uq", { "a" }) batch.create_index("ix", { "c" })
      end)]],
    }
    local r = p:luamig("plan", "--json")
    assert.equal(0, r.code, r.stderr)
    local _, copies = r.stdout:gsub("INSERT OR ABORT", "")
    assert.equal(1, copies)
  end)

  it("names the column whose type a STRICT table does not take", function()
    local r = migrate("CREATE TABLE t (id INTEGER PRIMARY KEY, a VARCHAR(10));", [[op.alter_table("t", { sqlite_strict = true })]])
    assert.equal(1, r.code)
    assert.truthy(r.stderr:find("a STRICT table takes no type 'VARCHAR(10)': column 'a' of table 't'", 1, true), r.stderr)
    p:revision { id = "aaaa", upgrade = [[op.batch_alter_table("t", function(batch)
      batch.alter_table({ sqlite_strict = true })
      batch.alter_column("a", { type = sql.string(10) })
    end)]] }
    assert.equal(0, p:luamig("upgrade").code)
    assert.matches("a TEXT", stored "t")
  end)

  it("is told by copy_from what the table is, in its columns too", function()
    db:query [[CREATE TABLE u (id INTEGER PRIMARY KEY);
      CREATE TABLE t (id INTEGER PRIMARY KEY, u_id INTEGER REFERENCES u (id) ON DELETE CASCADE, code TEXT UNIQUE, n INTEGER CHECK (n > 0));
      CREATE INDEX ix_t_n ON t (n); INSERT INTO u VALUES (3); INSERT INTO t VALUES (7, 3, 'c', 1);
      CREATE TABLE luamig_version (version_num VARCHAR(255) NOT NULL PRIMARY KEY)]]
    p:revision { id = "aaaa", upgrade = [[
      op.batch_alter_table("t", function(batch) batch.alter_column("code", { nullable = false }) end, { copy_from = {
        { "id", sql.integer, primary_key = true }, { "u_id", sql.integer, references = "u.id", ondelete = "CASCADE" },
        { "code", sql.text, unique = true }, { "n", sql.integer, check = "n > 0", index = true },
      } })]] }
    db:query(p:luamig("upgrade", "--sql").stdout)
    local text = stored "t"
    for _, part in ipairs { "PRIMARY KEY %(id%)", "FOREIGN KEY%(u_id%) REFERENCES u %(id%) ON DELETE CASCADE", "UNIQUE %(code%)", "CHECK %(n > 0%)" } do
      assert.matches(part, text)
    end
    assert.same({ "ix_t_n" }, db:query "SELECT name FROM sqlite_schema WHERE name = 'ix_t_n'")
    assert.same({ "7\t3\tc\t1" }, db:query "SELECT * FROM t")
  end)

  it("knows the CHECK of an enum that an earlier rebuild of the same run has made or ended", function()
    local body = [[
      op.create_table("t", {
        { "id", sql.integer, primary_key = true },
        { "state", sql.enum("state", { "a", "b" }), nullable = false, default = "a" }, { "n", sql.integer },
      })
      op.batch_alter_table("t", function(batch)
        batch.drop_constraint("state", { type = "check" })
        batch.alter_column("state", { type = sql.enum("state", { "a", "b", "c" }) })
      end)
      op.alter_column("t", "n", { default = 1 })
      ]]
    local ended = body .. [[
      op.alter_column("t", "state", { type = sql.string(20) })
      op.alter_column("t", "n", { default = 2 })]]
    ok("SELECT 1;", body)
    assert.matches("CONSTRAINT state CHECK (state IN ('a', 'b', 'c'))", stored "t", 1, true)
    for _, case in ipairs { { body, "state IN ('a', 'b', 'c')" }, { ended, false } } do
      local file = scratch.database "sqlite"
      local offline = project.new { url = file.url }
      offline:revision { id = "aaaa", upgrade = case[1] }
      local script = offline:luamig("upgrade", "--sql")
      assert(script.code == 0, script.stderr)
      file:query(script.stdout)
      local text = file:query("SELECT sql FROM sqlite_schema WHERE name = 't'")
      assert.equal(case[2], table.concat(text, "\n"):match "state IN %b()" or false)
    end
  end)

  -- The script made from a snapshot of what `made` makes leaves another such database as the run leaves this one.
  local function as_offline(made, upgrade, facts)
    local other = scratch.database "sqlite"
    db:query(made)
    other:query(made)
    p:write("snapshot.json", require("luamig_internals").reflect.schema(db.url))
    p:revision { id = "aaaa", upgrade = upgrade }
    other:query(p:succeed("upgrade", "--sql", "--snapshot", "snapshot.json").stdout)
    p:succeed "upgrade"
    assert.same(db:query(facts), other:query(facts))
  end

  it("works offline from a snapshot, and sqlite3 runs what it prints", function()
    as_offline("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT CHECK (a <> '') COLLATE NOCASE); INSERT INTO t VALUES (1, 'x'); CREATE INDEX ix ON t (a DESC);",
      [[op.alter_column("t", "a", { nullable = false })]],
      "SELECT name, sql FROM sqlite_schema WHERE name IN ('t', 'ix') ORDER BY 1; SELECT * FROM t;")
  end)

  it("works offline from a snapshot beside triggers that name a virtual table, which it does not have", function()
    as_offline([[
      CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE TABLE u (id INTEGER PRIMARY KEY, b TEXT);
      CREATE VIRTUAL TABLE ft USING fts5 (a); CREATE VIEW v AS SELECT a FROM ft;
      CREATE TRIGGER tr AFTER INSERT ON t BEGIN INSERT INTO ft (rowid, a) VALUES (new.id, new.a); END;
      INSERT INTO t VALUES (1, 'x'); INSERT INTO u VALUES (2, 'y');]], [[
      op.alter_column("u", "b", { new_column_name = "c" })
      op.alter_column("t", "a", { new_column_name = "d" })
      op.alter_column("t", "d", { nullable = false })]],
      "SELECT name, sql FROM sqlite_schema WHERE name IN ('t', 'u', 'tr', 'v') ORDER BY 1; SELECT * FROM t; SELECT * FROM u;")
  end)
end)
