-- What mysqldump and mariadb-dump write: statements in comments for certain servers, and LOCK TABLES.
local dump = require "spec.support.dump"
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"

it("a dump makes the same live and by a script", function()
  local live, scripted = scratch.database "mysql", scratch.database "mysql"
  local p = project.new { url = live.url }
  p:write("dump.sql", [[
    /*!40101 SET @saved_cs_client = @@character_set_client */;
    CREATE TABLE `t` (`a` varchar(9));
    /*!50003 SET @saved_sql_mode = @@sql_mode */ ;
    /*!50003 SET sql_mode = 'PIPES_AS_CONCAT' */ ;
    /*!50003 CREATE*/ /*!50003 TRIGGER `loud` BEFORE INSERT ON `t` FOR EACH ROW BEGIN SET NEW.a = NEW.a || '!;'; SET @seen = 1; END */;;
    /*!50003 SET sql_mode = @saved_sql_mode */ ;
    /*!50106 CREATE*/ /*!50106 EVENT `nightly` ON SCHEDULE EVERY 1 DAY DISABLE DO BEGIN DELETE FROM t; SET @seen = 2; END */ ;;
    CREATE PROCEDURE `twice`() BEGIN INSERT INTO t VALUES ('a'); INSERT INTO t VALUES ('b'); END ;;]])
  p:revision { id = "a1", upgrade = 'op.execute_file "dump.sql"' }
  local r = p:luamig "upgrade"
  assert.equal(0, r.code, r.stderr)
  r = p:luamig("upgrade", "--sql", "--url", scripted.url)
  assert.equal(0, r.code, r.stderr)
  scripted:query(r.stdout)
  for _, db in ipairs { live, scripted } do
    db:query "CALL twice()"
    assert.same({ "a!;", "b!;" }, db:query "SELECT a FROM t ORDER BY a")
    assert.equal("nightly", db:value "SELECT event_name FROM information_schema.events WHERE event_schema = DATABASE()")
  end
  assert.equal("", dump.difference(dump.schema(live), dump.schema(scripted)))
  live:drop()
  scripted:drop()
end)

it("LOCK TABLES around a change of the schema is told by what to do", function()
  local db = scratch.database "mysql"
  local p = project.new { url = db.url }
  db:query "CREATE TABLE t (a INTEGER)"
  p:revision { id = "a1", upgrade = [[op.execute "LOCK TABLES t WRITE; ALTER TABLE t DISABLE KEYS; UNLOCK TABLES"]] }
  local r = p:luamig "upgrade"
  assert.equal(1, r.code)
  assert.matches("luamig's own too: leave it out (mysqldump --skip-add-locks)", r.stderr, 1, true)
  db:drop()
end)
