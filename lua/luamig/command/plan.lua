--- luamig plan [TARGET]: what upgrade would do, statement by statement.
local plan = {}

-- What takes locks that its text does not tell.
local UNTOLD = { ALTER = true, CALL = true, DO = true }

local function facts(statement, dialect)
  local list = {}
  local unknown = statement.rewrites == nil and dialect ~= "sqlite"
  local verb = statement.sql:upper():match "^%s*(%u+)"
  if statement.lock then
    list[#list + 1] = "lock " .. statement.lock
  elseif unknown and UNTOLD[verb] then
    list[#list + 1] = "lock not known"
  end
  if statement.rewrites then list[#list + 1] = "rewrites the table" end
  if unknown and statement.lock then list[#list + 1] = "may rewrite the table" end
  if statement.scans then list[#list + 1] = "scans the table" end
  if not statement.transactional then list[#list + 1] = "outside a transaction" end
  return #list > 0 and "  -- " .. table.concat(list, ", ") or ""
end

function plan.run(session)
  session.shape = "report"
  local out = session.out
  local report = session:handle():plan(session.args.target or "head", { tag = session.args.tag })
  for _, step in ipairs(report.steps) do
    out:line(out:paint("yellow", step.revision) .. " " .. step.message .. out:paint("dim", "  " .. step.file))
    local segment
    for _, statement in ipairs(step.statements) do
      if segment and statement.segment ~= segment then out:line(out:paint("dim", "    -- commit")) end
      segment = statement.segment
      out:line("    " .. statement.sql:gsub("\n", "\n    ") .. ";" .. out:paint("dim", facts(statement, report.dialect)))
    end
    if not step.complete then
      out:line(("    … line %d reads what an earlier statement would have changed: not known before it runs"):format(
        step.line or 0))
    end
  end
  if #report.steps == 0 then out:note "nothing to do" end
  out:document("report", report)
end

return plan
