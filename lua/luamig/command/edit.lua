--- luamig edit REV: open a revision in the user's editor.
local core = require "luamig.core"
local files = require "luamig.files"

local edit = {}

local function quote(word)
  return "'" .. word:gsub("'", "'\\''") .. "'"
end

function edit.run(session)
  session.shape = "done"
  local editor = os.getenv "VISUAL"
  if not editor or editor == "" then editor = os.getenv "EDITOR" end
  if not editor or editor == "" then
    core.error { kind = "usage", message = "no editor: neither VISUAL nor EDITOR is set" }
  end
  local handle = session:handle()
  local root = handle:settings().root
  local words = { editor }
  for _, revision in ipairs(handle:resolve(session.args.rev).revisions) do
    words[#words + 1] = quote(files.absolute(revision.file, root))
  end
  if #words == 1 then
    core.error { kind = "usage", message = ("'%s' names no revision"):format(session.args.rev) }
  end
  local ok = os.execute(table.concat(words, " "))
  if not ok then core.error { kind = "usage", message = ("the editor '%s' failed"):format(editor) } end
  session.out:document("done", { done = true })
end

return edit
