-- SIGKILL at random moments of a migration that must not do anything twice; then again, until it is done: schema and data are
-- those of a run that nobody disturbed. LUAMIG_TORTURE_KILLS: how many kills a database must have seen (12).
local process = require "spec_process"
local scratch = require "spec.support.scratch"

local KILLS = tonumber(os.getenv "LUAMIG_TORTURE_KILLS" or "12")

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

local function fill(db)
  local rows = {}
  for i = 1, 400 do rows[i] = ("(%d, %d)"):format(i * 3, i) end
  db:query(SETUP .. "INSERT INTO items VALUES " .. table.concat(rows, ", ") .. ";")
end

-- What the migration leaves, without what is another one each time.
local function state(db)
  local parts = {
    "SELECT name, n FROM counters ORDER BY name",
    "SELECT n FROM copies ORDER BY n",
    "SELECT count(DISTINCT tag) FROM copies",
    "SELECT count(*), sum(n), min(n), max(n) FROM items",
    "SELECT number FROM log ORDER BY number", -- not the ids: their counter does not roll back everywhere
    "SELECT count(*) FROM went_right",
    "SELECT version_num FROM luamig_version",
    "SELECT count(*) FROM luamig_journal",
    "SELECT count(*) FROM luamig_history",
  }
  local out = {}
  for i, sql in ipairs(parts) do out[i] = table.concat(db:query(sql), "|") end
  return out
end

local function project()
  local folder = scratch.folder()
  assert(os.execute("mkdir " .. folder .. "/migrations"))
  local file = assert(io.open(folder .. "/migrations/torture.lua", "w"))
  file:write(MIGRATION)
  file:close()
  file = assert(io.open(folder .. "/luamig.conf.lua", "w"))
  file:write 'return { url = "${TORTURE_URL}", lock_timeout = "60s" }\n'
  file:close()
  return folder
end

local function start(folder, url)
  local env = { "TORTURE_URL=" .. url }
  for name, value in pairs(process.environ()) do env[#env + 1] = name .. "=" .. value end
  return process.start {
    argv = { package.loaded["spec.build"] .. "/luamig", "-c", folder .. "/luamig.conf.lua", "upgrade" },
    env = env, stdout = folder .. "/out", stderr = folder .. "/err",
  }
end

local function read(path)
  local file = assert(io.open(path))
  local text = file:read "a"
  file:close()
  return text
end

for _, dialect in ipairs { "sqlite", "postgresql", "mysql" } do
  it(("%d kills on %s change nothing"):format(KILLS, dialect), function()
    local folder = project()
    local calm = scratch.database(dialect)
    fill(calm)
    local began = process.now()
    local how, code = process.wait(start(folder, calm.url))
    assert.same({ "exit", 0 }, { how, code }, read(folder .. "/err"))
    local duration = process.now() - began
    local expected = state(calm)
    calm:drop()

    local kills, rounds = 0, 0
    while kills < KILLS and rounds < KILLS * 20 do
      rounds = rounds + 1
      local db = scratch.database(dialect)
      fill(db)
      local finished = false
      for _ = 1, 60 do
        local pid = start(folder, db.url)
        process.sleep(math.random() * duration * 1.1)
        process.kill(pid, "KILL")
        how, code = process.wait(pid)
        if how == "exit" then
          assert.equal(0, code, read(folder .. "/err"))
          finished = true
          break
        end
        kills = kills + 1
      end
      if not finished then
        how, code = process.wait(start(folder, db.url))
        assert.same({ "exit", 0 }, { how, code }, read(folder .. "/err"))
      end
      assert.same(expected, state(db))
      db:drop()
    end
    assert.is_true(kills >= KILLS, kills .. " kills")
  end)
end
