-- The example project: a small shop. On SQLite in the file shop.db unless DATABASE_URL says otherwise.
return {
  url = "${DATABASE_URL:-sqlite:///shop.db}",
  migrations = "migrations",
  naming_convention = {
    ix = "ix_{table}_{columns}",
    uq = "uq_{table}_{columns}",
    ck = "ck_{table}_{columns}",
    fk = "fk_{table}_{columns}_{referred_table}",
    pk = "pk_{table}",
  },
}
