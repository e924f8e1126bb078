-- a table rebuilt by hand, as one had to on SQLite

revision      = "p20_by_hand"
down_revision = "p19_types"

function upgrade()
  op.create_table("thinkers", {
    { "id", sql.integer, nullable = false }, { "name", sql.string(200), nullable = false },
    { "birth_year", sql.integer }, { "field", sql.string(50) },
    sql.primary_key({ "id" }), sql.unique({ "name" }),
  })
  op.bulk_insert("thinkers", { { id = 7, name = "Hypatia", birth_year = 355 } })
  op.create_table("thinkers_new", {
    { "id", sql.integer, nullable = false }, { "name", sql.string(200), nullable = false },
    { "birth_year", sql.integer }, { "field", sql.string(50) }, { "bio", sql.text },
    sql.primary_key({ "id" }), sql.unique({ "name" }),
  })
  op.execute("INSERT INTO thinkers_new (id, name, birth_year, field) SELECT id, name, birth_year, field FROM thinkers")
  op.drop_table("thinkers")
  op.rename_table("thinkers_new", "thinkers")
end

function downgrade()
  op.drop_table("thinkers")
end
