-- a computed total, filled from the lines, then made obligatory

revision      = "p07_backfill"
down_revision = "p06_columns"

function upgrade()
  op.create_table("meal_request", { { "id", sql.integer, primary_key = true } })
  op.create_table("meal_request_line", {
    { "id", sql.integer, primary_key = true },
    { "meal_request_id", sql.integer, nullable = false, references = "meal_request.id", ondelete = "CASCADE" },
    { "quantity", sql.integer, nullable = false },
  })
  op.bulk_insert("meal_request", { { id = 1 }, { id = 2 } })
  op.bulk_insert("meal_request_line", {
    { meal_request_id = 1, quantity = 2 }, { meal_request_id = 1, quantity = 3 },
  })
  op.add_column("meal_request", { "total_quantity", sql.integer })
  op.execute([[
    UPDATE meal_request
    SET total_quantity = (
      SELECT coalesce(sum(l.quantity), 0) FROM meal_request_line l WHERE l.meal_request_id = meal_request.id
    )
  ]])
  op.alter_column("meal_request", "total_quantity",
    { existing_type = sql.integer, nullable = false, default = sql.expr "0" })
  assert(op.get_bind():scalar("SELECT total_quantity FROM meal_request WHERE id = ?", { 1 }) == 5)
end

function downgrade()
  op.drop_column("meal_request", "total_quantity")
  op.drop_table("meal_request_line")
  op.drop_table("meal_request")
end
