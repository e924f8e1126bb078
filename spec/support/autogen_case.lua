-- The cases of spec/fixtures/autogen_cases.json (a schema before, a schema declared, Alembic's differences between them)
-- as Lua texts of luamig.
--
--   autogen_case.all(dialect)   cases of "sqlite", "postgresql" or "mysql", each with .before (the body of an upgrade()),
--                               .schema (the text of a schema.lua), .config, .unchanged, .expected (list of { what, test })
local json = require "dkjson"

local autogen_case = {}
local null = json.null

local function quote(text)
  return ("%q"):format(text):gsub("\\\n", "\\n")
end

local function names(list)
  local quoted = {}
  for i, name in ipairs(list) do quoted[i] = quote(name) end
  return "{ " .. table.concat(quoted, ", ") .. " }"
end

-- { key = text, … } of the keys that have one, "" when none has.
local function options(pairs_of)
  local parts = {}
  for i = 1, #pairs_of, 2 do parts[#parts + 1] = pairs_of[i] .. " = " .. pairs_of[i + 1] end
  return #parts > 0 and "{ " .. table.concat(parts, ", ") .. " }" or nil
end

-- Types ---------------------------------------------------------------------------------------------------------------

local plain = {
  Integer = "integer", BigInteger = "bigint", Text = "text", Boolean = "boolean", Interval = "interval", JSON = "json",
  DateTime = "datetime", ["postgresql.JSONB"] = "jsonb",
}

local function enum(spec, dialect)
  local extra = {}
  if spec.native_enum == false then
    extra = { "native", "false", "check", tostring(spec.create_constraint or false) }
  elseif dialect == "sqlite" then
    extra = { "check", "false" }
  end
  local opts = options(extra)
  return ("sql.enum(%s, %s%s)"):format(quote(spec.name), names(spec.values), opts and ", " .. opts or "")
end

local function type_text(spec, dialect)
  if type(spec) == "string" then
    if spec == "Interval" and dialect ~= "postgresql" then return "sql.datetime" end -- as SQLAlchemy has it
    return "sql." .. assert(plain[spec], spec)
  end
  local t = spec.t
  if t == "String" or t == "Unicode" then return ("sql.string(%d)"):format(spec.length) end
  if t == "Numeric" then
    return spec.scale and ("sql.numeric(%d, %d)"):format(spec.precision, spec.scale) or ("sql.numeric(%d)"):format(spec.precision)
  end
  if t == "DateTime" then return spec.timezone and "sql.datetime { timezone = true }" or "sql.datetime" end
  if t == "Enum" then return enum(spec, dialect) end
  if t == "ARRAY" then return ("sql.array(%s)"):format(type_text(spec.item, dialect)) end
  if t == "mysql.VARCHAR" then return ("sql.string(%d, { charset = %s })"):format(spec.length, quote(spec.charset)) end
  if t == "mysql.SET" then return ("sql.set %s"):format(names(spec.values)) end
  if t == "mysql.DATETIME" then return ("sql.datetime { precision = %d }"):format(spec.fsp) end
  return "sql." .. assert(plain[t], t)
end

-- Tables --------------------------------------------------------------------------------------------------------------

local function default_text(value)
  if type(value) == "string" then return quote(value) end
  if value.text then return "sql.expr " .. quote(value.text) end
  if value.func == "now" then return "sql.now" end
  if value.func then return "sql.expr " .. quote(value.func:upper()) end
  return value["true"] and "true" or "false"
end

local function column_text(column, dialect)
  local parts = { quote(column.name), type_text(column.type, dialect) }
  local function add(key, text) parts[#parts + 1] = key .. " = " .. text end
  if column.primary_key then add("primary_key", "true") end
  if column.autoincrement == false then add("autoincrement", "false") end
  if column.nullable == false then add("nullable", "false") end
  if column.comment and column.comment ~= null then add("comment", quote(column.comment)) end
  local default = column.server_default
  if type(default) == "table" and default.computed then
    add("computed", ("sql.computed(%s, { stored = true })"):format(quote(default.computed)))
  elseif default and default ~= null then
    add("default", default_text(default))
  end
  if column.fk then add("references", quote(column.fk.target)) end
  return "{ " .. table.concat(parts, ", ") .. " }"
end

local constraints = {}

function constraints.index(c)
  local elements = {}
  for i, column in ipairs(c.columns) do
    elements[i] = type(column) == "table" and "sql.expr " .. quote(column.text) or quote(column)
    if c.mysql_length then elements[i] = ("{ %s, length = %d }"):format(elements[i], c.mysql_length) end
  end
  return ("sql.index(%s, { %s }%s)"):format(quote(c.name), table.concat(elements, ", "), c.unique and ", { unique = true }" or "")
end

function constraints.unique(c)
  return ("sql.unique(%s%s)"):format(names(c.columns), c.name and (", { name = %s }"):format(quote(c.name)) or "")
end

function constraints.check(c)
  return ("sql.check(%s, { name = %s })"):format(quote(c.sql), quote(c.name))
end

function constraints.foreign_key(c)
  local referred, columns = nil, {}
  for i, target in ipairs(c.references) do referred, columns[i] = target:match "^(%w+)%.(%w+)$" end
  local list = {}
  for _, key in ipairs { "name", "ondelete", "onupdate" } do
    if c[key] and c[key] ~= null then
      list[#list + 1] = key
      list[#list + 1] = quote(c[key])
    end
  end
  local opts = options(list)
  return ("sql.foreign_key(%s, %s, %s%s)"):format(names(c.columns), quote(referred), names(columns), opts and ", " .. opts or "")
end

function constraints.exclude(c)
  local elements = {}
  for i, pair in ipairs(c.elements) do elements[i] = ("{ %s, %s }"):format(quote(pair[1].column), quote(pair[2])) end
  return ("sql.exclude({ %s }, { name = %s })"):format(table.concat(elements, ", "), quote(c.name))
end

local function body_text(data, dialect)
  local lines = {}
  for _, column in ipairs(data.columns) do
    lines[#lines + 1] = column_text(column, dialect)
    local t = type(column.type) == "table" and column.type or {}
    if t.t == "Boolean" and t.create_constraint and dialect ~= "postgresql" then
      lines[#lines + 1] = ("sql.check(%s, { name = %s })"):format(quote(column.name .. " IN (0, 1)"), quote(t.name))
    end
  end
  for _, c in ipairs(data.constraints or {}) do lines[#lines + 1] = constraints[c.kind](c) end
  if data.comment and data.comment ~= null then lines[#lines + 1] = "comment = " .. quote(data.comment) end
  return "{\n    " .. table.concat(lines, ",\n    ") .. ",\n  }"
end

-- What Alembic found ---------------------------------------------------------------------------------------------------

local expectations = {}

-- Whether the operation, or one in a batch, passes.
local function some(operations, test)
  for _, op in ipairs(operations) do
    if test(op) or (op.operations and some(op.operations, test)) then return true end
  end
  return false
end

local function altered(what, keys)
  return function(diff)
    local table_name, column = diff[3], diff[4]
    return ("%s of %s.%s"):format(what, table_name, column), function(op)
      if op.op ~= "alter_column" or op.column ~= column or (op.table or table_name) ~= table_name then return false end
      for _, key in ipairs(keys) do
        if op[key] ~= nil then return true end
      end
      return false
    end
  end
end

expectations.modify_type = altered("the type", { "type" })
expectations.modify_nullable = altered("the nullability", { "nullable" })
expectations.modify_default = altered("the default", { "default", "drop_default" })
expectations.modify_comment = altered("the comment", { "comment", "drop_comment" })

local function column_name(text) return text:match "^Column%('([^']+)'" end

function expectations.add_column(diff)
  local name = column_name(diff[4])
  return "column " .. name .. " added", function(op)
    return op.op == "add_column" and op.columns[1].name == name
  end
end

function expectations.remove_column(diff)
  local name = column_name(diff[4])
  return "column " .. name .. " dropped", function(op)
    return op.op == "drop_column" and op.column.name == name
  end
end

local function of_table(operation)
  return function(diff)
    local name = diff[2]:match "^Table%('([^']+)'"
    return operation .. " " .. name, function(op) return op.op == operation and op.table == name end
  end
end
expectations.add_table, expectations.remove_table = of_table "create_table", of_table "drop_table"
expectations.add_table_comment = of_table "create_table_comment"
expectations.remove_table_comment = of_table "drop_table_comment"

-- MySQL has a unique constraint where SQLAlchemy sees an index, and the other way round.
local function of_index(operations)
  return function(diff)
    local name = diff[2]:match "^Index%('([^']+)'"
    return operations[1] .. " " .. name, function(op)
      for _, operation in ipairs(operations) do
        if op.op == operation and (op.name == name or (op.constraint and op.constraint.name == name)) then return true end
      end
      return false
    end
  end
end
expectations.add_index = of_index { "create_index", "add_constraint" }
expectations.remove_index = of_index { "drop_index", "drop_constraint" }

-- Unnamed ones are told apart by the kind of operation alone.
local function of_constraint(operations)
  return function(diff)
    local name = diff[2]:match "name='([^']+)'"
    return operations[1] .. " " .. (name or "(unnamed)"), function(op)
      for _, operation in ipairs(operations) do
        if op.op == operation then
          local found = op.name or (op.constraint and op.constraint.name)
          if name == nil or found == name then return true end
        end
      end
      return false
    end
  end
end
expectations.add_constraint = of_constraint { "add_constraint", "create_index" }
expectations.remove_constraint = of_constraint { "drop_constraint", "drop_index" }
expectations.add_fk, expectations.remove_fk = of_constraint { "add_constraint" }, of_constraint { "drop_constraint" }

local function expected_of(case)
  local expected = {}
  for _, diff in ipairs(case.diffs) do
    local one = type(diff[1]) == "table" and diff[1] or diff
    local what, test = assert(expectations[one[1]], one[1])(one)
    expected[#expected + 1] = { what = what, test = function(operations) return some(operations, test) end }
  end
  return expected
end

-- The cases ------------------------------------------------------------------------------------------------------------

local dialects = { sqlite = "sqlite", postgresql = "postgresql", mysql = "mariadb" }

function autogen_case.all(dialect)
  local file = assert(io.open "spec/fixtures/autogen_cases.json")
  local data = json.decode(file:read "a", 1, json.null)
  file:close()
  local cases = {}
  for _, case in ipairs(data.cases) do
    if case.dialect == dialects[dialect] then
      local before, schema = {}, {}
      for _, t in ipairs(case.before) do
        before[#before + 1] = ("op.create_table(%s, %s)"):format(quote(t.name), body_text(t, dialect))
      end
      for _, sql in ipairs(case.raw_ddl) do before[#before + 1] = ("op.execute(%s)"):format(quote(sql)) end
      for _, t in ipairs(case.after) do
        schema[#schema + 1] = ("  %s = %s,\n"):format(t.name, body_text(t, dialect))
      end
      case.unchanged = #case.raw_ddl == 0 and json.encode(case.before) == json.encode(case.after)
      case.expected = expected_of(case)
      case.config = case.options.include_schemas and "autogenerate = { include_schemas = true }," or nil
      case.before = table.concat(before, "\n  ")
      case.schema = "return sql.schema {\n" .. table.concat(schema) .. "}\n"
      cases[#cases + 1] = case
    end
  end
  return cases
end

return autogen_case
