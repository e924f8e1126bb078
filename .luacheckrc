std = "lua54"
max_line_length = 160
cache = false

-- The sandbox of migrations and of what they require.
local migration = {
  read_globals = { "op", "sql", "json" },
  globals = {
    "revision", "down_revision", "branch_labels", "depends_on", "create_date", "transactional", "irreversible", "replaces", "phase",
    "upgrade", "downgrade", "change",
  },
}
files["migrations"] = migration
files["spec/**/migrations"] = migration
files["lib"] = { read_globals = { "op", "sql", "json" } }
files["spec"] = {
  std = "+busted",
  unused_args = false,
  max_line_length = false, -- SQL and what servers answer
  -- luamig.testing adds assertions
  read_globals = { assert = { other_fields = true } },
}
files["spec/fixtures"] = migration
exclude_files = { "build", "templates" }
