-- What the torture specs do to a database: a migration of which no part may happen twice, and what it must leave.
--
--   torture.kills(n), torture.rounds(n)   how often, unless ./dev torture says otherwise
--   torture.count(what, n)                a total for ./dev torture to print: "kills of the server, mysql", 12
--   torture.project() → a project with the migration, with a lock timeout of a minute
--   torture.fill(db)  torture.state(db)   what the migration finds; what it left, as lines of text
--   torture.calm(db)                      fills it and migrates undisturbed → the state, the seconds that it took
--   torture.finish(p, db)                 upgrades until it is done, which nothing may keep from succeeding
--   torture.recover(p, db, r)             the same after an upgrade that ended with r, which may ask what was carried out
local process = require "spec_process"
local project = require "spec.support.project"

local torture = {}

function torture.kills(number) return math.tointeger(tonumber(os.getenv "LUAMIG_TORTURE_KILLS" or number)) end

function torture.rounds(number) return math.tointeger(tonumber(os.getenv "LUAMIG_TORTURE_ROUNDS" or number)) end

function torture.count(what, number)
  local path = os.getenv "LUAMIG_TORTURE_TOTALS"
  if not path or path == "" then return end
  local file = assert(io.open(path, "a"))
  file:write(number, "\t", what, "\n")
  file:close()
end

local MIGRATION = [[
-- twelve parts, none of which may happen twice
revision = "t0rture00001"
down_revision = nil

function upgrade()
  local conn = op.get_bind()
  op.create_table("log", { { "id", sql.integer, primary_key = true }, { "n", sql.integer, nullable = false } })
  op.execute "UPDATE counters SET n = n + 1 WHERE name = 'first'"
  op.add_column("log", { "label", sql.string(40) })
  op.bulk_insert("log", { { n = 1, label = "one" }, { n = 2, label = "two" }, { n = 3, label = sql.null } })
  local before = conn:scalar "SELECT n FROM counters WHERE name = 'branch'"
  op.execute "UPDATE counters SET n = n + 1 WHERE name = 'branch'"
  op.commit()
  if before == 0 then
    op.create_table("went_right", { { "id", sql.integer, primary_key = true } })
  else
    op.create_table("went_wrong", { { "id", sql.integer, primary_key = true } })
  end
  for row in conn:rows "SELECT id, n FROM log ORDER BY id" do
    conn:execute("INSERT INTO copies (n) VALUES (:n)", { n = row.n * 10 })
  end
  op.create_index("ix_items_n", "items", { "n" }, { concurrently = true })
  op.backfill { table = "items", set = { n = sql.expr "n + 1" }, batch_size = 40 }
  op.autocommit_block(function()
    op.execute "UPDATE counters SET n = n + 1 WHERE name = 'alone'"
    op.execute "UPDATE counters SET n = n * 2 + 1 WHERE name = 'alone'"
  end)
  op.add_column("copies", { "tag", sql.string(36) })
  local tag = op.uuid()
  op.execute("UPDATE copies SET tag = :tag", { tag = tag })
  op.commit()
  op.execute("UPDATE counters SET n = n + (SELECT count(*) FROM copies WHERE tag = :tag) WHERE name = 'tagged'", { tag = tag })
  op.drop_column("log", "label")
  op.rename_column("log", "n", "number")
  op.execute "UPDATE counters SET n = n + 1 WHERE name = 'last'"
end

function downgrade() end
]]

local SETUP = [[
CREATE TABLE counters (name VARCHAR(20) PRIMARY KEY, n INTEGER NOT NULL);
INSERT INTO counters VALUES ('first', 0), ('branch', 0), ('alone', 0), ('tagged', 0), ('last', 0);
CREATE TABLE copies (n INTEGER NOT NULL);
CREATE TABLE items (id INTEGER PRIMARY KEY, n INTEGER NOT NULL);
]]

function torture.project()
  return project.new { url = "${LUAMIG_URL}", config = "lock_timeout = '60s',", files = { ["migrations/torture.lua"] = MIGRATION } }
end

function torture.fill(db)
  local rows = {}
  for i = 1, 400 do rows[i] = ("(%d, %d)"):format(i * 3, i) end
  db:query(SETUP .. "INSERT INTO items VALUES " .. table.concat(rows, ", ") .. ";")
end

-- Without what is another one each time: ids, whose counter does not roll back everywhere, and the tag itself. An index
-- that is there but was not finished counts as none.
local parts = {
  "SELECT name, n FROM counters ORDER BY name",
  "SELECT n FROM copies ORDER BY n",
  "SELECT count(DISTINCT tag) FROM copies",
  "SELECT count(*), sum(n), min(n), max(n) FROM items",
  "SELECT number FROM log ORDER BY number",
  "SELECT count(*) FROM went_right",
  "SELECT version_num FROM luamig_version",
  "SELECT count(*) FROM luamig_journal",
  "SELECT count(*) FROM luamig_history",
}
local schema = {
  sqlite = "SELECT name FROM pragma_table_info('log') UNION ALL SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL",
  postgresql = [[SELECT column_name FROM information_schema.columns WHERE table_name = 'log' UNION ALL
    SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indisvalid AND c.relname = 'ix_items_n'
    UNION ALL SELECT relname FROM pg_class WHERE relname LIKE '%ccnew%']],
  mysql = [[SELECT column_name FROM information_schema.columns WHERE table_name = 'log' AND table_schema = database() UNION ALL
    SELECT DISTINCT index_name FROM information_schema.statistics WHERE index_name = 'ix_items_n' AND table_schema = database() UNION ALL
    SELECT table_name FROM information_schema.tables WHERE table_name = 'went_wrong' AND table_schema = database()]],
}

function torture.state(db)
  local script = {}
  for i, sql in ipairs(parts) do script[i] = ("SELECT '%s';\n%s;\n"):format("= " .. sql:gsub("'", "''"), sql) end
  local out = db:query(table.concat(script)) -- at once: a client's start costs more than all of them
  local names = db:query(schema[db.dialect])
  table.sort(names)
  table.move(names, 1, #names, #out + 1, out)
  return out
end

function torture.finish(p, db)
  local r = p:luamig("upgrade", { env = { LUAMIG_URL = db.url }, timeout = 120 })
  assert(r.code == 0, ("upgrade did not go on: exit %s\n%s"):format(r.code or r.signal, r.stderr))
end

function torture.recover(p, db, r)
  if r.code == 5 then -- what cannot be told is asked
    local step = assert(r.stderr:match "step (%d+) of", r.stderr)
    local repaired = p:luamig("repair", "t0rture00001", "--step", step, "--not-applied", { env = { LUAMIG_URL = db.url } })
    assert(repaired.code == 0, repaired.stderr)
  end
  torture.finish(p, db)
end

function torture.calm(db)
  torture.fill(db)
  local began = process.now()
  torture.finish(torture.project(), db)
  return torture.state(db), process.now() - began
end

-- Starts an upgrade, breaks it at a random moment by disturb(process) and mends it by mend(), until an undisturbed one is
-- done with it; → how often it ended before it was done, and what each of those said.
--   accept(result): raises when a run that was disturbed ended in a way it must not
function torture.disturb(p, db, duration, disturb, mend, accept)
  local broken = 0
  for _ = 1, 40 do
    local run = p:start("upgrade", { env = { LUAMIG_URL = db.url } })
    process.sleep(math.random() * duration * 1.1)
    disturb(run)
    local r = run:wait(120)
    mend()
    if r.code == 0 then return broken end
    broken = broken + 1
    accept(r)
  end
  torture.finish(p, db)
  return broken
end

return torture
