--- luamig status: one screen of where the database stands.
local status = {}

local function ids_of(list)
  local ids = {}
  for i, revision in ipairs(list) do ids[i] = revision.revision end
  return ids
end

local function version_text(server)
  local v = server.version
  if server.dialect == "postgresql" then return ("%d.%d"):format(v // 10000, v % 10000) end
  if server.dialect == "sqlite" then return ("%d.%d.%d"):format(v // 1000000, v // 1000 % 1000, v % 1000) end
  return ("%s%d.%d.%d"):format(server.is_mariadb and "MariaDB " or "", v // 10000, v // 100 % 100, v % 100)
end

function status.run(session)
  session.shape = "status"
  local handle, out = session:handle(), session.out
  local target, server = handle:target(), handle:server()
  local plan = handle:pending "heads"
  local heads = ids_of(handle:heads().revisions)
  local pending = {}
  for i, step in ipairs(plan.steps) do pending[i] = step.revision end
  local last = handle:journal()[1]
  local total = #handle:history().revisions
  out:line(("%-10s %s (%s)"):format("database", target.url, target.origin or "?"))
  out:line(("%-10s %s %s"):format("server", server.dialect, version_text(server)))
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
  if last then
    out:line(("%-10s %s %s at %s: %s"):format("last", last.direction, last.revision, last.started_at, last.result))
  end
  out:document("status", {
    dialect = server.dialect, target = target.url, server_version = server.version, current = plan.from, heads = heads,
    pending = pending, up_to_date = #pending == 0, revisions = total, last = last,
  })
end

return status
