-- PostgreSQL's own types: uuid, jsonb, arrays, enums; plain counterparts elsewhere

revision      = "p19_types"
down_revision = "p18_profiles"

function upgrade()
  if op.dialect == "postgresql" then
    op.add_column("user", { "external_id", sql.uuid, default = sql.uuid_v4, unique = true })
    op.add_column("user", { "preferences", sql.jsonb, default = sql.json {} })
    op.add_column("user", { "tags", sql.array(sql.text), default = sql.expr "'{}'" })
    op.create_index("ix_user_external_id", "user", { "external_id" })
    op.create_index("ix_user_tags", "user", { "tags" }, { using = "gin" })
    op.add_column("user", { "status", sql.enum("user_status", { "active", "inactive", "suspended" }), default = "active" })
  else
    op.add_column("user", { "external_id", sql.uuid })
    op.add_column("user", { "preferences", sql.variant { postgresql = sql.jsonb, default = sql.text } })
    op.add_column("user", { "status", sql.enum("user_status", { "active", "inactive", "suspended" }), default = "active" })
  end
end

function downgrade()
  op.drop_column("user", "status")
  op.drop_enum("user_status", { if_exists = true })
  if op.dialect == "postgresql" then
    op.drop_index("ix_user_tags")
    op.drop_index("ix_user_external_id")
    op.drop_column("user", "tags")
  end
  op.drop_column("user", "preferences")
  op.drop_column("user", "external_id")
end
