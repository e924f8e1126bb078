-- row by row through table handles, then in one statement

revision      = "p12_rows"
down_revision = "p11_preflight"

function upgrade()
  local connection = op.get_bind()
  local users = sql.table("user")
  op.add_column("user", { "normalized_email", sql.string(255) })
  local seen = 0
  for row in connection:rows(users:select("id", "email"):where("email IS NOT NULL"):order_by("id")) do
    connection:execute(users:update { normalized_email = row.email:lower() }:where("id = ?", row.id))
    seen = seen + 1
  end
  assert(seen == 3, seen)
  op.execute(users:update { email = sql.expr "lower(email)" }:where("email <> lower(email)"))
  op.create_index("ix_user_normalized_email", "user", { "normalized_email" })
end

function downgrade()
  op.drop_index("ix_user_normalized_email", "user")
  op.drop_column("user", "normalized_email")
end
