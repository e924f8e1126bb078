--- Rules about rows that a migration changes.
local function is_change(statement)
  return statement.class == "data" and (statement.verb == "UPDATE" or statement.verb == "DELETE" or statement.verb == "MERGE")
end

-- Whether a statement takes the strongest lock on a table that was there before.
local function is_exclusive(statement, seen)
  return statement.class == "ddl" and statement.lock == "ACCESS EXCLUSIVE" and seen:is_about_old(statement)
end

-- Calls f(statement, call) of every statement, standing at its call.
local function each_statement(seen, f)
  for _, call in ipairs(seen.calls) do
    seen:stand_at(call)
    for _, statement in ipairs(call.statements) do f(statement, call) end
  end
end

-- Whether a statement is about every row: its own WHERE counts, and MySQL's LIMIT, not those of a query inside of it.
local function is_of_all_rows(statement)
  local outside = statement.plain:gsub("%b()", function(inner) return (" "):rep(#inner) end)
  local _, last = outside:find "%f[%w_]WHERE%f[^%w_]"
  if not last then return not outside:find " LIMIT " end
  local condition = statement.plain:sub(last + 1)
  return condition:find "^%s*%(?%s*TRUE%s*%)?$" or condition:find "^%s*%(?%s*1%s*=%s*1%s*%)?$"
end

return {
  title = "Rows",
  rules = {
    {
      id = "unbatched-update", severity = "error", summary = "UPDATE or DELETE of every row of a table in use",
      why = "its rows stay locked until the end, and replicas lag behind", fix = "op.backfill, which works in batches",
      statement = function(statement, seen, report, call)
        if not is_change(statement) or not seen:is_about_old(statement) then return end
        if is_of_all_rows(statement) then
          report(call.line, ("%s of '%s'"):format(statement.verb, statement.tables[1] or "?"))
        end
      end,
    },
    {
      id = "backfill-in-schema-tx", severity = "error", dialects = { "postgresql" },
      summary = "rows are changed in the transaction that holds a strong lock", why = "the lock is held as long as that takes",
      fix = "op.backfill or op.commit() between the two, or another revision",
      step = function(seen, report)
        local locked = {}
        each_statement(seen, function(statement, call)
          if is_exclusive(statement, seen) then locked[call.segment] = true end
          if is_change(statement) and locked[call.segment] and seen:is_about_old(statement) then
            report(call.line, ("%s after a change of the schema"):format(statement.verb))
          end
        end)
      end,
    },
    {
      id = "dml-then-ddl-pending-events", severity = "warn", dialects = { "postgresql" },
      summary = "a table is altered after its rows were changed in the same transaction",
      why = "with deferred constraints or triggers it fails: pending trigger events", fix = "op.commit() between the two",
      step = function(seen, report)
        local changed = {}
        each_statement(seen, function(statement, call)
          local name = statement.tables[1]
          if not name then return end
          local place = call.segment .. "\0" .. name
          if statement.class == "data" then changed[place] = true end
          if statement.verb == "ALTER TABLE" and changed[place] then
            report(call.line, ("ALTER TABLE of '%s' after its rows were changed"):format(name))
          end
        end)
      end,
    },
    {
      id = "mysql-ddl-in-dml-tx", severity = "error", dialects = { "mysql" },
      summary = "a change of the schema between changes of rows", why = "it commits the first ones: the two are not one transaction",
      fix = "a revision for the rows, one for the schema",
      step = function(seen, report)
        local before, between = false, nil
        each_statement(seen, function(statement, call)
          if statement.class == "data" and between then
            report(between, "a change of the schema between changes of rows")
            before, between = false, nil
          elseif statement.class == "data" then
            before = true
          elseif statement.class == "ddl" and before then
            between = between or call.line
          end
        end)
      end,
    },
    {
      id = "mixed-schema-data", severity = "warn", summary = "schema and rows in one revision",
      why = "one long transaction holds locks, and the two fail and are repeated in different ways",
      fix = "a revision for each",
      step = function(seen, report)
        local schema, rows = false, nil
        each_statement(seen, function(statement, call)
          if not seen:is_about_old(statement) then return end
          if statement.class == "ddl" then schema = true end
          if is_change(statement) then rows = rows or call.line end
        end)
        if schema and rows then report(rows, "rows are changed beside the schema") end
      end,
    },
    {
      id = "insert-select-big", severity = "warn", summary = "a whole table is copied in one statement",
      why = "a long transaction, and on MySQL gaps are locked", fix = "in batches, by key",
      statement = function(statement, seen, report, call)
        local text = statement.plain
        local copies = text:find "^INSERT .- SELECT " or text:find "^CREATE TABLE .- AS SELECT "
        if call.kind ~= "execute" or not copies or text:find " WHERE " or text:find " LIMIT " or not text:find " FROM " then return end
        local from = text:match " FROM ([%w_.\"`]+)"
        if from and seen:is_old(nil, (from:lower():gsub("[\"`]", ""))) then report(call.line, "a copy of '" .. from:lower() .. "'") end
      end,
    },
    {
      id = "offset-pagination", severity = "warn", summary = "batches by OFFSET",
      why = "each batch reads all before it, and rows that move are skipped", fix = "op.backfill, which goes by key",
      statement = function(statement, _, report, call)
        if statement.plain:find " OFFSET " then report(call.line, "OFFSET") end
      end,
    },
    {
      id = "foreign-key-checks-off", severity = "warn", dialects = { "mysql" }, summary = "foreign_key_checks = 0",
      why = "rows without a parent are accepted silently", fix = "count the orphans before and after",
      statement = function(statement, _, report, call)
        if statement.plain:find "FOREIGN_KEY_CHECKS ?= ?0" then report(call.line, "foreign_key_checks = 0") end
      end,
    },
  },
}
