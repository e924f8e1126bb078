--- What an editor shall know of `op` and `sql` (LuaLS annotations) and luacheck of their names: made from the same tables
--- as the binding.
local core = require "luamig.core"

local annotations = {}

-- Of `op`, what is no operation: name, parameters, what it returns, what it does.
annotations.functions = {
  { "get_bind", "", "luamig.connection", "the connection of this run" },
  { "execute_file", "path: string", nil, "run the SQL of a file" },
  { "batch_alter_table", "table: string, change: fun(batch: luamig.op), options?: table", nil,
    "several changes of one table at once; batch has the operations without their table" },
  { "inspect", "table?: string, options?: { schema?: string }", "table?", "the catalog's description of a table, or the names of all" },
  { "has_table", "name: string, options?: { schema?: string }", "boolean", "whether the table exists" },
  { "has_column", "table: string, name: string, options?: { schema?: string }", "boolean", "whether the column exists" },
  { "commit", "", nil, "end the segment here" },
  { "uuid", "type?: luamig.type", "string", "a new UUID, as a column of the type takes it" },
  { "expect_none", "query: string|table, message?: string", nil, "fail when the query gives a row" },
  { "autocommit_block", "body: fun()", nil, "statements outside of a transaction" },
  { "reversible", "parts: { up: fun(), down: fun() }", nil, "the raw part of a change()" },
  { "sleep", "seconds: number", nil, "wait" },
  { "quote", "name: string", "string", "a name as the server quotes it" },
  { "f", "name: string", "string", "a name that no convention touches" },
  { "log", "...: any", nil, "say something in the log" },
}

-- Operations that are spellings of another, with Alembic's arguments: name, parameters, what it does.
annotations.spellings = {
  { "add_columns", "table: string, columns: luamig.column[], options?: table", "add several columns" },
  { "rename_column", "table: string, old: string, new: string, options?: table", "give a column another name" },
  { "create_unique_constraint", "name: string?, table: string, columns: string|string[], options?: table",
    "add a constraint of sql.unique, with its options" },
  { "create_check_constraint", "name: string?, table: string, condition: string, options?: table",
    "add a constraint of sql.check, with its options" },
  { "create_primary_key", "name: string?, table: string, columns: string|string[], options?: table", "add a primary key" },
  { "create_exclude_constraint", "name: string?, table: string, elements: table, options?: table",
    "add a constraint of sql.exclude, with its options" },
  { "create_foreign_key", "name: string?, source: string, referent: string, local_columns: string|string[], "
    .. "remote_columns: string|string[], options?: table", "add a constraint of sql.foreign_key, with its options" },
}

-- Of `op`, what is neither: name, type, what it holds.
annotations.fields = {
  { "dialect", '"sqlite"|"postgresql"|"mysql"', "the dialect, also of MariaDB: mysql" },
  { "is_mariadb", "boolean", "whether the server is MariaDB" },
  { "server_version", "integer", "150020, 80036, 101119, 3040001" },
  { "offline", "boolean", "whether statements are printed or listed (--sql, plan) and no row can be read" },
  { "args", "table<string, string>", "what -x KEY=VALUE says" },
  { "tag", "string?", "what --tag says" },
  { "database", "string", "the database's name" },
}

-- Of `sql`, what is no type.
local values = {
  { "primary_key", "columns: string|string[], options?: table", "luamig.constraint" },
  { "unique", "columns: string|string[], options?: table", "luamig.constraint" },
  { "foreign_key", "columns: string|string[], table: string, referred?: string|string[], options?: table",
    "luamig.constraint" },
  { "check", "condition: string, options?: table", "luamig.constraint" },
  { "exclude", "elements: table, options?: table", "luamig.constraint" },
  { "index", "name: string?, elements: string|table, options?: table", "luamig.index" },
  { "expr", "text: string", "luamig.expr" }, { "col", "name: string", "luamig.expr" },
  { "cast", "column: string, type: luamig.type", "luamig.expr" }, { "bytes", "text: string", "luamig.expr" },
  { "json", "value: any", "luamig.expr" }, { "computed", "expression: string, options?: table", "luamig.computed" },
  { "identity", "options?: table", "luamig.identity" }, { "table", "name: string, options?: table", "table" },
  { "schema", "tables: table", "table" },
}
local constants = { "now", "null", "uuid_v4" }

--- Every name after `op.`
function annotations.operation_words()
  local words = core.words().operations
  for _, list in ipairs { annotations.functions, annotations.fields } do
    for _, row in ipairs(list) do words[#words + 1] = row[1] end
  end
  return words
end

--- Every name after `sql.`
function annotations.value_words()
  local words = core.words().types
  for _, row in ipairs(values) do words[#words + 1] = row[1] end
  for _, name in ipairs(constants) do words[#words + 1] = name end
  return words
end

-- Where a user may write less than the struct holds.
local narrower = {
  add_column = { columns = "luamig.column" }, drop_column = { column = "string|luamig.column" },
  create_index = { name = "string?" },
}

-- The parameters of an operation of the table: what stands by its place, then the options.
local function parameters(operation)
  local words, options, last = {}, {}, ""
  for _, field in ipairs(operation.fields) do
    if field.positional then
      local shape = (narrower[operation.name] or {})[field.name]
      local mark = not shape and field.optional and "?" or ""
      words[#words + 1] = ("%s%s: %s"):format(field.name, mark, shape or field.shape)
    else
      local key = field.name == "end" and '["end"]' or field.name
      options[#options + 1] = ("%s?: %s"):format(key, field.shape)
      if key == "body" then last = ", body?: " .. field.shape end -- create_function(name, {…}, body)
    end
  end
  words[#words + 1] = ("options?: { %s }"):format(table.concat(options, ", "))
  return table.concat(words, ", ") .. last
end

--- The whole file.
function annotations.text()
  local lines = {
    "---@meta", "-- Written by `luamig init` for the Lua language server: what migrations may use.", "",
    "---@class luamig.type", "---@class luamig.expr", "---@class luamig.constraint", "---@class luamig.index",
    "---@class luamig.computed", "---@class luamig.identity", "---@alias luamig.column table", "---@alias luamig.body table",
    "---@alias luamig.element string|table|luamig.expr", "",
    "---@class luamig.connection",
    "---@field dialect string",
    "---@field execute fun(self, sql: any, parameters?: table): table",
    "---@field scalar fun(self, sql: any, parameters?: table): any",
    "---@field rows fun(self, sql: any, parameters?: table): fun(): table",
    "---@field transaction fun(self, body: fun())", "",
    "---@class luamig.op",
  }
  local function field(name, signature, result, title)
    lines[#lines + 1] = ("---@field %s fun(%s)%s%s"):format(name, signature, result and ": " .. result or "",
      title and " # " .. title or "")
  end
  for _, operation in ipairs(core.operations()) do
    field(operation.name, parameters(operation), nil, operation.title)
  end
  for _, row in ipairs(annotations.spellings) do field(row[1], row[2], nil, row[3]) end
  for _, row in ipairs(annotations.functions) do field(row[1], row[2], row[3], row[4]) end
  for _, row in ipairs(annotations.fields) do lines[#lines + 1] = ("---@field %s %s # %s"):format(row[1], row[2], row[3]) end
  lines[#lines + 1] = "op = {}"
  lines[#lines + 1] = ""
  lines[#lines + 1] = "---@class luamig.sql"
  for _, name in ipairs(core.words().types) do
    lines[#lines + 1] = ("---@field %s luamig.type|fun(...: any): luamig.type"):format(name)
  end
  for _, row in ipairs(values) do field(row[1], row[2], row[3]) end
  for _, name in ipairs(constants) do lines[#lines + 1] = ("---@field %s luamig.expr"):format(name) end
  lines[#lines + 1] = "sql = {}"
  return table.concat(lines, "\n") .. "\n"
end

return annotations
