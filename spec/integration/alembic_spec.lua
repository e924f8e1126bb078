-- luamig adopt after Debian's Alembic: real migrations by the real tool, on each database.
local cli = require "spec.support.cli"
local dump = require "spec.support.dump"
local lfs = require "lfs"
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"
local servers = require "spec.support.servers"

local env = [[
from alembic import context
from sqlalchemy import create_engine, pool
engine = create_engine(context.config.get_main_option("sqlalchemy.url"), poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
]]

local head = "from alembic import op\nimport sqlalchemy as sa\nrevision = '%s'\ndown_revision = %s\n"

local versions = {
  a1 = head:format("ae1027a6acf1", "None") .. [[
def upgrade():
    op.create_table('users', sa.Column('id', sa.Integer, primary_key=True), sa.Column('email', sa.String(255), nullable=False),
        sa.Column('state', sa.Enum('active', 'gone', name='user_state'), nullable=False, server_default='active'),
        sa.Column('score', sa.Numeric(10, 2), server_default='0'), sa.Column('made', sa.DateTime, server_default=sa.func.now()),
        sa.Column('seen', sa.Boolean, nullable=False, server_default=sa.true()), sa.Column('note', sa.Text, comment="it's"),
        sa.CheckConstraint('score >= 0', name='ck_score'), mysql_engine='InnoDB')
    op.create_index('ix_users_email', 'users', ['email'], unique=True)
    op.create_table('big', sa.Column('id', sa.BigInteger, primary_key=True), sa.Column('body', sa.LargeBinary))
]],
  b2 = head:format("be2027a6acf2", "'ae1027a6acf1'") .. [[
def upgrade():
    op.create_table('Order', sa.Column('id', sa.Integer, primary_key=True), sa.Column('user_id', sa.Integer, nullable=False),
        sa.Column('total', sa.Float), sa.Column('day', sa.Date), sa.Column('at', sa.Time), sa.Column('data', sa.JSON),
        sa.ForeignKeyConstraint(['user_id'], ['users.id'], name='fk_order_user', ondelete='CASCADE'),
        sa.UniqueConstraint('user_id', 'day', name='uq_order'))
    op.execute('CREATE VIEW active AS SELECT id, email FROM users WHERE seen')
]],
  c3 = head:format("ce3027a6acf3", "'ae1027a6acf1'") .. [[
def upgrade():
    op.create_table('tags', sa.Column('user_id', sa.Integer, sa.ForeignKey('users.id'), primary_key=True),
        sa.Column('tag', sa.String(20), primary_key=True))
]],
}

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

-- Runs Alembic's migrations to all heads.
local function upgrade_by_alembic(db)
  local path = scratch.folder()
  assert(lfs.mkdir(path .. "/alembic") and lfs.mkdir(path .. "/alembic/versions"))
  write(path .. "/alembic.ini", "[alembic]\nscript_location = alembic\nsqlalchemy.url = "
    .. db.url:gsub("^mysql:", "mysql+pymysql:"):gsub("%%", "%%%%") .. "\n")
  write(path .. "/alembic/env.py", env)
  for name, text in pairs(versions) do write(("%s/alembic/versions/%s.py"):format(path, name), text) end
  local r = cli.run({ "upgrade", "heads" }, { program = "/usr/bin/alembic", cwd = path })
  assert(r.code == 0, r.stdout .. r.stderr)
end

for _, dialect in ipairs(servers.dialects) do
  it("adopt takes over what Alembic made, on " .. dialect, function()
    local db, fresh, folder = scratch.database(dialect), scratch.database(dialect), scratch.folder()
    upgrade_by_alembic(db)
    local before = dump.schema(db)
    local function run(...)
      local r = cli.run({ ... }, { cwd = folder, env = { DATABASE_URL = db.url } })
      assert(r.code == 0, table.concat({ ... }, " ") .. "\n" .. r.stdout .. r.stderr)
      return r.stdout
    end
    run "init"
    assert.equal("migrations/be2027a6acf2_schema_that_alembic_left.lua\nmigrations/ce3027a6acf3_head_that_alembic_left.lua\nschema.lua\n", run "adopt")
    assert.equal("", run "check")
    for line in dump.difference(before, dump.schema(db)):gmatch "[^\n]+" do assert.matches("luamig_", line) end
    assert.same({ "be2027a6acf2", "ce3027a6acf3" }, db:query "SELECT version_num FROM alembic_version ORDER BY 1")
    assert.matches("be2027a6acf2.-ce3027a6acf3", run "current")
    -- a new database becomes the same
    run("upgrade", "heads", "--url", fresh.url)
    assert.equal("", run("check", "--url", fresh.url))
    run("merge", "heads", "-m", "one", "--rev-id", "d4")
    run("upgrade")
    assert.equal("d4 (head, mergepoint) one\n", run "current")
    run("upgrade", "--url", fresh.url)
    run("downgrade", "base", "--url", fresh.url)
    db:drop()
    fresh:drop()
  end)
end

for _, dialect in ipairs { "postgresql", "mysql" } do
  it("an id has to fit into Alembic's column, in characters, on " .. dialect, function()
    local db = scratch.database(dialect)
    local p = project.new { url = db.url, config = 'version_table = "alembic_version",' }
    db:query "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"
    local id = ("é"):rep(32)
    p:revision { id = id, file = "one" }
    assert.equal(0, p:luamig("upgrade").code)
    assert.equal(id, db:value "SELECT version_num FROM alembic_version")
    p:revision { id = ("x"):rep(33), down = id, file = "two" }
    local r = p:luamig "upgrade"
    assert.equal(2, r.code, r.stderr)
    assert.matches("has 33 characters, but column version_num of 'alembic_version' holds only 32", r.stderr, 1, true)
    db:drop()
  end)
end
