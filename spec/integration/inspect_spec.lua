-- `inspect` writes the schema.lua of a database with one of everything; `check` then finds no difference.
local project = require "spec.support.project"
local live = require "spec.support.live"
local scratch = require "spec.support.scratch"

local function read(path)
  local file = assert(io.open(path))
  local text = file:read "a"
  file:close()
  return text
end

describe("inspect, then check", function()
  for _, server in ipairs { { "sqlite", "sqlite" }, { "postgresql", "postgresql" }, { "mysql", live.flavour(scratch.database "mysql") } } do
    it("is the same on " .. server[2], function()
      local db = scratch.database(server[1])
      db:query(read("spec/golden/reflect/" .. server[2] .. ".sql"))
      local p = project.new { url = db.url }
      local text = p:luamig "inspect"
      assert.equal(0, text.code, text.stderr)
      p:write("schema.lua", text.stdout)
      local r = p:luamig "check"
      assert(r.code == 0, r.stdout .. r.stderr)
    end)
  end
end)

describe("what inspect says", function()
  -- Made anew from what inspect says of it, a database is described by the same text; what is undone leaves nothing.
  local function comes_again(dialect, sql)
    local db, empty = scratch.database(dialect), scratch.database(dialect)
    db:query(sql)
    local p = project.new { url = db.url }
    local function run(...)
      local r = p:luamig(...)
      assert(r.code == 0, table.concat({ ... }, " ") .. "\n" .. r.stdout .. r.stderr)
      return r.stdout
    end
    local text = run "inspect"
    p:write("schema.lua", text)
    assert.equal("", run "check")
    run("revision", "--autogenerate", "-m", "all", "--url", empty.url)
    run("upgrade", "--url", empty.url)
    assert.equal(text, run("inspect", "--url", empty.url))
    run("downgrade", "base", "--url", empty.url)
    assert.equal("return sql.schema {}\n", run("inspect", "--url", empty.url))
    return text
  end

  it("comes again on sqlite: defaults that are names, expressions of indexes", function()
    local text = comes_again("sqlite", [[
      CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT DEFAULT "it's", b TEXT DEFAULT open, c DEFAULT [x y], d BOOLEAN DEFAULT true,
        e DEFAULT current_timestamp, f DEFAULT NULL, g INT DEFAULT ('x' || 'y'));
      CREATE INDEX ix ON t (g + 1, (g + 2) DESC, (a), ((g * 2)) COLLATE nocase, lower(b), (g + 1) * (g + 2));
    ]])
    assert.truthy(text:find([[{ "a", sql.text, default = "it's" }]], 1, true), text)
    assert.truthy(text:find([[{ "b", sql.text, default = "open" }]], 1, true), text)
  end)

  it("comes again on mysql: AUTO_INCREMENT in a key of two columns", function()
    comes_again("mysql", "CREATE TABLE logs (id bigint NOT NULL AUTO_INCREMENT, at date NOT NULL, PRIMARY KEY (id, at))")
  end)

  it("comes again on postgresql: constraints that are not inherited, not enforced, over time", function()
    local sql = "CREATE TABLE t (a int, b int, CONSTRAINT ck CHECK (a > 1) NO INHERIT, CHECK (b > 1)); CREATE TABLE k () INHERITS (t);"
    local since18 = [[
      CREATE TABLE rooms (id int4range, valid daterange, n int4range, PRIMARY KEY (id, valid WITHOUT OVERLAPS), UNIQUE (id, n WITHOUT OVERLAPS));
      CREATE TABLE stays (room int4range, during daterange, n int, g int GENERATED ALWAYS AS (n + 1),
        CONSTRAINT fk FOREIGN KEY (room, PERIOD during) REFERENCES rooms (id, PERIOD valid), CONSTRAINT ck CHECK (n > 1) NOT ENFORCED);
      CREATE TABLE later (id int PRIMARY KEY, n int CONSTRAINT fk_n REFERENCES later NOT ENFORCED);
    ]]
    local version = tonumber(scratch.database "postgresql":value "SHOW server_version_num")
    local text = comes_again("postgresql", sql .. (version >= 180000 and since18 or ""))
    assert.truthy(text:find('sql.check("a > 1", { name = "ck", no_inherit = true })', 1, true), text)
  end)
end)
