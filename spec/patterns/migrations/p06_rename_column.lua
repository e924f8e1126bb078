-- rename a column, change a type

revision      = "p06_columns"
down_revision = "p05_audit"

function upgrade()
  op.alter_column("role", "description_en", { new_column_name = "description", existing_type = sql.string(255) })
  op.alter_column("role", "description", { existing_type = sql.string(255), type = sql.text })
end

function downgrade()
  local length = op.dialect == "sqlite" and "length" or "char_length"
  op.execute(("UPDATE role SET description = substr(description, 1, 255) WHERE %s(description) > 255"):format(length))
  op.alter_column("role", "description", { existing_type = sql.text, type = sql.string(255) })
  op.alter_column("role", "description", { new_column_name = "description_en", existing_type = sql.string(255) })
end
