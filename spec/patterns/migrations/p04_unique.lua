-- unique user names, after looking for duplicates

revision      = "p04_unique"
down_revision = "p03_indexes"

function upgrade()
  local u = op.quote("user")
  op.expect_none("SELECT username, count(*) AS n FROM " .. u .. " GROUP BY username HAVING count(*) > 1",
    "user names must be unique")
  op.create_unique_constraint("uq_user_username", "user", { "username" })
end

function downgrade()
  op.drop_constraint("uq_user_username", "user", { type = "unique" })
end
