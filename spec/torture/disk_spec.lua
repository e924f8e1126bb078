-- The disk is full: one clear error, nothing lost, no file cut in half, and `upgrade` goes on once there is room again.
local cli = require "spec.support.cli"
local disk = require "spec.support.disk"
local internals = require "luamig_internals"
local lfs = require "lfs"
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"
local servers = require "spec.support.servers"
local torture = require "spec.support.torture"

-- A database on a small disk → the database, the disk, and what takes both away again.
local small = {}

function small.sqlite()
  local d = disk.new(2)
  local path = d.path .. "/small.db"
  local db = scratch.database "sqlite"
  db.name, db.url, db.parts = path, "sqlite:///" .. path, { path = path }
  return db, d, function() d:close() end
end

-- In a tablespace, so that the log of the server, which all the specs share, has room as ever.
function small.postgresql()
  local db = scratch.database "postgresql"
  local admin = assert(internals.driver.open(servers.url "postgresql"))
  local d = disk.new(16, { owner = admin:scalar "SHOW data_directory" })
  assert(admin:execute(("CREATE TABLESPACE %s LOCATION '%s'"):format(db.name, d.path)))
  assert(admin:execute(("ALTER DATABASE %s SET TABLESPACE %s"):format(db.name, db.name)))
  return db, d, function()
    db:drop()
    assert(admin:execute("DROP TABLESPACE " .. db.name))
    admin:close()
    d:close()
  end
end

function small.mysql()
  local db = scratch.database "mysql"
  local folder = db:value "SELECT @@datadir" .. db.name
  local file = assert(io.open(folder .. "/db.opt", "rb"))
  local options = file:read "a"
  file:close()
  local d = disk.new(8, { path = folder, owner = folder })
  file = assert(io.open(folder .. "/db.opt", "wb"))
  file:write(options)
  file:close()
  return db, d, function()
    d:free()
    for _, name in ipairs(db:query "SHOW TABLES") do db:query("DROP TABLE " .. name) end
    d:close()
    db:drop()
  end
end

-- Text that no database makes shorter.
local MIGRATION = [[
-- more than there is room for, in the middle of what must not happen twice
revision = "t0rture00001"
down_revision = nil

local function noise()
  local out = {}
  for i = 1, 60000 do out[i] = string.char(math.random(97, 122)) end
  return table.concat(out)
end

function upgrade()
  op.execute "UPDATE counters SET n = n + 1 WHERE name = 'first'"
  op.create_table("big", { { "id", sql.integer, primary_key = true }, { "data", sql.text } })
  op.commit()
  op.execute "UPDATE counters SET n = n + 1 WHERE name = 'branch'"
  for i = 1, 20 do op.bulk_insert("big", { { id = i, data = noise() } }) end
  op.execute "UPDATE counters SET n = n + 1 WHERE name = 'last'"
end

function downgrade() end
]]

for _, dialect in ipairs(servers.dialects) do
  describe("a full disk under " .. dialect, function()
    local db, d, close
    before_each(function()
      db, d, close = small[dialect]()
      torture.fill(db)
    end)
    after_each(function() close() end)

    local function upgrade(left)
      local p = project.new { url = db.url, files = { ["migrations/torture.lua"] = MIGRATION } }
      d:fill(left)
      local r = p:luamig("upgrade", { timeout = 60 })
      assert.equal(1, r.code, r.stderr)
      assert.matches("hint[^\n]* disk", r.stderr)
      assert.is_true(#r.stderr < 6000, "the statement is cut")
      d:free()
      torture.finish(p, db)
      assert.same({ "branch\t1", "first\t1", "last\t1" },
        db:query "SELECT name, n FROM counters WHERE name IN ('first', 'branch', 'last') ORDER BY name")
      assert.equal("20\t1200000", db:value "SELECT count(*), sum(length(data)) FROM big")
      assert.equal("0", db:value "SELECT count(*) FROM luamig_journal")
      torture.count("full disks, " .. dialect, 1)
      return r.stderr
    end

    it("before the first statement", function()
      assert.is_nil(upgrade():find("half applied", 1, true))
    end)

    it("in the middle", function()
      local text = upgrade(900)
      assert.matches("revision  t0rture00001", text)
      assert.matches("half applied", text)
    end)
  end)
end

describe("a full disk under the project", function()
  local d, p
  before_each(function()
    d = disk.new(1)
    p = project.new { url = "sqlite::memory:" }
    p:revision { id = "aaaa1", upgrade = "" }
    p:revision { id = "bbbb2", down = "aaaa1", upgrade = "" }
    p:revision { id = "cccc3", down = "aaaa1", upgrade = "" }
    p:write("luamig.conf.lua", ("return { url = 'sqlite::memory:', migrations = %q }\n"):format(d.path))
    assert(os.execute(("cp '%s'/migrations/* '%s'"):format(p.path, d.path)))
    d:fill()
  end)
  after_each(function() d:close() end)

  local function files()
    local names = {}
    for name in lfs.dir(d.path) do names[#names + 1] = name end
    table.sort(names)
    return names
  end

  for _, command in ipairs { { "revision", "-m", "one more", "--head", "bbbb2" }, { "merge", "heads", "-m", "both" } } do
    it("fails " .. command[1] .. " and leaves no part of a file", function()
      local before = files()
      local r = p:luamig(table.unpack(command))
      assert.equal(1, r.code, r.stderr)
      assert.matches("No space left on device", r.stderr)
      assert.same(before, files())
      d:free()
      assert.equal(0, p:luamig(table.unpack(command)).code)
    end)
  end
end)

it("output that has no room is an error", function()
  local p = project.new {}
  p:revision { id = "aaaa1", upgrade = 'op.create_table("t", { { "id", sql.integer } })' }
  assert.equal(0, p:luamig("upgrade").code)
  for _, args in ipairs {
    { "upgrade", "aaaa1", "--sql" }, { "inspect" }, { "inspect", "--json" }, { "history" }, { "current" }, { "--help" },
    { "completion", "bash" }, -- larger than the buffer
  } do
    local what = table.concat(args, " ")
    local r = cli.run({ "-c", 'exec "$0" "$@" >/dev/full', cli.program, table.unpack(args) }, { program = "sh", cwd = p.path })
    assert.equal(1, r.code, what .. ": " .. r.stderr)
    assert.matches("No space left on device", r.stderr, what)
  end
end)
