-- indexes, single and composite

revision      = "p03_indexes"
down_revision = "p02_rename"

function upgrade()
  op.create_index("ix_user_is_active", "user", { "is_active" }, { unique = false })
  op.create_index("ix_user_source_active", "user", { "user_source", "is_active" })
end

function downgrade()
  op.drop_index("ix_user_source_active")      -- the table is looked up where the server wants it
  op.drop_index("ix_user_is_active", "user")
end
