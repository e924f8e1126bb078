--- Exceptions in a migration file: `-- lint: ignore RULE, RULE: why`. Above the first function it counts for the file;
--- elsewhere for the statement that begins on its line, or on the next line with code when it stands alone.
local ignores = {}
ignores.__index = ignores

local PATTERN = "%-%-%s*lint:%s*ignore%s+([%w%s,-]*[%w-])%s*:?%s*(.-)%s*$"

--- Reads the comments of a source text.
function ignores.read(source)
  local self = setmetatable({ comments = {} }, ignores)
  local number, in_header, waiting = 0, true, {}
  for line in (source .. "\n"):gmatch("(.-)\r?\n") do
    number = number + 1
    if line:find "^%s*local%s+function%f[%W]" or line:find "^%s*function%f[%W]" then in_header = false end
    local code = line:gsub("%-%-.*$", ""):find "%S" ~= nil
    if code then
      for _, comment in ipairs(waiting) do comment.covers = number end
      waiting = {}
    end
    local rules, reason = line:match(PATTERN)
    for rule in (rules or ""):gmatch "[^%s,]+" do
      local comment = { line = number, rule = rule, reason = reason, file = in_header, covers = number }
      self.comments[#self.comments + 1] = comment
      if not code then waiting[#waiting + 1] = comment end
    end
  end
  return self
end

--- Whether a finding of the rule at that line (nil: of the whole file) is excepted.
function ignores:covers(rule, line)
  local covered = false
  for _, comment in ipairs(self.comments) do
    if comment.rule == rule and (comment.file or comment.covers == line) then
      comment.used, covered = true, true
    end
  end
  return covered
end

--- What is wrong with the comments themselves: a list of { line, message }. was_asked(rule): whether the rule was asked of
--- the whole revision; else nobody knows what its exceptions are good for.
function ignores:problems(rules, was_asked)
  local list = {}
  for _, comment in ipairs(self.comments) do
    local message
    if not rules[comment.rule] then
      message = ("there is no rule '%s'"):format(comment.rule)
    elseif not comment.used and was_asked(rules[comment.rule]) then
      message = ("the exception from '%s' excepts nothing"):format(comment.rule)
    elseif comment.reason == "" then
      message = ("the exception from '%s' gives no reason"):format(comment.rule)
    end
    if message then list[#list + 1] = { line = comment.line, message = message } end
  end
  return list
end

return ignores
