--- What `luamig test --json` prints: an output handler of busted that only collects.
local test_report = { tests = {}, count = { passed = 0, failed = 0, pending = 0 } }

-- busted's words for what became of a test.
local results = { success = "passed", failure = "failed", error = "failed", pending = "pending" }

local function text_of(message)
  if message == nil or type(message) == "string" then return message end
  return type(message) == "table" and message.message or tostring(message)
end

local function add(test, result)
  test.result = result
  test_report.tests[#test_report.tests + 1] = test
  test_report.count[result] = test_report.count[result] + 1
end

--- What busted calls after it loaded the handler.
function test_report.subscribe(_, options)
  local busted = require "busted"
  local name_of = require "busted.outputHandlers.base"().getFullName
  require("busted.languages." .. options.language)
  local running

  local function new_test(element)
    local trace = element.trace or {}
    return { name = name_of(element), file = trace.short_src, line = trace.currentline }
  end

  local function complain(element, _, message)
    local text = text_of(message)
    if running then
      running.message = running.message and text and running.message .. "\n" .. text or running.message or text
    else -- a file that cannot be loaded, a setup that fails
      local test = new_test(element)
      test.message = text
      add(test, "failed")
    end
    return nil, true
  end

  busted.subscribe({ "test", "start" }, function(element)
    running = new_test(element)
    return nil, true
  end)
  busted.subscribe({ "test", "end" }, function(element, _, status)
    running.duration_ms = math.floor((element.duration or 0) * 1000 + 0.5)
    add(running, results[status] or "failed")
    running = nil
    return nil, true
  end)
  for _, event in ipairs { "failure", "error", "pending" } do busted.subscribe({ event }, complain) end
end

return setmetatable(test_report, { __call = function(self) return self end })
