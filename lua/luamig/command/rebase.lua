--- luamig rebase REV --onto REV: put a revision, and what follows it, after another.
local core = require "luamig.core"
local files = require "luamig.files"

local rebase = {}

-- The revisions that the database has, by id; nil where it does not answer: a rebase is about files.
local function applied(handle)
  local ok, found = pcall(handle.history, handle, { range = ":current" })
  local revisions = {}
  for _, revision in ipairs(ok and found.revisions or {}) do revisions[revision.revision] = revision end
  return ok and revisions or nil
end

-- A database at a revision counts as past all that it follows, so what is put before an applied one never runs.
local function warn_applied(session, here, moved, before)
  for _, parent in ipairs(here[moved.revision] and moved.down_revision or {}) do
    if not here[parent] then
      local old = before[1] or "base"
      session.out:warning(("%s is applied at %s, %s is not and never will be there: to have both, luamig rebase %s --onto %s, "
        .. "luamig downgrade %s, then this again"):format(moved.revision, session:handle():target().url, parent,
        moved.revision, old, old))
    end
  end
end

local function sorted_ids(set)
  local ids = {}
  for id in pairs(set) do ids[#ids + 1] = id end
  table.sort(ids)
  return ids
end

-- What an applied revision followed, and was run, is no longer known to be when nothing else that is applied follows it.
local function warn_forgotten(session, had)
  session:close() -- the graph is another one now
  local here, forgotten, heads = applied(session:handle()), {}, {}
  if not here then return end
  for id, revision in pairs(had) do
    if not here[id] and revision.applied_at then
      forgotten[id], heads[id] = revision, true
    elseif here[id] and here[id].is_current then
      heads[id] = true
    end
  end
  for _, revision in pairs(forgotten) do
    for _, parent in ipairs(revision.down_revision) do heads[parent] = nil end
  end
  local ids, all = sorted_ids(forgotten), table.concat(sorted_ids(heads), " ")
  if #ids > 0 then
    session.out:warning(("%s at %s: no version row says any more that %s applied, and the next upgrade would run it again: luamig stamp %s")
      :format(table.concat(ids, ", "), session:handle():target().url, #ids == 1 and "it is" or "they are", all))
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
    local had = applied(handle) or {}
    warn_applied(session, had, moved, handle:show(moved.revision).revisions[1].down_revision)
    files.write(moved.path, handle:rewrite_header(files.read(moved.path), moved.down_revision, moved.file))
    warn_forgotten(session, had)
    out:line(session.relative(moved.path))
  else
    local follows = #moved.down_revision > 0 and "follows " .. table.concat(moved.down_revision, ", ") or "is a base"
    out:note(("nothing to do: %s %s"):format(moved.revision, follows))
  end
  out:document("created", moved)
end

return rebase
