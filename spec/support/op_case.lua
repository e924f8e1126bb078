-- The cases of spec/fixtures/op_cases.json (an operation with Alembic's SQL for it) as calls of luamig.
--
--   op_case.all(dialect)      cases with .fn = function(op, sql), .before (what the database has), .options (for
--                             internals.compile); the dialects are sqlite, postgresql, mysql, mariadb
local json = require "dkjson"

local op_case = {}
local null = json.null

local function given(value)
  return value ~= nil and value ~= null
end

-- --- types ---

local generic = {
  Integer = "integer", BigInteger = "bigint", SmallInteger = "smallint", Text = "text", UnicodeText = "text",
  Unicode = "string", String = "string", Boolean = "boolean", Date = "date", Time = "time", DateTime = "datetime",
  Interval = "interval", JSON = "json", Uuid = "uuid", LargeBinary = "blob", PickleType = "blob", Numeric = "numeric",
  Float = "float", Double = "double", CHAR = "char", BIGINT = "bigint", REAL = "real", FLOAT = "float",
  TIMESTAMP = "timestamp", BINARY = "binary",
}

-- Types that only one server has are written by their own name.
local function native_name(t, options)
  local name = t:match("%.(.*)$") or t
  if name == "ARRAY" or name == "ENUM" or name == "SET" then return nil end
  local own = {
    NVARCHAR = "NATIONAL VARCHAR", NCHAR = "NATIONAL CHAR", DOMAIN = options.name,
    INTERVAL = "INTERVAL" .. (options.fields and (" " .. options.fields) or ""),
  }
  local text = own[name] or name
  if name == "BIT" and options.varying then text = "BIT VARYING" end
  local size = options.length or options.display_width or options.fsp
  if options.precision and options.scale then
    text = ("%s(%d, %d)"):format(text, options.precision, options.scale)
  elseif options.precision then
    text = ("%s(%d)"):format(text, options.precision)
  elseif size then
    text = ("%s(%d)"):format(text, size)
  end
  if options.unsigned then text = text .. " UNSIGNED" end
  if options.zerofill then text = text .. " ZEROFILL" end
  if options.charset then text = text .. " CHARACTER SET " .. options.charset end
  if t == "postgresql.TIMESTAMP" then text = text .. (options.timezone and " WITH TIME ZONE" or " WITHOUT TIME ZONE") end
  return text
end

local function type_of(sql, spec, case)
  local options = type(spec) == "table" and spec or {}
  local t = options.t or spec
  if t == "NVARCHAR" or t == "NCHAR" then
    if case.dialect == "sqlite" or case.dialect == "postgresql" then
      return sql.native(("%s(%d)"):format(t, options.length))
    end
  end
  if t == "Enum" or t == "postgresql.ENUM" then
    local extra = { schema = options.schema }
    if options.native_enum == false then
      extra.native = false
      extra.check = options.create_constraint or false
    elseif case.dialect == "sqlite" then
      extra.check = options.create_constraint or false
    end
    if options.length then return sql.native(("VARCHAR(%d)"):format(options.length)) end
    if options.name then return sql.enum(options.name, options.values, extra) end
    return sql.enum(options.values, extra)
  elseif t == "mysql.SET" then
    return sql.set(options.values)
  elseif t == "ARRAY" or t == "postgresql.ARRAY" then
    local element = type_of(sql, options.item, case)
    for _ = 1, options.dimensions or 1 do element = sql.array(element) end
    return element
  elseif t == "Uuid" and options.native_uuid == false then
    return sql.char(32)
  elseif t == "UUID" then
    return sql.native "UUID"
  elseif t == "DECIMAL" then
    return sql.native(("DECIMAL(%d, %d)"):format(options.precision, options.scale))
  elseif t == "mysql.TIMESTAMP" then
    return sql.timestamp
  elseif options.variants then
    local variants = { default = sql.string(options.length) }
    for dialect, variant in pairs(options.variants) do variants[dialect] = type_of(sql, variant, case) end
    if variants.mysql and not variants.mariadb then variants.mariadb = sql.string(options.length) end
    return sql.variant(variants)
  elseif not generic[t] then
    return sql.native(native_name(t, options))
  end
  local name = generic[t]
  if name == "string" or name == "char" or name == "text" or name == "blob" or name == "binary" then
    if options.length then
      return options.collation and sql[name](options.length, { collation = options.collation }) or sql[name](options.length)
    end
    return sql[name]
  elseif name == "numeric" and options.precision then
    return sql.numeric(options.precision, options.scale)
  elseif name == "float" and options.precision then
    return sql.float(options.precision)
  elseif name == "time" or name == "datetime" then
    return options.timezone and sql[name] { timezone = true } or sql[name]
  end
  return sql[name]
end

-- --- columns ---

local function default_of(sql, value, column)
  if type(value) ~= "table" then return value end
  if value.text then return sql.expr(value.text) end
  if value.func == "now" then return sql.now end
  if value.null then return sql.null end
  if value.literal ~= nil then return value.literal end
  if value.sequence then return sql.expr(("nextval('%s')"):format(value.sequence)) end
  if value.boolean ~= nil then return value.boolean end
  if value.computed then
    column.computed = sql.computed(value.computed, value.persisted ~= nil and value.persisted ~= null
      and { stored = value.persisted } or nil)
  elseif value.identity then
    local i = value.identity
    column.identity = sql.identity { always = i.always, start = i.start, increment = i.increment, min = i.minvalue,
      max = i.maxvalue, cycle = i.cycle, cache = i.cache }
  end
  return nil
end

local function reference(sql, column_name, fk)
  local target = fk.target
  local schema, table_name, column = target:match("^([^.]+)%.([^.]+)%.([^.]+)$")
  if not schema then table_name, column = target:match("^([^.]+)%.([^.]+)$") end
  return sql.foreign_key({ column_name }, table_name, { column },
    { name = fk.name, ondelete = fk.ondelete, onupdate = fk.onupdate, referent_schema = schema,
      deferrable = fk.deferrable, initially = fk.initially })
end

-- The column, and the constraints that go beside it in a table.
local function column_of(sql, spec, case)
  local column = {
    spec.name, type_of(sql, spec.type, case),
    nullable = spec.nullable, primary_key = spec.primary_key, unique = spec.unique, index = spec.index,
    comment = given(spec.comment) and spec.comment or nil, check = spec.check,
  }
  if type(spec.autoincrement) == "boolean" then column.autoincrement = spec.autoincrement end
  if given(spec.server_default) then column.default = default_of(sql, spec.server_default, column) end
  local beside = {}
  local t = type(spec.type) == "table" and spec.type or {}
  if t.t == "Boolean" and t.create_constraint then
    if case.dialect ~= "postgresql" then beside[#beside + 1] = sql.check(spec.name .. " IN (0, 1)", { name = t.name }) end
  end
  if spec.fk then
    local list = spec.fk.target and { spec.fk } or spec.fk
    for _, fk in ipairs(list) do beside[#beside + 1] = reference(sql, spec.name, fk) end
  end
  return column, beside
end

local function constraint_of(sql, c)
  if c.kind == "unique" then
    return sql.unique(c.columns, { name = c.name, sqlite_on_conflict = c.sqlite_on_conflict,
      nulls_not_distinct = c.postgresql_nulls_not_distinct, deferrable = c.deferrable, initially = c.initially })
  elseif c.kind == "check" then
    return sql.check(c.sql, { name = c.name })
  elseif c.kind == "primary_key" then
    return sql.primary_key(c.columns, { name = c.name })
  elseif c.kind == "index" then
    return sql.index(c.name, c.columns, { unique = c.unique })
  end
  local columns, table_name, schema = {}, nil, nil
  for i, target in ipairs(c.references) do
    local s, t, column = target:match("^([^.]+)%.([^.]+)%.([^.]+)$")
    if not s then t, column = target:match("^([^.]+)%.([^.]+)$") end
    columns[i], table_name, schema = column, t, s
  end
  return sql.foreign_key(c.columns, table_name, columns, { name = c.name, ondelete = c.ondelete, onupdate = c.onupdate,
    referent_schema = schema, deferrable = c.deferrable, initially = c.initially })
end

-- --- operations ---

local function name_of(name)
  if type(name) == "table" then return name.f end
  return given(name) and name or nil
end

local translate = {}

function translate.create_table(op, sql, a, case)
  local body = { if_not_exists = a.if_not_exists, prefixes = a.prefixes, comment = given(a.comment) and a.comment or nil,
    schema = a.schema }
  local beside = {}
  for _, spec in ipairs(a.columns) do
    local column, more = column_of(sql, spec, case)
    if a.sqlite_autoincrement and spec.primary_key and case.dialect == "sqlite" then column.autoincrement = true end
    body[#body + 1] = column
    for _, constraint in ipairs(more) do beside[#beside + 1] = constraint end
  end
  for _, constraint in ipairs(a.constraints or {}) do beside[#beside + 1] = constraint_of(sql, constraint) end
  for _, constraint in ipairs(beside) do body[#body + 1] = constraint end
  for key, value in pairs(a) do
    if key == "sqlite_with_rowid" then
      body.sqlite_without_rowid = not value
    elseif key ~= "sqlite_autoincrement" and key:find("^%l+_") and key:match("^(%l+)_"):find("sql") or key:find("^mariadb_") then
      body[key] = value
    end
  end
  op.create_table(a.name, body)
end

function translate.drop_table(op, _, a)
  op.drop_table(a.name, { schema = a.schema, if_exists = a.if_exists })
end

function translate.rename_table(op, _, a)
  op.rename_table(a.old, a.new, { schema = a.schema })
end

function translate.add_column(op, sql, a, case)
  local column, beside = column_of(sql, a.column, case)
  column.mysql_after = a.mysql_after
  local fk = a.column.fk
  if fk and fk.target and not fk.name then
    column.references, column.ondelete = fk.target, fk.ondelete
    beside = {}
  end
  op.add_column(a.table, column, { schema = a.schema, if_not_exists = a.if_not_exists, insert_after = a.insert_after })
  for _, constraint in ipairs(beside) do op.add_constraint(a.table, constraint, { schema = a.schema }) end
end

function translate.drop_column(op, _, a)
  op.drop_column(a.table, a.column, { schema = a.schema, if_exists = a.if_exists })
end

function translate.alter_column(op, sql, a, case)
  local o = {
    schema = a.schema, new_column_name = a.new_column_name, nullable = a.nullable, postgresql_using = a.postgresql_using,
    existing_nullable = a.existing_nullable, existing_autoincrement = a.existing_autoincrement,
    autoincrement = a.autoincrement,
  }
  if given(a.type_) then o.type = type_of(sql, a.type_, case) end
  if given(a.existing_type) then o.existing_type = type_of(sql, a.existing_type, case) end
  if a.comment == null then o.drop_comment = true else o.comment = a.comment end
  if given(a.existing_comment) then o.existing_comment = a.existing_comment end
  local existing = a.existing_server_default
  if a.server_default == null then
    if type(existing) == "table" and existing.identity then o.drop_identity = true else o.drop_default = true end
  elseif a.server_default ~= nil then
    o.default = default_of(sql, a.server_default, o)
  end
  if given(existing) and not (type(existing) == "table" and existing.identity) then
    o.existing_default = default_of(sql, existing, {})
  end
  op.alter_column(a.table, a.column, o)
end

function translate.create_index(op, sql, a)
  local elements = {}
  for i, element in ipairs(a.columns) do
    if type(element) ~= "table" then
      elements[i] = element
    elseif element.func then
      elements[i] = sql.expr(("%s(%s)"):format(element.func, table.concat(element.args, ", ")))
    elseif element.text then
      elements[i] = sql.expr(element.text)
    elseif element.desc then
      elements[i] = { element.desc, desc = true }
    end
  end
  local o = {}
  for key, value in pairs(a) do
    if key ~= "name" and key ~= "table" and key ~= "columns" then o[key] = value end
  end
  op.create_index(name_of(a.name), a.table, elements, o)
end

function translate.drop_index(op, _, a)
  op.drop_index(a.name, given(a.table_name) and a.table_name or nil,
    { schema = a.schema, if_exists = a.if_exists, postgresql_concurrently = a.postgresql_concurrently })
end

function translate.create_unique_constraint(op, _, a)
  op.create_unique_constraint(name_of(a.name), a.table, a.columns, { schema = a.schema, deferrable = a.deferrable,
    initially = a.initially, postgresql_nulls_not_distinct = a.postgresql_nulls_not_distinct })
end

function translate.create_check_constraint(op, _, a)
  op.create_check_constraint(name_of(a.name), a.table, a.sql, { schema = a.schema, postgresql_not_valid = a.postgresql_not_valid })
end

function translate.create_foreign_key(op, _, a)
  op.create_foreign_key(name_of(a.name), a.table, a.referent, a["local"], a.remote, { ondelete = a.ondelete,
    onupdate = a.onupdate, deferrable = a.deferrable, initially = a.initially, match = a.match,
    source_schema = a.source_schema, referent_schema = a.referent_schema, postgresql_not_valid = a.postgresql_not_valid })
end

function translate.create_primary_key(op, _, a)
  op.create_primary_key(name_of(a.name), a.table, a.columns, { schema = a.schema })
end

function translate.create_exclude_constraint(op, _, a)
  local elements = {}
  for i, pair in ipairs(a.elements) do elements[i] = { pair[1].column or pair[1], pair[2] } end
  op.create_exclude_constraint(name_of(a.name), a.table, elements, { using = a.using, where = a.where,
    deferrable = a.deferrable, initially = a.initially, schema = a.schema })
end

function translate.drop_constraint(op, _, a)
  op.drop_constraint(a.name, a.table, { type = given(a.type_) and a.type_ or nil, schema = a.schema, if_exists = a.if_exists })
end

function translate.create_table_comment(op, _, a)
  op.create_table_comment(a.table, a.comment, { schema = a.schema })
end

function translate.drop_table_comment(op, _, a)
  op.drop_table_comment(a.table, { schema = a.schema })
end

function translate.execute(op, _, a)
  op.execute(a.sql)
end

local function cell_of(sql, value, spec)
  if value == null then return sql.null end
  if type(value) ~= "table" then return value end
  if value.decimal then return sql.expr(value.decimal) end
  if value.uuid then return value.uuid end
  if value.inline_literal ~= nil then return value.inline_literal end
  for _, key in ipairs { "date", "datetime", "time" } do
    if value[key] then return value[key] end
  end
  error("a value of column " .. spec.name .. " that is not translated")
end

function translate.bulk_insert(op, sql, a)
  local rows, columns = {}, {}
  for i, spec in ipairs(a.columns) do columns[i] = spec.name end
  for i, row in ipairs(a.rows) do
    rows[i] = {}
    for _, spec in ipairs(a.columns) do
      if row[spec.name] ~= nil then rows[i][spec.name] = cell_of(sql, row[spec.name], spec) end
    end
  end
  op.bulk_insert(a.table, rows, { schema = a.schema, columns = columns })
end

function translate.batch_alter_table(op, sql, a, case)
  op.batch_alter_table(a.table, function(batch)
    local inner = setmetatable({}, { __index = function(_, name)
      return function(_, ...) return batch[name](...) end
    end })
    for _, one in ipairs(a.ops) do
      local args = setmetatable({ table = a.table }, { __index = one.args })
      if one.op == "drop_constraint" then
        batch.drop_constraint(args.name, { type = args.type_ })
      elseif one.op == "create_unique_constraint" then
        batch.create_unique_constraint(args.name, args.columns)
      elseif one.op == "drop_index" then
        batch.drop_index(args.name)
      else
        translate[one.op](inner, sql, args, case)
      end
    end
  end, { recreate = given(a.recreate) and a.recreate or nil })
end

-- --- what the database has before ---

-- The tables that the cases are about; the altered column is what the case says that it is.
local function fixture(op, sql, case)
  local a, dialect = case.args, case.dialect
  local schema = a.schema or a.source_schema
  local skip = type(a.column) == "table" and a.column.name
  local altered = case.op == "alter_column" and a.column
  if case.op == "create_table" then
    if a.name ~= "account" then op.create_table("account", { { "id", sql.integer, primary_key = true } }) end
    if a.name ~= "org" then op.create_table("org", { { "id", sql.integer, primary_key = true } }) end
    return
  end
  if given(a.copy_from) then
    op.create_table("org", { { "id", sql.integer, primary_key = true } })
    translate.create_table(op, sql, a.copy_from, case)
    return
  end
  local body = { schema = schema }
  local function add(name, column_type, options)
    if name == skip then return end
    local column = { name, column_type }
    for key, value in pairs(options or {}) do column[key] = value end
    if name == altered then
      if given(a.existing_type) then column[2] = type_of(sql, a.existing_type, case) end
      if a.existing_nullable ~= nil then column.nullable = a.existing_nullable end
      if given(a.existing_comment) then column.comment = a.existing_comment end
      if type(a.existing_server_default) == "table" and a.existing_server_default.identity and dialect == "postgresql" then
        column[2], column.nullable, column.identity = sql.integer, false, sql.identity {}
      elseif given(a.existing_server_default) then
        column.default = default_of(sql, a.existing_server_default, {})
      end
    end
    body[#body + 1] = column
  end
  add("id", sql.integer, { nullable = false })
  add("name", sql.string(50))
  add("age", sql.integer)
  add("org_id", sql.integer)
  add("grp", sql.string(10))
  for _, spec in ipairs(case.op == "bulk_insert" and a.columns or {}) do
    if spec.name ~= "id" and spec.name ~= "name" then
      add(spec.name, spec.type == "String" and sql.string(50) or type_of(sql, spec.type, case))
    end
  end
  if case.op == "create_exclude_constraint" then add("period", sql.native "tsrange") end
  if case.op == "create_index" and a.columns[1] == "geom" then add("geom", sql.native "geometry", { nullable = false }) end
  op.create_table("account", body)
  local referred = a.referent_schema or (type(skip) == "string" and a.column.fk and a.column.fk.target
    and a.column.fk.target:match("^(%w+)%.%w+%.%w+$"))
  op.create_table("org", { { "id", sql.integer, primary_key = true }, schema = referred or nil })
  op.create_table("org2", { { "id", sql.integer, primary_key = true } })
  if case.op == "drop_index" then op.create_index(a.name, a.table_name, { "name" }, { schema = schema }) end
  if case.op == "drop_table_comment" then op.create_table_comment("account", "x") end
end

-- Naming conventions of the cases named so: Alembic's %(constraint_name)s has no counterpart.
local function naming_of(case)
  if case.name:find("convention") then
    return { uq = "uq_{table}_{columns}", ck = "ck_{table}_{columns}", fk = "fk_{table}_{columns}_{referred_table}", pk = "pk_{table}" }
  end
  return {}
end

local schemas = { schema = true, source_schema = true, referent_schema = true }

-- The schemas that must exist for the case.
function op_case.schemas(case)
  local found = {}
  for key in pairs(schemas) do
    if given(case.args[key]) then found[case.args[key]] = true end
  end
  local column = case.args.column
  if type(column) == "table" and column.fk and column.fk.target then
    local schema = column.fk.target:match("^(%w+)%.%w+%.%w+$")
    if schema then found[schema] = true end
  end
  for _, spec in ipairs(case.args.columns or {}) do
    local t = type(spec) == "table" and spec.type
    if type(t) == "table" and t.schema then found[t.schema] = true end
  end
  local list = {}
  for schema in pairs(found) do list[#list + 1] = schema end
  table.sort(list)
  return list
end

function op_case.all(dialect)
  local file = assert(io.open("spec/fixtures/op_cases.json"))
  local data = json.decode(file:read "a", 1, json.null)
  file:close()
  local cases = {}
  for _, case in ipairs(data.cases) do
    if case.dialect == dialect and translate[case.op] then
      case.fn = function(op, sql) translate[case.op](op, sql, case.args, case) end
      case.options = {
        is_mariadb = dialect == "mariadb", server_version = dialect == "mariadb" and 101119 or nil,
        naming = naming_of(case), before = function(op, sql) fixture(op, sql, case) end,
      }
      case.luamig_dialect = dialect == "mariadb" and "mysql" or dialect
      cases[#cases + 1] = case
    end
  end
  return cases
end

return op_case
