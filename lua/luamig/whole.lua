--- A live schema as the bodies of a revision that makes it and of one that takes it away again.
local render = require "luamig.render"

local whole = {}

-- What types are made by stands before everything else, and their going after it.
local FIRST = { create_enum = true }
local LAST = { drop_enum = true }

-- The list without what comes before (or, of the way back, after) everything else, and that.
local function parted(operations, outer)
  local inside, outside = {}, {}
  for _, operation in ipairs(operations) do
    table.insert(outer[operation.op] and outside or inside, operation)
  end
  return inside, outside
end

-- Tables may need the early ones.
local function before(a, b)
  if a.early ~= b.early then return a.early end
  if a.at ~= b.at then return a.at < b.at end
  return a.name < b.name
end

local function no_parts()
  return { early = {}, for_views = {}, late = {}, undo_early = {}, undo_for_views = {}, undo_late = {} }
end

--- What schema.lua has no word for as operations: { early, for_views, late }, before the tables, between them and the views,
--- and after those, { undo_early, … }, and the names of what no SQL is known for. left_out: what handle:left_out() says;
--- operation and inverse stand in one of them instead of its SQL.
function whole.objects(handle, left_out)
  local list, lacks, functions = {}, {}, false
  for _, one in ipairs(left_out) do
    functions = functions or one.kind == "functions"
    if not (one.make or one.operation) then
      lacks[#lacks + 1] = one.kind .. " " .. one.name
    elseif one.make ~= "" then -- else its view brings it
      list[#list + 1] = one
    end
  end
  table.sort(list, before)
  local parts = no_parts()
  if functions and handle:server().dialect == "postgresql" then
    parts.early[1] = { op = "execute", sql = "SET LOCAL check_function_bodies = off" } -- they may read tables
  end
  local prepared = {} -- by the list that it stands in
  local function set_session(made, one)
    local now = prepared[made]
    if (now and now.prepare) == (one and one.prepare) then return end
    if now and now.restore then made[#made + 1] = { op = "execute", sql = now.restore } end
    if one and one.prepare then made[#made + 1] = { op = "execute", sql = one.prepare } end
    prepared[made] = one
  end
  for _, one in ipairs(list) do
    local place = one.early and "early" or one.for_views and "for_views" or "late"
    local made = parts[place]
    set_session(made, one)
    made[#made + 1] = one.operation or { op = "execute", sql = one.make }
    if one.undo then
      table.insert(parts["undo_" .. place], 1, one.inverse or { op = "execute", sql = one.undo })
    end
  end
  for _, place in ipairs { "early", "for_views", "late" } do set_session(parts[place]) end
  return parts, lacks
end

--- What makes schemas and what drops them, but for the one that every new database of PostgreSQL's has.
function whole.schemas(names)
  local made, dropped = {}, {}
  for _, name in ipairs(names) do
    if name ~= "public" then
      made[#made + 1] = { op = "create_schema", name = name }
      dropped[#dropped + 1] = { op = "drop_schema", name = name }
    end
  end
  return made, dropped
end

-- The list up to an index, and the rest of it.
local function split(list, at)
  return table.move(list, 1, at, 1, {}), table.move(list, at + 1, #list, 1, {})
end

-- Views are made last and dropped first.
local function before_views(operations)
  for i, operation in ipairs(operations) do
    if operation.op == "create_view" then return split(operations, i - 1) end
  end
  return operations, {}
end

local function after_views(operations)
  for i = #operations, 1, -1 do
    if operations[i].op == "drop_view" then return split(operations, i) end
  end
  return {}, operations
end

local function joined(...)
  local all = {}
  for _, list in ipairs { ... } do table.move(list, 1, #list, #all + 1, all) end
  return all
end

--- The operations that make tables and views, with those of whole.objects in their places.
function whole.with_parts(operations, parts)
  local tables, views = before_views(operations)
  return joined(parts.early, tables, parts.for_views, views, parts.late)
end

local function nothing(handle) return ('{"format": 1, "dialect": "%s", "tables": []}'):format(handle:server().dialect) end

--- The operations that make all of it. snapshot: what handle:snapshot() says.
function whole.making(handle, snapshot) return handle:snapshot_difference(nothing(handle), snapshot) end

--- The two texts. snapshot: what handle:snapshot() says; parts: of whole.objects, nil without.
function whole.texts(handle, snapshot, parts)
  local upgrade, first = parted(whole.making(handle, snapshot), FIRST)
  local downgrade, last = parted(handle:snapshot_difference(snapshot, nothing(handle)), LAST)
  local function text(...)
    local pieces = {}
    for i, operations in ipairs { ... } do pieces[i] = render.operations(operations, "  ") end
    return table.concat(pieces)
  end
  parts = parts or no_parts()
  local dropped_views, dropped_tables = after_views(downgrade)
  return text(first, whole.with_parts(upgrade, parts)),
    text(parts.undo_late, dropped_views, parts.undo_for_views, dropped_tables, parts.undo_early, last)
end

return whole
