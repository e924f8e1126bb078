--- luamig history: all revisions, newest first.
local core = require "luamig.core"
local graph = require "luamig.graph"
local listing = require "luamig.listing"

local history = {}

local function quoted(text)
  return '"' .. text:gsub('[\\"]', "\\%0"):gsub("\n", " ") .. '"'
end

-- Pictures: the graph in the language of Graphviz or Mermaid, an arrow from each revision to those that follow, of
-- those that are listed.
local pictures = {}

-- Calls f(from, to, is_dependency) of each arrow to a revision.
local function arrows(revision, listed, f)
  for _, parent in ipairs(revision.down_revision) do
    if listed[parent] then f(parent, revision.revision, false) end
  end
  for _, needed in ipairs(revision.dependencies or {}) do
    if listed[needed] then f(needed, revision.revision, true) end
  end
end

function pictures.dot(out, revisions, listed)
  out:line "digraph revisions {"
  out:line "  rankdir = BT; node [shape = box];"
  for _, revision in ipairs(revisions) do
    local style = revision.is_current and ", style = filled" or ""
    out:line(("  %s [label = %s%s];"):format(quoted(revision.revision),
      quoted(revision.revision .. ": " .. revision.message), style))
    arrows(revision, listed, function(from, to, is_dependency)
      out:line(("  %s -> %s%s;"):format(quoted(from), quoted(to), is_dependency and " [style = dashed]" or ""))
    end)
  end
  out:line "}"
end

function pictures.mermaid(out, revisions, listed)
  out:line "graph BT"
  for _, revision in ipairs(revisions) do
    local label = (revision.revision .. ": " .. revision.message):gsub('"', "#quot;")
    out:line(('  r%d["%s"]'):format(listed[revision.revision], label))
    arrows(revision, listed, function(from, to, is_dependency)
      out:line(("  r%d %s r%d"):format(listed[from], is_dependency and "-.->" or "-->", listed[to]))
    end)
  end
end

local NOT_FOUND = 127 -- the shell's status for a program that is not there

-- Long output goes through $PAGER on a terminal; less shows our colours unless the user set it up otherwise.
local function page(lines)
  local pager = os.getenv "PAGER"
  if pager == "" or not core.isatty(1) or #lines < 40 then return false end
  local call = 'export LESS="${LESS-FRX}"; ' .. (pager or "command -v less > /dev/null || exit 127; less")
  local pipe = io.popen(call, "w")
  if not pipe then return false end
  pipe:setvbuf "no" -- what a shell that is gone did not take would be its error in close, instead of its status
  pipe:write(table.concat(lines, "\n"), "\n")
  local _, _, status = pipe:close()
  return status ~= NOT_FOUND
end

function history.run(session)
  session.shape = "revisions"
  local args, out = session.args, session.out
  local result = session:handle():history {
    range = args.rev_range, database = args.indicate_current, times = args.indicate_current and (out.json or out.verbose),
    brief = not (out.json or out.verbose or (args.format and args.format ~= "text")),
  }
  local revisions = result.revisions
  if out.json then
    out:document("revisions", result)
  elseif args.format and args.format ~= "text" then
    local listed = {}
    for i, revision in ipairs(revisions) do listed[revision.revision] = i end
    pictures[args.format](out, revisions, listed)
  elseif out.verbose then
    listing.print(out, result)
  else
    local marks = { current = args.indicate_current }
    local function line(revision) return listing.line(out, revision, marks) end
    local lines = {}
    if graph.is_linear(revisions) then
      for i, revision in ipairs(revisions) do lines[i] = line(revision) end
    else
      lines = graph.draw(revisions, line)
    end
    if not page(lines) then
      for _, text in ipairs(lines) do out:line(text) end
    end
  end
end

return history
