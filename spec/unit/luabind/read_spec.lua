-- What op.<name>(…) makes of its arguments, and what it says of bad ones.
local binding = require("luamig_internals").binding
local sql = binding.sql

local function read(name, ...)
  return binding.read(nil, name, ...)
end

local function message(fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  assert.equal("script", err.kind)
  return err.message
end

local id = { "id", sql.integer, primary_key = true }

describe("reading operations", function()
  it("reads a table with columns, constraints and indexes", function()
    local op = read("create_table", "products", {
      id,
      { "sku", sql.string(50), nullable = false, unique = true, default = "none", comment = "stock" },
      { "company_id", sql.integer, references = "companies.id", ondelete = "CASCADE" },
      sql.check("id > 0", { name = "ck_id" }),
      sql.index("ix_sku", { "sku", { "id", desc = true } }),
      comment = "what we sell",
      if_not_exists = true,
    })
    assert.equal("create_table", op.op)
    assert.equal("products", op.table)
    assert.equal("what we sell", op.comment)
    assert.is_true(op.if_not_exists)
    assert.same({ name = "id", type = { kind = "integer" }, primary_key = true }, op.columns[1])
    assert.same({ kind = "string", length = 50 }, op.columns[2].type)
    assert.equal("none", op.columns[2].default)
    assert.equal("companies", op.columns[3].references.table)
    assert.equal("CASCADE", op.columns[3].references.ondelete)
    assert.same({ kind = "check", name = "ck_id", condition = "id > 0" }, op.constraints[1])
    assert.same({ { column = "sku" }, { column = "id", desc = true } }, op.indexes[1].elements)
  end)

  it("takes element lists nested one level", function()
    local common = { { "created_at", sql.datetime }, { "updated_at", sql.datetime } }
    local op = read("create_table", "t", { id, common })
    assert.equal(3, #op.columns)
    assert.equal("updated_at", op.columns[3].name)
    assert.matches("element 1: element 1", message(read, "create_table", "t", { { common } }))
  end)

  it("reads Alembic's spellings of constraints", function()
    local unique = read("create_unique_constraint", "uq", "t", { "a", "b" }, { deferrable = true })
    assert.same({ kind = "unique", name = "uq", columns = { "a", "b" }, deferrable = true }, unique.constraint)
    assert.equal("create_unique_constraint", unique.op)
    local fk = read("create_foreign_key", "fk", "orders", "users", { "user_id" }, { "id" },
      { ondelete = "set null", source_schema = "s", referent_schema = "r" })
    assert.equal("s", fk.schema)
    assert.equal("r", fk.constraint.referent_schema)
    assert.equal("SET NULL", fk.constraint.ondelete)
    assert.equal("orders", fk.table)
    local exclude = read("create_exclude_constraint", "ex", "t", { { "room", "=" }, { "during", "&&" } }, { using = "gist" })
    assert.same({ { column = "room", op = "=" }, { column = "during", op = "&&" } }, exclude.constraint.elements)
    assert.equal("id > 0", read("create_check_constraint", "ck", "t", "id > 0").constraint.condition)
    assert.same({ "id" }, read("create_primary_key", "pk", "t", "id").constraint.columns)
    assert.is_nil(read("create_primary_key", nil, "t", "id").constraint.name)
  end)

  it("tells an optional argument from the options", function()
    assert.is_true(read("drop_index", "ix", { if_exists = true }).if_exists)
    assert.equal("t", read("drop_index", "ix", "t", { if_exists = true }).table)
    assert.same({ { column = "a" } }, read("drop_index", "ix", "t", { "a" }).elements)
    assert.is_true(read("drop_table", "t", { cascade = true }).cascade)
    assert.equal("id", read("drop_table", "t", { id }).columns[1].name)
    assert.is_nil(read("create_index", nil, "t", "a").name)
  end)

  it("reads a column to drop by its name or its definition", function()
    assert.same({ name = "legacy" }, read("drop_column", "t", "legacy").column)
    assert.same({ kind = "string", length = 9 }, read("drop_column", "t", { "legacy", sql.string(9) }).column.type)
  end)

  it("reads rows, and says which one differs", function()
    local op = read("bulk_insert", "t", { { b = 1, a = "x" }, { a = "y", b = sql.null } }, { batch_size = 10 })
    assert.equal(10, op.batch_size)
    assert.same({ { a = "x", b = 1 }, { a = "y", b = { kind = "null" } } }, op.rows)
    assert.same({ { b = 2, a = 1 } }, read("bulk_insert", "t", { { 1, 2 } }, { columns = { "a", "b" } }).rows)
    assert.matches("row 2: 'b' is nil: write sql.null", message(read, "bulk_insert", "t", { { a = 1, b = 2 }, { a = 1 } }), 1, true)
    local proxy = setmetatable({}, { __len = function() return 1 end, __index = function() return { a = 1 } end })
    assert.matches("the rows must stand in the list itself", message(read, "bulk_insert", "t", proxy), 1, true)
    assert.matches("row 2: column 'nmae'.*did you mean 'name'", message(read, "bulk_insert", "t", { { name = 1 }, { name = 2, nmae = 3 } }))
    assert.matches("need the option 'columns'", message(read, "bulk_insert", "t", { { 1, 2 } }))
    assert.same({}, read("bulk_insert", "t", {}).rows)
    assert.matches("row 1: 'b' is nil: write sql.null", message(read, "bulk_insert", "t", { { 1 } }, { columns = { "a", "b" } }), 1, true)
    assert.matches("row 1: a column is named twice", message(read, "bulk_insert", "t", { { a = 1 } }, { columns = { "a", "a" } }), 1, true)
    local filled_backwards = {} -- a table that has no order of its own
    for i = 40, 1, -1 do filled_backwards[i] = { a = i } end
    local rows = read("bulk_insert", "t", filled_backwards).rows
    assert.equal(40, #rows)
    for i = 1, 40 do assert.equal(i, rows[i].a) end
    assert.matches("the list of rows has a hole: element 2 is nil", message(read, "bulk_insert", "t", { { a = 1 }, nil, { a = 3 } }), 1, true)
    filled_backwards.x = { a = 41 }
    assert.matches("the list of rows is a list: 'x' is no position of it", message(read, "bulk_insert", "t", filled_backwards), 1, true)
  end)

  it("reads parameters", function()
    assert.same({ 1, "x", { kind = "null" } }, read("execute", "SELECT ?, ?, ?", { 1, "x", sql.null }).params)
    assert.same({ a = 1.5 }, read("execute", "SELECT :a", { a = 1.5 }).params)
    assert.matches("parameter 2 is nil: write sql.null", message(read, "execute", "x", { 1, nil, 3 }), 1, true)
    assert.matches("either a list", message(read, "execute", "x", { 1, a = 2 }))
    assert.matches("parameter 1: .*not a table", message(read, "execute", "x", { {} }))
    assert.matches("parameter 1: it is not a finite number", message(read, "execute", "x", { 1 / 0 }), 1, true)
    assert.matches("parameter 'e'", message(read, "execute", "x", { e = sql.expr "now()" }))
  end)

  it("accepts portable options with a dialect's prefix, on that dialect only", function()
    local function where(dialect, option)
      return binding.read(dialect, "create_index", "ix", "t", "a", { [option] = "a > 0" }).where
    end
    assert.equal("a > 0", where("postgresql", "postgresql_where"))
    assert.is_nil(where("sqlite", "postgresql_where"))
    assert.equal("a > 0", where("sqlite", "sqlite_where"))
    assert.matches("must be SQL text", message(binding.read, "sqlite", "create_index", "ix", "t", "a", { postgresql_where = 1 }))
  end)

  it("keeps the table options of its own dialect, mariadb_ before mysql_", function()
    local body = { id, mysql_engine = "InnoDB", mariadb_engine = "Aria", postgresql_tablespace = "fast",
      postgresql_with = { fillfactor = 70 } }
    local mysql = binding.read("mysql", "create_table", "t", body)
    assert.equal("InnoDB", mysql.mysql_engine)
    assert.is_nil(mysql.postgresql_tablespace)
    assert.equal("Aria", binding.read("mariadb", "create_table", "t", body).mysql_engine)
    local postgresql = binding.read("postgresql", "create_table", "t", body)
    assert.equal("fast", postgresql.postgresql_tablespace)
    assert.same({ fillfactor = 70 }, postgresql.postgresql_with)
    assert.is_nil(postgresql.mysql_engine)
  end)

  it("reads the options of a new table beside its columns or in a table of their own", function()
    local options = { comment = "what we sell", mysql_engine = "InnoDB", if_not_exists = true, schema = "s" }
    local body = { id }
    for key, value in pairs(options) do body[key] = value end
    assert.same(binding.read("mysql", "create_table", "t", body), binding.read("mysql", "create_table", "t", { id }, options))
  end)

  it("reads references of three parts and a table and column in one", function()
    local column = read("add_column", "t", { "a", sql.integer, references = "s.users.id" }).columns[1]
    assert.equal("s", column.references.referent_schema)
    assert.equal("users", column.references.table)
    local fk = read("add_constraint", "t", sql.foreign_key("user_id", "users.id")).constraint
    assert.equal("users", fk.table)
    assert.same({ "id" }, fk.referred_columns)
  end)

  it("reads functions and triggers, whose text comes last", function()
    local fn = read("create_function", "f", { returns = "integer", language = "sql" }, "SELECT 1")
    assert.equal("SELECT 1", fn.body)
    assert.equal("integer", fn.returns)
    local trigger = read("create_trigger", "tr", "t", { when = "AFTER", events = { "insert" }, each = "row" }, "SELECT 1")
    assert.equal("after", trigger.when)
    assert.equal("SELECT 1", trigger.body)
    trigger = read("create_trigger", "tr", "t", { when = "after", events = "INSERT OR UPDATE OF a, b or delete", body = "SELECT 1" })
    assert.same({ "insert", "UPDATE OF a, b", "delete" }, trigger.events)
  end)

  it("takes the table of a handle", function()
    local op = read("drop_table", sql.table("t", { schema = "s" }))
    assert.equal("t", op.table)
    assert.equal("s", op.schema)
  end)

  it("reads every operation with a minimum of arguments", function()
    local minimal = {
      rename_table = { "a", "b" }, rename_column = { "t", "a", "b" }, alter_column = { "t", "a", { mysql_first = true } },
      add_columns = { "t", { id } }, rename_index = { "a", "b" }, validate_constraint = { "c", "t" },
      rename_constraint = { "t", "a", "b" }, drop_constraint = { "c", "t" }, create_table_comment = { "t", "x" },
      drop_table_comment = { "t" }, create_enum = { "e", { "a" } }, drop_enum = { "e" }, set_enum_values = { "e", { "a" } },
      add_enum_value = { "e", "v" }, rename_enum_value = { "e", "a", "b" }, remove_enum_value = { "e", "a" },
      create_view = { "v", "SELECT 1" }, drop_view = { "v" }, create_schema = { "s" }, drop_schema = { "s" },
      create_sequence = { "s" }, drop_sequence = { "s" }, create_extension = { "e" }, drop_extension = { "e" },
      create_domain = { "d", sql.text }, drop_domain = { "d" }, drop_function = { "f" }, drop_trigger = { "t" },
      backfill = { { table = "t", set = { a = 1 } } },
    }
    for name, arguments in pairs(minimal) do
      assert.equal(name, read(name, table.unpack(arguments)).op)
    end
  end)
end)

-- { what, a part of the message, operation, arguments… }
local bad = {
  { "an unknown option", "column 'a': unknown option 'nulable' (did you mean 'nullable'?)", "add_column", "t", { "a", sql.integer, nulable = true } },
  { "an option of the operation", "column 'a': unknown option 'if_not_exists' (op.add_column takes it, in its last argument)", "add_column", "t", { "a", sql.integer, if_not_exists = true } },
  { "an option of the index", "element 1: unknown option 'unique' (op.create_index takes it, in its last argument)", "create_index", "ix", "t", { { "a", unique = true } } },
  { "Alembic's spelling", "unknown option 'server_default' (luamig writes 'default')", "add_column", "t", { "a", sql.integer, server_default = 1 } },
  { "a name as an option", "unknown option 'table_name' (the table's name comes by position)", "drop_table", "t", { table_name = "t" } },
  { "an unknown table option", "op.create_table: unknown option 'commment' (did you mean 'comment'?)", "create_table", "t", { id, commment = "x" } },
  { "an unknown option of a table", "op.alter_table: unknown option 'postgresql_fillfactor'", "alter_table", "t", { postgresql_fillfactor = 70 } },
  { "an option that only a new table has", "op.alter_table: unknown option 'postgresql_partition_by'", "alter_table", "t", { postgresql_partition_by = "LIST (a)" } },
  { "an unknown option of a table, before", "op.alter_table: unknown option 'sqlite_strickt'", "alter_table", "t", { existing_sqlite_strickt = true } },
  { "a table's comment", "op.alter_table: unknown option 'comment'", "alter_table", "t", { comment = "x" } },
  { "a column that is no table", "element 2: it must be a column { name, type }, a constraint or an index, not the string 'name'", "create_table", "t", { id, "name" } },
  { "a type that is a string", "column 'a': the type must be a type such as sql.integer, not the string 'integer'", "create_table", "t", { { "a", "integer" } } },
  { "a column without a type", "column 'a': the type must be a type such as sql.integer, not nil", "create_table", "t", { { "a", nil, primary_key = true } } },
  { "a third value in a column", "column 'a': unexpected sql.check after the type", "create_table", "t", { { "a", sql.integer, sql.check "a > 0" } } },
  { "a hole", "the table has a hole: element 2 is nil", "create_table", "t", { id, nil, { "b", sql.text } } },
  { "the same column twice", "column 'id' stands there twice", "create_table", "t", { id, id } },
  { "a column's type with a key", "column 'a': 'type_' comes by position: a column is { name, type, key = value }", "create_table", "t",
    { { "a", type_ = sql.integer } } },
  { "a column's name with a key", "'name' comes by position", "create_table", "t", { { name = "a", type = sql.integer } } },
  { "a column that does not begin with a name", "must begin with the column's name", "create_table", "t", { { sql.integer } } },
  { "a zero byte", "holds a zero byte", "drop_table", "a\0b" },
  { "an empty name", "is an empty string", "drop_table", "" },
  { "a number for a name", "argument 1 (table) must be a string, not the number 1", "drop_table", 1 },
  { "a missing argument", "argument 2 (table) is missing", "create_index", "ix" },
  { "one argument too many", "unexpected argument 3", "drop_table", "t", { cascade = true }, 5 },
  { "options that are no table", "must be a table of options, not the string 'x'", "rename_table", "a", "b", "x" },
  { "options that are a list", "must be a table of options (key = value), not a list", "rename_table", "a", "b", { "x" } },
  { "an option of the wrong type", "option 'nullable' must be true or false, not the string 'yes'", "alter_column", "t", "a", { nullable = "yes" } },
  { "a fraction for an integer", "must be an integer", "bulk_insert", "t", {}, { batch_size = 1.5 } },
  { "a default that is a table", "option 'default' must be a string, a number, a boolean, sql.expr, sql.null or sql.json(table), not a table", "alter_column", "t", "a", { default = {} } },
  { "an unknown word", "option 'ondelete': unknown word 'CASCAD' (did you mean 'CASCADE'?)", "add_column", "t", { "a", sql.integer, references = "u.id", ondelete = "CASCAD" } },
  { "an unknown word in a list", "option 'events': unknown word 'insrt' (did you mean 'insert'?)", "create_trigger", "r", "t", { events = { "UPDATE OF a", "insrt" }, body = "x" } },
  { "ondelete without references", "need references = 'table.column'", "add_column", "t", { "a", sql.integer, ondelete = "CASCADE" } },
  { "references without a column", "must be 'table.column', not 'users'", "add_column", "t", { "a", sql.integer, references = "users" } },
  { "a column that nothing changes", "op.alter_column: no option says what changes", "alter_column", "t", "a" },
  { "a change whose key is no text", "op.alter_column: argument 3 must be a table of options (key = value), not a list", "alter_column", "t", "a", { [true] = 1 } },
  { "a column that nothing changes, with options", "op.alter_column: no option says what changes", "alter_column", "t", "a",
    { schema = "s", existing_type = sql.text, postgresql_using = "a::text" } },
  { "a table that nothing changes", "op.alter_table: no option says what changes", "alter_table", "t", { existing_sqlite_strict = true } },
  { "NULL in a primary key", "column 'a' is of the primary key, which takes no NULL: leave out nullable = true", "create_table", "t",
    { { "a", sql.integer, primary_key = true, nullable = true } } },
  { "NULL in a primary key of its own", "column 'b' is of the primary key, which takes no NULL: leave out nullable = true", "create_table", "t",
    { { "b", sql.integer, nullable = true }, sql.primary_key { "b" } } },
  { "default and drop_default", "exclude each other", "alter_column", "t", "a", { default = 1, drop_default = true } },
  { "an empty list of columns", "the list of columns is empty", "create_unique_constraint", "uq", "t", {} },
  { "columns that do not match", "2 columns refer to 1", "create_foreign_key", "fk", "a", "b", { "x", "y" }, { "id" } },
  { "an empty index", "the list of elements is empty", "create_index", "ix", "t", {} },
  { "a wrong element", "element 1: it must be a column's name", "create_index", "ix", "t", { 5 } },
  { "autoincrement of a text", "column 'a': autoincrement = true needs an integer type, not sql.string", "add_column", "t",
    { "a", sql.string(5), autoincrement = true } },
  { "a column's option among the table's", "unknown option 'sqlite_autoincrement' (it stands in the column: autoincrement = true)", "create_table", "t",
    { id, sqlite_autoincrement = true } },
  { "a place of a column among the operation's options", "it stands in the column: { name, type, mysql_after = … }", "add_column", "t",
    { "a", sql.integer }, { mysql_after = "b" } },
  { "an order within an expression", "element 1: DESC stands beside the expression: { sql.expr '…', desc = true }", "create_index", "ix", "t",
    { sql.expr "lower(a) DESC" } },
  { "an order within a name", "element 2: desc stands beside the column: { '…', desc = true }", "create_index", "ix", "t", { "a", "b desc" } },
  { "an operator class within an expression", "text_pattern_ops stands beside the expression", "create_index", "ix", "t",
    { sql.expr "lower(a) text_pattern_ops" } },
  { "an unknown option of an element", "did you mean 'desc'", "create_index", "ix", "t", { { "a", dsc = true } } },
  { "an unknown prefixed option", "unknown option 'postgresql_wher'", "create_index", "ix", "t", "a", { postgresql_wher = "x" } },
  { "a flag of a dialect that is a word", "option 'sqlite_strict' must be true or false, not the string 'yes'", "create_table", "t", { id, sqlite_strict = "yes" } },
  { "a flag of a dialect before", "option 'sqlite_without_rowid' must be true or false", "alter_table", "t", { existing_sqlite_without_rowid = 1 } },
  { "a text of a dialect that is a number", "option 'postgresql_tablespace' must be SQL text, not the number 5", "create_table", "t", { id, postgresql_tablespace = 5 } },
  { "a list of a dialect that is a number", "option 'postgresql_inherits' must be SQL text", "create_table", "t", { id, postgresql_inherits = 7 } },
  { "an open option that says nothing", "option 'mysql_engine' is an empty table", "create_table", "t", { id, mysql_engine = {} } },
  { "a length of a column that is not indexed", "option 'mysql_length': the index has no column 'b'", "create_index", "ix", "t", "a", { mysql_length = { b = 3 } } },
  { "a length of a column that is not in the key", "option 'mysql_length': the key has no column 'b'", "create_primary_key", "pk", "t", "a", { mysql_length = { b = 3 } } },
  { "a length that is a text", "option 'mysql_length': 'a' must be an integer", "create_index", "ix", "t", "a", { mysql_length = { a = "3" } } },
  { "an operator class of a column that is not indexed", "option 'postgresql_ops': the index has no column 'b'", "create_index", "ix", "t", "a", { postgresql_ops = { b = "text_ops" } } },
  { "an operator class that is a number", "option 'postgresql_ops': 'a' must be a string", "create_index", "ix", "t", "a", { postgresql_ops = { a = 1 } } },
  { "two places of a column", "mysql_after and mysql_first exclude each other", "alter_column", "t", "a", { mysql_after = "b", mysql_first = true } },
  { "an unknown option of a new table", "unknown option 'coment' (did you mean 'comment'?)", "create_table", "t", { id }, { coment = "x" } },
  { "an enum's value twice", "argument 2 (values): 'a' stands there twice", "create_enum", "e", { "a", "b", "a" } },
  { "a new value of an enum twice", "argument 2 (values): 'a' stands there twice", "set_enum_values", "e", { "a", "a" } },
  { "two places of an enum's value", "before and after exclude each other", "add_enum_value", "e", "v", { before = "a", after = "b" } },
  { "a value that becomes none", "option 'removed': what 'a' becomes must be a string", "set_enum_values", "e", { "b" }, { removed = { a = 5 } } },
  { "a value that becomes one of no enum", "option 'renamed': value 'a' is to become 'c', which the new values do not have", "set_enum_values", "e", { "b" }, { renamed = { a = "c" } } },
  { "insert_after outside of a batch", "work in op.batch_alter_table only", "add_column", "t", id, { insert_after = "x" } },
  { "a constraint to drop without name and kind", "without a name it needs type", "drop_constraint", nil, "t" },
  { "an unknown kind of constraint", "unknown word 'uniqe' (did you mean 'unique'?)", "drop_constraint", "c", "t", { type = "uniqe" } },
  { "a name as an option of a spelling", "the constraint's name comes by position", "create_unique_constraint", "uq", "t", "a", { name = "x" } },
  { "empty SQL", "is empty", "execute", "  \n" },
  { "SQL that is a number", "must be SQL text", "execute", 5 },
  { "a backfill without a key", "option 'key' is empty", "backfill", { table = "t", set = { a = 1 }, key = {} } },
  { "a sleep that is no duration", "option 'sleep': 'banana' is no duration", "backfill", { table = "t", set = { a = 1 }, sleep = "banana" } },
  { "a sleep that goes back", "option 'sleep' is negative", "backfill", { table = "t", set = { a = 1 }, sleep = -0.0001 } },
  { "a sleep for ever", "option 'sleep' is longer than a day", "backfill", { table = "t", set = { a = 1 }, sleep = 1e9 } },
  { "a sleep of too many seconds", "option 'sleep' is longer than a day", "backfill",
    { table = "t", set = { a = 1 }, sleep = math.maxinteger } },
  { "a sleep of a truth", "option 'sleep' must be a number of seconds", "backfill", { table = "t", set = { a = 1 }, sleep = true } },
  { "a native type that was not called", "column 'a': the type's own name is missing", "add_column", "t", { "a", sql.native } },
  { "an array that was not called", "column 'a': the element type is missing", "add_column", "t", { "a", sql.array } },
  { "a variant that was not called", "column 'a': the table of types is missing", "add_column", "t", { "a", sql.variant } },
  { "a set that was not called", "column 'a': the list of values is missing", "add_column", "t", { "a", sql.set } },
  { "an enum that was not called", "column 'a': it needs a name, a list of values, or both", "add_column", "t", { "a", sql.enum } },
  { "a backfill of nothing", "option 'set' is missing", "backfill", { table = "t" } },
}

describe("bad arguments", function()
  for _, case in ipairs(bad) do
    it(case[1], function()
      local text = message(binding.read, nil, table.unpack(case, 3, 8))
      assert.is_truthy(text:find(case[2], 1, true), text)
      assert.is_truthy(text:find("^op%." .. case[3] .. ": "), text)
    end)
  end
end)
