-- move profile data to a table of its own

revision      = "p18_profiles"
down_revision = "p17_dialects"

local users, profiles = sql.table("people"), sql.table("user_profiles")

function upgrade()
  op.create_table("people", {
    { "id", sql.integer, primary_key = true }, { "bio", sql.text }, { "location", sql.string(100) },
    { "website", sql.string(200) },
  })
  op.bulk_insert("people", {
    { id = 1, bio = "writes", location = "Bonn", website = sql.null },
    { id = 2, bio = sql.null, location = sql.null, website = "example.org" },
  })
  op.create_table("user_profiles", {
    { "id",       sql.integer, nullable = false },
    { "user_id",  sql.integer, nullable = false },
    { "bio",      sql.text },
    { "location", sql.string(100) },
    { "website",  sql.string(200) },
    sql.foreign_key({ "user_id" }, "people", { "id" }),
    sql.primary_key({ "id" }),
    sql.unique({ "user_id" }),
  })
  op.get_bind():execute(profiles:insert_from_select({ "user_id", "bio", "location", "website" },
    users:select("id", "bio", "location", "website"):where("bio IS NOT NULL")))
  op.drop_column("people", "bio")
  op.drop_column("people", "location")
  op.drop_column("people", "website")
end

function downgrade()
  op.add_columns("people", { { "bio", sql.text }, { "location", sql.string(100) }, { "website", sql.string(200) } })
  op.get_bind():execute(users:update { bio = sql.col "p.bio", location = sql.col "p.location", website = sql.col "p.website" }
    :from("user_profiles", "p"):where("people.id = p.user_id"))
  assert(op.get_bind():scalar("SELECT bio FROM people WHERE id = 1") == "writes")
  op.drop_table("user_profiles")
  op.drop_table("people")
end
