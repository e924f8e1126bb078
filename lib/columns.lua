-- Columns that several tables of the shop have.
local columns = {}

-- When a row was written and last changed.
columns.timestamps = {
  { "created_at", sql.datetime { timezone = true }, nullable = false, default = sql.now },
  { "updated_at", sql.datetime { timezone = true } },
}

return columns
