--- Every rule of lint, by what it is about. A rule: { id, severity = "error" | "warn" | "info", dialects = { "postgresql" }
--- or nil for all, summary, why, fix, and one or more of `operation(operation, step, report)`, `statement(statement, step,
--- report, call)`, `step(step, report)`, which call report(line or nil, what) }. What they are given: lint/step.lua.
local rules = { groups = {}, list = {}, by_id = {} }

for _, name in ipairs { "table", "column", "column_type", "index", "constraint", "enum", "data", "revision" } do
  local group = require("luamig.lint." .. name)
  rules.groups[#rules.groups + 1] = group
  for _, rule in ipairs(group.rules) do
    rules.list[#rules.list + 1] = rule
    rules.by_id[rule.id] = rule
  end
end

return rules
