--- Rules about a revision as a whole.
local step = require "luamig.lint.step"

-- Statements that no rule of their own looks at, and locks under which nobody else can write to a table.
local LOCKING = { ["ALTER TABLE"] = true, ["ALTER DOMAIN"] = true, REFRESH = true }
local STRONG = { SHARE = true, SHARED = true, ["SHARE ROW EXCLUSIVE"] = true, ["ACCESS EXCLUSIVE"] = true }

-- Operations that a reviewer cannot judge at a glance.
local MANY = 10

-- What such a statement is about: its table, a domain or a materialized view.
local function subject_of(statement)
  local text = statement.plain:gsub('"', ""):gsub(" CONCURRENTLY ", " ")
  local name = text:match "^ALTER DOMAIN (%S+)" or text:match "^REFRESH MATERIALIZED VIEW (%S+)"
  return statement.tables[1] or (name and name:lower()) or "?"
end

return {
  title = "Revisions",
  rules = {
    {
      id = "does-not-run", severity = "error", summary = "upgrade() fails on this dialect", why = "it will not run",
      fix = "mend it; `luamig plan` and `luamig upgrade --sql` show the same",
      step = function(seen, report)
        local failure = seen.failure
        if failure and failure.kind ~= "offline" then report(failure.line, failure.message) end
      end,
    },
    {
      id = "not-seen-whole", severity = "info", summary = "upgrade() asks the database",
      why = "what follows was not looked at", fix = "branch on op.offline where that makes sense",
      step = function(seen, report)
        local failure = seen.failure
        if failure and failure.kind == "offline" then report(failure.line, failure.message) end
      end,
    },
    {
      id = "no-op-or-empty-downgrade", severity = "error", summary = "downgrade() does nothing",
      why = "the revision cannot be undone", fix = "write it, or declare irreversible = \"why\"",
      step = function(seen, report)
        local down = seen.downgrade
        if #seen.calls == 0 or seen.irreversible or not down then return end
        if #down.operations > 0 then return end
        if not down.failure then
          report(nil, "downgrade() does nothing")
        elseif down.failure.kind == "script" then -- there is none, it is local, or it fails at once
          report(down.failure.line, down.failure.message)
        end
      end,
    },
    {
      id = "no-docstring", severity = "warn", summary = "a revision that needs words has none",
      why = "nobody can review what it is meant to do, or tell how long it will take",
      fix = "a comment under the message: why, which locks, how long",
      step = function(seen, report)
        if (seen.doc or ""):find "%S" then return end
        local raw = 0
        for _, call in ipairs(seen.calls) do
          if call.kind == "execute" or call.kind == "backfill" then raw = raw + 1 end
        end
        if raw > 0 then
          report(nil, "it has SQL text or changes rows, and no description")
        elseif #seen.operations > MANY then
          report(nil, ("it has %d operations, and no description"):format(#seen.operations))
        end
      end,
    },
    {
      id = "comment-mismatch", severity = "warn", summary = "a comment that disagrees with the declarations",
      why = "readers believe the comment, luamig the declaration", fix = "mend the comment, or leave it out",
      step = function(seen, report)
        local number = 0
        for line in (seen.source .. "\n"):gmatch "(.-)\r?\n" do
          number = number + 1
          if line:find "^%s*function" or line:find "^%s*local%s+function" then return end
          local name, value = line:match "^%s*%-%-%s*(%a[%w ]-)%s*:%s*(.-)%s*$"
          name = name and name:lower()
          if name == "revision id" or name == "revision" then
            if value ~= seen.revision then report(number, ("the comment says '%s'"):format(value)) end
          elseif name == "revises" then
            local wanted = table.concat(seen.down_revision or {}, ", ")
            if value ~= wanted and not (wanted == "" and (value == "" or value:lower() == "none" or value == "nil" or value == "<base>")) then
              report(number, ("the comment says '%s'"):format(value))
            end
          end
        end
      end,
    },
    {
      id = "long-tx-after-ael", severity = "error", dialects = { "postgresql" },
      summary = "two tables in use are locked with ACCESS EXCLUSIVE in one transaction",
      why = "each is locked until both are done, and two runs may wait for each other", fix = "op.commit() between them, or a revision each",
      step = function(seen, report)
        local segments, told = {}, {}
        for _, call in ipairs(seen.calls) do
          seen:stand_at(call)
          for _, statement in ipairs(call.statements) do
            local name = statement.tables[1]
            if statement.class == "ddl" and statement.lock == "ACCESS EXCLUSIVE" and name and seen:is_about_old(statement) then
              local first = segments[call.segment]
              if first and first ~= name and not told[call.segment] then
                told[call.segment] = true
                report(call.line, ("'%s' and '%s'"):format(first, name))
              end
              segments[call.segment] = first or name
            end
          end
        end
      end,
    },
    {
      id = "several-alters-one-table", severity = "info", summary = "several changes of one table, one by one",
      why = "the table is locked (MySQL, SQLite: often rebuilt) for each", fix = "op.batch_alter_table",
      step = function(seen, report)
        local count = {}
        for _, call in ipairs(seen.calls) do
          seen:stand_at(call)
          local alters = call.kind == "add_column" or call.kind == "drop_column" or call.kind == "alter_column"
            or call.kind == "alter_table" or call.kind == "add_constraint" or call.kind == "drop_constraint"
          if alters and seen:is_old(call.schema, call.table) then
            count[call.table] = (count[call.table] or 0) + 1
            if count[call.table] == 2 then report(call.line, step.table_name(call)) end
          end
        end
      end,
    },
    {
      id = "lite-rebuild-size", severity = "warn", dialects = { "sqlite" }, summary = "a change that rebuilds the table",
      why = "all its rows are copied while nobody else can write", fix = "put the changes of a table into one op.batch_alter_table",
      step = function(seen, report)
        for _, call in ipairs(seen.calls) do
          seen:stand_at(call)
          for _, statement in ipairs(call.statements) do
            if call.table and call.kind ~= "drop_table" and statement.verb == "DROP TABLE" and seen:is_old(call.schema, call.table) then
              report(call.line, step.table_name(call) .. " is rebuilt")
            end
          end
        end
      end,
    },
    {
      id = "noop-still-locks", severity = "info", dialects = { "postgresql" }, summary = "IF EXISTS, IF NOT EXISTS on a table in use",
      why = "the lock is taken even when there is nothing to do", fix = "op.has_column and the like, and no operation",
      operation = function(operation, seen, report)
        local guarded = operation.if_exists or operation.if_not_exists
        local touches = operation.kind == "add_column" or operation.kind == "drop_column" or operation.kind == "create_index"
        if guarded and touches and operation.table and seen:is_old(operation.schema, operation.table) then
          report(operation.line, step.table_name(operation))
        end
      end,
    },
    {
      id = "raw-sql-locks", severity = "error", dialects = { "postgresql", "mysql" },
      summary = "SQL text that scans or rewrites a table in use under a lock",
      why = "writes, and under ACCESS EXCLUSIVE reads, wait as long as that takes",
      fix = "the rule about the operation of op that does it says how to do without",
      statement = function(statement, seen, report, call)
        local locking = LOCKING[statement.verb] or (seen.dialect == "mysql" and statement.verb == "CREATE INDEX")
        if call.kind ~= "execute" or not locking or not seen:is_old(nil, subject_of(statement)) then return end
        local blocks = STRONG[statement.lock or "?"] and (statement.rewrites ~= false or statement.scans ~= false)
        if blocks or statement.lock == nil then
          report(call.line, ("%s of '%s' (%s)"):format(statement.verb, subject_of(statement), statement.lock or "its lock is not known"))
        end
      end,
    },
    {
      id = "raw-sql-uninspected", severity = "info", summary = "SQL text that luamig does not know",
      why = "no rule has looked at it", fix = "an operation of op, where there is one",
      statement = function(statement, _, report, call)
        local hidden = statement.verb == "DO" or statement.verb == "CALL"
        if call.kind == "execute" and (statement.class == "ddl" or hidden) and not statement.lock and #statement.tables == 0
          and statement.rewrites == nil then
          report(call.line, ("%s"):format(statement.verb or "a statement"))
        end
      end,
    },
    {
      id = "security-definer-view", severity = "info", dialects = { "postgresql" }, summary = "SECURITY DEFINER",
      why = "it passes by row level security and runs with its owner's privileges", fix = "SECURITY INVOKER, or SET search_path",
      statement = function(statement, _, report, call)
        if statement.plain:find "SECURITY DEFINER" and not statement.plain:find "SET SEARCH_PATH" then report(call.line, "SECURITY DEFINER") end
      end,
    },
    {
      id = "unused-ignore", severity = "info", summary = "an exception that excepts nothing, or says no reason",
      why = "", fix = "remove it; or write `-- lint: ignore RULE: why`",
      step = function() end, -- luamig.lint tells, when all rules have been asked
    },
  },
}
