-- `inspect` writes the schema.lua of a database with one of everything; `check` then finds no difference.
local project = require "spec.support.project"
local live = require "spec.support.live"
local scratch = require "spec.support.scratch"
local dump = require "spec.support.dump"

local function read(path)
  local file = assert(io.open(path))
  local text = file:read "a"
  file:close()
  return text
end

describe("inspect, then check", function()
  for _, server in ipairs { { "sqlite", "sqlite" }, { "postgresql", "postgresql" }, { "mysql", live.flavour(scratch.database "mysql") } } do
    it("is the same on " .. server[2], function()
      local db = scratch.database(server[1])
      db:query(read("spec/golden/reflect/" .. server[2] .. ".sql"))
      local p = project.new { url = db.url }
      local text = p:luamig "inspect"
      assert.equal(0, text.code, text.stderr)
      p:write("schema.lua", text.stdout)
      local r = p:luamig "check"
      assert(r.code == 0, r.stdout .. r.stderr)
    end)
  end
end)

describe("what inspect says", function()
  -- Made anew from what inspect says of it, a database is described by the same text; what is undone leaves nothing.
  local function comes_again(dialect, sql)
    local db, empty = scratch.database(dialect), scratch.database(dialect)
    db:query(sql)
    local p = project.new { url = db.url }
    local function run(...) return p:succeed(...).stdout end
    local text = run "inspect"
    p:write("schema.lua", text)
    assert.equal("", run "check")
    run("revision", "--autogenerate", "-m", "all", "--url", empty.url)
    run("upgrade", "--url", empty.url)
    assert.equal(text, run("inspect", "--url", empty.url))
    run("downgrade", "base", "--url", empty.url)
    assert.equal("return sql.schema {}\n", run("inspect", "--url", empty.url))
    return text
  end

  it("comes again on mysql: a view's literals, their character sets and characters", function()
    local text = comes_again("mysql", [[
      CREATE TABLE t (a VARCHAR(9));
      CREATE VIEW v AS SELECT a, _latin1'abc' AS x, _binary'ab' AS y, _utf8mb4'ü' COLLATE utf8mb4_bin AS z, 'plain' AS p, '?😀?' AS f, '😀😀' AS g FROM t
        WHERE a <> _latin1' AS ' WITH CHECK OPTION;
    ]])
    for _, literal in ipairs { "_latin1'abc'", "_binary'ab'", "_utf8mb4'ü' collate", ",'plain'", "'?😀?'", "'😀😀'" } do
      assert.truthy(text:find(literal, 1, true), literal .. text)
    end
  end)

  it("comes again on sqlite: defaults that are names, expressions of indexes", function()
    local text = comes_again("sqlite", [[
      CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT DEFAULT "it's", b TEXT DEFAULT open, c DEFAULT [x y], d BOOLEAN DEFAULT true,
        e DEFAULT current_timestamp, f DEFAULT NULL, g INT DEFAULT ('x' || 'y'), h BIGINT DEFAULT -9223372036854775808);
      CREATE INDEX ix ON t (g + 1, (g + 2) DESC, (a), ((g * 2)) COLLATE nocase, lower(b), (g + 1) * (g + 2));
    ]])
    assert.truthy(text:find([[{ "a", sql.text, default = "it's" }]], 1, true), text)
    assert.truthy(text:find([[{ "b", sql.text, default = "open" }]], 1, true), text)
    assert.truthy(text:find([[{ "h", sql.bigint, default = math.mininteger }]], 1, true), text)
  end)

  for _, dialect in ipairs { "sqlite", "postgresql", "mysql" } do
    it("comes again on " .. dialect .. ": tables that are called as the groups of schema.lua", function()
      local text = comes_again(dialect, ([[
        CREATE TABLE enums (id int PRIMARY KEY, n int); CREATE TABLE "schemas" (id int PRIMARY KEY); CREATE TABLE "tables" (id int PRIMARY KEY);
        CREATE TABLE views (id int PRIMARY KEY); CREATE TABLE users (id int PRIMARY KEY); CREATE VIEW v AS SELECT id FROM views;]])
        :gsub('"', dialect == "mysql" and "`" or '"'))
      assert.truthy(text:find("\n  tables = {\n    enums = {\n      { \"id\"", 1, true), text)
    end)
  end

  it("comes again on mysql: AUTO_INCREMENT in a key of two columns", function()
    comes_again("mysql", "CREATE TABLE logs (id bigint NOT NULL AUTO_INCREMENT, at date NOT NULL, PRIMARY KEY (id, at))")
  end)

  it("comes again on mysql: a key of the beginnings of columns, AUTO_INCREMENT on an index", function()
    local text = comes_again("mysql", [[
      CREATE TABLE sessions (host varchar(191), login text, ticket blob, at int, PRIMARY KEY (host, login(60), ticket(8)));
      CREATE TABLE jobs (id bigint unsigned NOT NULL AUTO_INCREMENT, kind varchar(20), pid int, PRIMARY KEY (kind, pid), KEY ix_id (id, pid), KEY ix_pid (pid));
    ]])
    assert.truthy(text:find('sql.primary_key({ "host", "login", "ticket" }, { mysql_length = { login = 60, ticket = 8 } })', 1, true), text)
  end)

  it("changes the beginnings in a key, which a renamed column keeps", function()
    local db = scratch.database "mysql"
    db:query "CREATE TABLE sessions (host varchar(50), login text, PRIMARY KEY (host, login(60)))"
    local p = project.new { url = db.url }
    p:write("schema.lua", [[return sql.schema { sessions = {
      { "host", sql.string(50) }, { "account", sql.text, renamed_from = "login" },
      sql.primary_key({ "host", "account" }, { mysql_length = { account = 60 } }) } }]])
    local function run(...) return p:succeed(...).stdout end
    run("revision", "--autogenerate", "-m", "renamed", "--rev-id", "aaaa")
    run "upgrade"
    run "check"
    p:write("schema.lua", [[return sql.schema { sessions = {
      { "host", sql.string(50) }, { "account", sql.text },
      sql.primary_key({ "host", "account" }, { mysql_length = 20 }) } }]])
    assert.equal(3, p:luamig("check").code)
    run("revision", "--autogenerate", "-m", "shorter", "--rev-id", "bbbb")
    run "upgrade"
    run "check"
    local length = "SELECT sub_part FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name = 'sessions' AND column_name = ?"
    assert.equal("20", db:value((length:gsub("?", "'host'"))))
    run("downgrade", "base")
    assert.equal("60", db:value((length:gsub("?", "'login'"))))
  end)

  it("comes again on postgresql: constraints that are not inherited, not enforced, over time", function()
    local sql = "CREATE TABLE t (a int, b int, CONSTRAINT ck CHECK (a > 1) NO INHERIT, CHECK (b > 1)); CREATE TABLE k () INHERITS (t);"
    local since18 = [[
      CREATE TABLE rooms (id int4range, valid daterange, n int4range, PRIMARY KEY (id, valid WITHOUT OVERLAPS), UNIQUE (id, n WITHOUT OVERLAPS));
      CREATE TABLE stays (room int4range, during daterange, n int, g int GENERATED ALWAYS AS (n + 1),
        CONSTRAINT fk FOREIGN KEY (room, PERIOD during) REFERENCES rooms (id, PERIOD valid), CONSTRAINT ck CHECK (n > 1) NOT ENFORCED);
      CREATE TABLE later (id int PRIMARY KEY, n int CONSTRAINT fk_n REFERENCES later NOT ENFORCED);
    ]]
    local version = tonumber(scratch.database "postgresql":value "SHOW server_version_num")
    local text = comes_again("postgresql", sql .. (version >= 180000 and since18 or ""))
    assert.truthy(text:find('sql.check("a > 1", { name = "ck", no_inherit = true })', 1, true), text)
  end)

  it("takes an enum that is there for what a declared default calls with it, on postgresql", function()
    local db = scratch.database "postgresql"
    db:query [[
      CREATE TYPE mood AS ENUM ('calm', 'loud');
      CREATE FUNCTION volume(m mood) RETURNS int LANGUAGE sql AS 'SELECT 1';
      CREATE TABLE t (n int DEFAULT volume('calm'), m mood, CONSTRAINT ck CHECK (n IN (1, 2)));]]
    local p = project.new { url = db.url }
    p:write("schema.lua", [[return sql.schema { t = { { "n", sql.integer, default = sql.expr "volume('calm')" },
      { "m", sql.enum("mood", { "calm", "loud" }) }, sql.check("n in (1,2)", { name = "ck" }) } }]])
    local r = p:luamig "check"
    assert(r.code == 0, r.stdout .. r.stderr)
    db:drop()
  end)

  local is_mariadb = live.flavour(scratch.database "mysql") == "mariadb"

  -- What inspect says on standard error of a database.
  local function left_out(dialect, sql, config)
    local db = scratch.database(dialect)
    db:query(sql)
    local r = project.new { url = db.url, config = config }:luamig "inspect"
    assert.equal(0, r.code, r.stderr)
    return r.stderr
  end

  it("has the bytes of a default whole on mysql", function()
    local text = comes_again("mysql", "CREATE TABLE t (a varbinary(9) DEFAULT 0x00FF10, `b``c` varbinary(9) DEFAULT 'x\\0''y', c binary(4) DEFAULT 'ab')")
    assert.truthy(text:find('default = sql.bytes "\\x00\\xff\\x10"', 1, true), text)
    assert.truthy(text:find([[default = sql.bytes "x\x00'y"]], 1, true), text)
    assert.truthy(text:find('default = sql.bytes "ab"', 1, true), text)
  end)

  if is_mariadb then
    it("comes again on mariadb: UUID, tables with system versioning", function()
      local text = comes_again("mysql", [[
        CREATE TABLE t (id uuid NOT NULL DEFAULT uuid() PRIMARY KEY, n int);
        CREATE TABLE v (id int PRIMARY KEY, n int, rs timestamp(6) GENERATED ALWAYS AS ROW START, re timestamp(6) GENERATED ALWAYS AS ROW END,
          PERIOD FOR SYSTEM_TIME (rs, re)) WITH SYSTEM VERSIONING;
      ]])
      assert.truthy(text:find('{ "id", sql.native "uuid", primary_key = true, default = sql.expr "uuid()" }', 1, true), text)
    end)

    it("names the periods of applications on mariadb, which look like a CHECK", function()
      assert.matches("  periods: p%.app\n$", left_out("mysql", [[
        CREATE TABLE p (id int, f date NOT NULL, u date NOT NULL, PERIOD FOR app (f, u));
        CREATE TABLE q (f date NOT NULL, u date NOT NULL, CONSTRAINT app CHECK (f < u))]]))
    end)

    it("names a default's sequence without the database on mariadb", function()
      local db = scratch.database "mysql"
      db:query "CREATE SEQUENCE sq; CREATE TABLE t (id int NOT NULL DEFAULT nextval(sq) PRIMARY KEY, n int DEFAULT lastval(sq))"
      local p = project.new { url = db.url }
      local text = p:luamig("inspect").stdout
      assert.truthy(text:find('"nextval(`sq`)"', 1, true), text)
      assert.truthy(text:find('"lastval(`sq`)"', 1, true), text)
      p:write("schema.lua", text)
      local r = p:luamig "check"
      assert(r.code == 0, r.stdout .. r.stderr)
    end)

    -- there the names in its expressions are in double quotes, which are texts elsewhere
    it("says the same with ANSI_QUOTES as without on mariadb", function()
      local db = scratch.database "mysql"
      db:query [[CREATE TABLE t (`or der` varchar(20), n integer CHECK (n > 0), j json, q varchar(9) DEFAULT (concat('"', `or der`, '`')),
        g varchar(40) AS (concat(`or der`, '"')) STORED, CONSTRAINT named CHECK (`or der` <> 'a"b'));
        CREATE ALGORITHM = TEMPTABLE VIEW v AS SELECT `or der` AS `a "b` FROM t]]
      local said = {}
      for _, mode in ipairs { "TRADITIONAL", "TRADITIONAL,ANSI_QUOTES" } do
        local p = project.new { url = db.url, config = ('session = { "SET SESSION sql_mode = \'%s\'" },'):format(mode) }
        local r = p:luamig "inspect"
        assert.equal(0, r.code, r.stderr)
        said[#said + 1] = r.stdout
      end
      assert.matches('"j", sql.json', said[1], 1, true)
      assert.equal(said[1], said[2])
      db:drop()
    end)
  end

  if not is_mariadb then
    it("comes again on mysql: the parser of a FULLTEXT index", function()
      local text = comes_again("mysql", "CREATE TABLE t (a text, FULLTEXT KEY `ix``a` (a) WITH PARSER ngram, FULLTEXT KEY b (a) COMMENT ' WITH PARSER `x`')")
      assert.truthy(text:find('mysql_with_parser = "ngram"', 1, true), text)
      assert.falsy(text:find('mysql_with_parser = "x"', 1, true), text)
    end)

    it("knows the parser of a FULLTEXT index by ANSI_QUOTES, too, on mysql", function()
      local db = scratch.database "mysql"
      db:query [[CREATE TABLE t (`a"``b` text COMMENT '"', b varbinary(3) DEFAULT 0x00FF10, FULLTEXT KEY `ix"``a` (`a"``b`) WITH PARSER ngram)]]
      local p = project.new { url = db.url, config = [[session = { "SET sql_mode = 'ANSI_QUOTES'" },]] }
      local text = p:luamig("inspect").stdout
      assert.truthy(text:find('mysql_with_parser = "ngram"', 1, true), text)
      assert.truthy(text:find('sql.bytes "\\x00\\xff\\x10"', 1, true), text)
    end)

    it("comes again on mysql: SRID, which a change of the column keeps", function()
      comes_again("mysql", "CREATE TABLE g (id int PRIMARY KEY, p point NOT NULL SRID 4326, SPATIAL KEY sp (p))")
      local db = scratch.database "mysql"
      db:query "CREATE TABLE g (id int PRIMARY KEY, p point NOT NULL SRID 4326)"
      local p = project.new { url = db.url }
      p:revision { id = "aaaa", upgrade = [[op.alter_column("g", "p", { comment = "where", new_column_name = "q" })]] }
      local r = p:luamig "upgrade"
      assert.equal(0, r.code, r.stderr)
      assert.equal("4326", db:value "SELECT srs_id FROM information_schema.columns WHERE table_schema = DATABASE() AND column_name = 'q'")
    end)
  end

  it("names what it leaves out on sqlite", function()
    assert.equal([[
left out, since schema.lua has no word for it (migrations make it; `luamig adopt` writes one that does):
  COLLATE or DESC in keys of: k1, k2, k3
  NULL in keys of: k2, k3, k4, k6
  ON CONFLICT of NOT NULL in: t
  keys of type INT, which are no rowid, of: k4, k5
  triggers: tr on t
  virtual tables: ft, ft4
]], left_out("sqlite", "CREATE TABLE k0 (a TEXT COLLATE NOCASE UNIQUE, descr TEXT); CREATE TABLE k1 (a, UNIQUE (a COLLATE NOCASE));" ..
      "CREATE TABLE k2 (a, b, PRIMARY KEY (a, b DESC)); CREATE TABLE k3 (a TEXT PRIMARY KEY DESC); CREATE TABLE k4 (a int PRIMARY KEY);" ..
      "CREATE TABLE k5 (a INT NOT NULL PRIMARY KEY); CREATE TABLE k6 (a INTEGER, b INTEGER NOT NULL, PRIMARY KEY (a, b));" ..
      "CREATE TABLE k7 (a INTEGER PRIMARY KEY); CREATE TABLE k8 (a INT PRIMARY KEY, b) WITHOUT ROWID; CREATE TABLE k9 (a INTEGER, PRIMARY KEY (a));" ..
      "CREATE TABLE t (a NOT NULL ON CONFLICT IGNORE); CREATE TRIGGER tr AFTER INSERT ON t BEGIN SELECT 1; END; CREATE VIRTUAL TABLE ft USING fts5(a);" ..
      "CREATE VIRTUAL TABLE ft4 USING fts4(a);"))
    assert.equal("", left_out("sqlite", "CREATE TABLE t (a);"))
  end)

  it("names what it leaves out on postgresql, by kind, a dozen of each", function()
    local many = {}
    for i = 1, 14 do many[i] = ("CREATE SEQUENCE s%02d;"):format(i) end
    local text = left_out("postgresql", table.concat(many) .. [[
      CREATE SCHEMA hr; CREATE DOMAIN hr.d AS int; CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
      CREATE TABLE "T x" (a int, b text) PARTITION BY RANGE (a); CREATE TABLE p PARTITION OF "T x" DEFAULT;
      CREATE TABLE o (a serial, b text); CREATE TRIGGER tr BEFORE INSERT ON "T x" FOR EACH ROW EXECUTE FUNCTION f();
      ALTER TABLE o ENABLE ROW LEVEL SECURITY, ALTER b SET STORAGE EXTERNAL; CREATE POLICY mine ON o USING (true);
      CREATE RULE r AS ON DELETE TO o DO INSTEAD NOTHING; CREATE STATISTICS st ON a, b FROM o;
      CREATE VIEW v WITH (security_barrier) AS SELECT a FROM o; COMMENT ON VIEW v IS 'v';
      CREATE TABLE x (r int4range, n int, CONSTRAINT ex EXCLUDE USING gist (r WITH &&) INCLUDE (n));
      CREATE MATERIALIZED VIEW m WITH (fillfactor = 70) AS SELECT a FROM o; ]], "autogenerate = { include_schemas = true },")
    assert.equal([[
left out, since schema.lua has no word for it (migrations make it; `luamig adopt` writes one that does):
  sequences: s01, s02, s03, s04, s05, s06, s07, s08, s09, s10, s11, s12 and 2 more
  functions: f()
  partitions: p
  storage and statistics settings of columns: o.b
  INCLUDE of exclusion constraints: ex on x
  extended statistics: st
  triggers: tr on "T x"
  rules: r on o
  row level security: o
  policies: mine on o
  options of materialized views: m (fillfactor=70)
  comments on: view v
  domains: hr.d
]], text)
  end)

  it("names what it leaves out on mysql", function()
    local text = left_out("mysql", [[
      CREATE TABLE t (a varchar(20), b int, PRIMARY KEY (a(5)), KEY ix (b) COMMENT 'c');
      CREATE TABLE p (a int PRIMARY KEY) PARTITION BY HASH (a) PARTITIONS 2;
      CREATE TABLE mem (a int, b int, PRIMARY KEY USING BTREE (b, a)) ENGINE = MEMORY;
      CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET new.b = 1;
      CREATE FUNCTION f() RETURNS int DETERMINISTIC RETURN 1; ]] .. (is_mariadb
        and "CREATE SEQUENCE sq; CREATE TABLE h (a int) WITH SYSTEM VERSIONING; ALTER TABLE t ALTER INDEX ix IGNORED;"
        or "ALTER TABLE t ALTER INDEX ix INVISIBLE;"))
    assert.equal([[
left out, since schema.lua has no word for it (migrations make it; `luamig adopt` writes one that does):
  partitions of: p
]] .. (is_mariadb and "  sequences: sq\n  system versioning of: h\n  IGNORED indexes: ix on t\n" or "  INVISIBLE indexes: ix on t\n") .. [[
  BTREE of primary keys: mem
  functions and procedures: f
  triggers: tr on t
]], text)
  end)
end)

-- What schema.lua has no word for, of a table that autogenerate drops.
local along = {
  sqlite = [[CREATE TABLE gone (id INTEGER NOT NULL PRIMARY KEY, n INTEGER); CREATE TRIGGER of_it AFTER INSERT ON gone BEGIN SELECT 1; END;
    CREATE TABLE kept (id INTEGER NOT NULL PRIMARY KEY); CREATE TRIGGER of_kept AFTER INSERT ON kept BEGIN SELECT 1; END;]],
  postgresql = [[CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
    CREATE SEQUENCE ids; CREATE TABLE gone (id bigint NOT NULL, n int, t text DEFAULT 'x' || nextval('ids'), PRIMARY KEY (id)) PARTITION BY RANGE (id);
    ALTER SEQUENCE ids OWNED BY gone.id; COMMENT ON SEQUENCE ids IS 'of gone';
    CREATE TABLE gone_1 PARTITION OF gone FOR VALUES FROM (1) TO (9) WITH (fillfactor = 50); CREATE INDEX own ON gone_1 (n);
    CREATE TRIGGER of_it BEFORE INSERT ON gone FOR EACH ROW EXECUTE FUNCTION f(); CREATE TRIGGER of_one BEFORE UPDATE ON gone_1 FOR EACH ROW EXECUTE FUNCTION f();
    ALTER TABLE gone ENABLE ROW LEVEL SECURITY; CREATE POLICY mine ON gone USING (n > 0); COMMENT ON POLICY mine ON gone IS 'my own';
    GRANT SELECT (n), INSERT ON gone TO PUBLIC; CREATE STATISTICS st ON id, n FROM gone; CREATE RULE r AS ON DELETE TO gone DO INSTEAD NOTHING;
    CREATE TABLE kept (id int PRIMARY KEY); CREATE TRIGGER of_kept BEFORE INSERT ON kept FOR EACH ROW EXECUTE FUNCTION f();]],
  mysql = [[CREATE TABLE gone (id int NOT NULL PRIMARY KEY, n int) PARTITION BY HASH (id) PARTITIONS 3;
    CREATE TRIGGER of_it BEFORE INSERT ON gone FOR EACH ROW SET new.n = 1;
    CREATE TABLE kept (id int NOT NULL PRIMARY KEY); CREATE TRIGGER of_kept BEFORE INSERT ON kept FOR EACH ROW SET new.id = 1;]],
}
for dialect, sql in pairs(along) do
  it("brings again what went with a table that autogenerate drops, on " .. dialect, function()
    local db = scratch.database(dialect)
    db:query(sql)
    local p = project.new { url = db.url }
    local function run(...) return p:succeed(...) end
    local before, dumped = run "inspect", dump.schema(db)
    p:write("schema.lua", (before.stdout:gsub("\n  gone = {.-\n  },\n", "\n")))
    run("revision", "--autogenerate", "-m", "dropped")
    run "upgrade"
    run "check"
    run("downgrade", "base")
    local after = run "inspect"
    assert.equal(before.stdout, after.stdout)
    assert.equal(before.stderr, after.stderr)
    assert.equal("", dump.difference(dumped, dump.schema(db)))
  end)
end

it("says what does not come again with a table that autogenerate drops", function()
  local db = scratch.database "postgresql"
  db:query [[CREATE TABLE gone (n smallserial PRIMARY KEY); ALTER SEQUENCE gone_n_seq INCREMENT 3;
    CREATE SCHEMA aside; CREATE TABLE aside.log (n int);]]
  local p = project.new { url = db.url }
  p:write("schema.lua", "return sql.schema { schemas = { aside = {} } }")
  assert.equal([[
warning: the downgrade does not bring again: options of serial columns' sequences gone_n_seq
warning: the downgrade does not bring again: what goes with aside.log (autogenerate.include_schemas = true looks at it)
]], p:luamig("revision", "--autogenerate", "-m", "dropped").stderr)
end)
