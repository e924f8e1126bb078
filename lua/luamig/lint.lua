--- Rules of safe migrations. They look at operations, not at text: each revision is run against nothing, from base, so a
--- rule knows the table that an operation changes, the SQL it becomes and the lock that the SQL takes.
local core = require "luamig.core"
local ignores = require "luamig.lint.ignores"
local rules = require "luamig.lint.rules"
local step = require "luamig.lint.step"

local lint = {}

--- The names of all rules, sorted.
function lint.names()
  local names = {}
  for i, rule in ipairs(rules.list) do names[i] = rule.id end
  table.sort(names)
  return names
end

--- Raises a usage or configuration error when there is no rule of that name.
function lint.require_rule(id, kind, where)
  if rules.by_id[id] then return end
  local near = core.suggest(id, lint.names())
  core.error {
    kind = kind, message = ("%s: there is no rule '%s'"):format(where, id),
    hint = near and ("did you mean '%s'?"):format(near) or "`luamig lint --rules` lists them.",
  }
end

local function applies(rule, dialect)
  if not rule.dialects then return true end
  for _, name in ipairs(rule.dialects) do
    if name == dialect then return true end
  end
  return false
end

local function run_rule(rule, seen, report)
  if rule.step then rule.step(seen, report) end
  if rule.operation then
    for _, operation in ipairs(seen.operations) do
      seen:stand_at(operation)
      rule.operation(operation, seen, report)
    end
  end
  if rule.statement then
    for _, call in ipairs(seen.calls) do
      seen:stand_at(call)
      for _, statement in ipairs(call.statements) do rule.statement(statement, seen, report, call) end
    end
  end
end

-- The findings of one revision; `ignored`: ids that the project does without.
local function check(seen, ignored)
  local findings, told = {}, {}
  local exceptions = ignores.read(seen.source)
  for _, rule in ipairs(rules.list) do
    if applies(rule, seen.dialect) and not ignored[rule.id] then
      run_rule(rule, seen, function(line, what)
        local message = what .. ": " .. rule.why
        local key = rule.id .. "\0" .. (line or 0) .. "\0" .. what
        if told[key] or exceptions:covers(rule.id, line) then return end
        told[key] = true
        findings[#findings + 1] = {
          rule = rule.id, severity = rule.severity, revision = seen.revision, file = seen.file, line = line,
          message = message, fix = rule.fix,
        }
      end)
    end
  end
  local unused = rules.by_id["unused-ignore"]
  local function was_asked(rule) return not seen.failure and applies(rule, seen.dialect) end
  for _, problem in ipairs(exceptions:problems(rules.by_id, was_asked)) do
    if not ignored[unused.id] then
      findings[#findings + 1] = {
        rule = unused.id, severity = unused.severity, revision = seen.revision, file = seen.file, line = problem.line,
        message = problem.message, fix = unused.fix,
      }
    end
  end
  table.sort(findings, function(a, b)
    if (a.line or 0) ~= (b.line or 0) then return (a.line or 0) < (b.line or 0) end
    return a.rule < b.rule
  end)
  return findings
end

--- The findings of what handle:lint() gave, by revision and line. ignore: ids that the project does without.
function lint.run(report, ignore)
  local ignored, downgrades, findings = {}, {}, {}
  for _, id in ipairs(ignore) do ignored[id] = true end
  for _, found in ipairs(report.steps) do
    if found.direction == "downgrade" then downgrades[found.revision] = found end
  end
  for _, found in ipairs(report.steps) do
    if found.direction == "upgrade" then
      local seen = step.new(found, downgrades[found.revision], report)
      for _, finding in ipairs(check(seen, ignored)) do findings[#findings + 1] = finding end
    end
  end
  return findings
end

return lint
