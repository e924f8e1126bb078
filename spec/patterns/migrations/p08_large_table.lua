-- a large table, changed in batches: by a loop of its own, and by op.backfill
--
-- Expected duration: about two minutes for a million rows. Locks: brief.

revision      = "p08_batches"
down_revision = "p07_backfill"

function upgrade()
  op.create_table("large_table", {
    { "id", sql.integer, primary_key = true },
    { "old_status", sql.integer, nullable = false },
  })
  local rows = {}
  for i = 1, 250 do rows[i] = { id = i, old_status = i % 3 } end
  op.bulk_insert("large_table", rows, { batch_size = 100 })

  op.add_column("large_table", { "new_status", sql.string(20) })
  local connection, total = op.get_bind(), 0
  repeat
    local result = connection:execute([[
      UPDATE large_table
      SET new_status = CASE WHEN old_status = 1 THEN 'active' WHEN old_status = 2 THEN 'inactive' ELSE 'unknown' END
      WHERE id IN (SELECT id FROM (SELECT id FROM large_table WHERE new_status IS NULL ORDER BY id LIMIT 100) AS t)
    ]])
    total = total + result.rowcount
    print(("migrated %d rows"):format(total))
  until result.rowcount == 0
  assert(total == 250, total)
  op.alter_column("large_table", "new_status", { existing_type = sql.string(20), nullable = false })
  op.drop_column("large_table", "old_status")

  op.add_column("large_table", { "normalized", sql.string(20) })
  local changed = op.backfill { table = "large_table", set = { normalized = sql.expr "upper(new_status)" },
    where = "normalized IS NULL", batch_size = 60 }
  assert(changed == 250, changed)
end

function downgrade()
  op.drop_table("large_table")
end
