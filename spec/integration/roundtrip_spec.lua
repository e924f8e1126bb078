-- A database with one of everything (spec/golden/reflect) → inspect → schema.lua: no difference; and the same schema
-- from nothing by a generated migration: no difference again, and back to nothing.
local project = require "spec.support.project"
local live = require "spec.support.live"
local scratch = require "spec.support.scratch"

local function read(path)
  local file <close> = assert(io.open(path))
  return file:read "a"
end

-- What the declared schema refers to and does not declare.
local beside = {
  sqlite = "",
  postgresql = [[
    CREATE EXTENSION btree_gist; CREATE EXTENSION pg_trgm;
    CREATE SCHEMA other; CREATE TYPE other.m2 AS ENUM ('z'); CREATE DOMAIN posint AS integer CHECK (VALUE > 0);
  ]],
  mysql = "",
}

for _, server in ipairs { { "sqlite", "sqlite" }, { "postgresql", "postgresql" }, { "mysql", live.flavour(scratch.database "mysql") } } do
  local dialect, flavour = table.unpack(server)

  describe("inspect of " .. flavour, function()
    local p, text

    local function run(...)
      local r = p:luamig(...)
      assert(r.code == 0, table.concat({ ... }, " ") .. "\n" .. r.stdout .. r.stderr .. text)
      return r.stdout
    end

    setup(function()
      local db = scratch.database(dialect)
      db:query(read("spec/golden/reflect/" .. flavour .. ".sql"))
      p = project.new { url = db.url }
      text = ""
      text = run "inspect"
      p:write("schema.lua", text)
    end)

    it("gives a schema.lua that says what the database is", function()
      assert.equal("", run "check")
      local r = p:luamig("revision", "--autogenerate", "-m", "nothing")
      assert.equal(0, r.code)
      assert.equal("", r.stdout)
      assert.truthy(r.stderr:find("no differences", 1, true))
    end)

    it("gives a schema.lua that makes the same anew", function()
      local db = scratch.database(dialect)
      if beside[dialect] ~= "" then db:query(beside[dialect]) end
      local path = run("revision", "--autogenerate", "-m", "all", "--url", db.url):match "%S+"
      text = p:read(path)
      run("upgrade", "--url", db.url)
      run("check", "--url", db.url)
      run("downgrade", "base", "--url", db.url)
      assert.equal("return sql.schema {}\n", run("inspect", "--url", db.url))
    end)
  end)
end

describe("other schemas", function()
  local declared = [[
return sql.schema {
  users = { { "id", sql.integer, primary_key = true } },
  schemas = {
    audit = {
      log = {
        { "id", sql.integer, primary_key = true, autoincrement = false },
        { "kind", sql.enum("kind", { "a", "b" }, { schema = "audit" }) },
        sql.foreign_key({ "id" }, "users", { "id" }, { referent_schema = "public", name = "fk_log" }),
        sql.index("ix_log", { "kind" }),
      },
      views = { latest = "SELECT id FROM audit.log" },
    },
  },
}
]]

  it("are compared where schema.lua names them, inspected with include_schemas, and else left alone", function()
    local db = scratch.database "postgresql"
    db:query "CREATE SCHEMA audit; CREATE SCHEMA theirs; CREATE TABLE theirs.z (id integer);"
    local p = project.new { url = db.url, config = "autogenerate = { include_schemas = true },", files = { ["schema.lua"] = declared } }
    local function run(...) return p:succeed(...).stdout end
    run("revision", "--autogenerate", "-m", "audit")
    run "upgrade"
    assert.equal("", run "check")
    local text = run "inspect"
    assert.truthy(text:find('  schemas = {\n    audit = {\n      log = {', 1, true), text)
    assert.truthy(text:find('    theirs = {\n      z = {\n        { "id", sql.integer },', 1, true), text)
    p:write("schema.lua", text)
    assert.equal("", run "check")
    p:write("schema.lua", declared)
    run("downgrade", "base")
    assert.equal("1", db:value "SELECT count(*) FROM pg_tables WHERE schemaname IN ('audit', 'theirs')")
  end)

  it("are made by the migration where they are not there, and undone with it; a schema that was there stays", function()
    local db = scratch.database "postgresql"
    local p = project.new { url = db.url, files = { ["schema.lua"] = declared } }
    local function run(...) return p:succeed(...).stdout end
    local function count()
      return db:value "SELECT count(*) FROM pg_namespace WHERE nspname = 'audit'"
    end
    run("revision", "--autogenerate", "-m", "audit")
    run "upgrade"
    assert.equal("", run "check")
    run("downgrade", "base")
    assert.equal("0", count())
    db:query "CREATE SCHEMA audit"
    local r = project.new { url = db.url, files = { ["schema.lua"] = declared } }:luamig "check"
    assert.equal(3, r.code)
    assert.falsy(r.stdout:find("_schema", 1, true), r.stdout)
  end)
end)
