--- luamig adopt: take over a database that is there. schema.lua says what is in it, and a base revision creates it all on
--- a new database: each head of Alembic's, whose version rows stay, or else a new one.
local core = require "luamig.core"
local files = require "luamig.files"
local render = require "luamig.render"
local skeleton = require "luamig.skeleton"
local whole = require "luamig.whole"

local adopt = {}

-- The revisions that Alembic left; nil where it never was.
local function alembic_heads(handle, settings)
  if not handle:describe "alembic_version" then
    if settings.version_table ~= "alembic_version" then return nil end
    core.error {
      kind = "config", message = "the database has no table alembic_version",
      hint = "Leave out version_table: `luamig adopt` takes over a database without it, too.",
    }
  end
  local ids = {}
  for i, row in ipairs(handle:execute("SELECT version_num FROM alembic_version ORDER BY version_num"):fetchall()) do
    ids[i] = row.version_num
  end
  if #ids == 0 then
    core.error { kind = "config", message = "alembic_version is empty: Alembic has applied nothing here" }
  end
  return ids
end

-- The id of the revision that makes what nobody else's tool has given one.
local function new_head(known, upgrades, others)
  if next(known) then
    core.error {
      kind = "config", message = "the project has revisions already, and the database has no version of them",
      hint = "`luamig stamp` says which of them the database stands at.",
    }
  end
  if upgrades == "" then
    core.error {
      kind = "config", message = "there is nothing in the database",
      hint = #others == 0 and "`luamig revision` begins with a new one."
        or ("autogenerate.include_schemas = true takes the schemas along that are there: %s."):format(table.concat(others, ", ")),
    }
  end
  return { core.id() }
end

-- schema.lua, unless somebody has written one already (init's empty one doesn't count).
local function write_schema(session, settings, text)
  local path = settings.schema
  if not path then return nil end
  if files.exists(path) and files.read(path) ~= core.embedded "templates/generic/project/schema.lua" then
    session.out:note("kept " .. session.relative(path))
    return nil
  end
  files.write(path, text)
  return session.relative(path)
end

-- MySQL: what tables without a collation of their own follow, where a new database of the server's has another one.
local function note_collation(out, handle)
  if handle:server().dialect ~= "mysql" then return end
  local name = handle:execute("SELECT NULLIF(@@collation_database, @@GLOBAL.collation_server)"):scalar()
  if name then
    out:note(("not in it: the database's collation, which tables without mysql_collate follow (CREATE DATABASE … COLLATE %s)"):format(name))
  end
end

function adopt.run(session)
  session.shape = "adopted"
  local out, handle = session.out, session:handle()
  local settings = handle:settings()
  session:announce "adopt"
  local alembic = alembic_heads(handle, settings)
  local rows = handle:version_rows()
  if settings.version_table ~= "alembic_version" and #rows > 0 then
    core.error { kind = "config", message = "luamig manages this database already: it is at " .. table.concat(rows, ", ") }
  end
  local known = {}
  for _, revision in ipairs(handle:history().revisions) do known[revision.revision] = true end
  local left_out, others, taken = handle:left_out()
  local parts, lacks = whole.objects(handle, left_out)
  local snapshot = handle:snapshot()
  local upgrades, downgrades = whole.texts(handle, snapshot, parts)
  local schemas, schemas_gone = whole.schemas(taken)
  upgrades = render.operations(schemas, "  ") .. upgrades
  downgrades = downgrades .. render.operations(schemas_gone, "  ")
  local ids = alembic or new_head(known, upgrades, others)
  local stamps = settings.version_table ~= "alembic_version"
  if stamps then handle:ensure_version() end -- what the account may not do is told before there are files
  local written = {}
  for i, id in ipairs(ids) do
    if known[id] then
      out:note(("kept the revision %s that is there"):format(id))
    else
      local made = skeleton.write(handle, {
        id = id, heads = { "base" },
        message = not alembic and "schema that was there" or i == 1 and "schema that Alembic left" or "head that Alembic left",
        upgrades = i == 1 and upgrades or nil, downgrades = i == 1 and downgrades or nil,
      })
      written[#written + 1] = session.relative(made.path)
      out:line(written[#written])
    end
  end
  for _, name in ipairs(lacks) do out:note("not in it: " .. name) end
  if #others > 0 then
    out:note("not in it: the schemas " .. table.concat(others, ", ") .. " (autogenerate.include_schemas = true takes them along)")
  end
  note_collation(out, handle)
  local schema = write_schema(session, settings, render.schema(handle:inspect()))
  if schema then
    written[#written + 1] = schema
    out:line(schema)
  end
  session:close() -- the graph is another one now
  if stamps then session:handle():stamp(ids, { purge = true }) end
  out:note("now at " .. table.concat(ids, ", "))
  out:document("adopted", { revisions = ids, files = written })
end

return adopt
