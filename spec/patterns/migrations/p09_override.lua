-- status override fields: a boolean default, a foreign key to the table itself, an index

revision      = "p09_override"
down_revision = "p08_batches"

function upgrade()
  op.add_column("user", { "status_override", sql.boolean, nullable = false, default = sql.expr "FALSE" })
  op.add_column("user", { "override_reason", sql.text })
  op.add_column("user", { "override_set_by_id", sql.string(36) })
  op.add_column("user", { "override_set_at", sql.datetime { timezone = true } })
  op.create_foreign_key("fk_user_override_set_by", "user", "user", { "override_set_by_id" }, { "id" },
    { ondelete = "SET NULL" })
  op.create_index("ix_user_source_override", "user", { "user_source", "status_override" })
end

function downgrade()
  op.drop_index("ix_user_source_override", "user")
  op.drop_constraint("fk_user_override_set_by", "user", { type = "foreignkey" })
  op.drop_column("user", "override_set_at")
  op.drop_column("user", "override_set_by_id")
  op.drop_column("user", "override_reason")
  op.drop_column("user", "status_override")
end
