-- Operations whose SQL on every dialect stands in spec/golden/<dialect>.sql: { name, function(op, sql) … end }. What
-- the database has before them is `before`.
local operations = {}

local function add(name, fn) operations[#operations + 1] = { name, fn } end

function operations.before(op, sql)
  op.create_table("companies", { { "id", sql.integer, primary_key = true }, { "name", sql.string(50) } })
  op.create_table("products", {
    { "id", sql.integer, primary_key = true },
    { "name", sql.string(255), nullable = false, default = "none", comment = "what it is called" },
    { "price", sql.numeric(10, 2) },
    { "company_id", sql.integer },
    { "state", sql.enum("state", { "new", "old" }), default = "new" },
    { "changed_at", sql.timestamp, default = sql.expr "CURRENT_TIMESTAMP", mysql_on_update = "CURRENT_TIMESTAMP" },
    sql.unique({ "name" }, { name = "uq_products_name" }),
    sql.check("price > 0", { name = "ck_price" }),
    sql.foreign_key({ "company_id" }, "companies", { "id" }, { name = "fk_company" }),
    sql.index("ix_products_price", { "price" }),
  })
end

add("create_table", function(op, sql)
  op.create_table("orders", {
    { "id", sql.bigint, primary_key = true },
    { "company_id", sql.integer, nullable = false, references = "companies.id", ondelete = "CASCADE", index = true },
    { "code", sql.string(20), unique = true, check = "length(code) > 2" },
    { "paid", sql.boolean, nullable = false, default = false },
    { "total", sql.numeric(12, 2), default = 0 },
    { "rate", sql.double, default = 0.5 },
    { "note", sql.text, default = "it's \\ here" },
    { "data", sql.json, default = "{}" },
    { "raw", sql.varbinary(8), default = sql.bytes "\0\1" },
    { "at", sql.datetime { timezone = true, precision = 6 }, default = sql.now },
    { "day", sql.date, default = sql.now },
    { "ref", sql.uuid, default = sql.uuid_v4 },
    { "nothing", sql.integer, default = sql.null },
    { "mood", sql.enum("mood", { "good", "it's bad" }), default = "good" },
    { "twice", sql.numeric(12, 2), computed = sql.computed("total * 2", { stored = true }) },
    sql.unique({ "company_id", "code" }, { name = "uq_orders_code" }),
    comment = "what is ordered",
  })
end)

add("create_table: keys", function(op, sql)
  op.create_table("a", { { "id", sql.integer, primary_key = true, autoincrement = false } })
  op.create_table("b", { { "x", sql.integer }, { "y", sql.integer }, sql.primary_key({ "x", "y" }, { name = "pk_b" }) })
  op.create_table("c", { { "id", sql.integer, primary_key = true, autoincrement = true } })
  op.create_table("d", { { "id", sql.integer, primary_key = true, default = 1 } })
  op.create_table("e", { { "id", sql.integer, primary_key = true, references = "companies.id" } })
  op.create_table("f", { { "id", sql.bigint, primary_key = true, identity = sql.identity { always = true, start = 5 } } })
end)

add("create_table: types", function(op, sql)
  op.create_table("types", {
    { "a", sql.smallint }, { "b", sql.integer { unsigned = true } }, { "c", sql.bigint }, { "d", sql.tinyint },
    { "e", sql.mediumint }, { "f", sql.float }, { "g", sql.real }, { "h", sql.numeric }, { "i", sql.char(3) },
    { "j", sql.text }, { "k", sql.blob }, { "l", sql.binary(4) }, { "m", sql.bit(3) }, { "n", sql.date },
    { "o", sql.time { precision = 3 } }, { "p", sql.datetime }, { "q", sql.timestamp }, { "r", sql.interval },
    { "s", sql.year }, { "t", sql.jsonb }, { "u", sql.uuid }, { "v", sql.native "INTEGER" },
    { "w", sql.variant { postgresql = sql.jsonb, default = sql.text } },
    { "x", sql.enum("plain", { "a", "bc" }, { native = false }) },
  })
end)

add("create_table: options", function(op, sql)
  op.create_table("t", { { "id", sql.integer, primary_key = true }, if_not_exists = true, schema = "app",
    mysql_engine = "InnoDB", mysql_charset = "utf8mb4", mariadb_engine = "Aria", sqlite_strict = true,
    sqlite_without_rowid = true, postgresql_with = { fillfactor = 70 }, postgresql_tablespace = "fast" })
  op.create_table("p", { { "at", sql.date }, postgresql_partition_by = "RANGE (at)", temporary = true })
end)

add("alter_table", function(op, sql)
  op.alter_table("products", { mysql_engine = "InnoDB", mariadb_engine = "Aria", mysql_row_format = "DYNAMIC", mysql_stats_persistent = true,
    mysql_max_rows = sql.null, sqlite_strict = true, postgresql_with = { fillfactor = 70, autovacuum_enabled = sql.null }, postgresql_unlogged = true,
    postgresql_tablespace = "Fast" })
end)

add("alter_table: what it goes back to", function(op, sql)
  op.alter_table("products", { mysql_row_format = sql.null, mysql_encryption = sql.null, mysql_page_compressed = false, sqlite_without_rowid = false,
    postgresql_with = { fillfactor = sql.null }, postgresql_unlogged = false, postgresql_tablespace = sql.null, postgresql_using = sql.null })
end)

add("alter_table: character set", function(op)
  op.alter_table("products", { mysql_charset = "utf8mb4", mysql_collate = "utf8mb4_bin", postgresql_with = "fillfactor=50" })
end)

add("alter_table: character set of a table that is not known", function(op)
  op.alter_table("elsewhere", { mysql_collate = "utf8mb4_bin", schema = "app" })
end)

add("alter_table: other partitions", function(op)
  op.alter_table("products", { mysql_partition_by = "HASH (id)" })
end)

add("alter_table in a batch", function(op, sql)
  op.batch_alter_table("products", function(batch)
    batch.alter_table { mysql_engine = "InnoDB", sqlite_without_rowid = true, postgresql_with = { fillfactor = 70 } }
    batch.add_column { "a", sql.integer }
    batch.alter_table { mysql_charset = "latin1" }
    batch.alter_column("name", { nullable = true })
  end)
end)

add("create_table: unlogged", function(op, sql)
  op.create_table("t", { { "id", sql.integer }, postgresql_unlogged = true, postgresql_with = { fillfactor = 70, autovacuum_enabled = sql.null } })
end)

add("drop_table, rename_table", function(op)
  op.drop_table("products", { if_exists = true })
  op.rename_table("companies", "Firms")
end)

add("add_column", function(op, sql)
  op.add_column("products", { "Order", sql.integer, nullable = false, default = 0 })
  op.add_column("products", { "owner_id", sql.integer, references = "companies.id" })
  op.add_column("products", { "sku", sql.string(20), index = true })
  op.add_column("products", { "weight", sql.integer, check = sql.check("weight > 0", { name = "ck_weight" }) })
end)

add("add_columns", function(op, sql)
  op.add_columns("products", { { "a", sql.integer }, { "b", sql.integer } })
end)

add("drop_column, rename_column", function(op)
  op.drop_column("companies", "name")
  op.rename_column("products", "name", "title")
end)

add("alter_column: type", function(op, sql)
  op.alter_column("products", "price", { type = sql.numeric(14, 4) })
end)

add("alter_column: type with a default", function(op, sql)
  op.alter_column("products", "name", { type = sql.string(300) })
end)

add("alter_column: nullable, default, comment", function(op, sql)
  op.alter_column("products", "price", { nullable = false, default = 1, comment = "in euros" })
  op.alter_column("companies", "name", { default = sql.expr "upper('x')" })
  op.alter_column("products", "name", { drop_default = true })
end)

add("alter_column: all at once", function(op, sql)
  op.alter_column("products", "name", { new_column_name = "title", type = sql.string(300), nullable = true, drop_default = true,
    drop_comment = true })
end)

add("alter_column: restates ON UPDATE", function(op)
  op.alter_column("products", "changed_at", { nullable = false })
end)

add("create_index", function(op, sql)
  op.create_index("ix_a", "products", { "name", { "price", desc = true } }, { unique = true })
  op.create_index(nil, "products", { "company_id" })
  op.create_index("ix_c", "products", { "company_id" }, { concurrently = true, if_not_exists = true })
end)

add("create_index: of the server", function(op, sql)
  op.create_index("ix_a", "products", { { "name", ops = "text_pattern_ops", length = 10 } },
    { postgresql_where = "price > 1", sqlite_where = "price > 1", postgresql_using = "btree", mysql_using = "hash",
      postgresql_with = { fillfactor = 50 }, postgresql_include = { "price" } })
end)

add("create_index: expression", function(op, sql)
  op.create_index("ix_e", "products", { sql.expr "lower(name)", sql.expr "price + 1" })
end)

add("create_index: partial", function(op) op.create_index("ix_w", "products", { "name" }, { where = "price > 1" }) end)

add("drop_index, rename_index", function(op)
  op.rename_index("ix_products_price", "ix_price", { table = "products" })
  op.drop_index("ix_price", "products")
end)

add("drop_index without its table", function(op) op.drop_index("ix_products_price") end)

add("constraints", function(op, sql)
  op.create_unique_constraint("uq_c", "companies", { "name" })
  op.create_check_constraint("ck_c", "companies", "name <> ''")
  op.create_foreign_key("fk_p", "products", "companies", { "company_id" }, { "id" }, { ondelete = "SET NULL", not_valid = true })
  op.validate_constraint("fk_p", "products")
end)

add("constraints: deferrable", function(op)
  op.create_unique_constraint("uq_d", "companies", { "name" }, { deferrable = true, initially = "DEFERRED" })
end)

add("constraints: exclude", function(op)
  op.create_exclude_constraint("ex", "products", { { "company_id", "=" }, { "price", "&&" } }, { using = "gist", where = "price > 1" })
end)

add("rename_constraint", function(op) op.rename_constraint("products", "ck_price", "ck_paid") end)

add("drop_constraint by name", function(op)
  op.drop_constraint("ck_price", "products")
  op.drop_constraint("fk_company", "products")
  op.drop_constraint("uq_products_name", "products")
end)

add("drop_constraint by kind", function(op)
  op.drop_constraint("fk_company", "products", { type = "foreignkey" })
end)

add("table comments", function(op)
  op.create_table_comment("products", "it's all")
  op.drop_table_comment("products")
end)

add("enums", function(op)
  op.create_enum("size", { "s", "l" })
  op.add_enum_value("size", "m", { before = "l" })
  op.rename_enum_value("size", "l", "xl")
  op.drop_enum("size")
end)

add("set_enum_values of a type in use", function(op)
  op.set_enum_values("state", { "active", "old", "gone" }, { renamed = { new = "active" } })
end)

add("remove_enum_value of a type in use", function(op)
  op.remove_enum_value("state", "old", { replace_by = "new" })
end)

add("views", function(op)
  op.create_view("v", "SELECT id FROM products", { replace = true, columns = { "x" } })
  op.drop_view("v", { if_exists = true })
end)

add("views with options", function(op)
  op.create_view("v", "SELECT id FROM products", {
    check_option = "local", security = "invoker", postgresql_security_barrier = true, mysql_algorithm = "merge", mysql_definer = "a`b@c@%",
  })
  op.create_view("w", "SELECT id FROM products", {
    replace = true, check_option = "none", security = "definer", postgresql_security_barrier = false, mysql_algorithm = "undefined",
  })
end)

add("views with the dialects' options", function(op)
  op.create_view("v", "SELECT id FROM products", { postgresql_security_barrier = true, mysql_algorithm = "temptable", mysql_definer = "reader" })
end)

add("materialized views with options", function(op)
  op.create_view("m", "SELECT 1 AS a", { materialized = true, postgresql_security_barrier = true })
end)

add("materialized views", function(op) op.create_view("m", "SELECT 1 AS a", { materialized = true }) end)

add("functions", function(op)
  op.create_function("twice", { args = "a integer", returns = "integer", replace = true }, "RETURN a * 2")
  op.drop_function("twice", { if_exists = true })
end)

add("triggers", function(op)
  local body = op.dialect == "postgresql" and "EXECUTE FUNCTION touch()" or op.dialect == "mysql" and "SET NEW.price = 1"
    or "UPDATE products SET price = 1 WHERE id = NEW.id"
  op.create_trigger("touch", "products", { when = "before", events = { "update" } }, body)
  op.drop_trigger("touch", "products")
end)

add("schemas", function(op)
  op.create_schema("app", { if_not_exists = true })
  op.drop_schema("app")
end)

add("sequences", function(op)
  op.create_sequence("seq", { start = 10, increment = 5, cycle = false })
  op.drop_sequence("seq")
end)

add("extensions", function(op) op.create_extension("citext", { if_not_exists = true }) end)

add("domains", function(op, sql)
  op.create_domain("positive", sql.integer, { check = "VALUE > 0", nullable = false })
end)

add("execute", function(op)
  op.execute("UPDATE products SET name = :n WHERE id = :id; ", { n = "it's", id = 1 })
  op.execute("SELECT 1; SELECT ':x'")
end)

add("execute: a transaction", function(op) op.execute("COMMIT") end)

add("bulk_insert", function(op, sql)
  op.bulk_insert("products", { { id = 1, name = "a'b\\c", price = sql.null }, { id = 2, name = "x", price = 2 } })
  op.bulk_insert("companies", { { id = 1 }, { id = 2 }, { id = 3 } }, { batch_size = 2, on_conflict = "skip" })
  op.bulk_insert("companies", { { id = 4 } }, { postgresql_overriding = "system" })
  op.bulk_insert("companies", { { id = 5 } }, { postgresql_overriding = "user", on_conflict = "skip" })
end)

add("batch_alter_table", function(op, sql)
  op.batch_alter_table("products", function(batch)
    batch.add_column { "a", sql.integer }
    batch.alter_column("price", { nullable = false })
    batch.drop_constraint("ck_price", { type = "check" })
  end)
end)

add("batch_alter_table: what can stand in one statement", function(op, sql)
  op.batch_alter_table("products", function(batch)
    batch.add_column { "a", sql.integer, unique = true }
    batch.add_column { "b", sql.integer, references = "companies.id" }
    batch.alter_column("price", { nullable = false })
    batch.create_index("ix_a", { "a", "name" })
    batch.create_check_constraint("ck_a", "a > b")
    batch.create_table_comment("both")
  end)
end)

add("batch_alter_table: what builds on an earlier change", function(op, sql)
  op.batch_alter_table("products", function(batch)
    batch.alter_column("name", { new_column_name = "title" })
    batch.create_index("ix_title", { "title" })
    batch.alter_column("price", { type = sql.numeric(12, 2) })
    batch.alter_column("price", { nullable = false })
    batch.rename_index("ix_title", "ix_titles")
    batch.drop_column("company_id")
  end)
end)

add("batch_alter_table: what is made and dropped again", function(op)
  op.batch_alter_table("products", function(batch)
    batch.create_unique_constraint("uq_price", { "price" })
    batch.create_index("ix_state", { "state" })
    batch.drop_constraint("uq_price", { type = "unique" })
    batch.drop_index("ix_state")
  end)
end)

add("alter_column: an enum that is text", function(op, sql)
  op.alter_column("products", "name", { type = sql.enum("names", { "a", "b" }, { native = false }), default = "a" })
  op.alter_column("products", "name", { type = sql.enum("names", { "a", "b", "c" }, { native = false }) })
  op.alter_column("products", "name", { type = sql.string(20) })
end)

add("alter_column: a default that says ON UPDATE", function(op, sql)
  op.alter_column("products", "changed_at", {
    drop_default = true, existing_default = sql.expr "CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP",
  })
end)

add("mysql_on_update: sql.now", function(op, sql)
  op.create_table("clock", {
    { "a", sql.datetime, mysql_on_update = sql.now },
    { "b", sql.datetime { precision = 6 }, mysql_on_update = sql.now },
    { "c", sql.datetime { precision = 3 }, mysql_on_update = sql.expr "CURRENT_TIMESTAMP" },
  })
  op.alter_column("clock", "b", { mysql_on_update = sql.now, comment = "x" })
end)

add("create_table: keys that are alike", function(op, sql)
  op.create_table("twins", {
    { "id", sql.integer, primary_key = true, unique = true }, { "a", sql.integer }, { "b", sql.integer, unique = true },
    sql.unique({ "a", "b" }, { name = "uq_1" }), sql.unique({ "a", "b" }, { name = "uq_2" }), sql.unique({ "b", "a" }, { name = "uq_3" }),
    sql.unique { "a" }, sql.unique { "a" },
  })
  op.create_table("triplets", { { "a", sql.integer }, sql.unique({ "a" }, { name = "uq_4" }), sql.unique({ "a" }, { name = "uq_5" }),
    sql.unique({ "a" }, { name = "uq_6" }), if_not_exists = true })
end)

add("mysql_invisible", function(op, sql)
  op.alter_column("products", "price", { mysql_invisible = true })
  op.alter_column("products", "price", { nullable = false, default = 0 })
  op.alter_column("products", "price", { mysql_invisible = false })
end)

add("create_index: mysql_length of every column", function(op)
  op.create_index("ix_lengths", "products", { "name" }, { mysql_length = 10 })
end)

add("create_table: lengths and operator classes by column", function(op, sql)
  op.create_table("by_column", { { "a", sql.string(50) }, { "b", sql.string(50) },
    sql.index("ix_by_column", { "a", "b" }, { mysql_length = { b = 7 }, postgresql_ops = { a = "varchar_pattern_ops" } }) })
end)

add("primary_key: mysql_length", function(op, sql)
  op.create_table("keyed", { { "a", sql.text }, { "b", sql.string(50) }, sql.primary_key({ "a", "b" }, { mysql_length = { a = 7 } }) })
end)

add("create_table: an index that its AUTO_INCREMENT needs", function(op, sql)
  op.create_table("counted", { { "id", sql.bigint, nullable = false, autoincrement = true }, { "a", sql.string(50), primary_key = true },
    sql.index("ix_counted_a", { "a" }), sql.index("ix_counted_id", { "id", { "a", length = 5 } }) })
end)

add("alter_column: nothing", function(op, sql)
  op.alter_column("products", "name", { existing_type = sql.string(255), existing_nullable = false, drop_default = false })
end)

add("constraints: what is never deferred", function(op)
  op.create_unique_constraint("uq_price", "products", { "price" }, { deferrable = false })
  op.create_foreign_key("fk_two", "products", "companies", { "id" }, { "id" }, { deferrable = false, initially = "IMMEDIATE" })
end)

add("create_foreign_key: initially deferred", function(op)
  op.create_foreign_key("fk_two", "products", "companies", { "id" }, { "id" }, { initially = "DEFERRED" })
end)

add("drop_index: by its columns", function(op)
  op.create_index(nil, "products", { "name" })
  op.drop_index(nil, "products", { "name" })
end)

return operations
