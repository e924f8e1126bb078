-- luamig adopt: a database that Alembic managed, or nobody.
local cli = require "spec.support.cli"
local dump = require "spec.support.dump"
local live = require "spec.support.live"
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"
local servers = require "spec.support.servers"

-- What Alembic and the application left, in statements that all three servers take.
local left = [[
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);
INSERT INTO alembic_version VALUES ('ae1027a6acf1');
CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, email VARCHAR(255) NOT NULL);
CREATE UNIQUE INDEX ix_users_email ON users (email);
CREATE TABLE posts (id INTEGER NOT NULL PRIMARY KEY, user_id INTEGER, title VARCHAR(100) NOT NULL,
  CONSTRAINT fk_posts_user FOREIGN KEY (user_id) REFERENCES users (id));
INSERT INTO users VALUES (1, 'ada@example.org');
]]

-- A function that runs luamig in the folder on that database, must succeed, and gives what was printed.
local function succeeding(folder, url)
  return function(...)
    local r = cli.run({ ... }, { cwd = folder, env = { DATABASE_URL = url } })
    assert.equal(0, r.code, table.concat({ ... }, " ") .. "\n" .. r.stdout .. r.stderr)
    return r.stdout, r.stderr
  end
end

for _, dialect in ipairs(servers.dialects) do
  it("takes a database over, on " .. dialect, function()
    local db, fresh, folder = scratch.database(dialect), scratch.database(dialect), scratch.folder()
    db:query(left)
    local function run(...)
      return cli.run({ ... }, { cwd = folder, env = { DATABASE_URL = db.url } })
    end
    assert.equal(0, run("init").code)
    local r = run "adopt"
    assert.equal(0, r.code, r.stderr)
    assert.equal("migrations/ae1027a6acf1_schema_that_alembic_left.lua\nschema.lua\n", r.stdout)
    local file = assert(io.open(folder .. "/migrations/ae1027a6acf1_schema_that_alembic_left.lua"))
    local text = file:read("a")
    file:close()
    assert.matches('\nfunction upgrade%(%)\n  op%.create_table%("users", {\n', text)
    assert.equal("ae1027a6acf1 (head) schema that Alembic left\n", run("current").stdout)
    assert.same({ "ae1027a6acf1" }, db:query "SELECT version_num FROM alembic_version")
    -- what it wrote is what is there
    r = run "check"
    assert.equal(0, r.code, r.stdout .. r.stderr)
    -- and makes the same on a new database, and goes away again
    r = run("upgrade", "--url", fresh.url)
    assert.equal(0, r.code, r.stderr)
    r = run("check", "--url", fresh.url)
    assert.equal(0, r.code, r.stdout .. r.stderr)
    r = run("downgrade", "base", "--url", fresh.url)
    assert.equal(0, r.code, r.stderr)
    -- life goes on
    run("revision", "-m", "next", "--rev-id", "b2")
    assert.equal(0, run("upgrade").code)
    assert.same({ "ada@example.org" }, db:query "SELECT email FROM users")
    r = run("adopt", "--json")
    assert.equal(2, r.code)
    assert.matches('"message": "luamig manages this database already: it is at b2"', r.stdout)
    db:drop()
    fresh:drop()
  end)
end

it("writes no files when the account may not stamp the database", function()
  local db, folder = scratch.database "postgresql", scratch.folder()
  local reader = "reader_" .. db.name:sub(-12)
  db:query(("CREATE TABLE users (id int PRIMARY KEY); CREATE ROLE %s LOGIN PASSWORD 'r'; GRANT SELECT ON users TO %s")
    :format(reader, reader))
  local function run(...)
    return cli.run({ ... }, { cwd = folder, env = { DATABASE_URL = db.url } })
  end
  assert.equal(0, run("init").code)
  local r = run("adopt", "--url", (db.url:gsub("//.-@", "//" .. reader .. ":r@")))
  assert.equal(1, r.code)
  assert.equal("", r.stdout)
  assert.matches("permission denied for schema public", r.stderr)
  assert.equal("", run("heads").stdout)
  r = run "adopt"
  assert.equal(0, r.code, r.stderr)
  assert.equal(0, run("check").code)
  db:query(("DROP OWNED BY %s; DROP ROLE %s"):format(reader, reader))
  db:drop()
end)

it("takes a serial over whose sequence others use, and no longer", function()
  local db, folder = scratch.database "postgresql", scratch.folder()
  db:query "CREATE TABLE people (id serial PRIMARY KEY, name text)"
  local run = succeeding(folder, db.url)
  local function declare(text)
    local file = assert(io.open(folder .. "/schema.lua", "w"))
    file:write(text)
    file:close()
  end
  local copy = 'former = { { "id", sql.integer, nullable = false, default = sql.expr "nextval(\'people_id_seq\'::regclass)" }, { "name", sql.text } },'
  run "init"
  run "adopt"
  db:query "CREATE TABLE former (LIKE people INCLUDING DEFAULTS)"
  declare('return sql.schema { people = { { "id", sql.integer }, { "name", sql.text }, sql.primary_key({ "id" }, { name = "people_pkey" }) }, ' .. copy .. " }")
  run "check"
  local shared = run "inspect"
  assert.matches('people = {\n    { "id", sql.integer, default = sql.expr "nextval%(\'people_id_seq\'::regclass%)" },', shared)
  declare(shared)
  run "check"
  db:query "DROP TABLE former"
  declare((shared:gsub("  former = {.-\n  },\n", "")))
  run "check"
end)

it("takes over tables that inherit, and partitions, with a serial", function()
  local db, fresh, folder = scratch.database "postgresql", scratch.database "postgresql", scratch.folder()
  db:query [[CREATE TABLE base (id serial PRIMARY KEY, t text DEFAULT 'q', u text, n integer NOT NULL);
    CREATE TABLE kid (extra int, u text) INHERITS (base); CREATE TABLE other (t text DEFAULT 'z') INHERITS (base);
    CREATE TABLE part (id serial, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
    ALTER SEQUENCE part_id_seq RENAME TO numbers; ALTER SEQUENCE base_id_seq RENAME TO others; CREATE TABLE part_rest PARTITION OF part DEFAULT]]
  local function run(url, ...)
    local r = cli.run({ ... }, { cwd = folder, env = { DATABASE_URL = url } })
    assert.equal(0, r.code, r.stdout .. r.stderr)
  end
  run(db.url, "init")
  run(db.url, "adopt")
  run(db.url, "check")
  run(fresh.url, "upgrade")
  run(fresh.url, "check")
  fresh:query "INSERT INTO kid (n) VALUES (1); INSERT INTO part_rest (at) VALUES ('2026-01-31')"
  for _, one in ipairs { db, fresh } do -- what was the heir's own stays
    one:query "ALTER TABLE base DROP COLUMN id, DROP COLUMN t, DROP COLUMN u, DROP COLUMN n"
    assert.same({ "kid\textra,u", "other\tt" }, one:query [[SELECT attrelid::regclass, string_agg(attname, ',' ORDER BY attname)
      FROM pg_attribute WHERE attrelid IN ('kid'::regclass, 'other'::regclass) AND attnum > 0 AND NOT attisdropped GROUP BY 1 ORDER BY 1]])
  end
  db:drop()
  fresh:drop()
end)

it("names the default privileges of PostgreSQL, in one schema and in all", function()
  local db, folder = scratch.database "postgresql", scratch.folder()
  db:query "CREATE TABLE t (); ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC; ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO PUBLIC"
  assert.equal(0, cli.run({ "init" }, { cwd = folder }).code)
  local r = cli.run({ "adopt" }, { cwd = folder, env = { DATABASE_URL = db.url } })
  assert.equal(0, r.code, r.stderr)
  local me = db:value "SELECT quote_ident(current_user)"
  assert.matches("not in it: default privileges everywhere by " .. me, r.stderr, 1, true)
  assert.matches("not in it: default privileges in public by " .. me, r.stderr, 1, true)
  db:drop()
end)

it("takes the other schemas of PostgreSQL over, which a new database has not", function()
  local db, fresh, folder = scratch.database "postgresql", scratch.database "postgresql", scratch.folder()
  db:query [[CREATE SCHEMA audit; CREATE TYPE audit.kind AS ENUM ('a'); CREATE FUNCTION audit.f() RETURNS integer LANGUAGE sql AS 'SELECT 1';
    CREATE TABLE t (id integer PRIMARY KEY); CREATE TABLE audit.log (id integer REFERENCES t, k audit.kind)]]
  local function ok(...)
    local r = cli.run({ ... }, { cwd = folder, env = { DATABASE_URL = db.url } })
    assert.equal(0, r.code, r.stdout .. r.stderr)
  end
  ok "init"
  local r = cli.run({ "adopt" }, { cwd = folder, env = { DATABASE_URL = db.url } })
  assert.matches("not in it: the schemas audit %(autogenerate.include_schemas = true takes them along%)", r.stderr)
  db:query "DROP TABLE luamig_version, luamig_history, luamig_journal, luamig_lock"
  os.remove(folder .. "/" .. r.stdout:match "%S+")
  os.remove(folder .. "/schema.lua")
  local file = assert(io.open(folder .. "/luamig.conf.lua", "w"))
  file:write 'return { url = "${DATABASE_URL}", autogenerate = { include_schemas = true } }'
  file:close()
  ok "adopt"
  ok("upgrade", "--url", fresh.url)
  ok("check", "--url", fresh.url)
  assert.equal("", dump.difference(dump.schema(db), dump.schema(fresh)))
  ok("downgrade", "base", "--url", fresh.url)
  assert.equal("0", fresh:value "SELECT count(*) FROM pg_namespace WHERE nspname = 'audit'")
end)

it("takes over a tenant's schema beside others: what every new database has is not made", function()
  local db, fresh, folder = scratch.database "postgresql", scratch.database "postgresql", scratch.folder()
  db:query [[CREATE SCHEMA acme; CREATE SCHEMA bare; COMMENT ON SCHEMA bare IS 'kept';
    CREATE SCHEMA util; CREATE FUNCTION util.f() RETURNS integer LANGUAGE sql AS 'SELECT 1'; CREATE EXTENSION citext SCHEMA util;
    CREATE TABLE public.plans (id integer PRIMARY KEY);
    CREATE TABLE acme.t (id integer PRIMARY KEY DEFAULT util.f(), name util.citext, plan integer REFERENCES public.plans)]]
  local function ok(...)
    local r = cli.run({ ... }, { cwd = folder, env = { DATABASE_URL = db.url } })
    assert.equal(0, r.code, r.stdout .. r.stderr)
    return r.stdout
  end
  ok "init"
  local file = assert(io.open(folder .. "/luamig.conf.lua", "w"))
  file:write [[return { url = "${DATABASE_URL}", autogenerate = { include_schemas = true }, version_table_schema = "acme",
    session = { "CREATE SCHEMA IF NOT EXISTS acme; SET search_path TO acme" } }]]
  file:close()
  ok "adopt"
  ok("upgrade", "--url", fresh.url)
  ok("check", "--url", fresh.url)
  assert.equal("", dump.difference(dump.schema(db), dump.schema(fresh)))
  assert.equal("kept", fresh:value "SELECT obj_description('bare'::regnamespace)")
  ok("downgrade", "base", "--url", fresh.url)
  assert.equal("acme public", fresh:value [[SELECT string_agg(nspname, ' ' ORDER BY nspname) FROM pg_namespace
    WHERE nspname !~ '^pg_' AND nspname <> 'information_schema']])
  ok("revision", "-m", "next", "--rev-id", "b2")
  ok "upgrade"
  local path = ok("squash", "b2", "--yes"):match "%S+"
  for line in io.lines(folder .. "/" .. path) do assert.not_matches("SCHEMA public", line) end
end)

-- What no other tool has a version of, with objects that schema.lua has no word for.
local grown = {
  sqlite = [[
    CREATE TABLE letters (id INTEGER NOT NULL PRIMARY KEY, body TEXT, read INTEGER NOT NULL DEFAULT 0);
    CREATE VIRTUAL TABLE found USING fts5(body, content=letters, content_rowid=id);
    CREATE TRIGGER letters_in AFTER INSERT ON letters BEGIN INSERT INTO found(rowid, body) VALUES (new.id, new.body); END;
    CREATE VIEW unread AS SELECT id, body FROM letters WHERE read = 0;
    CREATE TRIGGER unread_in INSTEAD OF INSERT ON unread BEGIN INSERT INTO letters (body) VALUES (new.body); END;]],
  postgresql = [[
    CREATE DOMAIN percent AS integer DEFAULT 1 CONSTRAINT in_range CHECK (VALUE BETWEEN 0 AND 100);
    CREATE TYPE mood AS ENUM ('calm', 'loud');
    CREATE TYPE pair AS (a integer, b text);
    CREATE SEQUENCE numbers START 100 INCREMENT 5;
    COMMENT ON SEQUENCE numbers IS 'of letters';
    CREATE FUNCTION next_number(m mood) RETURNS bigint LANGUAGE sql AS $$ SELECT nextval('numbers') $$;
    CREATE AGGREGATE joined(text) (SFUNC = textcat, STYPE = text, INITCOND = '');
    CREATE TABLE letters (id bigint PRIMARY KEY DEFAULT next_number('calm'), share percent, body text, at date NOT NULL DEFAULT CURRENT_DATE);
    CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN new.body := upper(new.body); RETURN new; END $f$;
    CREATE FUNCTION title(l letters) RETURNS text LANGUAGE sql AS $$ SELECT l.body || '!' $$;
    CREATE TRIGGER loud BEFORE INSERT ON letters FOR EACH ROW EXECUTE FUNCTION shout();
    CREATE TRIGGER quiet BEFORE UPDATE ON letters FOR EACH ROW EXECUTE FUNCTION shout();
    ALTER TABLE letters DISABLE TRIGGER quiet;
    ALTER TABLE letters ENABLE ROW LEVEL SECURITY;
    CREATE POLICY mine ON letters FOR SELECT USING (share > 0);
    CREATE VIEW recent AS SELECT id, body FROM letters;
    COMMENT ON VIEW recent IS 'the last ones';
    -- what needs tables and is needed by views, and what needs those
    CREATE FUNCTION all_letters() RETURNS SETOF letters LANGUAGE sql AS 'SELECT * FROM letters';
    CREATE FUNCTION how_many() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM letters; END;
    CREATE VIEW titles AS SELECT l.id, title(l) AS title, how_many() AS n FROM all_letters() l;
    CREATE MATERIALIZED VIEW kept AS SELECT id FROM titles;
    CREATE UNIQUE INDEX kept_id ON kept (id);
    CREATE FUNCTION all_titles() RETURNS SETOF titles LANGUAGE sql AS 'SELECT * FROM titles';
    CREATE RULE nothing AS ON DELETE TO letters DO INSTEAD NOTHING;
    CREATE TABLE days (day date PRIMARY KEY);
    CREATE TABLE log (at date NOT NULL, what text) PARTITION BY RANGE (at);
    CREATE TABLE log_2025 PARTITION OF log FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
    ALTER TABLE letters ALTER COLUMN body SET STORAGE EXTERNAL;
    CREATE TABLE people (id serial PRIMARY KEY, name text);
    ALTER TABLE people RENAME TO writers;
    CREATE TABLE former_writers (LIKE writers INCLUDING ALL);
    CREATE TABLE shelves (room text, place integer NOT NULL, UNIQUE (room, place) WITH (fillfactor = 50), CONSTRAINT "one Each" UNIQUE (place));
    ALTER TABLE shelves REPLICA IDENTITY USING INDEX "one Each";
    ALTER TABLE writers REPLICA IDENTITY FULL;
    CREATE STATISTICS both_of ON share, body FROM letters;
    CREATE INDEX words ON letters (lower(body)); ALTER INDEX words ALTER COLUMN 1 SET STATISTICS 200;
    CREATE INDEX found ON letters USING gist (to_tsvector('simple', body) tsvector_ops (siglen = 64));
    -- sequences that belong to a column which is no serial, or is another's already
    CREATE SEQUENCE parcel_ids INCREMENT 50;
    CREATE TABLE parcels (id bigint PRIMARY KEY, label text DEFAULT 'P' || nextval('parcel_ids'), n integer DEFAULT nextval('parcel_ids'),
      price numeric(9) NOT NULL DEFAULT nextval('parcel_ids'), row_id integer GENERATED ALWAYS AS IDENTITY);
    ALTER SEQUENCE parcel_ids OWNED BY parcels.price;
    CREATE SEQUENCE others OWNED BY parcels.row_id;
    CREATE SEQUENCE nullable_ids;
    CREATE TABLE scraps (id integer DEFAULT nextval('nullable_ids'));
    ALTER SEQUENCE nullable_ids OWNED BY scraps.id;
    GRANT USAGE ON SEQUENCE parcel_ids TO PUBLIC;
    -- and of columns that have it by another name than PostgreSQL gives a new one, or that would be given the same
    CREATE TABLE jobs (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY);
    ALTER TABLE jobs RENAME TO old_jobs;
    CREATE TABLE jobs (id bigint GENERATED ALWAYS AS IDENTITY);
    CREATE TABLE a_b (c int GENERATED ALWAYS AS IDENTITY (START 7)); CREATE TABLE a (b_c int GENERATED ALWAYS AS IDENTITY);
    CREATE TABLE tickets (number int GENERATED BY DEFAULT AS IDENTITY (SEQUENCE NAME "Ticket ids"));
    GRANT USAGE ON SEQUENCE jobs_id_seq TO PUBLIC; COMMENT ON SEQUENCE "Ticket ids" IS 'numbers';
    -- what a partition has of its own
    CREATE UNLOGGED TABLE log_2026 PARTITION OF log (what DEFAULT 'new', CONSTRAINT said CHECK (what <> '')) FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')
      PARTITION BY LIST (what);
    CREATE TABLE log_2026_rest PARTITION OF log_2026 DEFAULT WITH (fillfactor = 50);
    ALTER TABLE log_2025 ALTER COLUMN what SET NOT NULL;
    CREATE TEXT SEARCH CONFIGURATION swedish_too (COPY = english);
    CREATE TEXT SEARCH DICTIONARY "Stem of" (TEMPLATE = snowball, Language = swedish, StopWords = swedish);
    ALTER TEXT SEARCH CONFIGURATION swedish_too ALTER MAPPING FOR word, hword, hword_part WITH "Stem of", simple;
    ALTER TEXT SEARCH CONFIGURATION swedish_too DROP MAPPING FOR url, url_path;
    COMMENT ON TEXT SEARCH CONFIGURATION swedish_too IS 'and Swedish';
    CREATE TABLE searched (body text, words tsvector GENERATED ALWAYS AS (to_tsvector('swedish_too', body)) STORED);
    CREATE INDEX log_2025_what ON log_2025 (lower(what));
    ALTER TABLE log_2025 ADD UNIQUE (at), ADD FOREIGN KEY (at) REFERENCES days (day) NOT VALID;
    CREATE TRIGGER of_all AFTER INSERT ON log FOR EACH ROW EXECUTE FUNCTION shout();
    CREATE TRIGGER of_one AFTER INSERT ON log_2025 FOR EACH ROW EXECUTE FUNCTION shout();
    CREATE VIEW of_2025 AS SELECT what FROM log_2025;
    COMMENT ON TABLE log_2025 IS 'long ago'; COMMENT ON COLUMN log_2025.what IS 'it was';
    ALTER TABLE log_2025 CLUSTER ON log_2025_what;
    CREATE COLLATION careless (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    CREATE TYPE street AS (name text COLLATE "C", city varchar(9) COLLATE careless);
    CREATE TYPE spans AS RANGE (SUBTYPE = text, SUBTYPE_OPCLASS = text_pattern_ops, COLLATION = "C", MULTIRANGE_TYPE_NAME = "Many");
    CREATE TABLE spanned (all_of "Many");
    ALTER TABLE shelves CLUSTER ON "one Each";
    COMMENT ON COLUMN street.name IS 'st'; COMMENT ON INDEX "one Each" IS 'one'; COMMENT ON POLICY mine ON letters IS 'my own';
    COMMENT ON RULE nothing ON letters IS 'keep'; COMMENT ON STATISTICS both_of IS 'both'; COMMENT ON COLLATION careless IS 'AbC';
    GRANT SELECT, INSERT ON letters TO PUBLIC; GRANT UPDATE (what, at), SELECT (what) ON log_2025 TO PUBLIC;
    GRANT CREATE ON SCHEMA public TO pg_monitor;
    GRANT SELECT ON recent TO PUBLIC; GRANT UPDATE (id) ON recent TO PUBLIC;
    ALTER VIEW recent OWNER TO pg_monitor;
    REVOKE ALL ON FUNCTION shout() FROM PUBLIC; REVOKE ALL ON TYPE percent FROM PUBLIC;
    REVOKE ALL ON TYPE mood FROM PUBLIC; COMMENT ON CONSTRAINT in_range ON DOMAIN percent IS 'of a hundred';
    CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
    CREATE EVENT TRIGGER watched ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'DROP INDEX') EXECUTE FUNCTION watch();
    ALTER EVENT TRIGGER watched DISABLE;]],
  mysql = [[
    CREATE TABLE letters (id int NOT NULL AUTO_INCREMENT PRIMARY KEY, body varchar(100), at date) PARTITION BY HASH (id) PARTITIONS 3;
    CREATE TABLE parted (id int) PARTITION BY RANGE (id) (PARTITION a VALUES LESS THAN (9) COMMENT = ' */ ', PARTITION b VALUES LESS THAN MAXVALUE);
    CREATE TABLE caught (a int, b int, c int, PRIMARY KEY USING BTREE (b, a), KEY by_c (c) USING BTREE, KEY by_a (a)) ENGINE = MEMORY;
    CREATE FUNCTION loud(t varchar(100)) RETURNS varchar(101) DETERMINISTIC RETURN CONCAT(UPPER(t), '!');
DELIMITER //
    CREATE PROCEDURE tidy(IN n int)
    BEGIN
      IF n > 0 THEN
        DELETE x FROM letters x JOIN letters y ON x.id = y.id WHERE x.id < n;
      END IF;
    END//
    CREATE TRIGGER shout BEFORE INSERT ON letters FOR EACH ROW BEGIN SET new.body = loud(new.body); SET new.at = '2025-01-01'; END//
DELIMITER ;
    CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DISABLE DO DELETE FROM letters WHERE id < 0;
    CREATE ALGORITHM=MERGE SQL SECURITY INVOKER VIEW few AS SELECT id, body FROM letters WHERE id < 9 WITH CHECK OPTION;
    CREATE VIEW shouted AS SELECT id, loud(body) AS body FROM letters;]],
}
-- { a row, what comes of it }
local answers = {
  sqlite = { "INSERT INTO unread (body) VALUES ('hello world')", "SELECT rowid FROM found WHERE found MATCH 'world'", "1" },
  postgresql = { "INSERT INTO letters (share, body) VALUES (5, 'hi')", "SELECT id || title(letters) FROM letters", "100HI!" },
  mysql = { "INSERT INTO letters (body) VALUES ('hi')", "SELECT body FROM shouted", "HI!!" },
}

for _, dialect in ipairs(servers.dialects) do
  it("takes over what no tool has managed, with all that is in it, on " .. dialect, function()
    local db, fresh, folder = scratch.database(dialect), scratch.database(dialect), scratch.folder()
    db:query(grown[dialect])
    local run = succeeding(folder, db.url)
    run "init"
    local files, said = run "adopt"
    assert.matches("^migrations/%x+_schema_that_was_there%.lua\nschema%.lua\n$", files)
    assert.not_matches("not in it", said)
    for line in io.lines(folder .. "/" .. files:match "[^\n]+") do
      assert.not_matches("public%.", line) -- another search_path is another schema
    end
    run "check"
    run("upgrade", "--url", fresh.url)
    if dialect == "postgresql" then -- it belongs to the one who makes it
      assert.equal("t", fresh:value "SELECT viewowner = current_user FROM pg_views WHERE viewname = 'recent'")
    end
    run("check", "--url", fresh.url)
    assert.equal("", dump.difference(dump.schema(db), dump.schema(fresh)))
    local function besides(...) return (select(2, run("inspect", ...))) end
    assert.equal(besides(), besides("--url", fresh.url))
    fresh:query(answers[dialect][1])
    assert.same({ answers[dialect][3] }, fresh:query(answers[dialect][2]))
    run("downgrade", "base", "--url", fresh.url)
    local nothing, about = run("inspect", "--url", fresh.url)
    assert.equal("return sql.schema {}\n", nothing)
    assert.equal("", about)
    -- the script makes it as well, and life goes on
    fresh:query((run("upgrade", "--sql", "--url", fresh.url)))
    run("check", "--url", fresh.url)
    run("revision", "-m", "next", "--rev-id", "b2")
    run "upgrade"
    run("squash", "b2", "--yes")
    run "check"
    db:drop()
    fresh:drop()
  end)
end

-- What adopt writes of a MySQL database with these objects makes another one that answers the query as the first does, by
-- upgrade and by its script. use: what is done with it in between.
local function adopted_alike(sql, query, use)
  local db, fresh, folder = scratch.database "mysql", scratch.database "mysql", scratch.folder()
  db:query(sql)
  local run, expected = succeeding(folder, db.url), db:query(query)
  run "init"
  run "adopt"
  run("upgrade", "--url", fresh.url)
  assert.same(expected, fresh:query(query))
  if use then use(fresh) end
  run("downgrade", "base", "--url", fresh.url)
  fresh:query((run("upgrade", "--sql", "--url", fresh.url)))
  assert.same(expected, fresh:query(query))
  db:drop()
  fresh:drop()
end

it("makes routines, triggers and events by the sql_mode that they were made in, on mysql", function()
  adopted_alike([[
    CREATE TABLE t (s varchar(3));
    SET sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT';
    CREATE FUNCTION "twofold"(a varchar(9)) RETURNS varchar(20) DETERMINISTIC RETURN a || (SELECT max("s") FROM "t");
    CREATE TRIGGER "t r" BEFORE INSERT ON "t" FOR EACH ROW SET NEW."s" = NEW."s" || '!';
    SET sql_mode = '';
    CREATE PROCEDURE cut() INSERT INTO t VALUES ('abcdef');
    SET sql_mode = DEFAULT;
    CREATE PROCEDURE usual() SELECT 'a\\';]], [[
    SELECT routine_name, sql_mode FROM information_schema.routines WHERE routine_schema = DATABASE()
    UNION SELECT trigger_name, sql_mode FROM information_schema.triggers WHERE trigger_schema = DATABASE() ORDER BY 1]], function(fresh)
    fresh:query "CALL cut()"
    assert.equal("xabc", fresh:value "SELECT twofold('x')")
  end)
end)

for _, mode in ipairs { "ANSI_QUOTES", "ORACLE" } do
  it("reads what schema.lua has no word for in any sql_mode, on mysql: " .. mode, function()
    local db = scratch.database "mysql"
    if mode == "ORACLE" and live.flavour(db) ~= "mariadb" then return db:drop() end
    local fresh = scratch.database "mysql"
    db:query [[
      CREATE TABLE t (id int, PRIMARY KEY (id DESC)) PARTITION BY RANGE (id) (PARTITION `p 0` VALUES LESS THAN (10) COMMENT 'the "first"');
      CREATE EVENT `e v` ON SCHEDULE EVERY 1 DAY STARTS '2031-01-01 00:00:00' DISABLE COMMENT 'it''s' DO DELETE FROM t WHERE id = "1";
      CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW SET NEW.id = NEW.id + 1]]
    local p = project.new { url = db.url, config = ([[session = { "SET sql_mode = '%s'" },]]):format(mode) }
    p:succeed "adopt"
    p:succeed("upgrade", "--url", fresh.url)
    for _, query in ipairs {
      "SELECT partition_name, partition_comment FROM information_schema.partitions WHERE table_schema = DATABASE() AND partition_name = 'p 0'",
      "SELECT event_name, event_comment, event_definition, sql_mode FROM information_schema.events WHERE event_schema = DATABASE()",
      "SELECT trigger_name, action_statement, sql_mode FROM information_schema.triggers WHERE trigger_schema = DATABASE()",
    } do
      assert.same(db:query(query), fresh:query(query))
    end
    db:drop()
    fresh:drop()
  end)
end

it("keeps the order in which triggers fire, and the time zone of an event, on mysql", function()
  adopted_alike([[
    CREATE TABLE t (n int);
    CREATE TRIGGER tenfold BEFORE INSERT ON t FOR EACH ROW SET NEW.n = NEW.n * 10;
    CREATE TRIGGER add_one BEFORE INSERT ON t FOR EACH ROW SET NEW.n = NEW.n + 1;
    SET time_zone = '+05:00';
    CREATE EVENT daily ON SCHEDULE EVERY 1 DAY STARTS '2031-01-01 00:00:00' DO DELETE FROM t;
    SET sql_mode = 'ANSI_QUOTES';
    CREATE EVENT hourly ON SCHEDULE EVERY 1 HOUR STARTS '2031-01-01 00:00:00' DO DELETE FROM "t";]],
    "SELECT event_name, time_zone, starts, sql_mode FROM information_schema.events WHERE event_schema = DATABASE() ORDER BY 1", function(fresh)
    fresh:query "INSERT INTO t VALUES (5)"
    assert.equal(51, tonumber(fresh:value "SELECT n FROM t"))
  end)
end)

it("keeps the options of a VECTOR index, on mysql", function()
  local db = scratch.database "mysql"
  local major, minor = db:value("SELECT version()"):match "^(%d+)%.(%d+)"
  local has_vectors = live.flavour(db) == "mariadb" and tonumber(major) * 100 + tonumber(minor) >= 1107
  db:drop()
  if not has_vectors then return end
  adopted_alike([[CREATE TABLE t (id int PRIMARY KEY, v vector(3) NOT NULL, VECTOR INDEX `i``x` (v) m = 8 distance = cosine, KEY k (id));
    CREATE TABLE u (id int PRIMARY KEY, v vector(3) NOT NULL, VECTOR INDEX (v))]], "SHOW CREATE TABLE t; SHOW CREATE TABLE u")
end)

it("keeps the order of a primary key's columns, on mysql", function()
  adopted_alike([[CREATE TABLE t (a int, b int, d int AUTO_INCREMENT UNIQUE, PRIMARY KEY (a, b DESC)); CREATE TABLE u (id int AUTO_INCREMENT PRIMARY KEY);
    ALTER TABLE u DROP PRIMARY KEY, ADD PRIMARY KEY (id DESC); CREATE TABLE r (id int REFERENCES u (id))]], [[
    SELECT table_name, column_name, seq_in_index, collation FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name IN ('t', 'u') AND index_name = 'PRIMARY' ORDER BY 1, 3]])
end)

it("tells the collation that a new database must have, on mysql", function()
  local db, folder = scratch.database "mysql", scratch.folder()
  db:query "ALTER DATABASE COLLATE latin1_german1_ci; CREATE TABLE t (s varchar(3))"
  local env = { DATABASE_URL = db.url }
  assert.equal(0, cli.run({ "init" }, { cwd = folder, env = env }).code)
  local r = cli.run({ "adopt" }, { cwd = folder, env = env })
  assert.equal(0, r.code, r.stderr)
  assert.matches("not in it: the database's collation, .*COLLATE latin1_german1_ci%)\n", r.stderr)
  db:drop()
end)

it("leaves out the partitions of a versioning that it leaves out, on mariadb", function()
  local db, fresh, folder = scratch.database "mysql", scratch.database "mysql", scratch.folder()
  if live.flavour(db) ~= "mariadb" then return end
  db:query "CREATE TABLE h (a int) WITH SYSTEM VERSIONING PARTITION BY SYSTEM_TIME (PARTITION p HISTORY, PARTITION q CURRENT)"
  local env = { DATABASE_URL = db.url }
  assert.equal(0, cli.run({ "init" }, { cwd = folder, env = env }).code)
  local r = cli.run({ "adopt" }, { cwd = folder, env = env })
  assert.matches("not in it: partitions of h\nnot in it: system versioning of h\n", r.stderr)
  r = cli.run({ "upgrade", "--url", fresh.url }, { cwd = folder, env = env })
  assert.equal(0, r.code, r.stderr)
  db:drop()
  fresh:drop()
end)

it("has nothing to take over in an empty database, nor where revisions are", function()
  local folder = scratch.folder()
  cli.run({ "init" }, { cwd = folder })
  local r = cli.run({ "adopt" }, { cwd = folder })
  assert.equal(2, r.code)
  assert.matches("there is nothing in the database", r.stderr)
  local elsewhere = scratch.database "postgresql"
  elsewhere:query "CREATE SCHEMA queue CREATE TABLE jobs (id int)"
  r = cli.run({ "adopt", "--url", elsewhere.url }, { cwd = folder })
  assert.equal(2, r.code)
  assert.matches("include_schemas = true takes the schemas along that are there: queue", r.stderr)
  elsewhere:drop()
  cli.run({ "revision", "-m", "first", "--rev-id", "a1" }, { cwd = folder })
  r = cli.run({ "adopt" }, { cwd = folder })
  assert.equal(2, r.code)
  assert.matches("the project has revisions already", r.stderr)
end)
