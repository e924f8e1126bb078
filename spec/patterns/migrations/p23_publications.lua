-- UUID keys and a foreign key between them

revision      = "p23_publications"
down_revision = "p22_steps"

function upgrade()
  op.create_table("resources", {
    { "id",          sql.uuid, primary_key = true },
    { "name",        sql.string(200), nullable = false },
    { "created_at",  sql.datetime { timezone = true }, default = sql.now },
    { "updated_at",  sql.datetime { timezone = true } },
  })
  op.create_table("publications", { { "id", sql.uuid, primary_key = true } })
  op.add_column("publications", { "resource_id", sql.uuid, nullable = false })
  op.create_foreign_key("fk_publications_resource", "publications", "resources", { "resource_id" }, { "id" },
    { ondelete = "CASCADE" })
end

function downgrade()
  op.drop_constraint("fk_publications_resource", "publications", { type = "foreignkey" })
  op.drop_column("publications", "resource_id")
  op.drop_table("publications")
  op.drop_table("resources")
end
