-- email becomes obligatory, after a look at the data

revision      = "p11_preflight"
down_revision = "p10_scheduler"

function upgrade()
  local connection = op.get_bind()
  local user = sql.table("user")
  connection:execute(user:update { email = "unknown@example.org" }:where("email IS NULL"))
  local missing = connection:execute("SELECT count(*) AS cnt FROM " .. op.quote "user" .. " WHERE email IS NULL"):scalar()
  if missing > 0 then
    error(("cannot add NOT NULL: %d rows have no email"):format(missing))
  end
  op.alter_column("user", "email", { existing_type = sql.string(255), nullable = false })
end

function downgrade()
  op.alter_column("user", "email", { existing_type = sql.string(255), nullable = true })
end
