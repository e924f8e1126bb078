-- The connection breaks: at each exchange with the server in turn, before the server saw what was asked or after it, when
-- only the answer is lost (a COMMIT too, of which the client then cannot know); or the server ends the session. What the
-- runner says of it is what the database holds, and `upgrade` goes on.
local internals = require "luamig_internals"
local lfs = require "lfs"
local process = require "spec_process"
local project = require "spec.support.project"
local proxy = require "spec.support.proxy"
local scratch = require "spec.support.scratch"
local servers = require "spec.support.servers"
local torture = require "spec.support.torture"

local CUTS = torture.kills(3)

-- The version rows as the client of the server sees them must be those that the runner names.
local function tells_the_truth(db, r, what)
  local version = db:value("SELECT count(*) FROM information_schema.tables WHERE table_name = 'luamig_version' AND table_schema = "
    .. (db.dialect == "mysql" and "database()" or "current_schema()")) ~= "0" and db:value "SELECT max(version_num) FROM luamig_version"
  local applied = version == "t0rture00001"
  assert.equal(1, r.code, what .. r.stderr)
  assert.matches("connect", r.stderr)
  if r.stderr:find "still at base" or r.stderr:find "version table says base" or r.stderr:find "half applied" then
    assert.is_false(applied, what .. r.stderr)
  end
  if applied then assert.matches("t0rture00001", r.stderr:match "State:[^\n]*" or r.stderr, what) end
end

for _, dialect in ipairs { "postgresql", "mysql" } do
  describe("a connection to " .. dialect, function()
    local expected, duration, exchanges
    setup(function()
      local calm = scratch.database(dialect)
      expected, duration = torture.calm(calm)
      calm:drop()
      local db = scratch.database(dialect)
      torture.fill(db)
      local through = proxy.start(db.url, "none")
      torture.finish(torture.project(), { url = through.url })
      exchanges = through:stop()
      db:drop()
    end)

    for _, mode in ipairs { "lose", "answer" } do
      it(("that is cut at one exchange after the other (%s)"):format(mode), function()
        local p, step = torture.project(), math.max(1, exchanges // CUTS)
        local places, cuts = {}, 0
        for at = step == 1 and 1 or math.random(step), exchanges, step do places[#places + 1] = at end
        for at = mode == "answer" and exchanges - 6 or exchanges + 1, exchanges do
          places[#places + 1] = at -- the last COMMIT is among them
        end
        for _, at in ipairs(places) do
          local what = ("cut at exchange %d of %d (%s): "):format(at, exchanges, mode)
          local db = scratch.database(dialect)
          torture.fill(db)
          local through = proxy.start(db.url, mode, at)
          local r = p:luamig("upgrade", { env = { LUAMIG_URL = through.url } })
          through:stop()
          if r.code ~= 0 then tells_the_truth(db, r, what) end
          cuts = cuts + 1
          torture.finish(p, db)
          assert.same(expected, torture.state(db), what)
          db:drop()
        end
        torture.count(("connections cut (%s), %s"):format(mode, dialect), cuts)
      end)
    end

    it("whose session the server ends", function()
      local p, cuts, rounds = torture.project(), 0, 0
      while cuts < CUTS and rounds < CUTS * 20 do
        rounds = rounds + 1
        local db = scratch.database(dialect)
        torture.fill(db)
        local admin = assert(internals.driver.open(db.url))
        local function disturb()
          if dialect == "postgresql" then
            assert(admin:execute "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
            return
          end
          local sql = "SELECT max(id) FROM information_schema.processlist WHERE db = database() AND id <> connection_id()"
          local id = admin:scalar(sql)
          if math.type(id) then admin:execute("KILL CONNECTION " .. id) end
        end
        cuts = cuts + torture.disturb(p, db, duration, disturb, function() end, function(r) tells_the_truth(db, r, "") end)
        admin:close()
        assert.same(expected, torture.state(db))
        db:drop()
      end
      torture.count("sessions ended by the server, " .. dialect, cuts)
      assert.is_true(cuts >= CUTS, cuts .. " cuts")
    end)

    local SLEEP = dialect == "postgresql" and "SELECT pg_sleep(60)" or "DO SLEEP(60)"

    local function asleep(db)
      local p = project.new { url = db.url }
      p:revision { id = "aaaa1", upgrade = ("op.execute '%s'"):format(SLEEP) }
      return p
    end

    local function until_running(eye)
      local sql = dialect == "postgresql" and "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%%%s%%' AND datname = '%s' AND pid <> pg_backend_pid()"
        or "SELECT count(*) FROM information_schema.processlist WHERE info LIKE '%%%s%%' AND db = '%s' AND id <> connection_id()"
      return function(name)
        local query = sql:format(dialect == "postgresql" and "pg_sleep(60" or "SLEEP(60", name)
        for _ = 1, 1500 do
          if eye:scalar(query) == 1 then return end
          process.sleep(0.02)
        end
        error "the statement never ran"
      end
    end

    it("that does not answer any more is given up at the second signal", function()
      local db = scratch.database(dialect)
      local eye = assert(internals.driver.open(servers.url(dialect)))
      local calls = proxy.start(db.url, "none")
      local p = asleep(db)
      local counting = p:start("upgrade", "--url", calls.url)
      until_running(eye)(db.name)
      counting:kill "KILL"
      counting:wait()
      local number = calls:stop()
      db:drop()
      db = scratch.database(dialect)
      local through = proxy.start(db.url, "stall", number)
      local run = p:start("upgrade", "--url", through.url)
      until_running(eye)(db.name)
      run:kill "TERM"
      process.sleep(0.3)
      run:kill "TERM"
      local r = run:wait(20)
      assert.is_nil(r.timed_out or nil, "it waits for an answer that never comes")
      assert.is_true(r.code == 143 or r.signal == 15, r.stderr)
      through:stop()
      eye:close()
      db:drop()
    end)

    -- while something is on its way, no keepalive is sent, and the system tries again for a quarter of an hour
    it("gives up on what nobody acknowledges within a minute", function()
      local function sockets()
        local found = {}
        for name in lfs.dir "/proc/self/fd" do
          local fd = math.tointeger(tonumber(name))
          local ms = fd and process.unheard(fd)
          if ms then found[lfs.symlinkattributes("/proc/self/fd/" .. name, "target")] = ms end
        end
        return found
      end
      local before = sockets()
      local conn = assert(internals.driver.open(servers.url(dialect)))
      local more = 0
      for inode, ms in pairs(sockets()) do
        if not before[inode] then
          more = more + 1
          assert.equal(60000, ms)
        end
      end
      assert.equal(1, more)
      conn:close()
    end)

    it("is kept alive, so that a peer that is gone is noticed within a minute", function()
      local db = scratch.database(dialect)
      local eye = assert(internals.driver.open(servers.url(dialect)))
      local run = asleep(db):start "upgrade"
      until_running(eye)(db.name)
      local port, inodes = (":%04X"):format(servers.parse(db.url).port), {}
      for name in lfs.dir(("/proc/%d/fd"):format(run.pid)) do
        local target = lfs.symlinkattributes(("/proc/%d/fd/%s"):format(run.pid, name), "target")
        local inode = target and target:match "^socket:%[(%d+)%]"
        if inode then inodes[inode] = true end
      end
      local seconds
      for _ = 1, 200 do -- for a moment the timer is that of a packet on its way
        for line in io.lines "/proc/net/tcp" do
          local remote, timer, ticks, inode = line:match "^%s*%d+: %S+ (%S+) 01 %S+ (%x+):(%x+) %S+%s+%d+%s+%d+ (%d+)"
          if remote and remote:sub(-5) == port and inodes[inode] and timer == "02" then seconds = tonumber(ticks, 16) / 100 end
        end
        if seconds then break end
        process.sleep(0.02)
      end
      run:kill "KILL"
      run:wait()
      eye:close()
      db:drop()
      assert.is_truthy(seconds, "no keepalive timer on the connection")
      assert.is_true(seconds <= 31, seconds .. " s")
    end)
  end)
end
