--- luamig init: a new project that runs at once on SQLite.
local annotations = require "luamig.annotations"
local core = require "luamig.core"
local files = require "luamig.files"
local template = require "luamig.template"

local init = {}

-- What a template's project begins with beside its files.
local folders = { generic = { "migrations", "lib", "templates" }, minimal = { "migrations" } }

-- The words that luacheck shall know, from the same tables as the binding's.
local function lint_words()
  local function block(list)
    table.sort(list)
    local lines, line, last = {}, "", nil
    for _, name in ipairs(list) do
      if #line + #name > 100 then
        lines[#lines + 1] = line
        line = ""
      end
      if name ~= last then line = line .. (line == "" and "" or " ") .. name end
      last = name
    end
    lines[#lines + 1] = line
    return table.concat(lines, "\n")
  end
  return { operations = block(annotations.operation_words()), values = block(annotations.value_words()) }
end

local MARK = "luamig.conf.lua" -- what makes a folder a project

local function write_file(file, path)
  local text = file.text
  if file.path == ".luacheckrc" then text = template.fill(text, lint_words(), path) end
  if file.path == ".luamig/annotations.lua" then text = annotations.text() end
  files.write(path, text)
end

function init.run(session)
  local folder = session.args.dir or "."
  local name = session.args.template or "generic"
  template.check(nil, name)
  if files.exists(folder .. "/" .. MARK) then
    core.error { kind = "config", message = ("'%s' is a project already"):format(folder), file = folder .. "/" .. MARK }
  end
  local prefix = folder == "." and "" or folder:gsub("/+$", "") .. "/"
  local written, mark = {}, nil
  for _, sub in ipairs(folders[name]) do files.make_folder(prefix .. sub) end
  for _, file in ipairs(template.project_files(name)) do
    local path = prefix .. file.path
    if files.exists(path) then
      session.out:note("kept " .. path)
    else
      written[#written + 1] = path
      if file.path == MARK then
        mark = file
      else
        write_file(file, path)
      end
    end
  end
  write_file(mark, prefix .. MARK) -- last: a run that was cut off can be made again
  for _, path in ipairs(written) do session.out:line(path) end
  session.out:note('next: luamig revision -m "create users"')
  session.out:document("project", { folder = folder, files = written })
end

return init
