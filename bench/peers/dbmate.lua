-- dbmate, a Go program that npm carries.
local measure = require "measure"
local project = require "project"

local dbmate = { name = "dbmate", most = 1000 }

-- The program itself, without the Node.js script that npm puts before it.
local function binary(bench)
  return measure.shell("ls " .. bench.root .. "/build/peers/node_modules/@dbmate/linux-*/bin/dbmate")
end

function dbmate.find(bench)
  local path = binary(bench)
  local version = path and measure.shell(path .. " --version")
  return version and version:match("([%d.]+)$")
end

function dbmate.open(bench, count, dialect, db)
  local path = measure.folder()
  assert(os.execute("mkdir -p " .. path .. "/db/migrations"))
  for i = 1, count do
    local up, down = project.statements(i, dialect)
    measure.write(("%s/db/migrations/2026%010d_r.sql"):format(path, i),
      ("-- migrate:up\n%s;\n-- migrate:down\n%s;\n"):format(table.concat(up, ";\n"), table.concat(down, ";\n")))
  end
  local url = dialect == "sqlite" and "sqlite:" .. db.path or db.url .. (dialect == "postgresql" and "?sslmode=disable" or "")
  local function command(word) return { binary(bench), "--url", url, "--no-dump-schema", word } end
  -- its rollback takes back one revision a call: no downgrade
  return { cwd = path, version = { binary(bench), "--version" }, up = command "migrate", current = command "status",
    head = "Pending: 0" }
end

return dbmate
