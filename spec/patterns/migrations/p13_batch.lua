-- several changes of one table at once

revision      = "p13_batch"
down_revision = "p12_rows"

function upgrade()
  op.batch_alter_table("role", function(batch)
    batch.add_column({ "code", sql.string(20), nullable = false, default = "none" })
    batch.alter_column("description", { new_column_name = "label" })
    batch.create_unique_constraint("uq_role_code_id", { "code", "id" })
  end)
end

function downgrade()
  op.batch_alter_table("role", function(batch)
    batch.drop_constraint("uq_role_code_id", { type = "unique" })
    batch.alter_column("label", { new_column_name = "description" })
    batch.drop_column("code")
  end)
end
