-- A text of several statements that is cut in between: what it has set in the session holds for the rest of it.
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"

for call, text in pairs { ["op.execute"] = "op.execute(%q)", ["conn:execute"] = "op.get_bind():execute(%q)" } do
  it("goes on with the session that it had, by " .. call, function()
    local db = scratch.database "mysql"
    local p = project.new { url = db.url }
    p:revision { id = "a1", upgrade = text:format [[
      /*M!999999\- enable the sandbox mode */
      -- MariaDB dump 10.19
      /*!40014 SET @n = 7, foreign_key_checks = 0 */;
      CREATE TABLE t (n INTEGER);
      -- as mysqldump has it
      /*!40014 SET @n = @n + 1 */;
      CREATE TABLE child (id INTEGER REFERENCES other (id), v INTEGER);
      INSERT INTO later SELECT @n, @@foreign_key_checks;
      INSERT INTO t SELECT @n]] }
    for _ = 1, 2 do
      local r = p:luamig "upgrade"
      assert.equal(1, r.code)
      assert.matches("half applied", r.stderr, 1, true)
    end
    db:query "CREATE TABLE later (n INTEGER, k INTEGER)"
    local r = p:luamig "upgrade"
    assert.equal(0, r.code, r.stderr)
    assert.same({ "8\t0" }, db:query "SELECT n, k FROM later")
    assert.same({ "8" }, db:query "SELECT n FROM t")
    db:drop()
  end)
end

it("goes on with bytes that are no text, as mysqldump writes them", function()
  local db = scratch.database "mysql"
  local p = project.new { url = db.url }
  p:write("dump.sql", "CREATE TABLE t (n INTEGER, b VARBINARY(9));\
INSERT INTO t VALUES (1, _binary '\255\254');\
CREATE TABLE other (n INTEGER);\
INSERT INTO later VALUES (_binary '\255');\
INSERT INTO t VALUES (2, _binary '\253');")
  p:revision { id = "a1", upgrade = 'op.execute_file("dump.sql")' }
  local r = p:luamig "upgrade"
  assert.matches("later' doesn't exist", r.stderr, 1, true)
  db:query "CREATE TABLE later (b VARBINARY(9))"
  r = p:luamig "upgrade"
  assert.equal(0, r.code, r.stderr)
  assert.same({ "1\tFFFE", "2\tFD" }, db:query "SELECT n, hex(b) FROM t ORDER BY n")
  assert.equal("FF", db:value "SELECT hex(b) FROM later")
  db:drop()
end)
