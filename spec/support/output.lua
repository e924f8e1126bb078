-- How busted reports: one line a file while it goes well, every failure with place, name and message. The counts go to
-- the file LUAMIG_TEST_COUNTS ("passed failed skipped"), from which ./dev adds up; without it they are the last line.
local pretty = require "pl.pretty"

return function(options)
  local busted = require "busted"
  local handler = require "busted.outputHandlers.base"()

  local function text(message)
    if message == nil then return "(no message)" end
    if type(message) == "string" then return message end
    local meta = getmetatable(message)
    if meta and meta.__tostring then return tostring(message) end
    return pretty.write(message)
  end

  local function place(entry)
    local trace = entry.element.trace or entry.trace
    if not trace or not trace.short_src then return "" end
    return ("%s:%s: "):format(trace.short_src, trace.currentline or "?")
  end

  local function describe(kind, entry)
    io.write(("\n%s %s%s\n"):format(kind, place(entry), entry.name))
    io.write("  ", (text(entry.message):gsub("\n", "\n  ")), "\n")
    if options.verbose and entry.trace and entry.trace.traceback then
      io.write(entry.trace.traceback, "\n")
    end
  end

  function handler.suite_end()
    local failed = handler.failuresCount + handler.errorsCount
    for _, entry in ipairs(handler.failures) do describe("FAILED", entry) end
    for _, entry in ipairs(handler.errors) do describe("ERROR", entry) end
    for _, entry in ipairs(handler.pendings) do describe("SKIPPED", entry) end
    local counts = os.getenv("LUAMIG_TEST_COUNTS")
    if counts then
      local file = assert(io.open(counts, "w"))
      file:write(("%d %d %d\n"):format(handler.successesCount, failed, handler.pendingsCount))
      file:close()
    else
      local skipped = handler.pendingsCount > 0 and (", %d skipped"):format(handler.pendingsCount) or ""
      io.write(("%d passed, %d failed%s\n"):format(handler.successesCount, failed, skipped))
    end
    return nil, true
  end

  busted.subscribe({ "suite", "end" }, handler.suite_end)
  return handler
end
