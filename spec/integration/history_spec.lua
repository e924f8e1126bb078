-- What luamig_history is for: the downgrade of a revision whose file is gone.
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"

for _, dialect in ipairs { "sqlite", "postgresql", "mysql" } do
  it("goes down from the stored source on " .. dialect, function()
    local db = scratch.database(dialect)
    local p = project.new { url = db.url }
    p:revision { id = "aaaa1", upgrade = "op.create_table('t', { { 'id', sql.integer, primary_key = true } })", downgrade = "op.drop_table 't'" }
    local path = p:revision { id = "bbbb2", down = "aaaa1", upgrade = "op.add_column('t', { 'b', sql.integer })", downgrade = "op.drop_column('t', 'b')" }
    local r = p:luamig "upgrade"
    assert.equal(0, r.code, r.stderr)
    assert(os.remove(path:sub(1, 1) == "/" and path or p.path .. "/" .. path))

    r = p:luamig("downgrade", "aaaa1")
    assert.equal(2, r.code, r.stderr)
    assert.matches("bbbb2", r.stderr)

    r = p:luamig("downgrade", "aaaa1", "--from-history")
    assert.equal(0, r.code, r.stderr)
    assert.equal("aaaa1", db:value "SELECT version_num FROM luamig_version")
    assert.is_false((pcall(db.query, db, "SELECT b FROM t")))
    assert.same({ "aaaa1\tupgrade", "bbbb2\tupgrade", "bbbb2\tdowngrade" }, db:query "SELECT revision, direction FROM luamig_history ORDER BY id")
    db:drop()
  end)
end

it("runs a stored source whose header is computed, and none that is another revision's", function()
  local db = scratch.database "sqlite"
  local p = project.new { url = db.url }
  p:write("migrations/one.lua", [[
local year = "2026"
revision = year .. "a1"
down_revision = nil
function upgrade() op.create_table("t", { { "id", sql.integer } }) end
function downgrade() op.drop_table "t" end]])
  assert.equal(0, p:luamig("upgrade").code)
  assert(os.remove(p.path .. "/migrations/one.lua"))
  db:query "UPDATE luamig_history SET source = replace(source, '2026', '2027')"
  local r = p:luamig("downgrade", "base", "--from-history")
  assert.equal(2, r.code, r.stderr)
  assert.matches("has of '2026a1' says that it is '2027a1'", r.stderr, 1, true)
  db:query "UPDATE luamig_history SET source = replace(source, '2027', '2026')"
  r = p:luamig("downgrade", "base", "--from-history")
  assert.equal(0, r.code, r.stderr)
  assert.equal("0", db:value "SELECT count(*) FROM sqlite_master WHERE name = 't'")
  db:drop()
end)
