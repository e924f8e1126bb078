--- Rules about indexes.
local step = require "luamig.lint.step"

local function on_old(kind, test)
  return function(operation, seen, report)
    if operation.kind ~= kind then return end
    if operation.table and not seen:is_old(operation.schema, operation.table) then return end
    local what = test(operation, seen)
    if what then report(operation.line, what == true and ("index '%s'"):format(operation.name or "?") or what) end
  end
end

-- The index of a CREATE INDEX or DROP INDEX, as its text calls it.
local function index_of(statement)
  local name = statement.sql:match '"([^"]+)"%s+[Oo][Nn]%s' or statement.sql:match "(%S+)%s+[Oo][Nn]%s"
    or statement.sql:match '([^%s"]+)"?%s*$'
  return name and name:upper() ~= "INDEX" and ("index '%s'"):format(name) or ("an index of '%s'"):format(statement.tables[1] or "?")
end

-- CREATE INDEX and DROP INDEX, whatever they come from, of tables that were there before.
local function without_concurrently(verb)
  return function(statement, seen, report, call)
    if statement.verb ~= verb .. " INDEX" or statement.plain:find "CONCURRENTLY" or not seen:is_about_old(statement) then return end
    report(call.line, index_of(statement))
  end
end

-- The first column of an index that is made or dropped; nil when it is an expression, or nobody knows.
local function first_column(operation)
  local elements = operation.elements
  for _, index in ipairs(not elements and operation.before and operation.before.indexes or {}) do
    if index.name == operation.name then elements = index.elements end
  end
  local first = elements and elements[1]
  return type(first) == "table" and first.column or first
end

return {
  title = "Indexes",
  rules = {
    {
      id = "index-not-concurrent", severity = "error", dialects = { "postgresql" },
      summary = "CREATE INDEX without CONCURRENTLY on a table in use", why = "writes are blocked while it is built",
      fix = "concurrently = true (it becomes a transaction of its own)",
      statement = without_concurrently("CREATE"),
    },
    {
      id = "drop-index-not-concurrent", severity = "warn", dialects = { "postgresql" },
      summary = "DROP INDEX without CONCURRENTLY", why = "the table is locked with ACCESS EXCLUSIVE",
      fix = "concurrently = true",
      operation = on_old("drop_index", function(operation) return not operation.concurrently end),
      statement = function(statement, seen, report, call)
        if call.kind == "execute" then without_concurrently "DROP"(statement, seen, report, call) end
      end,
    },
    {
      id = "reindex-not-concurrent", severity = "error", dialects = { "postgresql" },
      summary = "REINDEX without CONCURRENTLY", why = "writes are blocked, and reads that need the index",
      fix = "REINDEX … CONCURRENTLY",
      statement = function(statement, _, report, call)
        local text = statement.plain
        if text:find "^REINDEX" and not text:find "CONCURRENTLY" then report(call.line, "REINDEX") end
      end,
    },
    {
      id = "concurrent-if-not-exists", severity = "error", dialects = { "postgresql" },
      summary = "CREATE INDEX CONCURRENTLY IF NOT EXISTS",
      why = "it is content with an INVALID index that a failure left behind", fix = "leave if_not_exists out: luamig removes such leftovers",
      statement = function(statement, _, report, call)
        if statement.plain:find "INDEX CONCURRENTLY IF NOT EXISTS" then report(call.line, index_of(statement)) end
      end,
    },
    {
      id = "unique-on-existing", severity = "warn", summary = "uniqueness of rows that are there already",
      why = "it fails on duplicates", fix = "op.expect_none(\"SELECT … GROUP BY … HAVING count(*) > 1\") before it",
      operation = function(operation, seen, report)
        local unique = (operation.kind == "create_index" and operation.unique)
          or (operation.kind == "add_constraint" and operation.constraint.kind == "unique" and not operation.constraint.using_index)
        if not unique or not seen:is_old(operation.schema, operation.table) then return end
        for _, call in ipairs(seen.calls) do
          if call.index < operation.index and call.kind == "execute" and call.sql:upper():find "HAVING" then return end
        end
        report(operation.line, step.table_name(operation))
      end,
    },
    {
      id = "wide-index", severity = "info", summary = "an index over more than three columns", why = "it rarely helps",
      fix = "fewer columns, or INCLUDE",
      operation = function(operation, _, report)
        if operation.kind == "create_index" and not operation.unique and #operation.elements > 3 then
          report(operation.line, ("index '%s' has %d columns"):format(operation.name or "?", #operation.elements))
        end
      end,
    },
    {
      id = "replace-index-gap", severity = "warn", summary = "an index is dropped before the one that replaces it is there",
      why = "queries have no index meanwhile", fix = "create the new one first, then drop the old one",
      operation = on_old("create_index", function(operation, seen)
        for _, other in ipairs(seen:index_operations(operation.table)) do
          if other.kind == "drop_index" and other.index < operation.index and first_column(other) == first_column(operation) then
            return ("index '%s' is dropped before '%s' is made"):format(other.name, operation.name or "?")
          end
        end
      end),
    },
    {
      id = "my-fulltext", severity = "warn", dialects = { "mysql" }, summary = "a FULLTEXT index",
      why = "the first one of a table rebuilds it, with writes blocked", fix = "a new table that has it from the start",
      operation = on_old("create_index", function(operation) return (operation.mysql_prefix or ""):upper() == "FULLTEXT" end),
    },
  },
}
