--- luamig repair REV --step N --applied | --not-applied: what a crash left undecidable, decided by a human.
local core = require "luamig.core"

local repair = {}

function repair.run(session)
  session.shape = "done"
  local args, out, handle = session.args, session.out, session:handle()
  local step = math.tointeger(tonumber(args.step or ""))
  if not step or step < 1 then
    core.error { kind = "usage", message = "a repair needs --step N", hint = "`luamig status` shows the step in question." }
  end
  if (args.applied == nil) == (args.not_applied == nil) then
    core.error {
      kind = "usage", message = "a repair needs either --applied or --not-applied",
      hint = "look at the database: did the statement of that step take effect?",
    }
  end
  session:announce "repair"
  -- A revision whose file is gone is named by its whole id.
  local known, found = pcall(handle.resolve, handle, args.rev)
  local id = known and #found.revisions == 1 and found.revisions[1].revision or args.rev
  handle:repair(id, step, args.applied == true)
  out:note(("step %d of %s counts as %s: `luamig upgrade` goes on from here"):format(step, id,
    args.applied and "applied" or "not applied"))
  out:document("done", { done = true })
end

return repair
