--- Revisions whose file is no longer what was applied: its tokens differ from those of the last upgrade. One that was
--- squashed since, in a database that went through the others, is another file of the same effect.
local core = require "luamig.core"
local files = require "luamig.files"

--- Their ids, oldest first. revisions: newest first, as handle:history() has them; journal: handle:journal().
return function(root, revisions, journal)
  local applied = {}
  for _, row in ipairs(journal) do applied[row.revision] = row.direction == "upgrade" and row or false end
  local ids = {}
  for i = #revisions, 1, -1 do
    local revision = revisions[i]
    local row = applied[revision.revision]
    local squashed = false
    for _, id in ipairs(revision.replaces or {}) do squashed = squashed or applied[id] ~= nil end
    local file = row and row.checksum and not squashed and io.open(files.absolute(revision.file, root), "rb")
    if file then
      local text = file:read("a")
      file:close()
      if core.checksum(text) ~= row.checksum then ids[#ids + 1] = revision.revision end
    end
  end
  return ids
end
