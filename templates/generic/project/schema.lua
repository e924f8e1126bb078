-- The schema as it shall be, for `luamig revision --autogenerate` and `luamig check`: the same columns, constraints
-- and indexes as in op.create_table. Remove this file if you write every migration by hand.
return sql.schema {
  -- users = {
  --   { "id", sql.integer, primary_key = true },
  --   { "email", sql.string(255), nullable = false, unique = true },
  -- },
}
