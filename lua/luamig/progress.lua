--- What upgrade and downgrade share: the options of a run, its progress, the script of --sql.
local core = require "luamig.core"

local progress = {}

local function duration(ms)
  if ms < 1000 then return ("%d ms"):format(ms) end
  if ms < 60000 then return ("%.1f s"):format(ms / 1000) end
  return ("%d min %d s"):format(ms // 60000, ms % 60000 // 1000)
end

local function integer(text, name)
  local number = math.tointeger(tonumber(text))
  if not number or number < 0 then
    core.error { kind = "usage", message = ("%s takes a whole number, not '%s'"):format(name, text) }
  end
  return number
end

--- Runs handle[verb](target) as the arguments say and prints what became of it.
function progress.run(session, verb, target)
  local args, out = session.args, session.out
  session.shape = "report"
  local script = {}
  local options = {
    dry_run = args.dry_run, tag = args.tag, snapshot = args.snapshot, from_history = args.from_history,
    server_version = args.server_version and integer(args.server_version, "--server-version"),
    statements = out.json, brief = not out.json,
    on_step = not out.quiet and function(step, finished, ms)
      local arrow = step.direction == "upgrade" and "↑" or "↓"
      local name = ("%s %s %s"):format(arrow, step.revision or "", step.message or "")
      if finished then
        out:note(("%s (%s)"):format(name, duration(ms)))
      elseif out.verbose then
        out:note(name)
      end
    end,
  }
  if args.sql then
    if args.dry_run then
      core.error { kind = "usage", message = "--sql and --dry-run exclude each other" }
    end
    options.write = function(text) script[#script + 1] = text end
    options.on_step = nil
  else
    for _, name in ipairs { "snapshot", "server_version" } do
      if args[name] then
        core.error { kind = "usage", message = ("--%s goes with --sql"):format((name:gsub("_", "-"))) }
      end
    end
    session:announce(verb)
  end
  local handle = session:handle()
  local report = handle[verb](handle, target, options)
  if args.sql then
    out:text(table.concat(script))
    if #script == 0 then out:note "nothing to do: the script is empty" end
  elseif (report.step_count or #report.steps) == 0 then
    out:note("nothing to do: the database is at " .. progress.heads_text(report.to))
  else
    out:note((args.dry_run and "dry run, rolled back: would be at " or "now at ") .. progress.heads_text(report.to))
  end
  out:document("report", report)
  return 0
end

--- Version rows for people.
function progress.heads_text(ids)
  return #ids > 0 and table.concat(ids, ", ") or "base (no revision)"
end

return progress
