--- The graph of revisions as text beside their lines, newest first.
---
---   * d (head, mergepoint) join
---   |\
---   | * c other
---   * | b one
---   |/
---   * a base
local graph = {}

-- A lane is a column of the picture: the id that it leads down to, or false while it is free.
local function lane_of(lanes, id)
  for i, awaited in ipairs(lanes) do
    if awaited == id then return i end
  end
end

local function free_lane(lanes, from)
  for i = from, #lanes do
    if not lanes[i] then return i end
  end
  lanes[#lanes + 1] = false
  return #lanes
end

local function trim(lanes)
  while #lanes > 0 and not lanes[#lanes] do lanes[#lanes] = nil end
end

-- The lanes as they stand, a character each and a space between.
local function cells_of(lanes)
  local cells = {}
  for i, awaited in ipairs(lanes) do
    cells[2 * i - 1] = awaited and "|" or " "
    cells[2 * i] = " "
  end
  return cells
end

-- The same with the revision of lane `at`, a space behind each: one line for nearly every revision, so made quickly.
local function prefix_of(lanes, at)
  local parts = {}
  for i = 1, #lanes do parts[i] = i == at and "* " or lanes[i] and "| " or "  " end
  return table.concat(parts)
end

local function text_of(cells)
  local text = table.concat(cells)
  return text:sub(1, (text:find "%s*$") - 1)
end

-- Draws a line between lane `at` and lane `other` into the cells.
local function connect(cells, at, other, right, left)
  local step = other > at and 1 or -1
  local last = 2 * other - 1 - step
  for i = 2 * at - 1 + step, last - step, step do
    if cells[i] == " " or cells[i] == nil then cells[i] = "_" end
  end
  cells[last] = step == 1 and right or left
end

--- revisions: newest first, children before parents. line(revision) gives the text of each. Returns lines.
function graph.draw(revisions, line)
  local known, lanes, lines = {}, {}, {}
  for _, revision in ipairs(revisions) do known[revision.revision] = true end
  for _, revision in ipairs(revisions) do
    local id = revision.revision
    local at = lane_of(lanes, id)
    if not at then
      at = free_lane(lanes, 1)
      lanes[at] = id
    end
    local cells
    for i = #lanes, at + 1, -1 do
      if lanes[i] == id then
        cells = cells or cells_of(lanes)
        cells[2 * i - 1] = " "
        connect(cells, at, i, "/", "\\")
        lanes[i] = false
      end
    end
    if cells then lines[#lines + 1] = text_of(cells) end
    trim(lanes)
    lines[#lines + 1] = prefix_of(lanes, at) .. line(revision)
    local parents = {}
    for _, parent in ipairs(revision.down_revision) do
      if known[parent] then parents[#parents + 1] = parent end
    end
    lanes[at] = parents[1] or false
    if #parents > 1 then
      local targets = {}
      for i = 2, #parents do
        local target = lane_of(lanes, parents[i])
        if not target then
          target = free_lane(lanes, at + 1)
          lanes[target] = parents[i]
        end
        targets[i] = target
      end
      cells = cells_of(lanes)
      for i = 2, #parents do
        cells[2 * targets[i] - 1] = " "
        connect(cells, at, targets[i], "\\", "/")
      end
      lines[#lines + 1] = text_of(cells)
    end
    trim(lanes)
  end
  return lines
end

--- Whether the list is one line of revisions, each following the next: then there is nothing to draw.
function graph.is_linear(revisions)
  for i, revision in ipairs(revisions) do
    local older = revisions[i + 1]
    local parents = revision.down_revision
    if #parents > 1 or (older and parents[1] ~= older.revision) then return false end
  end
  return true
end

return graph
