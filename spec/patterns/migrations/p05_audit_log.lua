-- audit log

revision      = "p05_audit"
down_revision = "p04_unique"

function upgrade()
  op.create_table("audit_log", {
    { "id",          sql.integer,    primary_key = true, autoincrement = true },
    { "user_id",     sql.string(36) },
    { "action",      sql.string(50), nullable = false },
    { "entity_type", sql.string(50), nullable = false },
    { "entity_id",   sql.string(36), nullable = false },
    { "old_value",   sql.json },
    { "new_value",   sql.json },
    { "created_at",  sql.datetime { timezone = true }, nullable = false, default = sql.expr "CURRENT_TIMESTAMP" },
    sql.foreign_key({ "user_id" }, "user", { "id" }, { name = "fk_audit_log_user", ondelete = "SET NULL" }),
  })
  op.create_index("ix_audit_log_entity", "audit_log", { "entity_type", "entity_id" })
  op.create_index("ix_audit_log_user", "audit_log", { "user_id" })
  op.create_index("ix_audit_log_created", "audit_log", { "created_at" })
  op.bulk_insert("audit_log", {
    { user_id = "u1", action = "login", entity_type = "user", entity_id = "u1", new_value = sql.json { a = 1, b = "it's" } },
  })
end

function downgrade()
  op.drop_index("ix_audit_log_created", "audit_log")
  op.drop_index("ix_audit_log_user", "audit_log")
  op.drop_index("ix_audit_log_entity", "audit_log")
  op.drop_table("audit_log")
end
