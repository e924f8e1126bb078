--- luamig rebase REV --onto REV: put a revision, and what follows it, after another.
local core = require "luamig.core"
local files = require "luamig.files"

local rebase = {}

-- The revisions that the database has, as keys; none where it does not answer: a rebase is about files.
local function applied(handle)
  local ok, found = pcall(handle.history, handle, { range = ":current", brief = true })
  local ids = {}
  for _, revision in ipairs(ok and found.revisions or {}) do ids[revision.revision] = true end
  return ids
end

-- A database at a revision counts as past all that it follows, so what is put before an applied one never runs.
local function warn_applied(session, moved, before)
  local here = applied(session:handle())
  for _, parent in ipairs(here[moved.revision] and moved.down_revision or {}) do
    if not here[parent] then
      local old = before[1] or "base"
      session.out:warning(("%s is applied at %s, %s is not and never will be there: to have both, luamig rebase %s --onto %s, "
        .. "luamig downgrade %s, then this again"):format(moved.revision, session:handle():target().url, parent,
        moved.revision, old, old))
    end
  end
end

function rebase.run(session)
  session.shape = "created"
  local args, out, handle = session.args, session.out, session:handle()
  if not args.onto then
    core.error { kind = "usage", message = "a rebase needs --onto", hint = "luamig rebase REV --onto REV" }
  end
  local moved = handle:rebase(args.rev, args.onto)
  if moved.changed then
    warn_applied(session, moved, handle:show(moved.revision).revisions[1].down_revision)
    files.write(moved.path, handle:rewrite_header(files.read(moved.path), moved.down_revision, moved.file))
    out:line(session.relative(moved.path))
  else
    local follows = #moved.down_revision > 0 and "follows " .. table.concat(moved.down_revision, ", ") or "is a base"
    out:note(("nothing to do: %s %s"):format(moved.revision, follows))
  end
  out:document("created", moved)
end

return rebase
