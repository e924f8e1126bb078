--- A new revision's file: its id, its name, its text.
local core = require "luamig.core"
local files = require "luamig.files"
local template = require "luamig.template"

local skeleton = {}

--- "Add e-mail to users" → "add_e_mail_to_users": words in lower case, at most `length` characters, cut at a word.
function skeleton.slug(text, length)
  local words, room = {}, length
  for word in text:lower():gmatch("[%w\128-\255]+") do
    local size = utf8.len(word) or #word
    local cost = size + (#words > 0 and 1 or 0)
    if cost > room then
      if #words == 0 and room > 0 then
        words[1] = word:sub(1, (utf8.offset(word, room + 1) or room + 1) - 1)
      end
      break
    end
    words[#words + 1] = word
    room = room - cost
  end
  return table.concat(words, "_")
end

--- The time of a new revision: os.date's fields and the ISO text, in UTC or in local time with its offset.
function skeleton.time(now, zone)
  if zone == "local" then
    local offset = os.date("%z", now):gsub("^(.%d%d)(%d%d)$", "%1:%2")
    return os.date("*t", now), os.date("%Y-%m-%dT%H:%M:%S", now) .. offset
  end
  return os.date("!*t", now), os.date("!%Y-%m-%dT%H:%M:%SZ", now)
end

--- The file's name by the project's file_template.
function skeleton.file_name(file_template, values, date, now)
  local fields = {
    rev = values.rev, slug = values.slug, year = ("%04d"):format(date.year), month = ("%02d"):format(date.month),
    day = ("%02d"):format(date.day), hour = ("%02d"):format(date.hour), minute = ("%02d"):format(date.min),
    second = ("%02d"):format(date.sec), epoch = ("%d"):format(now),
  }
  local function unknown(part)
    local names = {}
    for field in pairs(fields) do names[#names + 1] = "{" .. field .. "}" end
    table.sort(names)
    core.error {
      kind = "config", message = ("file_template has an unknown field %s"):format(part),
      hint = "The fields are " .. table.concat(names, ", ") .. ".",
    }
  end
  local foreign = file_template:match "%%%([^)]*%)%a?" -- %(rev)s, as Alembic has it
  if foreign then unknown(foreign) end
  local name = file_template:gsub("{[^}]*}?", function(part)
    return fields[part:match "^{(.*)}$"] or unknown(part)
  end)
  return (name:gsub("[_%-]+$", ""):gsub("[_%-]+/", "/")) .. ".lua"
end

local function literal(list)
  if #list == 0 then return "nil" end
  local quoted = {}
  for i, item in ipairs(list) do quoted[i] = '"' .. item:gsub('[\\"]', "\\%0") .. '"' end
  if #list == 1 then return quoted[1] end
  return "{ " .. table.concat(quoted, ", ") .. " }"
end

-- The migration folder that the path is, or (in a recursive project) is below, as the configuration writes it; nil: none.
local function known_folder(settings, path)
  local at, below = path:gsub("/+$", ""), ""
  while true do
    for _, folder in ipairs(settings.migrations) do
      if files.is_same(at, folder) then return folder .. below end
    end
    local parent, name = at:match "^(.*)/([^/]*)$"
    if not settings.recursive or not parent or name == ".." then return nil end
    at, below = parent, (name == "" or name == ".") and below or "/" .. name .. below
  end
end

--- The folder of a new file: the one asked for, that of a revision it follows, the first.
function skeleton.folder(settings, wanted, parents)
  if wanted then
    local here = require "lfs".currentdir()
    return known_folder(settings, files.absolute(wanted, here)) or core.error {
      kind = "config", message = ("'%s' is none of the migration folders"):format(wanted),
      detail = table.concat(settings.migrations, "\n"),
    }
  end
  for _, parent in ipairs(parents) do
    local file, nearest = files.absolute(parent.file, settings.root), ""
    for _, folder in ipairs(settings.migrations) do
      if #folder > #nearest and file:sub(1, #folder + 1) == folder .. "/" then nearest = folder end
    end
    if nearest ~= "" then return nearest end
  end
  return settings.migrations[1]
end

-- What a template holds of a revision is Lua as it stands, "…" included; but for the message, which is a text.
local function refuse_quotes(text, values, where)
  for name in text:gmatch "[\"']{{([%w_]+)}}[\"']" do
    if values[name] and name ~= "message" then
      core.error { kind = "config", message = ("the template has quotes around {{%s}}, which brings its own"):format(name), file = where }
    end
  end
end

-- The template with its values. What has a value and no place of its own is declared below down_revision, or an error.
local function fill(text, values, where)
  refuse_quotes(text, values, where)
  local function is_lost(name)
    return values[name] ~= "" and values[name] ~= "nil" and not text:find("{{" .. name .. "}}", 1, true)
  end
  for _, name in ipairs { "revision", "down_revision", "upgrades", "downgrades" } do
    if is_lost(name) then
      core.error { kind = "config", message = ("the template has no {{%s}}, and the revision needs it"):format(name), file = where }
    end
  end
  local filled, declarations = template.fill(text, values, where), ""
  for _, name in ipairs { "branch_labels", "depends_on", "replaces" } do
    if is_lost(name) then declarations = declarations .. ("%-13s = %s\n"):format(name, values[name]) end
  end
  if declarations == "" then return filled end
  local added, count = filled:gsub("\ndown_revision%s*=[^\n]*\n", function(line) return line .. declarations end, 1)
  if count == 0 then core.error { kind = "config", message = "the template has no line for down_revision", file = where } end
  return added
end

--- The text of a revision and the name of its file. spec: id, message, labels, template, upgrades, downgrades, replaces
--- (the ids that it was squashed from); header: down_revision, depends_on, as they shall stand in the file.
function skeleton.compose(settings, spec, header)
  if spec.template then template.check(settings.root, spec.template) end
  local name = spec.template or "generic"
  local text = template.read(settings.root, name, "revision.lua")
  if not text then core.error { kind = "config", message = ("the template '%s' has no revision.lua"):format(name) } end
  local now = os.time()
  local date, created = skeleton.time(now, settings.timezone)
  local message = spec.message ~= "" and spec.message or "empty message"
  local filled = fill(text, {
    message = message:gsub("\r\n?", "\n"):gsub("\n", "\n-- "), revision = literal { spec.id }, down_revision = literal(header.down_revision),
    branch_labels = literal(spec.labels or {}), depends_on = literal(header.depends_on), create_date = literal { created },
    replaces = literal(spec.replaces or {}), upgrades = spec.upgrades or "", downgrades = spec.downgrades or "",
  }, "templates/" .. name .. "/revision.lua")
  if not utf8.len(filled) then
    core.error {
      kind = "usage", message = "the revision would not be UTF-8", hint = "Look at the message, the id, the labels and the template.",
    }
  end
  local slug = skeleton.slug(spec.message:match "^[^\r\n]*", settings.slug_length)
  local file = skeleton.file_name(settings.file_template, { rev = spec.id, slug = slug }, date, now)
  if file:find("/", 1, true) and not settings.recursive then
    core.error {
      kind = "config", message = ("file_template puts revisions into sub-folders ('%s'), which are not read"):format(file),
      hint = "set recursive = true, or leave '/' out of file_template.",
    }
  end
  if ("/" .. file):find("/.", 1, true) then
    core.error {
      kind = "config", message = ("file_template makes '%s' of the revision, and what begins with a dot is not read"):format(file),
      hint = "let file_template begin with another field, or with a word.",
    }
  end
  return filled, file
end

--- Writes a new revision. spec: as for compose, and heads, splice, labels, depends_on (as on the command line), folder.
--- Returns { revision, file (relative to the project), path }.
function skeleton.write(handle, spec)
  local settings = handle:settings()
  local id = spec.id or core.id()
  local header = handle:propose {
    id = id, heads = spec.heads, splice = spec.splice, labels = spec.labels, depends_on = spec.depends_on,
  }
  spec.id = id
  local filled, file = skeleton.compose(settings, spec, header)
  local folder = skeleton.folder(settings, spec.folder, header.parents)
  local path = folder .. "/" .. file
  if files.exists(path) then
    core.error {
      kind = "config", message = ("'%s' exists already"):format(path),
      hint = "put {rev} into file_template, so that every revision has a file of its own.",
    }
  end
  files.write(path, filled)
  local root = settings.root .. "/"
  local made = { revision = id, file = path:sub(1, #root) == root and path:sub(#root + 1) or path, path = path }
  local ok, err = pcall(handle.after_revision, handle, path)
  if not ok then
    err.report, err.hint = made, err.hint or ("The revision is written: '%s'."):format(made.file)
    error(err, 0)
  end
  return made
end

return skeleton
