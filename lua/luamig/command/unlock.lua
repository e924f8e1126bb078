--- luamig unlock: who holds the lock between runners, and, after a question, the end of that session.
local core = require "luamig.core"

local unlock = {}

-- The lease of a session that was ended; servers take a moment to let its lock go. Whoever came after it would hold
-- the session lock too, and keeps what is his.
local function end_lease(handle, pid)
  for _ = 1, 50 do
    local left = handle:lock_holder(false)
    if not left or (not left.by_lease and left.pid ~= pid) then return end
    if left.by_lease then
      handle:lock_holder(true)
      return
    end
    core.sleep(100)
  end
end

function unlock.run(session)
  session.shape = "lock"
  local out, handle = session.out, session:handle()
  local holder = handle:lock_holder(false)
  local ended = false
  if not holder then
    out:note(handle:target().dialect == "sqlite"
      and "SQLite does not tell who holds the lock, which is gone as soon as that process has ended" or "nobody holds the lock")
  else
    for _, name in ipairs { "pid", "user", "host", "application", "since", "query" } do
      if holder[name] then out:line(("%-12s %s"):format(name, tostring(holder[name]))) end
    end
    local question
    if holder.by_lease then
      question = ("Give back the lease of process %d on %s?"):format(holder.pid, holder.host or "an unknown host")
    else
      question = ("End session %d of %s?"):format(holder.pid, holder.user or "an unknown user")
    end
    if session:confirm(question, { holder = holder, ended = false }) then
      session:announce "unlock"
      handle:lock_holder(true)
      if not holder.by_lease then
        end_lease(handle, holder.pid)
      end
      ended = true
      out:note(holder.by_lease and "gave the lease back" or ("ended session %d"):format(holder.pid))
    end
  end
  out:document("lock", { holder = holder, ended = ended })
end

return unlock
