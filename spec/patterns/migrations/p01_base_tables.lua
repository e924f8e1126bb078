-- base tables of the patterns

revision      = "p01_base"
down_revision = nil

function upgrade()
  op.create_table("account", {
    { "id",          sql.string(36),  primary_key = true },
    { "username",    sql.string(100), nullable = false },
    { "email",       sql.string(255) },
    { "is_active",   sql.boolean,     nullable = false, default = true },
    { "user_source", sql.string(20),  nullable = false, default = "hris" },
  })
  op.create_table("role_permission", {
    { "id",         sql.integer,    primary_key = true },
    { "account_id", sql.string(36), nullable = false },
    { "permission", sql.string(50), nullable = false },
    sql.foreign_key({ "account_id" }, "account", { "id" }, { name = "fk_role_permission_account" }),
  })
  op.create_table("role", {
    { "id",             sql.integer, primary_key = true },
    { "description_en", sql.string(255) },
  })
  op.bulk_insert("account", {
    { id = "u1", username = "ann", email = "Ann@Example.org" },
    { id = "u2", username = "bob", email = "bob@example.org" },
    { id = "u3", username = "cyd", email = sql.null },
  })
  op.bulk_insert("role_permission", {
    { account_id = "u1", permission = "read" },
    { account_id = "u2", permission = "write" },
  })
  op.bulk_insert("role", { { description_en = "an 'admin' \\ operator" }, { description_en = sql.null } })
end

function downgrade()
  op.drop_table("role")
  op.drop_table("role_permission")
  op.drop_table("account")
end
