-- docs.lua [--check]: writes the pages of docs/ that are made from tables in the source; with --check, says which of
-- them are not what would be written. Run from the top folder, with the executable in build/dev (or LUAMIG_BUILD).
local build = os.getenv("LUAMIG_BUILD") or "build/dev"
local check = arg[1] == "--check"
package.path = "lua/?.lua;" .. package.path
local stale = 0

local function read(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local text = file:read("a")
  file:close()
  return text
end

local function write(path, text)
  if read(path) == text then return end
  if check then
    stale = stale + 1
    print(path .. " is not up to date: ./dev docs")
    return
  end
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
  print("wrote " .. path)
end

-- What is asked of it here.
package.preload["luamig.core"] = function() return { version = read("CMakeLists.txt"):match "VERSION (%d+%.%d+%.%d+)" } end

local function output(command)
  local pipe = assert(io.popen(command .. " 2>&1"))
  local text = pipe:read("a")
  assert(pipe:close(), command .. " failed:\n" .. text)
  return text
end

local function errors()
  local lines = {
    "# Errors and exit statuses\n",
    "<!-- generated from src/util/error.def by ./dev docs -->\n",
    "An error is one line that says what failed, a line that says where, and what state the database was left in. With `--json` it is the",
    "object `error`; in a migration it is an object that `pcall` returns. Its `kind` is one of these:\n",
    "| kind | exit status | what it means |", "| --- | --- | --- |",
  }
  for name, status, text in read("src/util/error.def"):gmatch('\nMIG_ERROR%(([%w_]+), (%d+), "([^\n]*)"%)') do
    lines[#lines + 1] = ("| `%s` | %s | %s |"):format(name, status, text)
  end
  lines[#lines + 1] = "\n| exit status | |\n| --- | --- |"
  for _, row in ipairs(require "luamig.manual".exit_statuses) do lines[#lines + 1] = ("| %s | %s |"):format(row[1], row[2]) end
  lines[#lines + 1] = ""
  return table.concat(lines, "\n")
end

-- A command's help without the options of every command, which stand in the first block.
local function own_help(text)
  local kept = {}
  for paragraph in (text .. "\n"):gmatch "(.-)\n\n" do
    if not paragraph:find "^Options of every command:" then kept[#kept + 1] = paragraph end
  end
  return table.concat(kept, "\n\n") .. "\n"
end

local function commands()
  local program = build .. "/luamig"
  local help = output(program .. " --color never --help")
  local parts = {
    "# Commands\n\n<!-- generated from lua/luamig/cli.lua and manual.lua by ./dev docs -->\n\n```\n" .. help .. "```\n",
  }
  local groups = assert(help:match("(.*)"), "no help")
  for name in groups:gmatch("\n  +([a-z][a-z%-]+) [^\n]*") do
    local ok, text = pcall(output, program .. " --color never " .. name .. " --help")
    if ok then parts[#parts + 1] = ("## %s\n\n```\n%s```\n"):format(name, own_help(text)) end
  end
  return table.concat(parts, "\n")
end

-- How the kinds of op.def read in a call.
local kinds = {
  NAME = "name", BODY = "{ columns, constraints, options }", COLUMNS = "column", COLUMN = "column", ELEMENTS = "elements",
  TRI = "boolean", NAMES = "list of names", TEXT = "text", SQL = "SQL", TYPE = "type", VALUE = "value", PAIRS = "table",
  WORD = "word", IDENTITY = "sql.identity", CONSTRAINT = "constraint", INTEGER = "integer",
}

local function kind_of(kind)
  return kinds[kind] or kind:lower():gsub("_", " ")
end

-- The table options of the dialects, as src/model/option.c lists them.
local function option_names(before)
  local list = read("src/model/option.c"):match("mig_option_changeable%[%] = (%b{})"):gsub("WITH", '"postgresql_with"')
  local names = {}
  for name in list:gmatch('"([%w_*]+)"') do names[#names + 1] = ("`%s%s`"):format(before, name) end
  return table.concat(names, ", ")
end

-- A row's text must not end its cell.
local function cell(text) return (text:gsub("|", "\\|")) end

-- "table: string, name?: string" → "table, name?"
local function parameter_names(signature)
  local names = {}
  for name, optional in (", " .. signature:gsub("fun%b()", "function"):gsub("%b{}", "{}")):gmatch ", ([%a_.]+)(%??):" do
    names[#names + 1] = name .. optional
  end
  return table.concat(names, ", ")
end

-- What `op` has beside the operations of the table.
local function rest_of_op()
  local annotations = require "luamig.annotations"
  local rows = {}
  local function say(name, what) rows[#rows + 1] = ("| `%s` | %s |"):format(cell(name), cell(what)) end
  for _, row in ipairs(annotations.spellings) do say(("%s(%s)"):format(row[1], parameter_names(row[2])), row[3]) end
  local spellings = table.concat(rows, "\n")
  rows = {}
  for _, row in ipairs(annotations.functions) do say(("%s(%s)"):format(row[1], parameter_names(row[2])), row[4]) end
  for _, row in ipairs(annotations.fields) do say(row[1], row[3]) end
  return ([[
## Alembic's spellings

The same operations by other names; a name that is nil comes from the naming convention.

| call | what it does |
| --- | --- |
%s

## Batches

Several changes of one table at once: one rebuild on SQLite, one ALTER TABLE on MySQL and MariaDB where one can hold them, plain statements on
PostgreSQL. `batch` has every operation that takes a table, without it.

```lua
op.batch_alter_table("users", function(batch)
  batch.add_column({ "nick", sql.string(50) }, { insert_after = "name" })
  batch.alter_column("email", { type = sql.string(320) })
  batch.drop_constraint("ck_users_age", { type = "check" })
end)
```

SQLite rebuilds a table by itself where its ALTER TABLE ends, inside of a batch and outside. `recreate = "always"` rebuilds in any case, `"never"` refuses;
`copy_from = { columns…, constraints… }` says what the table looks like where nothing can be asked (`--sql` without a snapshot). `insert_after` and
`insert_before` place a new column where the table is rebuilt, on SQLite; PostgreSQL has it last, MySQL too, unless the column says `mysql_after`.

## Both directions at once

`function change()` stands instead of `upgrade` and `downgrade`: it records operations, and the downgrade is their inverse, last first. Drops invert when
they are given the definition, `alter_column` when it is given `existing_*`; what has none is an error before the first statement. Reads and raw SQL stand
in `op.reversible`.

```lua
function change()
  op.add_column("users", { "nick", sql.string(50) })
  op.drop_column("users", { "legacy", sql.string(100) })
  op.reversible {
    up = function() op.execute "UPDATE users SET nick = name" end,
    down = function() end,
  }
end
```

## Everything else in `op`

| name | what it is |
| --- | --- |
%s
]]):format(spellings, table.concat(rows, "\n"))
end

-- The options of a table with a dialect's prefix, as src/luabind/read.c lists them.
local function table_options()
  local names = {}
  for name in read("src/luabind/read.c"):match("table_prefixed%[%] = (%b{})"):gmatch('"([%w_*]+)"') do
    names[#names + 1] = ("`%s`"):format(name)
  end
  return table.concat(names, ", ")
end

local function operations()
  local parts = { [[
# Operations

<!-- generated from src/model/op.def and lua/luamig/annotations.lua by ./dev docs -->

The operations in the order of their objects; then [Alembic's spellings](#alembics-spellings) (`create_foreign_key`, `rename_column`, …),
[batches](#batches), [`change()`](#both-directions-at-once) and [the rest of `op`](#everything-else-in-op).

Every operation takes `schema =` beside the options listed. Options stand in one table, last (those of `create_table` beside its columns; the
`body` of `create_function` and `create_trigger` may follow them). An option with a dialect's prefix is checked everywhere and used on its own
dialect; `mariadb_` beats `mysql_` on MariaDB.
]] }
  local name, title, positional, options, last
  for line in read("src/model/op.def"):gmatch("[^\n]+") do
    local op, text = line:match('^MIG_OP%(([%w_]+), "(.*)"%)')
    local role, kind, field = line:match("^%s*MIG_(AR[GO])%([%w_]+, ([%w_]+), ([%w_]+)%)")
    local option_kind, option = line:match("^%s*MIG_OPT%([%w_]+, ([%w_]+), ([%w_]+)%)")
    if op then
      name, title, positional, options, last = op, text, {}, {}, nil
    elseif role then
      if name == "add_column" and field == "columns" then field = "column" end -- the list is add_columns's
      positional[#positional + 1] = field .. (role == "ARO" and "?" or "")
    elseif option then
      local shown = ("`%s` (%s)"):format(option, kind_of(option_kind))
      if option_kind == "OPTIONS" then shown = option_names(option == "existing" and "existing_" or "") end
      options[#options + 1] = shown
      if option == "body" then last = "body?" end -- it may stand behind the options
    elseif line:match("^MIG_END") then
      if #options > 0 then positional[#positional + 1] = "{ … }" end
      positional[#positional + 1] = last
      parts[#parts + 1] = ("## %s\n\n%s%s.\n\n```lua\nop.%s(%s)\n```\n"):format(name, title:sub(1, 1):upper(), title:sub(2), name,
        table.concat(positional, ", "))
      if name == "create_table" then options[#options + 1] = "`comment` (text), " .. table_options() end
      if #options > 0 then parts[#parts + 1] = "Options: " .. table.concat(options, ", ") .. ".\n" end
    end
    if kind and not kinds[kind] then kinds[kind] = kind:lower() end
  end
  parts[#parts + 1] = rest_of_op()
  return table.concat(parts, "\n")
end

local function lint_rules()
  local parts = { [[
# Lint: rules of safe migrations

<!-- generated from lua/luamig/lint/ by ./dev docs -->

`luamig lint` runs every revision against nothing, from base, on the dialect of the URL, and looks at the operations that come out: it knows the
table that an operation changes, whether this revision made it, the SQL and the lock that it takes. No database is asked. `luamig lint head`,
`luamig lint A:B` look at some revisions only. A finding is an `error` (exit status 3), a `warn`, or an `info` (shown with `-v`).

An exception says why. Above the first function it counts for the file, else for the statement that begins on its line or on the next one:

```lua
op.drop_column("users", "fax") -- lint: ignore drop-column: no program has read it since March
```

`lint = { ignore = { "prefer-bigint" } }` in the configuration leaves a rule out for the project.

What luamig takes care of while it runs needs no rule: lock timeouts and retries, statements that cannot stand in a transaction, a crash between
two statements that commit by themselves, names that are too long, changed files (`luamig status`), downgrades that restore less (`luamig verify`).
]] }
  for _, group in ipairs(require("luamig.lint.rules").groups) do
    parts[#parts + 1] = ("## %s\n\n| rule | | where | what it finds | why, and what to do |\n| --- | --- | --- | --- | --- |"):format(group.title)
    local rows = {}
    for i, rule in ipairs(group.rules) do
      local reason = rule.why ~= "" and rule.why .. ": " or ""
      rows[i] = ("| `%s` | %s | %s | %s | %s |"):format(rule.id, rule.severity,
        rule.dialects and table.concat(rule.dialects, ", ") or "all", cell(rule.summary), cell(reason .. rule.fix))
    end
    parts[#parts] = parts[#parts] .. "\n" .. table.concat(rows, "\n") .. "\n"
  end
  return table.concat(parts, "\n")
end

write("docs/lint.md", lint_rules())
write("docs/operations.md", operations())
write("docs/errors.md", errors())
write("docs/commands.md", commands())
write("docs/luamig.1", require "luamig.help".page())
os.exit(stale == 0)
