-- rename products.sku to code and keep the total of an order
--
-- Totals of the orders that exist are summed up by the server in one statement.
-- lint: ignore rename-column, mixed-schema-data: the shop is small, and closed while it is upgraded

revision      = "17d8e4a6b3f0"
down_revision = "f5027d6b91ce"
create_date   = "2026-03-02T11:20:00Z"

function upgrade()
  op.rename_column("products", "sku", "code")

  op.add_column("orders", { "total", sql.numeric(12, 2), nullable = false, default = 0 })
  op.execute([[
    UPDATE orders SET total =
      (SELECT coalesce(sum(quantity * price), 0) FROM order_lines WHERE order_lines.order_id = orders.id)
  ]])

  -- SQLite keeps no length of a text column: nothing to change there.
  if op.dialect ~= "sqlite" then
    op.alter_column("products", "name", { type = sql.string(500), existing_type = sql.string(255), existing_nullable = false })
  end
end

function downgrade()
  if op.dialect ~= "sqlite" then
    op.alter_column("products", "name", { type = sql.string(255), existing_type = sql.string(500), existing_nullable = false })
  end
  op.drop_column("orders", "total")
  op.rename_column("products", "code", "sku")
end
