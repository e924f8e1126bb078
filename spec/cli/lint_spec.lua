-- luamig lint: each rule has a revision that breaks it and one beside it that does not. No server is asked.
local cjson = require "cjson"
local project = require "spec.support.project"

local urls = { sqlite = "sqlite:///app.db", postgresql = "postgresql://nobody@127.0.0.1:1/x", mysql = "mysql://nobody@127.0.0.1:1/x" }

local BASE = [[
  op.create_table("orgs", { { "id", sql.bigint, primary_key = true }, { "code", sql.bigint } })
  op.create_table("users", {
    { "id", sql.bigint, primary_key = true }, { "org_id", sql.bigint }, { "email", sql.string(100), nullable = false },
    { "age", sql.integer }, { "price", sql.numeric(10, 2) }, { "state", sql.string(20), nullable = false, default = "new" },
    { "kind", sql.string(60) }, { "at", sql.datetime { timezone = true } }, { "seen", sql.datetime },
    sql.foreign_key({ "org_id" }, "orgs", { "id" }, { name = "fk_users_org" }),
    sql.check("kind <> ''", { name = "ck_users_kind" }), sql.unique({ "email" }, { name = "uq_users_email" }),
  })
  op.create_index("ix_users_org_id", "users", { "org_id" })
  op.create_index("ix_users_age_email", "users", { "age", "email" })
]]

-- rule, dialect, what breaks it, what does not
local cases = {
  -- tables
  { "drop-table", "sqlite", 'op.drop_table("users")', 'op.create_table("n", { { "id", sql.bigint, primary_key = true } }) op.drop_table("n")' },
  { "drop-table", "postgresql", 'op.execute "DROP TABLE users"', 'op.execute "CREATE TABLE n (id int); DROP TABLE n"' },
  { "drop-table-referenced", "postgresql", 'op.drop_table("orgs", { cascade = true })', 'op.drop_table("orgs")' },
  { "drop-table-multi-fk", "postgresql", [[
      op.create_table("a", { { "id", sql.bigint, primary_key = true } })
      op.add_column("users", { "a_id", sql.bigint, references = "a.id" })
      op.drop_table("users")]], 'op.drop_table("users")' },
  { "drop-schema-database", "postgresql", 'op.drop_schema("old")', 'op.create_schema("new")' },
  { "truncate", "mysql", 'op.execute "TRUNCATE TABLE users"', 'op.execute "DELETE FROM users WHERE id < 0"' },
  { "create-table-force", "mysql", 'op.execute "CREATE OR REPLACE TABLE users (id int)"', 'op.execute "CREATE TABLE n (id int)"' },
  { "rename-table", "sqlite", 'op.rename_table("users", "people")',
    'op.create_table("n", { { "id", sql.bigint, primary_key = true } }) op.rename_table("n", "m")' },
  { "rename-table", "mysql", 'op.execute "RENAME TABLE users TO people"', 'op.execute "ALTER TABLE users COMMENT = \'\'"' },
  { "rename-schema", "postgresql", 'op.execute "ALTER SCHEMA a RENAME TO b"', 'op.execute "ALTER SCHEMA a OWNER TO b"' },
  { "no-pk", "sqlite", 'op.create_table("n", { { "id", sql.bigint } })', 'op.create_table("n", { { "id", sql.bigint }, sql.primary_key("id") })' },
  { "create-table-fk-hot", "postgresql", 'op.create_table("n", { { "id", sql.bigint, primary_key = true, references = "orgs.id" } })',
    'op.create_table("n", { { "id", sql.bigint, primary_key = true, references = "n.id" } })' },
  { "multi-fk", "mysql", [[op.create_table("n", { { "id", sql.bigint, primary_key = true },
      { "a", sql.bigint, references = "orgs.id" }, { "b", sql.bigint, references = "users.id" } })]],
    [[op.create_table("n", { { "id", sql.bigint, primary_key = true },
      { "a", sql.bigint, references = "orgs.id" }, { "b", sql.bigint, references = "orgs.id" } })]] },
  { "set-logged-tablespace", "postgresql", 'op.execute "ALTER TABLE users SET TABLESPACE fast"', 'op.execute "ALTER TABLE users SET (fillfactor = 70)"' },
  { "set-logged-tablespace", "postgresql", 'op.alter_table("users", { postgresql_unlogged = true })',
    'op.alter_table("users", { postgresql_with = { fillfactor = 70 } })' },
  { "detach-not-concurrent", "postgresql", 'op.execute "ALTER TABLE users DETACH PARTITION p"',
    'op.execute "ALTER TABLE users DETACH PARTITION p CONCURRENTLY"' },
  { "partition-of", "postgresql", 'op.execute "CREATE TABLE p PARTITION OF users DEFAULT"', 'op.execute "CREATE TABLE p (LIKE users)"' },
  { "attach-no-check", "postgresql", 'op.execute "ALTER TABLE users ATTACH PARTITION p DEFAULT"', 'op.execute "ALTER TABLE users DETACH PARTITION p"' },
  { "attach-no-check", "postgresql", 'op.execute "CREATE TABLE p (id int)" op.execute "ALTER TABLE users ATTACH PARTITION p DEFAULT"',
    'op.execute "CREATE TABLE p (id int); CREATE TABLE n (id int) PARTITION BY LIST (id)" op.execute "ALTER TABLE n ATTACH PARTITION p DEFAULT"' },
  { "trigger-drop-rename", "postgresql", 'op.drop_trigger("tr", "users")', 'op.execute "ALTER TABLE users DISABLE TRIGGER tr"' },
  { "rename-table", "mysql", 'op.execute "ALTER TABLE users RENAME people"', 'op.execute "ALTER TABLE users RENAME INDEX ix_users_age_email TO i"' },
  { "rename-table", "mysql", 'op.execute "ALTER TABLE users ADD n INT, RENAME = people"',
    'op.rename_table("users", "people") op.create_view("users", "SELECT * FROM people")' },
  { "partition-of", "postgresql", [[op.execute 'CREATE TABLE p PARTITION OF "users" DEFAULT']], [[op.execute 'CREATE TABLE p (LIKE "users")']] },
  -- columns
  { "add-not-null-no-default", "postgresql", 'op.execute "ALTER TABLE users ADD a numeric(4, 2) DEFAULT 0 NOT NULL, ADD b int NOT NULL"',
    'op.execute "ALTER TABLE users ADD a numeric(4, 2) DEFAULT 0 NOT NULL, ADD CONSTRAINT c CHECK (age IS NOT NULL) NOT VALID"' },
  { "add-not-null-no-default", "mysql", 'op.add_column("users", { "n", sql.integer, nullable = false })',
    'op.add_column("users", { "n", sql.integer, nullable = false, default = 0 })' },
  { "volatile-default", "postgresql", 'op.add_column("users", { "n", sql.uuid, default = sql.uuid_v4 })',
    'op.add_column("users", { "n", sql.datetime { timezone = true }, default = sql.now })' },
  { "add-serial-identity", "postgresql", 'op.add_column("users", { "n", sql.bigint, identity = sql.identity {} })',
    'op.add_column("users", { "n", sql.bigint })' },
  { "my-auto-increment", "mysql", 'op.add_column("users", { "n", sql.bigint, autoincrement = true, unique = true })',
    'op.add_column("users", { "n", sql.bigint })' },
  { "my-expression-default", "mysql", 'op.add_column("users", { "n", sql.string(36), default = sql.expr "uuid()" })',
    'op.add_column("users", { "n", sql.datetime, default = sql.expr "CURRENT_TIMESTAMP" })' },
  { "my-virtual-col-blocks-instant", "mysql", [[
      op.add_column("users", { "v", sql.integer, computed = sql.computed("age + 1", { stored = false }) })
      op.add_column("users", { "n", sql.integer, mysql_first = true })]],
    'op.add_column("users", { "n", sql.integer, mysql_first = true })' },
  { "add-generated-stored", "mysql", 'op.add_column("users", { "n", sql.integer, computed = sql.computed("age + 1", { stored = true }) })',
    'op.add_column("users", { "n", sql.integer, computed = sql.computed("age + 1", { stored = false }) })' },
  { "add-column-inline-constraint", "postgresql", 'op.add_column("users", { "n", sql.integer, check = "n > 0" })',
    'op.add_column("users", { "n", sql.integer })' },
  { "drop-column", "mysql", 'op.execute "ALTER TABLE `users` ADD n INT, DROP COLUMN IF EXISTS `age`"', 'op.execute "ALTER TABLE users DROP CONSTRAINT ck_users_kind"' },
  { "drop-column", "sqlite", 'op.execute [[ALTER TABLE users DROP COLUMN "price, (or cost"]]', 'op.execute [[ALTER TABLE users ADD "n, DROP COLUMN (price" TEXT]]' },
  { "drop-column", "sqlite", 'op.drop_column("users", "price")', 'op.add_column("users", { "n", sql.text }) op.drop_column("users", "n")' },
  { "drop-column", "sqlite", 'op.batch_alter_table("users", function(b) b.drop_column("price") b.add_column({ "price", sql.text }) end)',
    'op.batch_alter_table("users", function(b) b.add_column({ "n", sql.text }) b.drop_column("n") end)' },
  { "drop-column-indexed", "postgresql", 'op.drop_column("users", "email")', 'op.drop_column("users", "price")' },
  { "rename-column", "mysql", 'op.execute "ALTER TABLE users CHANGE age years INT"', 'op.execute "ALTER TABLE users CHANGE age age BIGINT"' },
  { "rename-column", "sqlite", 'op.execute "ALTER TABLE users RENAME COLUMN age TO years"', 'op.execute "ALTER TABLE users RENAME TO people"' },
  { "rename-column", "sqlite", 'op.rename_column("users", "price", "cost")',
    'op.add_column("users", { "n", sql.text }) op.rename_column("users", "n", "m")' },
  { "rename-column", "mysql", 'op.alter_column("users", "price", { new_column_name = "cost" })', 'op.alter_column("users", "price", { comment = "x" })' },
  { "nullable-to-not-null", "sqlite", 'op.alter_column("users", "age", { nullable = false })',
    'op.expect_none("SELECT 1 FROM users WHERE age IS NULL") op.alter_column("users", "age", { nullable = false })' },
  { "nullable-to-not-null", "sqlite", 'op.alter_column("users", "age", { nullable = false })',
    'op.alter_column("users", "age", { nullable = false, sqlite_using = "coalesce(age, 0)" })' },
  { "set-not-null-scan", "postgresql", 'op.alter_column("users", "age", { nullable = false })',
    'op.create_check_constraint("ck_age", "users", "age IS NOT NULL") op.alter_column("users", "age", { nullable = false })' },
  { "set-not-null-scan", "postgresql", [[
      op.create_check_constraint("ck_age", "users", "\"dotage\" IS NOT NULL")
      op.alter_column("users", "age", { nullable = false })]],
    [[op.create_check_constraint("ck_age", "users", "(\"age\") is  not null", { not_valid = true })
      op.validate_constraint("ck_age", "users")
      op.alter_column("users", "age", { nullable = false })]] },
  { "set-not-null-scan", "postgresql", [[
      op.create_check_constraint("ck_age", "users", "age IS NOT NULL OR kind = 'x'")
      op.alter_column("users", "age", { nullable = false })]],
    [[op.create_check_constraint("ck_age", "users", "age IS NOT NULL AND age > 0")
      op.alter_column("users", "age", { nullable = false })]] },
  { "drop-not-null", "postgresql", 'op.alter_column("users", "state", { nullable = true })', 'op.alter_column("users", "age", { nullable = true })' },
  { "drop-default", "postgresql", 'op.alter_column("users", "state", { drop_default = true })',
    'op.alter_column("users", "age", { drop_default = true })' },
  { "not-null-old-app", "postgresql", [[
      op.add_column("users", { "n", sql.integer, nullable = false, default = 0 })
      op.alter_column("users", "n", { drop_default = true })]],
    'op.add_column("users", { "n", sql.integer, default = 0 }) op.alter_column("users", "n", { drop_default = true })' },
  { "change-default", "postgresql", 'op.alter_column("users", "state", { default = "old" })', 'op.alter_column("users", "age", { default = 1 })' },
  { "change-default", "sqlite", [[op.batch_alter_table("users", function(batch)
      batch.rename_column("state", "condition")
      batch.alter_column("condition", { default = "old" })
    end)]], [[op.batch_alter_table("users", function(batch)
      batch.rename_column("age", "years")
      batch.alter_column("years", { default = 1 })
    end)]] },
  { "change-default", "postgresql", 'op.alter_column("elsewhere", "a", { default = 1 })', 'op.alter_column("users", "state", { default = "new" })' },
  { "add-not-null-no-default", "postgresql", 'op.execute "ALTER TABLE users ADD n int NOT NULL"',
    'op.execute "ALTER TABLE users ADD EXCLUDE USING gist (age WITH =) WHERE (age IS NOT NULL), ADD NOT NULL age"' },
  { "my-expression-default", "mysql", 'op.add_column("users", { "n", sql.datetime, default = sql.expr "utc_timestamp()" })',
    'op.add_column("users", { "n", sql.datetime, default = sql.expr "now()" })' },
  { "drop-column", "postgresql", 'op.execute "ALTER TABLE users DROP age"', 'op.execute "ALTER TABLE users DROP CONSTRAINT ck_users_kind, ALTER age DROP DEFAULT"' },
  { "drop-column", "mysql", 'op.execute "ALTER TABLE users DROP `a key`"',
    'op.execute "ALTER TABLE users DROP PRIMARY KEY, DROP INDEX i, DROP KEY j, DROP FOREIGN KEY f, DROP CHECK c, DROP PARTITION p"' },
  { "drop-column", "sqlite", 'op.execute "ALTER TABLE users DROP price"',
    'op.add_column("users", { "n", sql.text }) op.rename_column("users", "n", "m") op.drop_column("users", "m")' },
  { "rename-column", "postgresql", [[op.execute 'ALTER TABLE users RENAME "the age" TO years']], 'op.execute "ALTER TABLE users RENAME CONSTRAINT a TO b"' },
  { "set-not-null-scan", "postgresql", [[
      op.add_column("users", { "n", sql.integer })
      op.backfill { table = "users", set = { n = 1 } }
      op.alter_column("users", "n", { nullable = false })]],
    [[op.create_table("n", { { "id", sql.bigint, primary_key = true }, { "a", sql.integer } })
      op.alter_column("n", "a", { nullable = false })]] },
  -- types
  { "narrowing-type", "postgresql", 'op.alter_column("users", "email", { type = sql.string(50) })',
    'op.alter_column("users", "email", { type = sql.string(200) })' },
  { "type-change-rewrite", "postgresql", 'op.alter_column("users", "at", { type = sql.datetime })',
    'op.alter_column("users", "email", { type = sql.text, postgresql_using = "email::text" })' },
  { "type-change-rewrite", "postgresql", 'op.alter_column("users", "age", { type = sql.bigint })',
    'op.alter_column("users", "email", { type = sql.text })' },
  { "type-change-rewrite", "postgresql", 'op.alter_column("users", "at", { type = sql.date })',
    'op.alter_column("users", "at", { type = sql.datetime { timezone = true, precision = 6 } })' },
  { "type-change-rewrite", "postgresql", 'op.alter_column("users", "email", { type = sql.text, postgresql_using = "upper(email)" })',
    'op.alter_column("users", "email", { type = sql.text, postgresql_using = "CAST(email AS text)" })' },
  { "type-change-using", "postgresql", 'op.alter_column("users", "email", { type = sql.text, postgresql_using = "email::text" })',
    'op.alter_column("users", "email", { type = sql.text, postgresql_using = "upper(email)" })' },
  { "type-change-using", "postgresql",
    [[op.alter_column("users", "seen", { type = sql.datetime { timezone = true }, postgresql_using = "seen AT TIME ZONE 'UTC'" })]],
    [[op.alter_column("users", "seen", { type = sql.datetime { timezone = true }, postgresql_using = "seen AT TIME ZONE zone" })]] },
  { "type-change-rewrite", "postgresql", 'op.alter_column("elsewhere", "a", { type = sql.string(9) })',
    'op.alter_column("elsewhere", "a", { type = sql.string(9), existing_type = sql.string(5) })' },
  { "type-change-check-rescan", "postgresql", 'op.alter_column("users", "kind", { type = sql.text })',
    'op.alter_column("users", "email", { type = sql.text })' },
  { "type-change-fk-revalidate", "postgresql", 'op.alter_column("users", "org_id", { type = sql.numeric(20, 0) })',
    'op.alter_column("users", "age", { type = sql.numeric(20, 0) })' },
  { "type-change-collation", "postgresql", 'op.alter_column("users", "email", { type = sql.string(100), collation = "C" })',
    'op.alter_column("users", "kind", { type = sql.string(60), collation = "C" })' },
  { "my-copy", "mysql", 'op.alter_column("users", "age", { type = sql.bigint })', 'op.alter_column("users", "age", { comment = "x" })' },
  { "my-copy", "mysql", 'op.alter_column("users", "price", { type = sql.numeric(12, 2) })',
    'op.alter_column("users", "age", { nullable = false, type = sql.integer })' },
  { "my-copy", "mysql", 'op.alter_column("users", "kind", { type = sql.text })', 'op.alter_column("users", "email", { type = sql.string(200) })' },
  { "my-varchar-255", "mysql", 'op.alter_column("users", "kind", { type = sql.string(80) })', 'op.alter_column("users", "kind", { type = sql.string(63) })' },
  { "my-enum-reorder", "mysql",
    'op.alter_column("users", "kind", { type = sql.enum { "b", "a" }, existing_type = sql.enum { "a", "b" } })',
    'op.alter_column("users", "kind", { type = sql.enum { "a", "b", "c" }, existing_type = sql.enum { "a", "b" } })' },
  { "my-charset", "mysql", 'op.execute "ALTER TABLE users CONVERT TO CHARACTER SET utf8mb4"', 'op.execute "ALTER TABLE users COMMENT = \'\'"' },
  { "my-charset", "mysql", 'op.alter_table("users", { mysql_charset = "utf8mb4" })', 'op.alter_table("users", { mysql_stats_persistent = 1 })' },
  { "lite-affinity", "sqlite", 'op.alter_column("users", "age", { type = sql.text })',
    'op.alter_column("users", "age", { type = sql.text, sqlite_using = "CAST(age AS TEXT)" })' },
  { "prefer-bigint", "mysql", 'op.create_table("n", { { "id", sql.integer, primary_key = true } })', 'op.create_table("n", { { "id", sql.bigint, primary_key = true } })' },
  { "prefer-text", "postgresql", 'op.add_column("users", { "n", sql.string(5) })', 'op.add_column("users", { "n", sql.text })' },
  { "prefer-timestamptz", "postgresql", 'op.add_column("users", { "n", sql.datetime })', 'op.add_column("users", { "n", sql.datetime { timezone = true } })' },
  { "prefer-identity", "postgresql", 'op.create_table("n", { { "id", sql.native "bigserial", primary_key = true } })',
    'op.create_table("n", { { "id", sql.bigint, primary_key = true } })' },
  { "add-json", "postgresql", 'op.add_column("users", { "n", sql.json })', 'op.add_column("users", { "n", sql.jsonb })' },
  { "narrowing-type", "sqlite", 'op.alter_column("users", "kind", { type = sql.date })', 'op.alter_column("users", "kind", { type = sql.text })' },
  { "narrowing-type", "mysql", 'op.alter_column("users", "age", { type = sql.numeric(11, 2) })', 'op.alter_column("users", "age", { type = sql.numeric(12, 2) })' },
  { "narrowing-type", "postgresql", 'op.alter_column("users", "seen", { type = sql.time, postgresql_using = "seen::time" })',
    'op.alter_column("users", "price", { type = sql.double })' },
  { "lite-affinity", "sqlite", 'op.alter_column("users", "price", { type = sql.text })',
    'op.alter_column("users", "kind", { type = sql.text }) op.alter_column("users", "age", { type = sql.bigint })' },
  { "prefer-bigint", "postgresql", 'op.create_table("n", { { "id", sql.integer }, sql.primary_key { "id" } })',
    'op.create_table("n", { { "a", sql.integer, primary_key = true }, { "b", sql.integer, primary_key = true } })' },
  -- indexes
  { "index-not-concurrent", "postgresql", 'op.create_index("ix_n", "users", { "price" })',
    'op.create_index("ix_n", "users", { "price" }, { concurrently = true })' },
  { "index-not-concurrent", "postgresql", 'op.create_index("ix_n", "users", { "price" })',
    'op.create_table("n", { { "id", sql.bigint, primary_key = true } }) op.create_index("ix_n", "n", { "id" })' },
  { "index-not-concurrent", "postgresql", 'op.create_index("ix_p", "users", { "price" })',
    'op.create_view("dear", "SELECT price FROM users", { materialized = true }); op.create_index("ix_dear", "dear", { "price" }, { unique = true })' },
  { "index-not-concurrent", "postgresql", 'op.execute "create unique index i on users (age)"', 'op.execute "CREATE INDEX CONCURRENTLY i ON users (age)"' },
  { "index-not-concurrent", "postgresql", 'op.add_column("users", { "n", sql.integer, index = true })',
    'op.execute "CREATE TABLE N (a int)" op.execute "CREATE INDEX ON n (a); CREATE MATERIALIZED VIEW \\"V\\" AS SELECT 1 AS a; CREATE INDEX ON \\"V\\" (a)"' },
  { "drop-index-not-concurrent", "postgresql", 'op.execute "DROP INDEX ix_users_org_id"', 'op.execute "DROP INDEX CONCURRENTLY ix_users_org_id"' },
  { "drop-index-not-concurrent", "postgresql", 'op.drop_index("ix_users_org_id", "users")',
    'op.drop_index("ix_users_org_id", "users", { concurrently = true })' },
  { "reindex-not-concurrent", "postgresql", 'op.execute "REINDEX TABLE users"', 'op.execute "REINDEX TABLE CONCURRENTLY users"' },
  { "concurrent-if-not-exists", "postgresql", 'op.create_index("ix_n", "users", { "price" }, { concurrently = true, if_not_exists = true })',
    'op.create_index("ix_n", "users", { "price" }, { concurrently = true })' },
  { "unique-on-existing", "sqlite", 'op.create_index("ix_n", "users", { "price" }, { unique = true })', [[
      op.expect_none("SELECT price FROM users GROUP BY price HAVING count(*) > 1")
      op.create_index("ix_n", "users", { "price" }, { unique = true })]] },
  { "wide-index", "sqlite", 'op.create_index("ix_n", "users", { "age", "email", "price", "kind" })', 'op.create_index("ix_n", "users", { "age", "email", "price" })' },
  { "replace-index-gap", "mysql", 'op.drop_index("ix_users_age_email", "users") op.create_index("ix_n", "users", { "age" })',
    'op.create_index("ix_n", "users", { "age" }) op.drop_index("ix_users_age_email", "users")' },
  { "my-fulltext", "mysql", 'op.create_index("ix_n", "users", { "kind" }, { mysql_prefix = "FULLTEXT" })', 'op.create_index("ix_n", "users", { "kind" })' },
  { "concurrent-if-not-exists", "postgresql", 'op.execute "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON users (age)"',
    'op.execute "CREATE UNIQUE INDEX CONCURRENTLY i ON users (age)"' },
  { "replace-index-gap", "sqlite", 'op.drop_index("ix_users_age_email", "users") op.create_index("ix_n", "users", { "age" })',
    'op.drop_index("ix_users_age_email", "users") op.create_index("ix_n", "users", { "email" })' },
  -- constraints
  { "add-check-validated", "postgresql", 'op.create_check_constraint("ck_n", "users", "age > 0")',
    'op.create_check_constraint("ck_n", "users", "age > 0", { not_valid = true })' },
  { "add-fk-validated", "postgresql", 'op.create_foreign_key("fk_n", "users", "orgs", { "age" }, { "id" })',
    'op.create_foreign_key("fk_n", "users", "orgs", { "age" }, { "id" }, { not_valid = true })' },
  { "validate-while-locked", "postgresql", [[
      op.create_check_constraint("ck_n", "users", "age > 0", { not_valid = true })
      op.validate_constraint("ck_n", "users")]], [[
      op.create_check_constraint("ck_n", "users", "age > 0", { not_valid = true })
      op.commit()
      op.validate_constraint("ck_n", "users")]] },
  { "fk-without-index", "postgresql", 'op.create_foreign_key("fk_n", "users", "orgs", { "price" }, { "id" })',
    'op.create_foreign_key("fk_n", "users", "orgs", { "age" }, { "id" })' },
  { "add-unique-constraint", "postgresql", 'op.create_unique_constraint("uq_n", "users", { "age" })', [[
      op.create_index("uq_n", "users", { "age" }, { unique = true, concurrently = true })
      op.create_unique_constraint("uq_n", "users", { "age" }, { using_index = "uq_n" })]] },
  { "add-primary-key", "postgresql", 'op.drop_constraint("users_pkey", "users", { type = "primary" }) op.create_primary_key("pk_n", "users", { "id" })',
    'op.drop_constraint("users_pkey", "users", { type = "primary" })' },
  { "add-exclusion", "postgresql", 'op.create_exclude_constraint("ex_n", "users", { { "age", "=" } }, { using = "btree" })',
    'op.create_unique_constraint("uq_n", "users", { "age" })' },
  { "my-add-check", "mysql", 'op.create_check_constraint("ck_n", "users", "age > 0")', 'op.create_unique_constraint("uq_n", "users", { "age" })' },
  { "my-add-fk", "mysql", 'op.create_foreign_key("fk_n", "users", "orgs", { "age" }, { "id" })',
    'op.execute "SET foreign_key_checks = 0" op.create_foreign_key("fk_n", "users", "orgs", { "age" }, { "id" })' },
  { "my-drop-pk", "mysql", 'op.drop_constraint(nil, "users", { type = "primary" })', [[
      op.batch_alter_table("users", function(batch)
        batch.drop_constraint(nil, { type = "primary" })
        batch.create_primary_key("pk", { "id", "email" })
      end)]] },
  { "narrow-check", "postgresql", 'op.create_unique_constraint("u", "users", { "age" })',
    'op.add_constraint("users", sql.unique({ "age" }, { name = "u", using_index = "u" }))' },
  { "narrow-check", "sqlite", 'op.create_check_constraint("ck_n", "users", "age > 0")', 'op.create_index("ix_n", "users", { "age" })' },
  { "drop-constraint-fk", "postgresql", 'op.drop_constraint("fk_users_org", "users")', 'op.drop_constraint("ck_users_kind", "users")' },
  { "drop-check-or-unique", "postgresql", 'op.create_check_constraint("c", "users", "age IS NOT NULL") op.drop_constraint("c", "users")',
    'op.create_check_constraint("c", "users", "age IS NOT NULL") op.alter_column("users", "age", { nullable = false }) op.drop_constraint("c", "users")' },
  { "drop-check-or-unique", "postgresql", 'op.drop_constraint("ck_users_kind", "users")', 'op.drop_constraint("fk_users_org", "users")' },
  { "unnamed-constraint", "postgresql", 'op.create_check_constraint(nil, "users", "age > 0")', 'op.create_check_constraint("ck_n", "users", "age > 0")' },
  { "domain-constraint", "postgresql", 'op.create_domain("d", sql.integer, { check = "VALUE > 0" })', 'op.create_domain("d", sql.integer)' },
  { "validate-while-locked", "postgresql", 'op.execute "ALTER TABLE users ADD CHECK (age > 0) NOT VALID" op.execute "ALTER TABLE users VALIDATE CONSTRAINT c"',
    'op.execute "ALTER TABLE users ADD CHECK (age > 0) NOT VALID" op.commit() op.execute "ALTER TABLE users VALIDATE CONSTRAINT c"' },
  -- enums
  { "enum-remove-value", "postgresql", 'op.create_enum("e", { "a", "b" }) op.set_enum_values("e", { "a" })',
    'op.create_enum("e", { "a", "b" }) op.set_enum_values("e", { "a", "b", "c" })' },
  { "enum-remove-value", "postgresql", 'op.create_enum("e", { "a", "b" }) op.remove_enum_value("e", "b")', 'op.create_enum("e", { "a", "b" })' },
  { "rename-enum-value", "postgresql", 'op.rename_enum_value("e", "a", "b")', 'op.add_enum_value("e", "b")' },
  { "enum-add-no-order", "postgresql", 'op.add_enum_value("e", "b")', 'op.add_enum_value("e", "b", { before = "a" })' },
  { "enum-create", "postgresql", 'op.create_enum("e", { "a" })', 'op.create_domain("d", sql.integer)' },
  -- rows
  { "unbatched-update", "sqlite", 'op.execute "UPDATE users SET age = 1"', 'op.execute "UPDATE users SET age = 1 WHERE id = 7"' },
  { "unbatched-update", "postgresql", 'op.execute "UPDATE users SET note = $$ WHERE id = 7 $$"',
    'op.execute "UPDATE users SET age = 1 -- don\'t\\n WHERE note = \'it\'\'s -- all\'"' },
  { "unbatched-update", "mysql", "op.execute [[UPDATE users SET note = 'it\\' WHERE' # WHERE id = 7]]",
    "op.execute [[UPDATE users SET note = 'it\\'s' /* ' */ WHERE id = 7]]" },
  { "unbatched-update", "sqlite", 'op.execute "DELETE FROM users /* WHERE id = 7 */"', 'op.execute "DELETE FROM users/**/WHERE id = 7"' },
  { "unbatched-update", "postgresql", 'op.execute "UPDATE users SET age = (SELECT id FROM orgs WHERE id = org_id)"',
    'op.execute "UPDATE users SET age = (SELECT id FROM orgs WHERE id = org_id)WHERE(age IS NULL)"' },
  { "unbatched-update", "mysql", 'op.execute "DELETE FROM users WHERE TRUE"', 'op.execute "DELETE FROM users ORDER BY id LIMIT 100"' },
  { "unbatched-update", "sqlite", 'op.execute(sql.table("users"):delete():where("1 = 1"))', 'op.backfill { table = "users", set = { age = 1 } }' },
  { "backfill-in-schema-tx", "postgresql", 'op.add_column("users", { "n", sql.text }) op.execute "UPDATE users SET n = email WHERE id > 0"',
    'op.add_column("users", { "n", sql.text }) op.commit() op.execute "UPDATE users SET n = email WHERE id > 0"' },
  { "dml-then-ddl-pending-events", "postgresql", 'op.execute "UPDATE users SET age = 1 WHERE id = 1" op.add_column("users", { "n", sql.text })',
    'op.add_column("users", { "n", sql.text }) op.execute "UPDATE users SET age = 1 WHERE id = 1"' },
  { "mysql-ddl-in-dml-tx", "mysql", [[
      op.execute "UPDATE users SET age = 1 WHERE id = 1"
      op.add_column("users", { "n", sql.text })
      op.execute "UPDATE users SET age = 2 WHERE id = 2"]],
    'op.add_column("users", { "n", sql.text }) op.execute "UPDATE users SET age = 2 WHERE id = 2"' },
  { "mixed-schema-data", "sqlite", 'op.add_column("users", { "n", sql.text }) op.execute "UPDATE users SET n = \'\' WHERE id = 1"',
    'op.create_table("n", { { "id", sql.bigint, primary_key = true } }) op.execute "UPDATE n SET id = 2 WHERE id = 1"' },
  { "insert-select-big", "sqlite", 'op.execute "CREATE TABLE n AS SELECT * FROM users"', 'op.execute "CREATE TABLE n AS SELECT * FROM users WHERE id < 10"' },
  { "offset-pagination", "sqlite", 'op.execute "DELETE FROM users WHERE id IN (SELECT id FROM users LIMIT 10 OFFSET 20)"',
    'op.execute "DELETE FROM users WHERE id IN (SELECT id FROM users WHERE id > 20 LIMIT 10)"' },
  { "foreign-key-checks-off", "mysql", 'op.execute "SET foreign_key_checks=0"', 'op.execute "SET foreign_key_checks=1"' },
  -- revisions
  { "does-not-run", "sqlite", 'op.add_column("users", { "age", sql.integer, identity = "x" })', 'op.add_column("users", { "n", sql.integer })' },
  { "not-seen-whole", "sqlite", 'if op.get_bind():scalar("SELECT 1 FROM users") then op.drop_table("users") end', 'op.drop_table("users")' },
  { "no-op-or-empty-downgrade", "sqlite", { 'op.create_index("ix_n", "users", { "age" })', "" }, 'op.create_index("ix_n", "users", { "age" })' },
  { "no-docstring", "sqlite", 'op.execute "DELETE FROM users WHERE id = 1"', 'op.drop_index("ix_users_org_id", "users")' },
  { "comment-mismatch", "sqlite", { "", "", header = "-- Revises: zz" }, { "", "", header = "-- Revises: first" } },
  { "long-tx-after-ael", "postgresql", 'op.add_column("users", { "n", sql.text }) op.add_column("orgs", { "n", sql.text })',
    'op.add_column("users", { "n", sql.text }) op.commit() op.add_column("orgs", { "n", sql.text })' },
  { "several-alters-one-table", "mysql", 'op.add_column("users", { "n", sql.text }) op.add_column("users", { "m", sql.text })',
    'op.add_columns("users", { { "n", sql.text }, { "m", sql.text } })' },
  { "lite-rebuild-size", "sqlite", 'op.alter_column("users", "age", { nullable = false })', 'op.add_column("users", { "n", sql.text })' },
  { "noop-still-locks", "postgresql", 'op.add_column("users", { "n", sql.text }, { if_not_exists = true })', 'op.add_column("users", { "n", sql.text })' },
  { "raw-sql-locks", "postgresql", 'op.execute "ALTER TABLE users ADD CONSTRAINT c CHECK (age > 0)"',
    'op.execute "ALTER TABLE users ADD CONSTRAINT c CHECK (age > 0) NOT VALID" op.execute "ALTER TABLE users VALIDATE CONSTRAINT c"' },
  { "raw-sql-locks", "postgresql", 'op.execute "REFRESH MATERIALIZED VIEW v"', 'op.execute "REFRESH MATERIALIZED VIEW CONCURRENTLY v"' },
  { "raw-sql-locks", "postgresql", 'op.execute "REFRESH MATERIALIZED VIEW other"',
    [[op.create_view("V", "SELECT 1 AS a", { materialized = true }) op.execute 'REFRESH MATERIALIZED VIEW "V"']] },
  { "raw-sql-locks", "postgresql", 'op.execute "ALTER TABLE users ALTER age TYPE bigint"',
    'op.execute "CREATE TABLE n (a int); ALTER TABLE n ADD UNIQUE (a); ALTER TABLE n ADD FOREIGN KEY (a) REFERENCES users (id)"' },
  { "raw-sql-locks", "mysql", 'op.execute "ALTER TABLE users ADD n INT, ADD CHECK (n > 0)"', 'op.execute "ALTER TABLE users ADD n INT, ALGORITHM=INSTANT"' },
  { "raw-sql-locks", "mysql", 'op.execute "ALTER TABLE users MODIFY age BIGINT"', 'op.execute "CREATE INDEX i ON users (age)"' },
  { "raw-sql-uninspected", "postgresql", 'op.execute "DO $$ BEGIN ALTER TABLE users DROP COLUMN age; END $$"', 'op.execute "DELETE FROM users WHERE id = 1"' },
  { "raw-sql-uninspected", "postgresql", 'op.execute "FROBNICATE everything"', 'op.execute "ALTER TABLE users SET (fillfactor = 70)"' },
  { "security-definer-view", "postgresql",
    'op.create_function("f", { returns = "integer", language = "sql", attributes = "SECURITY DEFINER" }, "SELECT 1")',
    'op.create_function("f", { returns = "integer", language = "sql" }, "SELECT 1")' },
  { "security-definer-view", "postgresql",
    'op.create_function("f", { returns = "integer", language = "sql", attributes = "SECURITY DEFINER" }, "SELECT 1")',
    'op.create_function("f", { returns = "integer", language = "sql", attributes = "SECURITY DEFINER SET search_path = app" }, "SELECT 1")' },
  { "unused-ignore", "sqlite", { "", "", header = "-- lint: ignore drop-table: nothing is dropped" }, "" },
}

local function new_project(dialect, revision)
  local p = project.new { url = urls[dialect] }
  p:revision { id = "first", message = "the tables", upgrade = BASE, downgrade = 'op.drop_table("users") op.drop_table("orgs")' }
  if type(revision) == "string" then revision = { revision, 'op.log("undone") op.execute "SELECT 1"' } end
  p:revision { id = "case", down = "first", upgrade = revision[1], downgrade = revision[2], header = revision.header }
  return p
end

local function findings_of(p, ...)
  local r = p:luamig("lint", "--json", ...)
  local document = cjson.decode(r.stdout)
  assert(document.findings, r.stdout)
  return document.findings, r
end

local function has(findings, rule)
  for _, finding in ipairs(findings) do
    if finding.rule == rule then return finding end
  end
end

local covered = {}
for _, case in ipairs(cases) do
  local rule, dialect, breaks, keeps = table.unpack(case)
  covered[rule] = true
  it(("%s on %s"):format(rule, dialect), function()
    local findings, r = findings_of(new_project(dialect, breaks), "case")
    local finding = assert(has(findings, rule), rule .. " was not found:\n" .. r.stdout)
    assert.equal("case", finding.revision)
    assert.equal("migrations/case.lua", finding.file)
    if finding.severity == "error" then assert.equal(3, r.code) end
    findings, r = findings_of(new_project(dialect, keeps), "case")
    assert(not has(findings, rule), rule .. " was found where it is kept:\n" .. r.stdout)
    assert(rule == "does-not-run" or not has(findings, "does-not-run"), r.stdout)
  end)
end

it("has a case for each rule", function()
  local p = project.new {}
  local r = p:luamig("lint", "--rules", "--json")
  local missing = {}
  for _, rule in ipairs(cjson.decode(r.stdout).rules) do
    if not covered[rule.id] then missing[#missing + 1] = rule.id end
  end
  assert.same({}, missing)
end)

it("finds a downgrade() that is not there, local, or wrong from its first line on", function()
  local p = new_project("sqlite", "")
  for text, message in pairs {
    [""] = "there is no function downgrade(): ",
    ["local function downgrade() end\n"] = "function 'downgrade' is local: luamig cannot see it: ",
    ["function downgrade() op.drop_colum() end\n"] = "unknown operation 'op.drop_colum'",
  } do
    p:write("migrations/case.lua", 'revision = "case"\ndown_revision = "first"\n'
      .. 'function upgrade() op.add_column("users", { "n", sql.text }) end\n' .. text)
    local finding = has(findings_of(p, "case"), "no-op-or-empty-downgrade")
    assert.equal(message, finding.message:sub(1, #message))
    assert.equal(text ~= "" and 4 or cjson.null, finding.line)
  end
end)

it("looks at downgrades in their order: what an earlier revision drops is there for a later one", function()
  local p = new_project("sqlite", { 'op.alter_column("users", "age", { nullable = false })', 'op.alter_column("users", "age", { nullable = true })' })
  assert.is_nil((has(findings_of(p), "no-op-or-empty-downgrade")))
end)

it("says nothing against a revision that uses what was made where it could not look", function()
  local p = new_project("mysql", 'if op.get_bind():scalar "SELECT 1" then op.add_column("users", { "made", sql.integer }) end')
  p:revision { id = "last", down = "case", upgrade = 'op.alter_column("users", "made", { type = sql.bigint })' }
  local findings = findings_of(p, "last")
  assert.is_nil(has(findings, "does-not-run"))
  assert.equal("what an earlier revision changes is not known: what follows was not looked at", has(findings, "not-seen-whole").message)
end)

it("says where, why and what to do, and exits 3 for an error only", function()
  local p = new_project("sqlite", { 'op.add_column("users", { "n", sql.text })\n  op.drop_column("users", "price")', 'op.drop_column("users", "n")' })
  local r = p:luamig("lint", "case")
  assert.equal(3, r.code)
  assert.equal("migrations/case.lua:7: error: column 'users.price': its values are lost, and programs that still name it fail"
    .. "  [drop-column]\n    first deploy programs that leave it alone, then drop it\n", r.stdout)
  assert.matches("1 error, 0 warnings", r.stderr, 1, true)
  r = p:luamig("lint", "first")
  assert.equal(0, r.code, r.stdout)
  assert.is_false(p:exists "app.db")
end)

it("looks at all revisions, at ranges, at targets", function()
  local p = new_project("sqlite", 'op.drop_table("users")')
  p:revision { id = "last", down = "case", upgrade = 'op.drop_table("orgs")', downgrade = 'op.execute "SELECT 1"' }
  local function ids(...)
    local seen, list = {}, {}
    for _, finding in ipairs((findings_of(p, ...))) do
      if finding.rule == "drop-table" and not seen[finding.revision] then
        seen[finding.revision] = true
        list[#list + 1] = finding.revision
      end
    end
    return table.concat(list, " ")
  end
  assert.equal("case last", ids())
  assert.equal("last", ids "head")
  assert.equal("case", ids("first", "case"))
  assert.equal("case last", ids "case:last")
  local r = p:luamig("lint", "nope")
  assert.equal(2, r.code)
  assert.matches("nope", r.stderr, 1, true)
end)

it("makes exceptions: for a line, for the next one, for the file, for the project", function()
  local p = new_project("sqlite", { 'op.drop_table("users") -- lint: ignore drop-table: nobody reads it', "op.log 'x' op.execute 'SELECT 1'" })
  assert.is_nil(has(findings_of(p, "case"), "drop-table"))
  p = new_project("sqlite", { '-- lint: ignore drop-table, no-docstring: nobody reads it\n\n  op.drop_table("users")', "op.execute 'SELECT 1'" })
  local findings = findings_of(p, "case")
  assert.is_nil(has(findings, "drop-table"))
  assert.matches("'no-docstring' excepts nothing", has(findings, "unused-ignore").message, 1, true)
  p = new_project("sqlite", { 'op.drop_table("users")\n  op.drop_table("orgs")', "op.execute 'SELECT 1'", header = "-- lint: ignore drop-table: an archive" })
  assert.is_nil(has(findings_of(p, "case"), "drop-table"))
  p = new_project("sqlite", { 'op.drop_table("users")', "op.execute 'SELECT 1'", header = "-- lint: ignore drop-tables" })
  findings = findings_of(p, "case")
  assert.is_table(has(findings, "drop-table"))
  assert.matches("there is no rule 'drop%-tables'", has(findings, "unused-ignore").message)
  p = new_project("sqlite", 'op.drop_table("users")')
  p:write("luamig.conf.lua", 'return { url = "sqlite:///app.db", lint = { ignore = { "drop-table" } } }')
  assert.is_nil(has(findings_of(p, "case"), "drop-table"))
  p:write("luamig.conf.lua", 'return { url = "sqlite:///app.db", lint = { ignore = { "drop-tabel" } } }')
  local r = p:luamig "lint"
  assert.equal(2, r.code)
  assert.matches("lint.ignore: there is no rule 'drop-tabel'", r.stderr, 1, true)
  assert.matches("did you mean 'drop-table'?", r.stderr, 1, true)
end)

it("says nothing against an exception from what it did not look at", function()
  local p = new_project("sqlite", 'op.create_index("ix_n", "users", { "age" }) -- lint: ignore index-not-concurrent: it is small')
  assert.is_nil(has(findings_of(p, "case"), "unused-ignore"))
  p = new_project("sqlite", [[if op.get_bind():scalar "SELECT 1 FROM users" then op.log "x" end
    op.drop_table("users") -- lint: ignore drop-table: an archive]])
  local findings = findings_of(p, "case")
  assert.is_table(has(findings, "not-seen-whole"))
  assert.is_nil(has(findings, "unused-ignore"))
  p = new_project("sqlite", 'op.log "x" -- lint: ignore drop-table: an archive')
  assert.is_table(has(findings_of(p, "case"), "unused-ignore"))
end)

it("takes a constraint of an added column that the naming convention names for a named one", function()
  local p = new_project("postgresql", 'op.add_column("users", { "n", sql.bigint, check = "n > 0", references = "orgs.id" })')
  assert.is_table(has(findings_of(p, "case"), "unnamed-constraint"))
  p:write("luamig.conf.lua", ('return { url = %q, naming_convention = { fk = "fk_{table}_{columns}" } }'):format(urls.postgresql))
  assert.matches("^check of table 'users'", has(findings_of(p, "case"), "unnamed-constraint").message)
  p:write("luamig.conf.lua", ('return { url = %q, naming_convention = { fk = "fk_{table}_{columns}", ck = "ck_{table}_{columns}" } }'):format(urls.postgresql))
  assert.is_nil(has(findings_of(p, "case"), "unnamed-constraint"))
end)

it("names an index of SQL text as it is written there", function()
  local function message(sql)
    local findings = findings_of(new_project("postgresql", ("op.execute [[%s]]"):format(sql)), "case")
    return (has(findings, "index-not-concurrent") or has(findings, "drop-index-not-concurrent")).message:match "^[^:]*"
  end
  assert.equal("index 'my ix'", message 'CREATE INDEX "my ix" ON users (age)')
  assert.equal("index 'Ix'", message "create unique index if not exists Ix\n on users (age)")
  assert.equal("an index of 'users'", message "CREATE INDEX ON users (age)")
  assert.equal("index 'ix'", message 'DROP INDEX IF EXISTS "ix"')
end)
