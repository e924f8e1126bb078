--- luamig lint [REV…]: rules of safe migrations.
local core = require "luamig.core"

local lint = {}

local colors = { error = "red", warn = "yellow", info = "blue" }

local function list_rules(out)
  local rules = require("luamig.lint.rules").list
  local rows = {}
  for _, rule in ipairs(rules) do
    rows[#rows + 1] = { rule.id, rule.severity, rule.dialects and table.concat(rule.dialects, " ") or "all", rule.summary }
  end
  out:columns(rows)
  out:document("rules", { rules = rules })
end

-- The ids that the arguments name: a target, or a range A:B. nil: all.
local function wanted(handle, targets)
  if not targets or #targets == 0 then return nil end
  local ids = {}
  for _, target in ipairs(targets) do
    local found = target:find(":", 1, true) and handle:history { range = target, brief = true } or handle:show(target)
    for _, revision in ipairs(found.revisions) do ids[#ids + 1] = revision.revision end
  end
  return ids
end

local function tell(out, finding)
  local where = finding.file .. (finding.line and ":" .. finding.line or "")
  out:line(("%s: %s: %s  [%s]"):format(out:paint("bold", where), out:paint(colors[finding.severity], finding.severity),
    finding.message, finding.rule))
  if finding.fix ~= "" then out:line("    " .. finding.fix) end
end

local function plural(count, word) return ("%d %s%s"):format(count, word, count == 1 and "" or "s") end

function lint.run(session)
  session.shape = "findings"
  local args, out = session.args, session.out
  if args.rules then return list_rules(out) end
  local rules, handle = require "luamig.lint", session:handle()
  local ignore = handle:settings().lint_ignore
  for _, id in ipairs(ignore) do rules.require_rule(id, "config", "lint.ignore") end
  local findings = rules.run(handle:lint { revisions = wanted(handle, args.rev), tag = args.tag }, ignore)
  local count = { error = 0, warn = 0, info = 0 }
  for _, finding in ipairs(findings) do
    count[finding.severity] = count[finding.severity] + 1
    if finding.severity ~= "info" or out.verbose then tell(out, finding) end
  end
  local told = { plural(count.error, "error"), plural(count.warn, "warning") }
  if count.info > 0 then told[3] = ("%d more to know%s"):format(count.info, out.verbose and "" or " (-v)") end
  if count.error == 0 then
    out:note(#findings == 0 and "nothing found" or table.concat(told, ", "))
    out:document("findings", { findings = findings })
    return 0
  end
  core.error {
    kind = "check_failed", message = table.concat(told, ", "),
    hint = "`-- lint: ignore RULE: why` in the file makes an exception; `luamig lint --rules` lists the rules.",
    report = { findings = findings },
  }
end

return lint
