--- Templates: what `init` and `revision` write. Built in, or of the project's own templates/ folder, file by file.
local core = require "luamig.core"
local files = require "luamig.files"
local lfs = require "lfs"

local template = {}

-- The project's own file, when there is one.
local function own(root, name)
  local path = root and root .. "/templates/" .. name
  return path and files.exists(path) and files.read(path) or nil
end

--- The text of a template's file ("generic", "revision.lua"), or nil.
function template.read(root, name, file)
  local path = name .. "/" .. file
  return own(root, path) or core.embedded("templates/" .. path)
end

-- Names of the folders under the project's templates/.
local function own_names(root)
  local names = {}
  if not root then return names end
  local folder = root .. "/templates"
  for _, name in ipairs(files.names(folder)) do
    if not name:find "^%." and lfs.attributes(folder .. "/" .. name, "mode") == "directory" then names[#names + 1] = name end
  end
  return names
end

--- All templates by name: { name, description, origin = "built in" | "project" }.
function template.list(root)
  local found, names = {}, {}
  local function add(name, origin)
    if not found[name] then
      found[name] = { name = name }
      names[#names + 1] = name
    end
    found[name].origin = origin
  end
  for _, path in ipairs(core.embedded_names "templates/") do
    add(path:match("^templates/([^/]+)/"), "built in")
  end
  for _, name in ipairs(own_names(root)) do add(name, "project") end
  table.sort(names)
  local list = {}
  for i, name in ipairs(names) do
    local about = template.read(root, name, "about") or ""
    found[name].description = about:match("^[^\n]*")
    list[i] = found[name]
  end
  return list
end

--- Raises a usage error that names the nearest template when there is none of this name.
function template.check(root, name)
  local names = {}
  for i, row in ipairs(template.list(root)) do
    if row.name == name then return end
    names[i] = row.name
  end
  local near = core.suggest(name, names)
  core.error {
    kind = "usage", message = ("there is no template '%s'"):format(name),
    hint = near and ("did you mean '%s'?"):format(near) or "`luamig templates` lists them.",
  }
end

--- The files that `init` writes: { path, text } in order; "dot-x" becomes ".x".
function template.project_files(name)
  local prefix = "templates/" .. name .. "/project/"
  local list = {}
  for _, path in ipairs(core.embedded_names(prefix)) do
    local target = path:sub(#prefix + 1):gsub("^dot%-", "."):gsub("/dot%-", "/.")
    list[#list + 1] = { path = target, text = core.embedded(path) }
  end
  table.sort(list, function(a, b) -- what one edits first, the tools' files last
    local a_hidden, b_hidden = a.path:sub(1, 1) == ".", b.path:sub(1, 1) == "."
    if a_hidden ~= b_hidden then return b_hidden end
    return a.path < b.path
  end)
  return list
end

--- Replaces {{name}} by values[name]; an unknown one is an error of the template.
function template.fill(text, values, where)
  return (text:gsub("{{([%w_]+)}}", function(name)
    local value = values[name]
    if value == nil then
      core.error { kind = "config", message = ("unknown placeholder {{%s}}"):format(name), file = where }
    end
    return value
  end))
end

return template
