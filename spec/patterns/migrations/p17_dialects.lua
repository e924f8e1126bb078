-- what each database does best

revision      = "p17_dialects"
down_revision = "p16_products"

function upgrade()
  local conn = op.get_bind()
  assert(conn.dialect == op.dialect)
  if op.dialect == "postgresql" then
    op.add_column("products", { "metadata", sql.jsonb })
    op.create_index("ix_products_metadata_gin", "products", { "metadata" }, { postgresql_using = "gin" })
  elseif op.dialect == "sqlite" then
    op.add_column("products", { "metadata", sql.text })
  else
    op.add_column("products", { "metadata", sql.text })
  end
end

function downgrade()
  if op.dialect == "postgresql" then
    op.drop_index("ix_products_metadata_gin")
  end
  op.drop_column("products", "metadata")
end
