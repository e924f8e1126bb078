-- search products by name
--
-- What each server does best: a text index where it has one, elsewhere an index on the lower-case name.

revision      = "f5027d6b91ce"
down_revision = "e93b5c18a04d"
create_date   = "2026-02-16T16:45:00Z"

function upgrade()
  op.add_column("products", { "description", sql.text })

  if op.dialect == "postgresql" then
    op.create_index("ix_products_search", "products", { sql.expr "to_tsvector('simple', name)" }, { using = "gin" })
  elseif op.dialect == "mysql" then
    op.create_index("ix_products_search", "products", { "name" }, { mysql_prefix = "FULLTEXT" })
  else
    op.create_index("ix_products_search", "products", { sql.expr "lower(name)" })
  end
end

function downgrade()
  op.drop_index("ix_products_search", "products")
  op.drop_column("products", "description")
end
