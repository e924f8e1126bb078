--- What a command gets: its arguments, the output, and a handle that is opened when it is asked for.
local core = require "luamig.core"

local session = {}
session.__index = session

function session.new(args, out)
  return setmetatable({ args = args, out = out }, session)
end

-- The statements themselves (level debug) are shown with -v by commands that write; in a listing -v asks for more of
-- each row.
local function log_to(session_)
  return function(level, text, passing)
    if passing then
      session_.out:progress(text)
    elseif level == "warning" then
      session_.out:warning(text)
    elseif level ~= "debug" or (session_.out.verbose and session_.writes) then
      session_.out:note(text)
    end
  end
end

--- The handle of the project that the options name.
function session:handle()
  if not self.opened then
    local args = self.args
    self.opened = core.open {
      config = args.config, url = args.url, env = args.env, args = args.x, tag = args.tag,
      lock_timeout = args.lock_timeout, log = log_to(self), no_debug = not self.out.verbose,
    }
  end
  return self.opened
end

function session:close()
  if self.opened then
    self.opened:close()
    self.opened = nil
  end
end

--- Says on standard error which database a writing command is about to work on.
function session:announce(verb)
  self.writes = true
  local target = self:handle():target()
  local origin = target.origin and (" (%s)"):format(target.origin) or ""
  self.out:note(("%s %s%s"):format(verb, target.url, origin))
end

--- Asks on the terminal, unless --yes was given; true for yes, nil when there is no terminal to answer on.
function session:ask(question)
  if self.args.yes then return true end
  if not (core.isatty(0) and core.isatty(2)) then return nil end
  io.stdout:flush()
  io.stderr:write(question, " [y/N] ")
  local answer = io.stdin:read("l")
  if core.interrupted() then core.error { kind = "interrupted", message = "interrupted" } end
  return answer ~= nil and answer:lower():match("^%s*y") ~= nil
end

--- The same; without a terminal it is an error, with what --json has to say until then.
function session:confirm(question, report)
  local answer = self:ask(question)
  if answer == nil then
    core.error {
      kind = "usage", message = question .. " There is no terminal to answer on.", hint = "--yes answers with yes.",
      report = report,
    }
  end
  return answer
end

--- A path as the user would type it from the current folder.
function session.relative(path)
  local here = require "lfs".currentdir()
  if here and path:sub(1, #here + 1) == here .. "/" then return path:sub(#here + 2) end
  return path
end

return session
