-- a check constraint, an enum, and a value of it removed after its rows were moved

revision      = "p15_checks"
down_revision = "p14_concurrently"

function upgrade()
  op.add_column("user", { "age", sql.integer })
  op.create_check_constraint("ck_user_age_positive", "user", "age >= 0 AND age <= 150")
  op.create_enum("user_role", { "user", "admin", "moderator", "pending" }, { if_not_exists = true })
  op.add_column("user", { "role", sql.enum("user_role", { "user", "admin", "moderator", "pending" }),
    nullable = false, default = "user" })
  op.execute(sql.table("user"):update { role = "pending" }:where("id = ?", "u3"))
  op.remove_enum_value("user_role", "pending", { replace_by = "moderator" })
  assert(op.get_bind():scalar("SELECT role FROM " .. op.quote "user" .. " WHERE id = 'u3'") == "moderator")
end

function downgrade()
  op.drop_column("user", "role")
  op.drop_enum("user_role")
  op.drop_constraint("ck_user_age_positive", "user")
  op.drop_column("user", "age")
end
