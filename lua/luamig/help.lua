--- The help of luamig and of each command, and the manual page: the table of luamig.cli with what luamig.manual says.
local cli = require "luamig.cli"
local core = require "luamig.core"
local manual = require "luamig.manual"

local help = {}

local WIDTH, NAMES = 100, 28
local what_it_is = "database migrations in Lua for SQLite, PostgreSQL, MySQL and MariaDB"

-- Lines of at most so many characters.
local function wrapped(text, width)
  local lines, line = {}, ""
  for word in text:gmatch "%S+" do
    local longer = line == "" and word or line .. " " .. word
    if utf8.len(longer) > width and line ~= "" then
      lines[#lines + 1] = line
      line = word
    else
      line = longer
    end
  end
  lines[#lines + 1] = line
  return lines
end

-- Rows of a name and what it is, the latter all in one column.
local function add_rows(lines, title, rows)
  if #rows == 0 then return end
  lines[#lines + 1] = ""
  lines[#lines + 1] = title .. ":"
  for _, row in ipairs(rows) do
    local name, room = row[1], NAMES - utf8.len(row[1])
    if room < 0 then
      lines[#lines + 1] = "  " .. name
      name, room = "", NAMES
    end
    for _, line in ipairs(wrapped(row[2] or "", WIDTH - NAMES - 3)) do
      lines[#lines + 1] = ("  " .. name .. (" "):rep(room) .. " " .. line):gsub("%s+$", "")
      name, room = "", NAMES
    end
  end
end

local function is_optional(argument) return argument[2] == "?" or argument[2] == "*" end

-- "stamp REV…"
local function call_of(command)
  local words = { command[1] }
  for _, argument in ipairs(command[2]) do
    local word = argument[1] .. ((argument[2] == "*" or argument[2] == "+") and "…" or "")
    words[#words + 1] = is_optional(argument) and "[" .. word .. "]" or word
  end
  return table.concat(words, " ")
end

-- "-c, --config FILE"
local function spelling(option) return option[1]:gsub(" ", ", ") .. (option[2] and " " .. option[2] or "") end

local function option_rows(options)
  local rows = {}
  for i, option in ipairs(options) do
    rows[i] = { spelling(option), option[3] .. (option.multiple and option[1] ~= "-x" and " (may be repeated)" or "") }
  end
  return rows
end

local function argument_rows(command)
  local rows = {}
  for i, argument in ipairs(command[2]) do rows[i] = { argument[1], argument[3] } end
  return rows
end

--- What `luamig --help` prints.
function help.all()
  local lines = { "luamig " .. core.version .. ": " .. what_it_is, "", "Usage: luamig [OPTION…] COMMAND [ARGUMENT…]" }
  for _, group in ipairs(cli.groups) do
    local rows = {}
    for i, command in ipairs(group[2]) do rows[i] = { call_of(command), command[3] } end
    add_rows(lines, group[1], rows)
  end
  add_rows(lines, "Options, before or after the command", option_rows(cli.global_options))
  lines[#lines + 1] = ""
  lines[#lines + 1] = "luamig COMMAND --help says more of each."
  return table.concat(lines, "\n") .. "\n"
end

--- What `luamig COMMAND --help` prints.
function help.command(command)
  local name = command[1]
  local entry = manual.commands[name]
  local lines = { ("Usage: luamig %s"):format(call_of(command):gsub("^%S+", "%0 [OPTION…]", 1)), "", command[3], "" }
  table.move(wrapped(entry[1], WIDTH), 1, #entry[1], #lines + 1, lines)
  add_rows(lines, "Arguments", argument_rows(command))
  add_rows(lines, "Options", option_rows(command[4]))
  add_rows(lines, "Options of every command", option_rows(cli.global_options))
  if #entry > 1 then
    lines[#lines + 1] = ""
    lines[#lines + 1] = "Examples:"
    for i = 2, #entry do
      lines[#lines + 1] = "  " .. entry[i][1]
      lines[#lines + 1] = "      " .. entry[i][2]
    end
  end
  return table.concat(lines, "\n") .. "\n"
end

-- A text as troff takes it.
local function roff(text) return (text:gsub("\\", "\\e"):gsub("%-", "\\-"):gsub("^([.'])", "\\&%1"):gsub("`([^`]*)`", "\\fB%1\\fP")) end

--- The manual page luamig(1).
function help.page()
  local lines = { ('.TH LUAMIG 1 "" "luamig %s" "User Commands"'):format(core.version) }
  local function add(...) table.move({ ... }, 1, select("#", ...), #lines + 1, lines) end
  local function add_pairs(rows)
    for _, row in ipairs(rows) do add(".TP", ".B " .. roff(row[1]), roff(row[2])) end
  end
  add(".SH NAME", "luamig \\- " .. what_it_is, ".SH SYNOPSIS", ".B luamig", "[OPTION…] COMMAND [ARGUMENT…]", ".SH DESCRIPTION")
  for _, paragraph in ipairs(manual.description) do add(".PP", roff(paragraph)) end
  add(".SH OPTIONS", "Before or after the command.")
  add_pairs(option_rows(cli.global_options))
  add(".SH COMMANDS")
  for _, group in ipairs(cli.groups) do
    for _, command in ipairs(group[2]) do
      local entry = manual.commands[command[1]]
      add(".SS " .. roff(call_of(command)), roff(command[3]) .. ".", ".PP", roff(entry[1]))
      add_pairs(option_rows(command[4]))
      for i = 2, #entry do add(".PP", ".nf", ".B " .. roff(entry[i][1]), ".fi", ".RS", roff(entry[i][2]), ".RE") end
    end
  end
  for _, section in ipairs(manual.sections) do
    add(".SH " .. section[1])
    if type(section[2]) == "string" then
      add(roff(section[2]))
    else
      add_pairs(section[2])
    end
  end
  return table.concat(lines, "\n") .. "\n"
end

return help
