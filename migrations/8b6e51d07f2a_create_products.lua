-- create products

revision      = "8b6e51d07f2a"
down_revision = "4f1d2a90c3b7"
create_date   = "2026-01-12T10:30:00Z"

local columns = require "columns"

function upgrade()
  op.create_table("products", {
    { "id",         sql.integer,        primary_key = true },
    { "company_id", sql.integer,        nullable = false },
    { "sku",        sql.string(50),     nullable = false },
    { "name",       sql.string(255),    nullable = false },
    { "price",      sql.numeric(10, 2), nullable = false, default = 0 },
    columns.timestamps,
    sql.unique({ "company_id", "sku" }),
    sql.check("price >= 0", { name = "ck_products_price" }),
    sql.foreign_key({ "company_id" }, "companies", { "id" }, { ondelete = "CASCADE" }),
  })
  op.create_index("ix_products_name", "products", { "name" })
end

function downgrade()
  op.drop_index("ix_products_name", "products")
  op.drop_table("products")
end
