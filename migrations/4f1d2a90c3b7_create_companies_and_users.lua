-- create companies and users
--
-- The first revision: down_revision is nil. Locks: none on existing tables.

revision      = "4f1d2a90c3b7"
down_revision = nil
create_date   = "2026-01-05T09:00:00Z"

local columns = require "columns"

function upgrade()
  op.create_table("companies", {
    { "id",   sql.integer,     primary_key = true },
    { "name", sql.string(100), nullable = false, unique = true },
    columns.timestamps,
  })

  op.create_table("users", {
    { "id",         sql.integer,     primary_key = true },
    { "company_id", sql.integer,     nullable = false },
    { "email",      sql.string(255), nullable = false },
    { "name",       sql.string(100), nullable = false, default = "" },
    { "active",     sql.boolean,     nullable = false, default = true },
    columns.timestamps,
    sql.unique({ "email" }),
    sql.foreign_key({ "company_id" }, "companies", { "id" }, { ondelete = "CASCADE" }),
  })
  op.create_index("ix_users_company_id", "users", { "company_id" })
end

function downgrade()
  op.drop_table("users")
  op.drop_table("companies")
end
