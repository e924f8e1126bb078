--- luamig: database migrations, from Lua.
---
---   local m <close> = luamig.open { url = "sqlite:///app.db", migrations = "migrations" }
---   m:upgrade()
local core = require "luamig.core"

local luamig = setmetatable({ version = core.version }, {
  -- Loaded when asked for: testing kit; `sql` as migrations have it, for parameters and queries.
  __index = function(self, name)
    local value
    if name == "testing" then value = require "luamig.testing" end
    if name == "sql" then value = core.sql() end
    rawset(self, name, value)
    return value
  end,
})

local Migrator = {}
Migrator.__index = Migrator

-- Raises for a key that is none of `known`: { name = the words for its types }.
local function check_options(what, options, known)
  if options == nil then return {} end
  if type(options) ~= "table" then
    core.error { kind = "usage", message = ("%s: the options are a table, not a %s"):format(what, type(options)) }
  end
  for key, value in pairs(options) do
    local wanted = known[key]
    if not wanted then
      local names = {}
      for name in pairs(known) do names[#names + 1] = name end
      table.sort(names)
      local near = core.suggest(tostring(key), names)
      core.error {
        kind = "usage", message = ("%s: unknown option '%s'"):format(what, tostring(key)),
        hint = near and ("did you mean '%s'?"):format(near),
      }
    end
    if not wanted:find(math.type(value) or type(value), 1, true) then
      core.error { kind = "usage", message = ("%s: the option '%s' is of type %s, not %s"):format(what, key, wanted, type(value)) }
    end
  end
  return options
end

local open_options = {
  url = "string", config = "string", env = "string", migrations = "string", args = "table", lock_timeout = "string or integer",
  tag = "string", log = "function",
}

--- Opens a project on a database. options: url, config (a file), env, migrations (a folder; then no configuration is
--- looked for), args (what -x gives), lock_timeout, tag, log (function(level, text, passing): passing is true for
--- progress, which the next such text replaces).
function luamig.open(options)
  options = check_options("luamig.open", options, open_options)
  local request = { no_file = options.migrations ~= nil and options.config == nil }
  for key, value in pairs(options) do request[key] = value end
  return luamig.wrap(core.open(request))
end

--- An object with the methods below around a handle of luamig.core.
function luamig.wrap(handle, class)
  return setmetatable({ handle = handle }, class or Migrator)
end

-- The handle of the object that a method was called on.
local function handle_of(self, method)
  local handle = type(self) == "table" and self.handle
  if not handle then
    core.error { kind = "usage", message = ("%s is called with a colon: m:%s(…)"):format(method, method) }
  end
  return handle
end

function Migrator:close()
  handle_of(self, "close"):close()
end

Migrator.__close = Migrator.close

-- A report as --json says it.
local function document(report)
  report.format = 1
  return report
end

local function check_target(verb, target)
  if type(target) ~= "string" and (verb ~= "stamp" or type(target) ~= "table") then
    core.error { kind = "usage", message = ("m:%s: the target is a string, not a %s"):format(verb, type(target)) }
  end
end

local function run(self, verb, target, options, known)
  local handle = handle_of(self, verb)
  check_target(verb, target)
  options = check_options("m:" .. verb, options, known)
  local request, script = { statements = true }, nil
  for key, value in pairs(options) do request[key] = value end
  if options.sql then
    script = {}
    request.write = function(text) script[#script + 1] = text end
  end
  local report = handle[verb](handle, target, request)
  report.script = script and table.concat(script)
  return document(report)
end

local run_options = {
  sql = "boolean", dry_run = "boolean", tag = "string", snapshot = "string", server_version = "integer",
  from_history = "boolean", on_step = "function", statements = "boolean",
}

--- What --json says of an upgrade, as a table; with { sql = true } also `script`, and nothing runs; with
--- { statements = false } without the steps' statements, which a long run need not keep.
function Migrator:upgrade(target, options)
  return run(self, "upgrade", target or "head", options, run_options)
end

function Migrator:downgrade(target, options)
  handle_of(self, "downgrade")
  if target == nil then core.error { kind = "usage", message = 'm:downgrade: it takes a target, such as "-1" or "base"' } end
  return run(self, "downgrade", target, options, run_options)
end

function Migrator:plan(target, options)
  return run(self, "plan", target or "head", options, { tag = "string" })
end

--- targets: one, or a list. options: purge (forget what the version table says), sql.
function Migrator:stamp(targets, options)
  handle_of(self, "stamp")
  if targets == nil or type(targets) == "table" and #targets == 0 then
    core.error { kind = "usage", message = 'm:stamp: it takes a target, or a list of them' }
  end
  local report = run(self, "stamp", targets, options, { purge = "boolean", sql = "boolean" })
  return document { from = report.from, to = report.to, script = report.script }
end

function Migrator:ensure_version()
  handle_of(self, "ensure_version"):ensure_version()
end

function Migrator:current() return document(handle_of(self, "current"):current { times = true }) end
function Migrator:branches() return document(handle_of(self, "branches"):branches()) end

--- options: resolve_dependencies (leave out heads that another revision depends on).
function Migrator:heads(options)
  local handle = handle_of(self, "heads")
  return document(handle:heads(check_options("m:heads", options, { resolve_dependencies = "boolean" })))
end

--- Newest first. options: range ("A:B"), database (also which are applied), times (and when).
function Migrator:history(options)
  local handle = handle_of(self, "history")
  return document(handle:history(check_options("m:history", options, { range = "string", database = "boolean", times = "boolean" })))
end

function Migrator:show(target)
  local handle = handle_of(self, "show")
  check_target("show", target)
  return document(handle:show(target))
end

--- { operations = { … } }: what would make the database as schema.lua says; empty when it is. Raises not_up_to_date
--- unless the database is at every head.
function Migrator:check()
  local handle, difference = handle_of(self, "check"), require "luamig.difference"
  difference.require_heads(handle)
  return document(difference.document(handle:difference().upgrade))
end

--- Statements and queries outside of a migration, each committed by itself; parameters as in a migration (`:name`
--- with a keyed table, `?` with a list).
function Migrator:execute(sql, parameters)
  return handle_of(self, "execute"):execute(sql, parameters)
end

function Migrator:scalar(sql, parameters)
  return handle_of(self, "scalar"):scalar(sql, parameters)
end

function Migrator:rows(sql, parameters)
  local rows, at = handle_of(self, "rows"):execute(sql, parameters):fetchall(), 0
  return function()
    at = at + 1
    return rows[at]
  end
end

luamig.Migrator = Migrator
return luamig
