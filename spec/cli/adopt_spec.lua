-- luamig adopt: a database that Alembic managed.
local cli = require "spec.support.cli"
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

it("refuses a database that Alembic never saw", function()
  local folder = scratch.folder()
  cli.run({ "init" }, { cwd = folder })
  local r = cli.run({ "adopt" }, { cwd = folder })
  assert.equal(2, r.code)
  assert.matches("the database has no table alembic_version", r.stderr)
end)
