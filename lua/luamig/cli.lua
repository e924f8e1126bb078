--- The command line: one table of options and commands, from which the parser, the help, the completions and the
--- documentation are made (luamig.manual has what is said beyond it). A command's code is loaded when it runs.
local core = require "luamig.core"

local cli = {}

-- { flags, argument's name or nil, help }. `multiple` collects into a list; `choices` are the words allowed.
local global_options = {
  { "-c --config", "FILE", "the configuration (else LUAMIG_CONFIG, then luamig.conf.lua here or in a parent)" },
  { "--url", "URL", "the database, whatever the configuration says" },
  { "--env", "NAME", "an environment of the configuration" },
  { "-x", "KEY=VALUE", "an argument for migrations: op.args.KEY", multiple = true },
  { "-q --quiet", nil, "no progress, only data and errors" },
  { "-v --verbose", nil, "say more; a Lua traceback with an error" },
  { "--color", "MODE", "auto, always or never", choices = { "auto", "always", "never" } },
  { "--json", nil, "one JSON document on standard output" },
  { "--yes", nil, "answer every question with yes" },
  { "--lock-timeout", "DURATION", "how long to wait for another runner: 10s, 1m" },
  { "--version", nil, "the version of luamig" },
  { "-h --help", nil, "this text" },
}

local sql = { "--sql", nil, "print the statements, change nothing" }
local tag = { "--tag", "TAG", "a word that migrations see as op.tag" }
local run_options = {
  sql,
  { "--snapshot", "FILE", "with --sql: what the database looks like, from `luamig inspect --json`" },
  { "--server-version", "N", "with --sql: the server's version as op.server_version says, e.g. 150000" },
  { "--dry-run", nil, "run, then roll back (where the server can undo DDL)" },
  tag,
  { "--from-history", nil, "run the stored source of a revision whose file is missing" },
}

local message = { "-m --message", "TEXT", "what the revision does" }
local branch_label = { "--branch-label", "LABEL", "name the branch that begins here", multiple = true }
local rev_id = { "--rev-id", "ID", "the id, instead of a random one" }

-- Each: name, arguments { name, how many, help, choices = }, summary, options. In the order and the groups of the help.
cli.groups = {
  { "A project", {
    { "init", { { "DIR", "?", "the folder (else the current one)" } }, "write a new project",
      { { "--template", "NAME", "which template; `luamig templates` lists them" } } },
    { "templates", {}, "what templates there are", {} },
    { "verify", { { "TARGET", "?", "up to where (else heads)" } }, "every revision up, down and up on a scratch database, with the rows of spec/data", {} },
    { "test", { { "PATH", "*", "spec files or folders (else spec/)" } }, "run the busted specs", {
      { "--filter", "PATTERN", "only tests whose name has this Lua pattern" },
      { "--tags", "TAGS", "only tests with one of these busted tags" },
      { "-o --output", "HANDLER", "busted's output: utfTerminal, TAP, junit …" },
    } },
  } },
  { "Revisions", {
    { "revision", {}, "write the skeleton of a new revision", {
      message,
      { "--autogenerate", nil, "fill it with what schema.lua has and the database has not" },
      { "--head", "REV", "the revision that it follows (else the head)" },
      { "--splice", nil, "allow --head to name a revision that is no head" },
      branch_label,
      { "--depends-on", "REV", "a revision that must be applied before", multiple = true },
      { "--version-path", "DIR", "the folder, when there are several" },
      rev_id,
      { "--template", "NAME", "the template of the skeleton" },
      { "--sql", nil, "with --autogenerate: print, write no file" },
    } },
    { "merge", { { "REV", "+", "the heads to join" } }, "write a revision that joins heads", {
      message, branch_label, rev_id, { "--splice", nil, "allow REV to be no head" },
    } },
    { "rebase", { { "REV", 1, "the first revision to move" } }, "put a revision (and what follows) after another", {
      { "--onto", "REV", "the revision that it shall follow" },
    } },
    { "squash", { { "REV", 1, "the last revision of those" } }, "replace a revision and all before it by one", {
      message, { "--incomplete", nil, "even if the new one lacks what no declaration has a word for" },
    } },
    { "edit", { { "REV", 1, "the revision" } }, "open a revision in $VISUAL or $EDITOR", {} },
    { "heads", {}, "the newest revisions", {
      { "--check", nil, "exit 3 when there is more than one" },
      { "--resolve-dependencies", nil, "leave out heads that another revision depends on" },
    } },
    { "branches", {}, "where the graph branches", {} },
    { "history", {}, "all revisions, newest first", {
      { "-r --rev-range", "A:B", "from A to B; both may be left out" },
      { "-i --indicate-current", nil, "mark what the database has" },
      { "--format", "FORMAT", "text, dot or mermaid", choices = { "text", "dot", "mermaid" } },
    } },
    { "show", { { "REV", 1, "the revision" } }, "all of a revision", {} },
    { "lint", { { "REV", "*", "revisions or ranges A:B (else all)" } }, "rules of safe migrations; exit 3 when one is broken", {
      { "--rules", nil, "list the rules" },
      tag,
    } },
  } },
  { "The database", {
    { "upgrade", { { "TARGET", "?", "where to (else head)" } }, "run revisions up to a target", run_options },
    { "downgrade", { { "TARGET", 1, "where to: base, an id, -1 …" } }, "undo revisions down to a target", run_options },
    { "plan", { { "TARGET", "?", "where to (else head)" } }, "what upgrade would do, statement by statement", { tag } },
    { "status", {}, "where the database stands", {} },
    { "current", {}, "the revisions that the database has", {
      { "--check-heads", nil, "exit 3 when the database is not at every head" },
    } },
    { "stamp", { { "REV", "+", "what the version table shall say" } }, "set the version table, run nothing", {
      { "--purge", nil, "delete what it says now" }, sql,
    } },
    { "ensure-version", {}, "create the version table", { sql } },
    { "adopt", {}, "take over a database that is there", {} },
    { "repair", { { "REV", 1, "the half-applied revision" } }, "decide what a crash left undecidable", {
      { "--step", "N", "the step in question; `luamig status` shows it" },
      { "--applied", nil, "its statement took effect" },
      { "--not-applied", nil, "it did not" },
    } },
    { "unlock", {}, "who holds the lock between runners, and the end of that session", {} },
  } },
  { "The schema", {
    { "check", {}, "compare the database with schema.lua", {} },
    { "inspect", {}, "the database as schema.lua; --json: as a snapshot", {
      { "--format", "FORMAT", "lua, or a picture of the tables: dot, mermaid, svg", choices = { "lua", "dot", "mermaid", "svg" } },
    } },
  } },
  { "The shell", {
    { "completion", {
      { "SHELL", 1, "bash, zsh or fish", choices = { "bash", "zsh", "fish" } },
      { "WORD", "*", "after `--`, the words of a command line: print what the last of them may be" },
    }, "print the completions for a shell", {} },
  } },
}

cli.commands = {}
for _, group in ipairs(cli.groups) do
  for _, command in ipairs(group[2]) do cli.commands[command[1]] = command end
end
cli.global_options = global_options

local function usage_error(text, hint)
  core.error { kind = "usage", message = text, hint = hint }
end

--- The name of a flag list's longest spelling as a field: "-c --config" → "config", "--lock-timeout" → "lock_timeout".
local function field_of(flags)
  local name
  for flag in flags:gmatch("%S+") do name = flag end
  return (name:gsub("^%-+", ""):gsub("%-", "_"))
end

local function takes_value(option)
  return option[2] ~= nil
end

-- Flags of a list of options → the option.
local function index_flags(found, options)
  for _, option in ipairs(options) do
    for flag in option[1]:gmatch("%S+") do found[flag] = option end
  end
  return found
end

local global_flags = index_flags({}, global_options)

local function known_flags(command)
  local flags = index_flags({}, global_options)
  return command and index_flags(flags, command[4]) or flags
end

-- An option that is not one of `flags`; where: "before" the command, only the global ones may stand.
local function reject_option(word, flags, before)
  if before then
    for _, command in pairs(cli.commands) do
      if known_flags(command)[word] then
        usage_error(("'%s' stands before the command"):format(word), "only the global options may; put it after the command.")
      end
    end
  end
  local names = {}
  for flag in pairs(flags) do
    names[#names + 1] = flag:match "^%-%-(.+)$" -- the dashes are no letters that two words have in common
  end
  table.sort(names)
  local near = core.suggest(word:gsub("^%-+", ""), names)
  usage_error(("unknown option '%s'"):format(word), near and ("did you mean '--%s'?"):format(near))
end

-- Each flag of a word: "--name", or the letters of "-vi" up to one that takes a value; value: what is attached to the last.
local function flags_in(word, flags)
  local name, value = word:match "^(%-%-[^=]+)=?(.*)$"
  if name then return { name }, name ~= word and value or nil end
  local found = {}
  for at = 2, #word do
    local flag = "-" .. word:sub(at, at)
    found[#found + 1] = flag
    if not flags[flag] or takes_value(flags[flag]) then return found, at < #word and word:sub(at + 1) or nil end
  end
  return found
end

-- A walk over the command line. Calls f(flag, value) of each flag up to "--" (value: of one that takes it); returns the
-- place of the first word that is neither an option nor an option's value, which is the command, and how many there are.
local function walk(argv, flags, f)
  local i, first, count = 1, nil, 0
  while i <= #argv and argv[i] ~= "--" do
    local word = argv[i]
    if word:find "^[^-]" or word:find "^%-%d" or #word < 2 then
      first, count = first or i, count + 1
    else
      local found, value = flags_in(word, flags)
      for k, flag in ipairs(found) do
        local takes = flags[flag] and takes_value(flags[flag])
        if takes and k == #found and value == nil then
          i = i + 1
          value = argv[i]
        end
        f(flag, takes and value or nil, first)
      end
    end
    i = i + 1
  end
  return first, count
end

-- The place of the command, before which only the global options may stand.
local function find_command(argv)
  return walk(argv, global_flags, function(flag, _, command)
    if not command and not global_flags[flag] then reject_option(flag, global_flags, true) end
  end)
end

local function add_options(parser, options)
  for _, option in ipairs(options) do
    if takes_value(option) then
      local element = parser:option(option[1], option[3]):argname(option[2]):target(field_of(option[1]))
      if option.multiple then
        element:count "*"
      end
      if option.choices then element:choices(option.choices) end
    else
      parser:flag(option[1], option[3]):target(field_of(option[1]))
    end
  end
end

local function add_command(parser, command)
  for _, argument in ipairs(command[2]) do
    local element = parser:argument(argument[1]:lower(), argument[3]):args(argument[2]):argname(argument[1])
    if argument.choices then element:choices(argument.choices) end
  end
  add_options(parser, command[4])
end

-- The parser of one command with the global options beside its own.
local function command_parser(command)
  local parser = require "argparse"("luamig " .. command[1], command[3])
  parser:add_help(false)
  add_command(parser, command)
  add_options(parser, global_options)
  return parser
end

-- A word that begins like an option but is meant as a value ("-1", "-3:current", "a text with spaces"): this byte
-- before it keeps the parser from taking it apart.
local ESCAPE = "\1"

local function escape(words, flags)
  local escaped, plain = {}, false
  for i, word in ipairs(words) do
    local previous = flags[words[i - 1] or ""]
    local is_value = previous and takes_value(previous) and word:find("%s")
    if not plain and (word:match("^%-%d") or (is_value and word:sub(1, 1) == "-")) then word = ESCAPE .. word end
    if word == "--" then plain = true end
    escaped[i] = word
  end
  return escaped
end

local function unescape(value)
  if type(value) == "string" and value:sub(1, 1) == ESCAPE then return value:sub(2) end
  if type(value) == "table" then
    for key, item in pairs(value) do value[key] = unescape(item) end
  end
  return value
end

-- The flags of a command line, right or wrong: { flag = its value, or true }; the last of them that still waits for its
-- value; the place of the command, and how many words there are that are neither a flag nor its value.
local function given_flags(argv)
  local given, open = {}, nil
  local at = walk(argv, global_flags, function() end)
  local flags = known_flags(cli.commands[argv[at]])
  local _, count = walk(argv, flags, function(flag, value)
    given[flag] = value or true
    open = not value and flags[flag] and takes_value(flags[flag]) and flag or nil
  end)
  return given, open, at, count
end

--- What the last of the words of a command line (without the program) is about: { word =, head = what stands in it before
--- what is asked for ("--format="), given = the flags before it, and one of option = the option whose value it is,
--- flags = those that may stand there, commands = true, argument = the command's; none when nothing is known }.
function cli.expected(words)
  local before, word = table.move(words, 1, #words - 1, 1, {}), words[#words]
  local given, open, at, count = given_flags(before)
  local command = cli.commands[before[at]]
  local flags = known_flags(command)
  local found = { word = word, head = "", given = given, option = flags[open] }
  if open then return found end
  local name, value = word:match "^(%-%-[^=]+)=(.*)$"
  if name then
    found.option, found.head, found.word = flags[name], name .. "=", value
  elseif word:find "^%-" and not word:find "^%-%d" then
    found.flags = flags
  elseif not at or (before[at] == "help" and count == 1) then
    found.commands = true
  elseif command then
    local arguments = command[2]
    local last = arguments[#arguments]
    found.argument = arguments[count] or (last and (last[2] == "*" or last[2] == "+") and last) or nil
  end
  return found
end

local function reject_command(word)
  local names = {}
  for name in pairs(cli.commands) do names[#names + 1] = name end
  table.sort(names)
  local near = core.suggest(word, names)
  usage_error(("unknown command '%s'"):format(word),
    near and ("did you mean '%s'?"):format(near) or "`luamig --help` lists the commands.")
end

local function needs_arguments(command)
  for _, argument in ipairs(command[2]) do
    if argument[2] ~= "?" and argument[2] ~= "*" then return true end
  end
  return false
end

-- The words of a command line without its command → the fields of the options and arguments.
local function parse(command, words)
  if #words == 0 and not needs_arguments(command) then return { x = {} } end -- the parser is a third of a start
  local flags = known_flags(command)
  walk(words, flags, function(flag)
    if #flag > 2 and not flags[flag] then reject_option(flag, flags) end
  end)
  local ok, result = command_parser(command):pparse(escape(words, flags))
  if not ok then
    local text, tip = result:match("^(.-)\n(Did you mean.*)$")
    usage_error(text or result, tip and tip:sub(1, 1):lower() .. tip:sub(2) or
      ("`luamig %s --help` shows what it takes."):format(command[1]))
  end
  result = unescape(result)
  local args = {}
  for _, pair in ipairs(result.x or {}) do
    local key, value = pair:match("^([^=]+)=(.*)$")
    if not key then usage_error(("-x takes KEY=VALUE, not '%s'"):format(pair)) end
    args[key] = value
  end
  result.x = args
  for name, value in pairs(result) do
    if value == "" and name ~= "message" then usage_error(("the value of '%s' is empty"):format((name:gsub("_", "-")))) end
  end
  return result
end

--- The status of the process for an error object.
function cli.exit_status(err)
  if err.kind == "interrupted" then return 128 + (core.interrupted() or 2) end
  return core.exit_status(err.kind or "script")
end

-- Of an error of memory Lua asks no handler: what comes back from xpcall goes through this once more.
local function as_error(value)
  if type(value) == "table" and value.kind then return value end
  local err = core.fetch(value)
  if not err.traceback then err.traceback = debug.traceback() end
  return err
end

-- A URL that was given where none belongs comes back in what is said about it, perhaps cut at the '@' like a target:
-- without its password. What is a number may be a port.
local function hide_passwords(err)
  local function hide(user, secret, at)
    if at == "" and secret:find "^%d*$" then return nil end
    return user .. ":***" .. at
  end
  for _, key in ipairs { "message", "detail", "hint" } do
    if err[key] then err[key] = tostring(err[key]):gsub("(%a[%w+.-]*://[^/%s:@']*):([^/%s@']*)(@?)", hide) end
  end
end

local function report_failure(out, err, session)
  hide_passwords(err)
  if not out.json then
    out:failure(err)
    return
  end
  local document = {}
  for key, value in pairs(err.report or {}) do document[key] = value end
  document.error = setmetatable({ statement = err.sql }, { __index = err })
  local shape = err.report and (session and session.shape or "report") or "failure"
  out:document(shape, document)
end

local function print_version(out)
  out:line("luamig " .. core.version)
  out:document("version", { version = core.version })
  return 0
end

local function print_help(out, name)
  local help = require "luamig.help"
  local text = name and help.command(cli.commands[name]) or help.all()
  out:text(text)
  out:document("help", { help = text })
  return 0
end

local function run(argv, out, given)
  local at = find_command(argv)
  if not at then
    if given["--version"] then return print_version(out) end
    if given["-h"] or given["--help"] then return print_help(out) end
    usage_error("no command", "`luamig --help` lists the commands.")
  end
  local name = argv[at]
  if name == "help" and not cli.commands.help then
    local of
    for i = at + 1, #argv do
      if argv[i]:sub(1, 1) ~= "-" then
        of = argv[i]
        break
      end
    end
    if of and not cli.commands[of] then reject_command(of) end
    return print_help(out, of)
  end
  local command = cli.commands[name]
  if not command then reject_command(name) end
  local words = table.move(argv, 1, at - 1, 1, {})
  table.move(argv, at + 1, #argv, at, words)
  if given["--version"] then return print_version(out) end
  if given["-h"] or given["--help"] then return print_help(out, name) end
  local args = parse(command, words)
  local session = require "luamig.session".new(args, out)
  local ok, result = xpcall(require("luamig.command." .. name:gsub("%-", "_")).run, as_error, session)
  session:close()
  if ok then return result or 0 end
  result = as_error(result)
  result.session = session
  error(result, 0)
end

--- Runs a command line (argv[0] is the program) and returns the exit status.
function cli.main(argv)
  if argv[1] == "--version" and #argv == 1 then
    io.stdout:write("luamig ", core.version, "\n")
    return 0
  end
  local given = given_flags(argv)
  local out = require "luamig.output".new {
    json = given["--json"], quiet = given["-q"] or given["--quiet"],
    verbose = given["-v"] or given["--verbose"], color = given["--color"],
  }
  local ok, result = xpcall(run, as_error, argv, out, given)
  if ok then return result == 0 and not out:is_written() and 1 or result end
  result = as_error(result)
  local session = result.session
  result.session = nil
  report_failure(out, result, session)
  return cli.exit_status(result)
end

return cli
