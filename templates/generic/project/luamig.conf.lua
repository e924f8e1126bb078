return {
  url = "${DATABASE_URL:-sqlite:///app.db}",
  migrations = "migrations",
  schema = "schema.lua",
  naming_convention = {
    ix = "ix_{table}_{columns}",
    uq = "uq_{table}_{columns}",
    ck = "ck_{table}_{columns}",
    fk = "fk_{table}_{columns}_{referred_table}",
    pk = "pk_{table}",
  },
  -- environments = { production = { url = "${PROD_URL}", lock_timeout = "60s" } },   -- luamig --env production …
}
