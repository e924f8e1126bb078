--- luamig status: one screen of where the database stands.
local edited_sources = require "luamig.edited"

local status = {}

local function ids_of(list)
  local ids = {}
  for i, revision in ipairs(list) do ids[i] = revision.revision end
  return ids
end

local function has_file(revisions, id)
  for _, revision in ipairs(revisions) do
    if revision.revision == id then return true end
  end
  return false
end

local function version_text(server)
  local v = server.version
  if server.dialect == "postgresql" then return ("%d.%d"):format(v // 10000, v % 10000) end
  if server.dialect == "sqlite" then return ("%d.%d.%d"):format(v // 1000000, v // 1000 % 1000, v % 1000) end
  return ("%s%d.%d.%d"):format(server.is_mariadb and "MariaDB " or "", v // 10000, v // 100 % 100, v % 100)
end

local function tell_runner(out, runner)
  local since = runner.since and ", since " .. runner.since or ""
  local who
  if runner.by_lease then -- which outlives its process for a while
    who = ("process %d on %s, by its lease"):format(runner.pid, runner.host or "?")
  else
    who = ("session %d%s%s"):format(runner.pid, runner.user and " of " .. runner.user or "", runner.host and " from " .. runner.host or "")
  end
  out:line(("%-10s %s%s"):format("lock", who, since))
  if runner.query then out:line(("%-10s %s"):format("", (runner.query:gsub("%s+", " ")))) end
end

function status.run(session)
  session.shape = "status"
  local handle, out = session:handle(), session.out
  local target, server = handle:target(), handle:server()
  local journal = handle:journal()
  local last = journal[1]
  local function tell_database()
    out:line(("%-10s %s%s"):format("database", target.url, target.origin and (" (%s)"):format(target.origin) or ""))
    out:line(("%-10s %s %s"):format("server", server.dialect, version_text(server)))
  end
  local function tell_last()
    if not last then return end
    out:line(("%-10s %s %s at %s: %s"):format("last", last.direction, last.revision, last.started_at, last.result))
  end
  local planned, plan = pcall(handle.pending, handle, "heads")
  if not planned then -- a revision that no file has, most of all: who came last tells where it is from
    tell_database()
    tell_last()
    error(plan, 0)
  end
  local heads = ids_of(handle:heads().revisions)
  local pending = {}
  for i, step in ipairs(plan.steps) do pending[i] = step.revision end
  local revisions = handle:history().revisions
  local total = #revisions
  local edited = edited_sources(handle:settings().root, revisions, journal)
  local half_applied = handle:half_applied()
  tell_database()
  out:line(("%-10s %s"):format("at", #plan.from > 0 and table.concat(plan.from, ", ") or "base (no revision)"))
  out:line(("%-10s %s"):format(#heads == 1 and "head" or "heads", #heads > 0 and table.concat(heads, ", ") or "none"))
  if #pending == 0 then
    out:line(("%-10s %s"):format("pending", out:paint("green", "none: up to date")))
  else
    out:line(("%-10s %d of %d"):format("pending", #pending, total))
    for i, step in ipairs(plan.steps) do
      if i > 10 then
        out:line(("%-10s … and %d more"):format("", #pending - 10))
        break
      end
      out:line(("%-10s %s %s"):format("", out:paint("yellow", step.revision), step.message or ""))
    end
  end
  tell_last()
  if #edited > 0 then
    out:line(("%-10s %s: the file is not what was applied"):format("edited", table.concat(edited, ", ")))
  end
  local known, runner = pcall(handle.lock_holder, handle, false) -- an account may not be allowed to look
  runner = known and runner or nil
  if runner then tell_runner(out, runner) end
  for _, half in ipairs(half_applied) do
    local open = half.open_step and (", step %d %s"):format(half.open_step, half.failed and "failed" or "begun")
      or half.note and ", the next one failed" or ""
    out:line(("%-10s %s (%s): %d step%s done%s"):format("half done", half.revision, half.direction, half.steps,
      half.steps == 1 and "" or "s", open))
    if half.statement then
      out:line(("%-10s %s%s"):format("", half.open_step and "" or "the last: ", (half.statement:gsub("%s+", " "))))
    end
    if half.note then out:line(("%-10s %s"):format("", (half.note:gsub("%s+", " ")))) end
    if not has_file(revisions, half.revision) then
      out:line(("%-10s its file is not there: bring it back, or undo it by hand and `luamig stamp`"):format "go on")
    elseif runner and not runner.by_lease then
      out:line(("%-10s when that session has ended; `luamig unlock` ends it"):format "go on")
    else -- it looks for itself whether a step that was begun took effect, and says when only `repair` can tell
      out:line(("%-10s luamig %s"):format("go on", half.undo and "downgrade current" or half.direction == "upgrade"
        and "upgrade (or undo it: luamig downgrade current)" or "downgrade TARGET"))
    end
  end
  out:document("status", {
    dialect = server.dialect, target = target.url, server_version = server.version, current = plan.from, heads = heads,
    pending = pending, up_to_date = #pending == 0, revisions = total, last = last,
    runner = runner, half_applied = half_applied, edited = edited,
  })
end

return status
