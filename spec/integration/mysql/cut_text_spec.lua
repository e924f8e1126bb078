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
