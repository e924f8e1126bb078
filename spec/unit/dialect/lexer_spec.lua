-- The statement lexer: splitting, classes and flags, tables, parameters.
local internals = require "luamig_internals"

local function split(dialect, text, params)
  local statements, err = internals.split(dialect, text, params)
  if not statements then return nil, err end
  local texts = {}
  for i, statement in ipairs(statements) do texts[i] = statement.sql end
  return texts, statements
end

local function one(dialect, text)
  local statements = assert(internals.split(dialect, text))
  assert.equal(1, #statements)
  return statements[1]
end

describe("the lexer splits", function()
  local cases = {
    { "plain statements", "any", "SELECT 1; SELECT 2 ;\n;\n SELECT 3", { "SELECT 1", "SELECT 2", "SELECT 3" } },
    { "nothing", "any", " ;; -- only a comment\n", {} },
    { "semicolons in literals", "any", "SELECT ';''; -- ' ; SELECT \"a;b\"", { "SELECT ';''; -- '", 'SELECT "a;b"' } },
    { "comments before and inside", "any", "-- a; b\nSELECT /* ; */ 1; /* x */ SELECT 2 -- end",
      { "SELECT /* ; */ 1", "SELECT 2" } },
    { "dollar quotes", "postgresql", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $x$ SELECT 1; $$;$$ $x$; SELECT $$;$$",
      { "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $x$ SELECT 1; $$;$$ $x$", "SELECT $$;$$" } },
    { "nested comments", "postgresql", "SELECT 1 /* a /* ; */ ; */ ; SELECT 2 /* /* */ ; */", { "SELECT 1", "SELECT 2" } },
    { "escape strings", "postgresql", [[SELECT E'a\'; b'; SELECT 'c\'; SELECT 1]], { [[SELECT E'a\'; b']], [[SELECT 'c\']], "SELECT 1" } },
    { "SQL bodies", "postgresql",
      "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END; SELECT 3",
      { "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END", "SELECT 3" } },
    { "rules", "postgresql", "CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2); SELECT 3",
      { "CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2)", "SELECT 3" } },
    { "triggers of SQLite", "sqlite",
      "CREATE TRIGGER a AFTER INSERT ON t BEGIN UPDATE t SET a = CASE WHEN 1 THEN 2 END; DELETE FROM u; END; SELECT 1",
      { "CREATE TRIGGER a AFTER INSERT ON t BEGIN UPDATE t SET a = CASE WHEN 1 THEN 2 END; DELETE FROM u; END", "SELECT 1" } },
    { "a table whose column is called trigger", "sqlite", "CREATE TABLE t (trigger INT, begin INT); SELECT 1",
      { "CREATE TABLE t (trigger INT, begin INT)", "SELECT 1" } },
    { "names in brackets and backticks", "sqlite", "SELECT [a;b], `c;d`; SELECT 1", { "SELECT [a;b], `c;d`", "SELECT 1" } },
    { "routines of MySQL", "mysql", [[
CREATE PROCEDURE p(n INT)
BEGIN
  IF n > 0 THEN SET n = n - 1; ELSE SET n = 0; END IF;
  WHILE n > 0 DO SET n = n - 1; END WHILE;
  CASE n WHEN 0 THEN SELECT 1; ELSE SELECT 2; END CASE;
END; SELECT 1]], { [[
CREATE PROCEDURE p(n INT)
BEGIN
  IF n > 0 THEN SET n = n - 1; ELSE SET n = 0; END IF;
  WHILE n > 0 DO SET n = n - 1; END WHILE;
  CASE n WHEN 0 THEN SELECT 1; ELSE SELECT 2; END CASE;
END]], "SELECT 1" } },
    { "triggers of one IF", "mysql", "CREATE TRIGGER a BEFORE INSERT ON t FOR EACH ROW IF NEW.a THEN SET NEW.a = CASE WHEN 1 THEN IF(1, 2, 3) ELSE IF(4, 5, 6) END; "
      .. "IF NEW.b THEN IF(SELECT 1) THEN SET @a = IF(1, 2, 3); END IF; ELSE IF NEW.c THEN BEGIN IF 1 THEN SET @b = 1; END IF; END; END IF; END IF; "
      .. "ELSEIF NEW.d THEN CASE 1 WHEN 1 THEN IF 1 THEN SET @c = 1; END IF; END CASE; WHILE @d DO SET @d = 0; END WHILE; END IF; SELECT IF(1, 2, 3)",
      { "CREATE TRIGGER a BEFORE INSERT ON t FOR EACH ROW IF NEW.a THEN SET NEW.a = CASE WHEN 1 THEN IF(1, 2, 3) ELSE IF(4, 5, 6) END; "
        .. "IF NEW.b THEN IF(SELECT 1) THEN SET @a = IF(1, 2, 3); END IF; ELSE IF NEW.c THEN BEGIN IF 1 THEN SET @b = 1; END IF; END; END IF; END IF; "
        .. "ELSEIF NEW.d THEN CASE 1 WHEN 1 THEN IF 1 THEN SET @c = 1; END IF; END CASE; WHILE @d DO SET @d = 0; END WHILE; END IF", "SELECT IF(1, 2, 3)" } },
    { "routines of one IF, WHILE, LOOP, REPEAT, FOR, CASE", "mysql",
      "CREATE PROCEDURE IF NOT EXISTS a(n INT) IF (n > 0) THEN WHILE n > 0 DO IF n = 1 THEN SELECT IF(1, 2, 3); END IF; END WHILE; END IF; "
        .. "CREATE PROCEDURE b(n INT) COMMENT 'x' l: LOOP SELECT 1 FROM t WHERE (a) FOR UPDATE; LEAVE l; END LOOP l; "
        .. "CREATE FUNCTION c() RETURNS INT DETERMINISTIC REPEAT SET @a = REPEAT('x', 3); UNTIL 1 END REPEAT; "
        .. "CREATE EVENT d ON SCHEDULE EVERY 1 DAY DO FOR i IN 1..3 DO SELECT i; END FOR; "
        .. "CREATE PROCEDURE e(n INT) CASE n WHEN 1 THEN SELECT 1; ELSE SELECT 2; END CASE; "
        .. "CREATE PROCEDURE f() DROP TABLE IF EXISTS t; IF 1 THEN SELECT 1; SELECT 2; END IF; SELECT IF(1, 2, 3)", {
        "CREATE PROCEDURE IF NOT EXISTS a(n INT) IF (n > 0) THEN WHILE n > 0 DO IF n = 1 THEN SELECT IF(1, 2, 3); END IF; END WHILE; END IF",
        "CREATE PROCEDURE b(n INT) COMMENT 'x' l: LOOP SELECT 1 FROM t WHERE (a) FOR UPDATE; LEAVE l; END LOOP l",
        "CREATE FUNCTION c() RETURNS INT DETERMINISTIC REPEAT SET @a = REPEAT('x', 3); UNTIL 1 END REPEAT",
        "CREATE EVENT d ON SCHEDULE EVERY 1 DAY DO FOR i IN 1..3 DO SELECT i; END FOR",
        "CREATE PROCEDURE e(n INT) CASE n WHEN 1 THEN SELECT 1; ELSE SELECT 2; END CASE",
        "CREATE PROCEDURE f() DROP TABLE IF EXISTS t", "IF 1 THEN SELECT 1; SELECT 2; END IF", "SELECT IF(1, 2, 3)",
      } },
    { "triggers with one statement", "mysql", "CREATE TRIGGER a BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1; SELECT 1",
      { "CREATE TRIGGER a BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1", "SELECT 1" } },
    { "hash comments and backslashes", "mysql", "SELECT 'a\\';b' # ; x\n; SELECT \"c\\\";d\"", { "SELECT 'a\\';b'", "SELECT \"c\\\";d\"" } },
    { "what MySQL runs in comments", "mysql", "/*!40101 SET NAMES utf8 */; SELECT 1", { "/*!40101 SET NAMES utf8 */", "SELECT 1" } },
    { "minus signs", "mysql", "SELECT 1--1; SELECT 2 -- x ; y\n", { "SELECT 1--1", "SELECT 2" } },
  }
  for _, case in ipairs(cases) do
    local dialects = case[2] == "any" and { "sqlite", "postgresql", "mysql" } or { case[2] }
    for _, dialect in ipairs(dialects) do
      it(case[1] .. " on " .. dialect, function() assert.same(case[4], (split(dialect, case[3]))) end)
    end
  end

  it("not what does not end, and says where it begins", function()
    for text, message in pairs {
      ["SELECT 1;\nSELECT 'abc"] = "a string that begins on line 2 of the SQL text does not end",
      ["/* abc"] = "a comment that begins on line 1 of the SQL text does not end",
      ["\n\nSELECT $a$ abc $$"] = "a dollar-quoted string that begins on line 3 of the SQL text does not end",
    } do
      local statements, err = internals.split("postgresql", text)
      assert.is_nil(statements)
      assert.equal("script", err.kind)
      assert.equal(message, err.message)
    end
  end)

  it("passes over what pg_dump writes for psql alone, on postgresql", function()
    assert.same({ "SELECT 1", "SELECT '\n\\restrict'" }, (split("postgresql", "-- dump\n\\restrict aB1;\n\nSELECT 1;\nSELECT '\n\\restrict';\n\\unrestrict aB1")))
    local _, err = internals.split("postgresql", "SELECT 1;\n\\connect other\nSELECT 2")
    assert.equal("\\connect is no SQL but a command of psql", err.message)
  end)

  it("not at DELIMITER, and says why", function()
    local _, err = internals.split("mysql", "DELIMITER //\nSELECT 1//")
    assert.equal("script", err.kind)
    assert.truthy(err.hint:find("Leave DELIMITER out", 1, true))
  end)
end)

describe("the lexer tells", function()
  local classes = {
    { "sqlite", "SELECT 1", "read", "SELECT" },
    { "sqlite", "  (SELECT 1)", "read", "SELECT" },
    { "sqlite", "insert into t values (1)", "data", "INSERT" },
    { "sqlite", "WITH a AS (SELECT 1) SELECT * FROM a", "read", "SELECT" },
    { "sqlite", "WITH a AS (SELECT 1) DELETE FROM t", "data", "DELETE" },
    { "postgresql", "WITH a AS (DELETE FROM t RETURNING *) SELECT * FROM a", "data", "SELECT" },
    { "sqlite", "PRAGMA foreign_keys", "session", "PRAGMA" },
    { "postgresql", "SET search_path TO a", "session", "SET" },
    { "postgresql", "CREATE UNIQUE INDEX a ON t (b)", "ddl", "CREATE INDEX" },
    { "postgresql", "create or replace view v as select 1", "ddl", "CREATE VIEW" },
    { "postgresql", "ALTER TABLE t VALIDATE CONSTRAINT c", "concurrent", "ALTER TABLE" },
    { "postgresql", "VACUUM t", "concurrent", "VACUUM" },
    { "mysql", "CREATE DEFINER = a@b TRIGGER c BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1", "ddl", nil },
    { "mysql", "BEGIN NOT ATOMIC SELECT 1; END", "data", "BEGIN" },
    { "sqlite", "BEGIN", "transaction", "BEGIN" },
    { "postgresql", "ROLLBACK TO SAVEPOINT a", "transaction", "ROLLBACK" },
    { "postgresql", "PREPARE TRANSACTION 'x'", "transaction", "PREPARE" },
    { "postgresql", "START TRANSACTION", "transaction", "START" },
    { "mysql", "SET autocommit = 0", "transaction", "SET autocommit" },
    { "mysql", "SET sql_mode = '', @@SESSION.autocommit := OFF", "transaction", "SET autocommit" },
    { "mysql", "SET autocommit = 1, unique_checks = 0", "session", "SET" },
    { "mysql", "TRUNCATE TABLE t", "ddl", "TRUNCATE" },
  }
  for _, case in ipairs(classes) do
    it("the class of " .. case[2] .. " on " .. case[1], function()
      local statement = one(case[1], case[2])
      assert.equal(case[3], statement.class)
      if case[4] then assert.equal(case[4], statement.verb) end
    end)
  end

  it("what cannot run in a transaction", function()
    for text, wanted in pairs {
      ["CREATE INDEX CONCURRENTLY a ON t (b)"] = true, ["DROP INDEX CONCURRENTLY a"] = true,
      ["REINDEX TABLE CONCURRENTLY t"] = true, ["VACUUM"] = true, ["CREATE DATABASE d"] = true,
      ["ALTER SYSTEM SET a = 1"] = true, ["CREATE INDEX concurrently_made ON t (b)"] = false,
      ["SELECT 'CREATE INDEX CONCURRENTLY'"] = false, ["REFRESH MATERIALIZED VIEW CONCURRENTLY v"] = false,
      ["CLUSTER"] = true, ["CLUSTER t USING i"] = false,
    } do
      assert.equal(wanted, one("postgresql", text).no_transaction, text)
    end
    assert.is_true(one("sqlite", "VACUUM").no_transaction)
    assert.is_true(one("sqlite", "PRAGMA journal_mode = wal").no_transaction)
    assert.is_false(one("sqlite", "PRAGMA table_info(t)").no_transaction)
  end)

  it("that a new enum value ends the segment", function()
    assert.is_true(one("postgresql", "ALTER TYPE mood ADD VALUE 'x'").ends_segment)
    assert.is_false(one("postgresql", "ALTER TYPE mood RENAME VALUE 'x' TO 'y'").ends_segment)
  end)

  it("the tables", function()
    for text, wanted in pairs {
      ["ALTER TABLE IF EXISTS ONLY app.\"My t\" ADD a int"] = { "app.My t" },
      ["DROP TABLE IF EXISTS a, b.c CASCADE"] = { "a", "b.c" },
      ["CREATE INDEX i ON t (a)"] = { "t" },
      ["INSERT INTO a SELECT * FROM b JOIN c ON c.x = b.x"] = { "a", "b", "c" },
      ["UPDATE t SET a = 1 FROM u WHERE 'FROM x' = ''"] = { "t", "u" },
      ["CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()"] = { "t" },
      ["CREATE TRIGGER g AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f()"] = { "t" },
      ["CREATE VIEW v AS SELECT 1 FROM a x JOIN b y ON x.i = y.i LEFT JOIN s.c ON c.i = y.i"] = { "a", "b", "s.c" },
      ["CREATE TRIGGER g AFTER UPDATE ON t REFERENCING OLD TABLE AS o NEW TABLE AS n EXECUTE FUNCTION f()"] = { "t" },
      ["CREATE RULE r AS ON UPDATE TO t DO INSTEAD DELETE FROM u"] = { "t", "u" },
      ["CREATE POLICY p ON t FOR SELECT TO reader USING (a IN (SELECT a FROM u))"] = { "t", "u" },
      ["GRANT SELECT ON TABLE t TO reader"] = { "t" },
      ["REVOKE SELECT ON t FROM reader"] = { "t" },
      ["ALTER TABLE t OWNER TO keeper"] = { "t" },
      ["ALTER TABLE t RENAME TO u"] = { "t", "u" },
      ["ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u ON DELETE CASCADE ON UPDATE SET NULL"] = { "t", "u" },
      ["DELETE FROM t"] = { "t" },
      ["TRUNCATE a, b"] = { "a", "b" },
      ["SET x = 1"] = {},
    } do
      assert.same(wanted, one("postgresql", text).tables, text)
    end
  end)
end)

describe("parameters", function()
  local function bind(dialect, text, params)
    local texts, statements = split(dialect, text, params)
    if not texts then return nil, statements end
    return texts[1], statements[1]
  end

  it("become the server's placeholders", function()
    assert.equal("SELECT ?, ?, ?", (bind("sqlite", "SELECT :a, :b, :a", { a = 1, b = 2 })))
    assert.equal("SELECT $1, $2, $1", (bind("postgresql", "SELECT :a, :b, :a", { a = 1, b = 2 })))
    assert.equal("SELECT $1, $2", (bind("postgresql", "SELECT ?, ?", { 1, 2 })))
    assert.equal("SELECT ?, ?", (bind("mysql", "SELECT ?, ?", { 1, 2 })))
  end)

  it("stand nowhere else", function()
    local text = "SELECT ':a', \":a\", x::int, a[1:2], a[x:y], '?' -- :a ?\n, :a"
    assert.equal("SELECT ':a', \":a\", x::int, a[1:2], a[x:y], '?' -- :a ?\n, $1", (bind("postgresql", text, { a = 1 })))
    assert.equal("SELECT ARRAY[$1, $2], b ? 'c'", (bind("postgresql", "SELECT ARRAY[?, ?], b ?? 'c'", { 1, 2 })))
    assert.equal("SELECT b ?| ARRAY[$1], b ? $2", (bind("postgresql", "SELECT b ?| ARRAY[:c], b ? :d", { c = 1, d = 2 })))
    assert.equal("SELECT $$ :a ? $$, $1", (bind("postgresql", "SELECT $$ :a ? $$, :a", { a = 1 })))
  end)

  it("are literals in a script", function()
    local _, statement = bind("postgresql", "SELECT :a, :b, :c, :d, 1 -:e", { a = "it's", b = 1.5, c = true, d = 7, e = -2 })
    assert.equal("SELECT 'it''s', 1.5, true, 7, 1 - -2", statement.inline)
    _, statement = bind("mysql", "SELECT ?", { "a\\b" })
    assert.equal("SELECT 'a\\\\b'", statement.inline)
    _, statement = bind("sqlite", "SELECT ?, ?", { true, "a\\b" })
    assert.equal("SELECT 1, 'a\\b'", statement.inline)
  end)

  it("that miss or are too many are errors", function()
    for _, case in ipairs {
      { "SELECT :a", { b = 1 }, "parameter ':a' is missing" },
      { "SELECT :a", { a = 1, b = 1 }, "parameter 'b' is not used in the statement" },
      { "SELECT ?, ?", { 1 }, "parameter 2 is nil: write sql.null" },
      { "SELECT ?", { 1, 2 }, "2 parameters are given, the statement has 1 '?'" },
      { "SELECT :a", { 1 }, "parameter ':a' needs a keyed table, a list was given" },
      { "SELECT ?", { a = 1 }, "parameter '?' needs a list, a keyed table was given", "sqlite" },
      { "SELECT ?", { a = 1 }, "parameter 'a' is not used in the statement" },
    } do
      local bound, err = bind(case[4] or "postgresql", case[1], case[2])
      assert.is_nil(bound)
      assert.equal("script", err.kind)
      assert.equal(case[3], err.message)
    end
  end)

  it("that are not found are told how they are written", function()
    local _, err = bind("sqlite", "SELECT @a", { a = 1 })
    assert.equal("parameter 'a' is not used in the statement", err.message)
    assert.equal("In the statement it is written :a.", err.hint)
  end)
end)
