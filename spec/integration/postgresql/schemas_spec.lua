-- Many schemas are read at once, what has the same name in two of them stays apart, and what is taken from another one says so.
local project = require "spec.support.project"
local proxy = require "spec.support.proxy"
local scratch = require "spec.support.scratch"

local EACH = [[
  CREATE SCHEMA $name; SET search_path = $name;
  CREATE TYPE kind AS ENUM ('$name'); CREATE SEQUENCE numbers START $i;
  CREATE TABLE t (id INTEGER PRIMARY KEY, $name kind, CHECK (id > $i)); CREATE INDEX t_i ON t (id, $name);
  CREATE MATERIALIZED VIEW m AS SELECT id, $i AS $name FROM t; CREATE INDEX m_i ON m ($name, id);
  CREATE FUNCTION f() RETURNS INTEGER LANGUAGE sql AS 'SELECT $i'; COMMENT ON FUNCTION f() IS '$name'; ]]

-- How many exchanges `inspect` takes with so many schemas; what it says of them is looked at.
local function exchanges(count)
  local db, empty = scratch.database "postgresql", scratch.database "postgresql"
  local p = project.new { url = db.url }
  local function run(...) return p:succeed(...).stdout end
  p:write("luamig.conf.lua", ("return { url = %q, autogenerate = { include_schemas = true } }"):format(db.url))
  for i = 1, count do db:query((EACH:gsub("$(%a+)", { name = "s" .. i, i = i }))) end
  local x = proxy.start(db.url, "none")
  local text = run("inspect", "--url", x.url)
  local number = x:stop()
  for i = 1, count do
    local part = assert(text:match("    s" .. i .. " = (%b{})"), text)
    local function has(what) assert.truthy(part:find(what:gsub("%$", i), 1, true), what .. "\n" .. part) end
    has '{ "s$", sql.enum("kind"'
    has 'sql.index("t_i", { "id", "s$" })'
    has 'sql.index("m_i", { "s$", "id" })'
    has 'sql.check("id > $"'
  end
  p:write("schema.lua", text)
  assert.equal("", run "check")
  run "adopt"
  run("upgrade", "--url", empty.url)
  assert.equal(text, run("inspect", "--url", empty.url))
  assert.equal(tostring(count), empty:value(("SELECT s%d.f()"):format(count)))
  db:drop()
  empty:drop()
  return number
end

it("reads five schemas in as many exchanges as two", function() assert.equal(exchanges(2), exchanges(5)) end)

it("names the schema of a collation and of an operator class that the default one has not", function()
  local db, empty = scratch.database "postgresql", scratch.database "postgresql"
  local p = project.new { url = db.url }
  p:write("luamig.conf.lua", ("return { url = %q, autogenerate = { include_schemas = true } }"):format(db.url))
  db:query [[
    CREATE SCHEMA ext; CREATE EXTENSION pg_trgm SCHEMA ext; CREATE COLLATION ext.cc FROM "C"; CREATE COLLATION "xx_YY.utf8" FROM "C";
    CREATE TABLE t (a TEXT COLLATE ext.cc, b TEXT COLLATE "xx_YY.utf8", c TEXT);
    CREATE INDEX i ON t (c COLLATE ext.cc, a COLLATE "xx_YY.utf8"); CREATE INDEX g ON t USING gin (a ext.gin_trgm_ops); ]]
  assert.equal(0, p:luamig("adopt").code)
  local r = p:luamig("upgrade", "--url", empty.url)
  assert.equal(0, r.code, r.stderr)
  for _, name in ipairs { "i", "g" } do
    local sql = ("SELECT pg_get_indexdef('%s'::regclass)"):format(name)
    assert.equal(db:value(sql), empty:value(sql))
  end
  local columns = "SELECT attcollation::regcollation FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0"
  assert.same(db:query(columns), empty:query(columns))
  db:drop()
  empty:drop()
end)
