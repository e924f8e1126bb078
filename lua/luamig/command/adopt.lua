--- luamig adopt: take over a database that Alembic managed. Its version rows stay, schema.lua says what is there, and
--- each head becomes a base revision, the first of which creates it all on a new database.
local core = require "luamig.core"
local files = require "luamig.files"
local render = require "luamig.render"
local skeleton = require "luamig.skeleton"
local whole = require "luamig.whole"

local adopt = {}

local function alembic_heads(handle)
  if not handle:describe "alembic_version" then
    core.error {
      kind = "config", message = "the database has no table alembic_version",
      hint = "`luamig inspect` writes the schema of any database; `luamig stamp` says where it stands.",
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

function adopt.run(session)
  session.shape = "adopted"
  local out, handle = session.out, session:handle()
  local settings = handle:settings()
  session:announce "adopt"
  local ids = alembic_heads(handle)
  local rows = handle:version_rows()
  if settings.version_table ~= "alembic_version" and #rows > 0 then
    core.error { kind = "config", message = "luamig manages this database already: it is at " .. table.concat(rows, ", ") }
  end
  local known = {}
  for _, revision in ipairs(handle:history().revisions) do known[revision.revision] = true end
  local upgrades, downgrades = whole(handle, handle:snapshot())
  local written = {}
  for i, id in ipairs(ids) do
    if known[id] then
      out:note(("kept the revision %s that is there"):format(id))
    else
      local made = skeleton.write(handle, {
        id = id, heads = { "base" }, message = i == 1 and "schema that Alembic left" or "head that Alembic left",
        upgrades = i == 1 and upgrades or nil, downgrades = i == 1 and downgrades or nil,
      })
      written[#written + 1] = session.relative(made.path)
      out:line(written[#written])
    end
  end
  local schema = write_schema(session, settings, render.schema(handle:inspect()))
  if schema then
    written[#written + 1] = schema
    out:line(schema)
  end
  session:close() -- the graph is another one now
  if settings.version_table ~= "alembic_version" then session:handle():stamp(ids, { purge = true }) end
  out:note("now at " .. table.concat(ids, ", "))
  out:document("adopted", { revisions = ids, files = written })
end

return adopt
