--- What the last word of a command line may be: from the table of options, the project's revisions,
--- its environments and its templates.
local cli = require "luamig.cli"

local candidates = {}

local function of_choices(choices)
  local list = {}
  for i, choice in ipairs(choices) do list[i] = { value = choice } end
  return list
end

local function of_commands()
  local list = {}
  for _, group in ipairs(cli.groups) do
    for _, command in ipairs(group[2]) do list[#list + 1] = { value = command[1], description = command[3] } end
  end
  return list
end

local function of_flags(flags)
  local list = {}
  for flag, option in pairs(flags) do
    if #flag > 2 then list[#list + 1] = { value = flag, description = option[3] } end
  end
  table.sort(list, function(a, b) return a.value < b.value end)
  return list
end

-- Targets: the words for them, the heads of labels, the ids, newest first.
local function of_revisions(handle)
  local list = of_choices { "head", "heads", "base", "current" }
  local revisions = handle:history().revisions
  for _, revision in ipairs(revisions) do
    for _, label in ipairs(revision.branch_labels) do
      list[#list + 1] = { value = label .. "@head", description = revision.message }
    end
  end
  for _, revision in ipairs(revisions) do list[#list + 1] = { value = revision.revision, description = revision.message } end
  return list
end

-- Without a project, the ones that are built in.
local function of_templates(session)
  local ok, settings = pcall(function() return session:handle():settings() end)
  local list = {}
  for i, row in ipairs(require "luamig.template".list(ok and settings.root or nil)) do
    list[i] = { value = row.name, description = row.description }
  end
  return list
end

local function of_environments(handle)
  local names = handle:settings().environments
  table.sort(names)
  return of_choices(names)
end

-- By what the help calls the value; "A:B": the part behind the colon.
local revision_words = { REV = true, TARGET = true, ["A:B"] = true }

local function all_of(session, expected)
  local about = expected.option or expected.argument
  if expected.commands then return of_commands() end
  if expected.flags then return of_flags(expected.flags) end
  if not about then return {} end
  if about.choices then return of_choices(about.choices) end
  local called = about == expected.option and about[2] or about[1]
  if not (revision_words[called] or about[1] == "--template" or about[1] == "--env") then return {} end
  session.args.config = expected.given["-c"] or expected.given["--config"] or session.args.config
  if about[1] == "--template" then return of_templates(session) end
  if about[1] == "--env" then return of_environments(session:handle()) end
  session.args.env = expected.given["--env"]
  local head, word = expected.word:match "^(.*:)(.*)$"
  if head then expected.head, expected.word = expected.head .. head, word end
  return of_revisions(session:handle())
end

--- { { value = the whole word, description = a text or nil } … }; empty where nothing is known, or no project is there.
function candidates.list(session, words)
  local expected = cli.expected(words)
  local ok, all = pcall(all_of, session, expected)
  local list = {}
  for _, candidate in ipairs(ok and all or {}) do
    if candidate.value:sub(1, #expected.word) == expected.word then
      list[#list + 1] = { value = expected.head .. candidate.value, description = candidate.description }
    end
  end
  return list
end

return candidates
