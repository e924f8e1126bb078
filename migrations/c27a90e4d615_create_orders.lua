-- create orders and their lines

revision      = "c27a90e4d615"
down_revision = "8b6e51d07f2a"
create_date   = "2026-01-19T14:00:00Z"

function upgrade()
  op.create_table("orders", {
    { "id",        sql.integer,    primary_key = true },
    { "user_id",   sql.integer,    nullable = false },
    { "state",     sql.string(20), nullable = false, default = "new" },
    { "placed_at", sql.datetime,   nullable = false, default = sql.now },
    sql.foreign_key({ "user_id" }, "users", { "id" }),
    sql.check("state IN ('new', 'paid', 'sent', 'cancelled')", { name = "ck_orders_state" }),
  })
  op.create_index("ix_orders_user_id_placed_at", "orders", { "user_id", { "placed_at", desc = true } })

  op.create_table("order_lines", {
    { "order_id",   sql.integer,        nullable = false },
    { "product_id", sql.integer,        nullable = false },
    { "quantity",   sql.integer,        nullable = false, default = 1 },
    { "price",      sql.numeric(10, 2), nullable = false },
    sql.primary_key({ "order_id", "product_id" }),
    sql.foreign_key({ "order_id" }, "orders", { "id" }, { ondelete = "CASCADE" }),
    sql.foreign_key({ "product_id" }, "products", { "id" }),
    sql.check("quantity > 0", { name = "ck_order_lines_quantity" }),
  })
end

function downgrade()
  op.drop_table("order_lines")
  op.drop_table("orders")
end
