-- an obligatory column in three steps, a default taken away afterwards, a copy before a drop

revision      = "p22_steps"
down_revision = "p21_cast"

function upgrade()
  op.add_column("thinkers", { "institution", sql.string(100) })
  op.execute("UPDATE thinkers SET institution = 'Unknown'")
  op.alter_column("thinkers", "institution", { nullable = false })
  op.add_column("thinkers", { "rank", sql.string(20), nullable = false, default = "none" })
  op.alter_column("thinkers", "rank", { drop_default = true })
  op.create_unique_constraint("uq_thinker_name", "thinkers", { "name" })
  op.create_index("ix_thinkers_field", "thinkers", { "field" })
end

function downgrade()
  op.drop_index("ix_thinkers_field", "thinkers")
  op.drop_constraint("uq_thinker_name", "thinkers", { type = "unique" })
  op.execute("CREATE TABLE thinkers_backup AS SELECT * FROM thinkers")
  op.drop_column("thinkers", "rank")
  op.drop_column("thinkers", "institution")
  op.drop_table("thinkers_backup")
end
