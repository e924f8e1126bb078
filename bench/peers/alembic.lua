-- Alembic, Debian's package, on SQLAlchemy with psycopg2 and PyMySQL.
local measure = require "measure"
local project = require "project"

local alembic = { name = "alembic", most = 1000 }

function alembic.find()
  local version = measure.shell("alembic --version 2>&1")
  return version and version:match("alembic ([%d.]+)")
end

local env = [[
from alembic import context
from sqlalchemy import create_engine, pool
try:
    from models import metadata
except ImportError:
    metadata = None
if context.is_offline_mode():
    context.configure(url=context.config.get_main_option("sqlalchemy.url"), literal_binds=True,
                      transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    engine = create_engine(context.config.get_main_option("sqlalchemy.url"), poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()
]]

-- SQLAlchemy's URL: its own driver for MySQL is another one.
local function address(db) return (db.url:gsub("^mysql:", "mysql+pymysql:")) end

local function revision(i)
  local body = i % 10 == 0 and ([[
def upgrade():
    op.add_column('t%d', sa.Column('extra', sa.String(50)))
def downgrade():
    op.drop_column('t%d', 'extra')
]]):format(i - 1, i - 1) or ([[
def upgrade():
    op.create_table('t%d', sa.Column('id', sa.Integer, primary_key=True), sa.Column('name', sa.String(100), nullable=False),
        sa.Column('score', sa.Float(53)), sa.Column('note', sa.Text), sa.Column('made', sa.DateTime))
    op.create_index('ix_t%d_name', 't%d', ['name'])
def downgrade():
    op.drop_table('t%d')
]]):format(i, i, i, i)
  return ("from alembic import op\nimport sqlalchemy as sa\nrevision = '%s'\ndown_revision = %s\n%s"):format(project.id(i),
    i == 1 and "None" or ("'%s'"):format(project.id(i - 1)), body)
end

-- What project.schema declares. Alembic 1.8 has no `check`: the same comparison, by the function that autogenerate calls.
local function models(count, dialect)
  local text = { "import sqlalchemy as sa\nmetadata = sa.MetaData()\n" }
  for i = 1, count do
    text[#text + 1] = ([[
sa.Table('s%d', metadata, sa.Column('id', sa.Integer%s, primary_key=True), sa.Column('name', sa.String(100), nullable=False),
    sa.Column('email', sa.String(255)), sa.Column('score', sa.Float(53)), sa.Column('note', sa.Text),
    sa.Column('made', sa.DateTime, nullable=False), sa.Column('price', sa.Numeric(10, 2)),
    sa.Column('rank', sa.Integer, nullable=False, server_default='0'), sa.Column('code', sa.CHAR(8)),
    sa.Column('parent_id', sa.Integer, sa.ForeignKey('s%d.id', name='fk_s%d_parent')),
    sa.Index('ix_s%d_name', 'name'), sa.Index('ix_s%d_parent', 'parent_id'))
]]):format(i, dialect == "postgresql" and ", sa.Identity()" or "", math.max(i // 2, 1), i, i, i)
  end
  return table.concat(text)
end

local check = [[
import sys
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from models import metadata
from sqlalchemy import create_engine
with create_engine(sys.argv[1]).connect() as connection:
    print(len(compare_metadata(MigrationContext.configure(connection), metadata)), 'differences')
]]

function alembic.open(_, count, _, db)
  local path = measure.folder()
  assert(os.execute("mkdir -p " .. path .. "/migrations/versions"))
  measure.write(path .. "/alembic.ini",
    "[alembic]\nscript_location = migrations\nsqlalchemy.url = " .. address(db):gsub("%%", "%%%%") .. "\n")
  measure.write(path .. "/migrations/env.py", env)
  for i = 1, count do measure.write(("%s/migrations/versions/%s_r.py"):format(path, project.id(i)), revision(i)) end
  return {
    cwd = path, version = { "alembic", "--version" }, up = { "alembic", "upgrade", "head" },
    down = { "alembic", "downgrade", "base" }, current = { "alembic", "current" }, head = project.id(count),
    script = { "alembic", "upgrade", "head", "--sql" },
  }
end

function alembic.check(_, count, dialect, db)
  local path = measure.folder()
  measure.write(path .. "/models.py", models(count, dialect))
  measure.write(path .. "/check.py", check)
  return { argv = { "/usr/bin/python3", "check.py", address(db) }, cwd = path }
end

return alembic
