-- No password in anything that is printed or stored, whatever is wrong with the URL or the command line.
local cli = require "spec.support.cli"
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"
local servers = require "spec.support.servers"

local SECRET = "s3cr3t"

for _, dialect in ipairs { "postgresql", "mysql" } do
  local at = servers.parse(servers.url(dialect))
  local host = ("%s:%s"):format(at.host, at.port)
  local wrong = {
    "luamig:s3cr3t@" .. host .. "/luamig", -- the password
    "luamig:s3cr3t@127.0.0.1:1/luamig", "luamig:s3cr3t@no.host.invalid/luamig",
    "luamig:s3cr3t@" .. host .. "/no_such_database", "luamig:s3cr3t@" .. host .. ":9/luamig", "luamig:s3cr3t@127.0.0.1:port/luamig",
    "luamig:s3cr3t/x@" .. host .. "/luamig", "luamig:s3cr3t@x@" .. host .. "/luamig", "luamig:s3cr3t#x@" .. host .. "/luamig",
    "luamig:s3cr3t%zz@" .. host .. "/luamig", "luamig:s3cr3t@[::1/luamig", "luamig:s3cr3t%40x@" .. host .. "/luamig?no_such_option=1",
    dialect == "postgresql" and host .. "/luamig?user=luamig&password=s3cr3t" or "luamig:s3cr3t@" .. host .. "/luamig?ssl-mode=odd",
  }

  it("no error about a URL has it, on " .. dialect, function()
    local p = project.new()
    p:revision { id = "a1" }
    for _, rest in ipairs(wrong) do
      for _, more in ipairs { {}, { "-v" }, { "--json" } } do
        local r = p:luamig("upgrade", "--url", dialect .. "://" .. rest, table.unpack(more))
        assert.is_true(r.code == 1 or r.code == 2, rest)
        assert.is_nil((r.stdout .. r.stderr):find(SECRET, 1, true), r.stdout .. r.stderr)
      end
    end
  end)

  it("nothing that a run prints or stores has it, on " .. dialect, function()
    local db = scratch.database(dialect)
    local create = dialect == "mysql" and "CREATE USER %s IDENTIFIED BY '%s'; GRANT ALL ON %s.* TO %s"
      or "CREATE ROLE %s LOGIN PASSWORD '%s'; GRANT ALL ON DATABASE %s TO %s; GRANT ALL ON SCHEMA public TO " .. "user_" .. db.name:sub(-12)
    local user = "user_" .. db.name:sub(-12)
    db:query(create:format(user, SECRET, db.name, user))
    local p = project.new { url = db.url:gsub("//[^@]*@", "//" .. user .. ":${DB_PASSWORD}@"), config = [[hooks = {
      before_migration = function(step) for key, value in pairs(step) do print(key, value) end end,
      on_error = function(step, err) for key, value in pairs(err) do print(key, value) end end },]] }
    p:revision { id = "a1", upgrade = 'op.create_table("t", { { "id", sql.integer, primary_key = true } })' }
    p:revision { id = "b2", down = "a1", upgrade = 'op.execute "CREATE TABLE u (a INTEGER)" op.commit() op.execute "INSERT INTO nowhere VALUES (1)"' }
    local said = {}
    for _, words in ipairs {
      { "upgrade", "-v" }, { "upgrade", "--json" }, { "status" }, { "status", "--json" }, { "current", "-v" }, { "history", "-v" }, { "show", "a1" },
      { "plan" }, { "unlock" }, { "downgrade", "current", "-v" }, { "downgrade", "base", "-v" }, { "upgrade", "a1", "--sql" }, { "inspect" },
    } do
      local r = p:luamig(table.unpack(words))
      said[#said + 1] = r.stdout .. r.stderr
      words[#words + 1] = { env = { DB_PASSWORD = SECRET } }
      r = p:luamig(table.unpack(words))
      said[#said + 1] = r.stdout .. r.stderr
    end
    for _, name in ipairs { "history", "journal", "lock" } do
      for _, row in ipairs(db:query("SELECT * FROM luamig_" .. name)) do said[#said + 1] = row end
    end
    assert.matches("a1 a1", said[2])
    assert.matches("half applied", said[2])
    assert.is_nil(table.concat(said, "\n"):find(SECRET, 1, true))
    db:query(dialect == "mysql" and "DROP USER " .. user or ("DROP OWNED BY %s CASCADE; DROP ROLE %s"):format(user, user))
    db:drop()
  end)
end

it("a URL where none belongs comes back without it", function()
  local p = project.new()
  p:revision { id = "a1" }
  for _, words in ipairs {
    { "upgrade", "postgresql://luamig:s3cr3t@h/db" }, { "downgrade", "postgresql://luamig:s3cr3t@h/db" }, { "show", "mysql://luamig:s3cr3t@h/db" },
    { "upgrade", "-x", "postgresql://luamig:s3cr3t@h/db" }, { "stamp", "postgresql://luamig:s3cr3t@h:1/db", "--json" },
    { "--env", "postgresql://luamig:s3cr3t@h/db", "upgrade" }, { "postgresql://luamig:s3cr3t@h/db" },
    { "upgrade", "--database", "postgresql://luamig:s3cr3t@h/db" }, { "upgrade", "--urll=postgresql://luamig:s3cr3t@h/db" },
  } do
    local r = cli.run(words, { cwd = p.path })
    assert.is_true(r.code == 1 or r.code == 2, table.concat(words, " "))
    assert.is_nil((r.stdout .. r.stderr):find(SECRET, 1, true), r.stdout .. r.stderr)
  end
end)
