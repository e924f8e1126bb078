-- sqitch, Debian's package; it runs the database's own client for each script.
local measure = require "measure"
local project = require "project"

local sqitch = { name = "sqitch", most = 100, quick = 1 } -- it runs the client again and again

function sqitch.find()
  local version = measure.shell("sqitch --version")
  return version and version:match("v([%d.]+)")
end

local function script(statements)
  return "BEGIN;\n" .. table.concat(statements, ";\n") .. ";\nCOMMIT;\n"
end

function sqitch.open(_, count, dialect, db)
  local path = measure.folder()
  local engine = dialect == "postgresql" and "pg" or dialect
  assert(os.execute(("mkdir -p %s/deploy %s/revert"):format(path, path)))
  measure.write(path .. "/sqitch.conf", ("[core]\n\tengine = %s\n[user]\n\tname = Bench\n\temail = bench@example.org\n"):format(engine))
  local plan = { "%syntax-version=1.0.0\n%project=bench\n\n" }
  for i = 1, count do
    plan[#plan + 1] = ("r%d 2026-01-01T00:00:00Z Bench <bench@example.org> # revision %d\n"):format(i, i)
    local up, down = project.statements(i, dialect)
    measure.write(("%s/deploy/r%d.sql"):format(path, i), script(up))
    measure.write(("%s/revert/r%d.sql"):format(path, i), script(down))
  end
  measure.write(path .. "/sqitch.plan", table.concat(plan))
  local target = dialect == "sqlite" and "db:sqlite:" .. db.path
    or "db:" .. db.url:gsub("^postgresql", "pg")
  local function command(...)
    -- its own tables beside ours, so that they go with them
    return dialect == "mysql" and { "sqitch", ..., "--registry", db.name, "--target", target } or { "sqitch", ..., "--target", target }
  end
  return {
    cwd = path, version = { "sqitch", "--version" }, up = command "deploy", down = command("revert"),
    current = command "status", head = ("r%d\n"):format(count),
  }
end

return sqitch
