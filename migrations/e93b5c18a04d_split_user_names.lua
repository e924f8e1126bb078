-- split users.name into first_name and last_name
--
-- A data migration: new columns, the rows rewritten one by one in Lua, the old column dropped. Everything before the
-- last blank is the first name; a name without one is a last name.

revision      = "e93b5c18a04d"
down_revision = "c27a90e4d615"
create_date   = "2026-02-02T08:15:00Z"

local function split(name)
  local first, last = name:match("^(.+)%s+(%S+)$")
  return first or "", last or name
end

function upgrade()
  op.add_column("users", { "first_name", sql.string(100), nullable = false, default = "" })
  op.add_column("users", { "last_name", sql.string(100), nullable = false, default = "" })

  local conn = op.get_bind()
  for user in conn:rows("SELECT id, name FROM users") do
    local first, last = split(user.name)
    conn:execute("UPDATE users SET first_name = :first, last_name = :last WHERE id = :id",
      { first = first, last = last, id = user.id })
  end
  op.expect_none("SELECT id FROM users WHERE last_name = ''", "users without a last name")

  op.drop_column("users", "name")
end

function downgrade()
  op.add_column("users", { "name", sql.string(100), nullable = false, default = "" })

  local conn = op.get_bind()
  for user in conn:rows("SELECT id, first_name, last_name FROM users") do
    local name = user.first_name == "" and user.last_name or user.first_name .. " " .. user.last_name
    conn:execute("UPDATE users SET name = ? WHERE id = ?", { name, user.id })
  end

  op.drop_column("users", "last_name")
  op.drop_column("users", "first_name")
end
