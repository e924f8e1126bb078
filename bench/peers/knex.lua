-- Knex.js, from npm, with better-sqlite3, pg and mysql2. Its natural migration is JavaScript with the schema builder.
local measure = require "measure"

local knex = { name = "knex", most = 1000 }

local function program(bench) return bench.root .. "/build/peers/node_modules/.bin/knex" end

-- What each driver must be able to do before it counts as installed.
local drivers = {
  sqlite = { client = "better-sqlite3", test = 'new (require("better-sqlite3"))(":memory:")' },
  postgresql = { client = "pg", test = 'require("pg")' },
  mysql = { client = "mysql2", test = 'require("mysql2")' },
}

function knex.find(bench)
  local version = measure.shell(program(bench) .. " --version")
  if not version then return nil end
  knex.dialects = {}
  for dialect, driver in pairs(drivers) do
    knex.dialects[dialect] = measure.shell(("cd %s/build/peers && node -e '%s'"):format(bench.root, driver.test)) ~= nil
    if not knex.dialects[dialect] then io.stderr:write("bench: knex without ", driver.client, ": left out on ", dialect, "\n") end
  end
  return version:match("CLI version: ([%d.]+)")
end

local function revision(i)
  if i % 10 == 0 then
    return ([[
exports.up = (knex) => knex.schema.alterTable('t%d', (t) => { t.string('extra', 50); });
exports.down = (knex) => knex.schema.alterTable('t%d', (t) => { t.dropColumn('extra'); });
]]):format(i - 1, i - 1)
  end
  return ([[
exports.up = (knex) => knex.schema.createTable('t%d', (t) => {
  t.increments('id');
  t.string('name', 100).notNullable().index('ix_t%d_name');
  t.double('score');
  t.text('note');
  t.datetime('made', { useTz: false });
});
exports.down = (knex) => knex.schema.dropTable('t%d');
]]):format(i, i, i)
end

local function name(i) return ("2026%010d_r.js"):format(i) end

function knex.open(bench, count, dialect, db)
  local path = measure.folder()
  assert(os.execute("mkdir -p " .. path .. "/migrations && ln -s " .. bench.root .. "/build/peers/node_modules " .. path))
  for i = 1, count do measure.write(path .. "/migrations/" .. name(i), revision(i)) end
  local connection = dialect == "sqlite" and ("{ filename: '%s' }"):format(db.path) or ("'%s'"):format(db.url)
  measure.write(path .. "/knexfile.js", ("module.exports = { client: '%s', connection: %s, useNullAsDefault: true };\n"):format(
    drivers[dialect].client, connection))
  local function command(...) return { program(bench), ... } end
  return {
    cwd = path, version = command "--version", up = command "migrate:latest", down = command("migrate:rollback", "--all"),
    current = command "migrate:currentVersion", head = ("2026%010d"):format(count),
  }
end

return knex
