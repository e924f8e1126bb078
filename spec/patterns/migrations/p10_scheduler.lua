-- job priority: comments, defaults, an index over a new column and the key

revision      = "p10_scheduler"
down_revision = "p09_override"

function upgrade()
  op.create_table("scheduled_job", { { "id", sql.integer, primary_key = true }, { "name", sql.string(50) } })
  op.add_column("scheduled_job",
    { "priority", sql.integer, nullable = false, default = 0, comment = "Higher priority runs first" })
  op.add_column("scheduled_job",
    { "coalesce", sql.boolean, nullable = false, default = sql.expr "TRUE", comment = "it's one run" })
  op.create_index("ix_scheduled_job_priority", "scheduled_job", { "priority", "id" })
end

function downgrade()
  op.drop_index("ix_scheduled_job_priority", "scheduled_job")
  op.drop_column("scheduled_job", "coalesce")
  op.drop_column("scheduled_job", "priority")
  op.drop_table("scheduled_job")
end
