-- companies, products, order items

revision      = "p16_products"
down_revision = "p15_checks"

function upgrade()
  op.create_table("companies", { { "id", sql.integer, primary_key = true }, { "name", sql.string(100) } })
  op.create_table("products", {
    { "id",         sql.integer,        nullable = false },
    { "name",       sql.string(255),    nullable = false },
    { "sku",        sql.string(50),     nullable = false },
    { "price",      sql.numeric(10, 2), nullable = false },
    { "company_id", sql.integer,        nullable = false },
    { "created_at", sql.datetime,       default = sql.now },
    { "updated_at", sql.datetime },
    sql.foreign_key({ "company_id" }, "companies", { "id" }),
    sql.primary_key({ "id" }),
    sql.unique({ "sku" }),
  })
  op.create_index("ix_products_sku", "products", { "sku" })
  op.create_table("orders", { { "id", sql.integer, primary_key = true } })
  op.create_table("order_items", {
    { "id",         sql.integer,        primary_key = true },
    { "order_id",   sql.integer,        nullable = false },
    { "product_id", sql.integer,        nullable = false },
    { "quantity",   sql.integer,        nullable = false, default = 1 },
    { "price",      sql.numeric(10, 2), nullable = false },
    sql.foreign_key("order_id", "orders.id", nil, { ondelete = "CASCADE" }),
    sql.foreign_key({ "product_id" }, "products", { "id" }),
  })
  op.bulk_insert("companies", { { id = 1, name = "ACME" } })
  op.bulk_insert("products", { { name = "rope", sku = "r-1", price = 9.5, company_id = 1 } })
  assert(op.get_bind():scalar("SELECT id FROM products WHERE sku = ?", { "r-1" }) == 1)

  op.add_column("orders", { "user_id", sql.string(36) })
  op.create_foreign_key("fk_orders_user_id", "orders", "user", { "user_id" }, { "id" })
end

function downgrade()
  op.drop_constraint("fk_orders_user_id", "orders")     -- its kind is looked up
  op.drop_column("orders", "user_id")
  op.drop_table("order_items")
  op.drop_table("orders")
  op.drop_index("ix_products_sku")
  op.drop_table("products")
  op.drop_table("companies")
end
