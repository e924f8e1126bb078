--- luamig unlock: who holds the lock between runners, and, after a question, the end of that session.
local unlock = {}

function unlock.run(session)
  session.shape = "lock"
  local out, handle = session.out, session:handle()
  local holder = handle:lock_holder(false)
  local ended = false
  if not holder then
    out:note "nobody holds the lock"
  else
    for _, name in ipairs { "pid", "user", "host", "application", "since", "query" } do
      if holder[name] then out:line(("%-12s %s"):format(name, tostring(holder[name]))) end
    end
    if session:confirm(("End session %d of %s?"):format(holder.pid, holder.user or "an unknown user")) then
      session:announce "unlock"
      handle:lock_holder(true)
      ended = true
      out:note(("ended session %d"):format(holder.pid))
    end
  end
  out:document("lock", { holder = holder, ended = ended })
end

return unlock
