-- rename account to user, with the foreign keys and columns that name it

revision      = "p02_rename"
down_revision = "p01_base"

function upgrade()
  op.rename_table("account", "user")
  op.drop_constraint("fk_role_permission_account", "role_permission", { type = "foreignkey" })
  op.alter_column("role_permission", "account_id", { new_column_name = "user_id" })
  op.create_foreign_key("fk_role_permission_user", "role_permission", "user", { "user_id" }, { "id" })
end

function downgrade()
  op.drop_constraint("fk_role_permission_user", "role_permission", { type = "foreignkey" })
  op.alter_column("role_permission", "user_id", { new_column_name = "account_id" })
  op.create_foreign_key("fk_role_permission_account", "role_permission", "user", { "account_id" }, { "id" })
  op.rename_table("user", "account")
end
