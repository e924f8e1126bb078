--- luamig squash REV: one revision instead of REV and all before it. It is made from what they leave in a scratch
--- database, the schema and the rows, keeps the id of REV, and must leave the same in a second one.
local core = require "luamig.core"
local files = require "luamig.files"
local render = require "luamig.render"
local scratch = require "luamig.scratch"
local skeleton = require "luamig.skeleton"
local stored_rows = require "luamig.stored_rows"
local whole = require "luamig.whole"

local squash = {}

local function refuse(message, hint) core.error { kind = "usage", message = message, hint = hint } end

-- Those that down_revision leads to from one of them, itself among them: { id in lower case = true }.
local function ancestors(last, by_id)
  local found = {}
  local function walk(id)
    if found[id] then return end
    found[id] = true
    for _, before in ipairs(by_id[id].down_revision) do walk(before:lower()) end
  end
  walk(last.revision:lower())
  return found
end

-- The revisions, oldest first, and REV itself, if they can go: nothing that stays may follow one of them but REV.
local function gathered(handle, target)
  local last = handle:resolve(target).revisions
  if #last ~= 1 then refuse(("'%s' stands for %d revisions"):format(target, #last), "Name one of them, or merge them first.") end
  local all, by_id, by_label, list = handle:history().revisions, {}, {}, {}
  for _, revision in ipairs(all) do
    by_id[revision.revision:lower()] = revision
    for _, label in ipairs(revision.branch_labels) do by_label[label] = revision.revision end
  end
  local function id_of(name) return by_label[name] or name end
  last = by_id[last[1].revision:lower()]
  local goes = ancestors(last, by_id)
  for i = #all, 1, -1 do
    local revision = all[i]
    if goes[revision.revision:lower()] then
      list[#list + 1] = revision
      for _, name in ipairs(revision.depends_on) do
        if not goes[id_of(name):lower()] then
          refuse(("'%s' depends on another branch"):format(revision.revision), "Squash up to the one before it, or merge the branches first.")
        end
      end
    else
      local links = {
        { "follows", revision.down_revision, (", or rebase '%s' first"):format(revision.revision) },
        { "depends on", revision.depends_on, "" },
      }
      for _, link in ipairs(links) do
        local how, names, otherwise = table.unpack(link)
        for _, name in ipairs(names) do
          local id = id_of(name)
          if goes[id:lower()] and id:lower() ~= last.revision:lower() then
            refuse(("'%s' %s '%s', which would be gone"):format(revision.revision, how, id), ("Squash up to '%s'%s."):format(id, otherwise))
          end
        end
      end
    end
  end
  if #list == 1 then refuse(("'%s' is the first revision: there is nothing to squash"):format(last.revision)) end
  return list, last
end

-- Objects that no declaration has a word for, as the revisions' own operations made them last: those that tables may
-- need, and those that may need tables.
local EARLY = { schema = true, extension = true, sequence = true, domain = true }
local LATE = { ["function"] = true, trigger = true }

-- The operation alone, without what a listing knows of it besides.
local function bare(operation)
  local copy = { op = operation.op, schema = operation.schema }
  for _, field in ipairs(core.records().operations[operation.op]) do copy[field.name] = operation[field.name] end
  return copy
end

local function kept_operations(handle, list)
  local ids, made, order = {}, {}, {}
  for i, revision in ipairs(list) do ids[i] = revision.revision end
  for _, step in ipairs(handle:lint { revisions = ids }.steps) do
    for _, operation in ipairs(step.direction == "upgrade" and step.operations or {}) do
      local verb, kind = operation.op:match "^(%l+)_(%l+)$"
      if EARLY[kind] or LATE[kind] then
        local name = ("%s %s.%s"):format(kind, operation.schema or "", operation.name)
        made[name] = verb == "create" and operation or nil
        order[#order + 1] = { name = name, kind = kind, operation = operation }
      end
    end
  end
  local early, late = {}, {}
  for _, one in ipairs(order) do
    if made[one.name] == one.operation then table.insert(EARLY[one.kind] and early or late, bare(one.operation)) end
  end
  return early, late
end

-- The rows that SQLite's virtual tables keep: they are read by what the table can do, if at all, and so not taken along.
local function add_virtual_rows(handle, list)
  if handle:server().dialect ~= "sqlite" then return end
  for row in handle:execute "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow'" do
    local count = handle:execute("SELECT count(*) FROM " .. handle:quote(row.name)):scalar()
    list[#list + 1] = ("rows of virtual tables: %d in %s"):format(count, row.name)
  end
end

-- What a database holds, for the comparison of two.
local function holdings(handle)
  local snapshot = handle:snapshot()
  local left_out = {}
  for i, one in ipairs(handle:left_out()) do left_out[i] = one.kind .. " " .. one.name end
  add_virtual_rows(handle, left_out)
  table.sort(left_out)
  return {
    snapshot = snapshot, left_out = left_out,
    rows = render.operations(stored_rows(handle, handle:snapshot_schema(snapshot).tables), "  "),
  }
end

-- What is in the first list only.
local function lacking(first, second)
  local there, list = {}, {}
  for _, name in ipairs(second) do there[name] = true end
  for _, name in ipairs(first) do
    if not there[name] then list[#list + 1] = name end
  end
  return list
end

-- The downgrade takes the kept objects away, the triggers with their tables.
local function undone(operations)
  local list = {}
  for i = #operations, 1, -1 do
    local of = operations[i]
    local kind = of.op:match "_(%l+)$"
    if kind ~= "trigger" then
      list[#list + 1] = { op = "drop_" .. kind, name = of.name, schema = of.schema, args = kind == "function" and of.args or nil }
    end
  end
  return list
end

local function message_of(list, given)
  local lines = { given or ("%d revisions in one"):format(#list) }
  for _, revision in ipairs(list) do lines[#lines + 1] = ("%s %s"):format(revision.revision, revision.message) end
  return table.concat(lines, "\n")
end

local function labels_of(list)
  local labels = {}
  for _, revision in ipairs(list) do table.move(revision.branch_labels, 1, #revision.branch_labels, #labels + 1, labels) end
  return #labels > 0 and labels or nil
end

local function replaced_by(list, last)
  local ids = {}
  for _, revision in ipairs(list) do
    table.move(revision.replaces or {}, 1, #(revision.replaces or {}), #ids + 1, ids)
    if revision ~= last then ids[#ids + 1] = revision.revision end
  end
  return ids
end

-- Where the sequences stand that PostgreSQL's columns take their values from by default.
local function positions(handle, left_out)
  local list = {}
  for _, one in ipairs(handle:server().dialect == "postgresql" and left_out or {}) do
    local name = one:match "^sequences (.*)"
    if name then
      local at = handle:execute("SELECT last_value, is_called FROM " .. name):fetchone()
      if at.is_called then
        list[#list + 1] = { op = "execute", sql = ("SELECT setval('%s', %d)"):format(name:gsub("'", "''"), at.last_value) }
      end
    end
  end
  return list
end

-- The plural that a database's list of what it has left out calls it by; a function's name has its arguments behind it.
local PLURALS = {
  extension = { "extensions" }, sequence = { "sequences" }, domain = { "domains" }, trigger = { "triggers" },
  ["function"] = { "functions", "functions and procedures" },
}

-- What that list would say of what an operation makes.
local function keys_of(handle, operation)
  local kind, keys = operation.op:match "^create_(%l+)$", {}
  local name = (operation.schema and handle:quote(operation.schema) .. "." or "") .. handle:quote(operation.name)
  for i, plural in ipairs(PLURALS[kind] or {}) do
    keys[i] = plural .. " " .. name .. (kind == "trigger" and " on " .. handle:quote(operation.table) or "")
  end
  return keys
end

-- What no operation of the revisions has made, but SQL of theirs, and all functions: the server knows which of them
-- tables, indexes or views need. Besides, the operations that are not among those. Functions of one name are told
-- apart by the server's text alone.
local function objects(handle, early, late)
  local made, there, list, rest = {}, {}, {}, {}
  for _, operations in ipairs { early, late } do
    for _, operation in ipairs(operations) do
      for _, key in ipairs(keys_of(handle, operation)) do made[key] = operation end
    end
  end
  for _, one in ipairs(handle:left_out()) do
    local key = one.kind .. " " .. (one.kind == "functions" and one.name:match "^[^(]*" or one.name)
    local operation = made[key]
    local is_function = operation and operation.op == "create_function"
    if is_function and not there[operation] then
      there[operation], one.operation, one.inverse = one, operation, undone({ operation })[1]
    elseif is_function then
      there[operation].operation, there[operation].inverse = nil, nil
    end
    if is_function or not operation then list[#list + 1] = one end
  end
  for _, operation in ipairs(late) do
    if not there[operation] then rest[#rest + 1] = operation end
  end
  return list, rest
end

-- A materialized view has the rows of when it was made: it is filled again once they are there.
local function refreshed(handle, before)
  local list = {}
  for _, operation in ipairs(before.rows ~= "" and whole.making(handle, before.snapshot) or {}) do
    if operation.op == "create_view" and operation.materialized then
      local name = (operation.schema and handle:quote(operation.schema) .. "." or "") .. handle:quote(operation.name)
      local filled = handle:execute("SELECT relispopulated FROM pg_class WHERE oid = ?::regclass", { name }):scalar()
      if filled then list[#list + 1] = { op = "execute", sql = "REFRESH MATERIALIZED VIEW " .. name } end
    end
  end
  return list
end

-- What the revision is made of: texts before, between and after the rows, and those of the way back.
local function parts_of(handle, list, before)
  local early, late = kept_operations(handle, list)
  local found, rest = objects(handle, early, late)
  local parts = whole.objects(handle, found)
  local late_text = render.operations(parts.late, "  ")
  parts.late = {} -- after the rows
  local upgrades, downgrades = whole.texts(handle, before.snapshot, parts)
  return {
    schema = render.operations(early, "  ") .. upgrades .. render.operations(positions(handle, before.left_out), "  "),
    rows = before.rows .. render.operations(refreshed(handle, before), "  "), late = late_text .. render.operations(rest, "  "),
    downgrades = downgrades .. render.operations(undone(rest), "  ") .. render.operations(undone(early), "  "),
  }
end

-- The revision as a file: its text and name. lacks: names of what it does not make.
local function composed(session, settings, list, last, parts, lacks)
  local comments = {}
  for i, name in ipairs(lacks) do comments[i] = "  -- not in it: " .. name:gsub("%s+", " ") .. "\n" end
  return skeleton.compose(settings, {
    id = last.revision, message = message_of(list, session.args.message), labels = labels_of(list), replaces = replaced_by(list, last),
    upgrades = parts.schema .. parts.rows .. parts.late .. table.concat(comments),
    downgrades = parts.downgrades,
  }, { down_revision = {}, depends_on = {} })
end

-- What the file leaves in a database of its own, and that its downgrade runs.
local function tried(text, last)
  local folder = os.tmpname()
  os.remove(folder)
  files.write(folder .. "/squashed.lua", text)
  local ok, result = pcall(function()
    local db = scratch.database { migrations = folder, all_schemas = true }
    db.handle:upgrade(last.revision)
    local after = holdings(db.handle)
    db.handle:downgrade "base"
    return after
  end)
  os.remove(folder .. "/squashed.lua")
  os.remove(folder)
  if ok then return result end
  if type(result) == "table" and result.kind ~= "interrupted" then
    result.message = "the one revision does not run: " .. tostring(result.message)
    result.file = nil -- which is gone
    result.hint = "Squash up to an earlier one, or make what it lacks by operations of the revisions."
  end
  error(result, 0)
end

-- Spellings of the same (TRUE and 1) are no difference.
local function require_same(handle, before, after)
  local lines = {}
  for i, operation in ipairs(handle:snapshot_difference(after.snapshot, before.snapshot)) do lines[i] = render.operation(operation) end
  if before.rows ~= after.rows then lines[#lines + 1] = "the rows differ" end
  if #lines > 0 then
    core.error { kind = "check_failed", message = "the one revision does not leave what the others do", detail = table.concat(lines, "\n") }
  end
end

-- The new file's text and name, and what it lacks.
local function made(session, list, last)
  local old = scratch.database { all_schemas = true }
  local outside = scratch.other_databases(old.handle, list)
  if #outside > 0 then
    refuse("the revisions name another database: " .. table.concat(outside, ", "), "A scratch database cannot hold it.")
  end
  old.handle:upgrade(last.revision)
  local before = holdings(old.handle)
  local settings, parts = old.handle:settings(), parts_of(old.handle, list, before)
  local text, name = composed(session, settings, list, last, parts, {})
  local after = tried(text, last)
  require_same(old.handle, before, after)
  local lacks = lacking(before.left_out, after.left_out)
  if #lacks > 0 and not session.args.incomplete then
    core.error {
      kind = "check_failed", message = "the one revision would lack what no declaration has a word for",
      detail = table.concat(lacks, "\n"),
      hint = "Have the revisions make it by operations (op.create_trigger, …); --incomplete names it in the file.",
    }
  end
  if #lacks > 0 then text, name = composed(session, settings, list, last, parts, lacks) end
  return text, name, lacks
end

local function note_dialects(session, root, list)
  for _, revision in ipairs(list) do
    local text = files.read(files.absolute(revision.file, root))
    if text:find "op%.dialect" or text:find "op%.is_mariadb" then
      session.out:note(("made for %s: the old revisions ask op.dialect, the new one does not"):format(session:handle():target().dialect))
      return
    end
  end
end

-- Where the file goes: beside that of the last revision, but where file_template has sub-folders of its own. No file of
-- another revision may stand there.
local function place(settings, list, last, name)
  local folder = name:find("/", 1, true) and skeleton.folder(settings, nil, { last })
    or files.absolute(last.file, settings.root):match "^(.*)/"
  local path = folder .. "/" .. name
  for _, revision in ipairs(list) do
    if files.absolute(revision.file, settings.root) == path then return path end
  end
  if files.exists(path) then
    refuse(("'%s' exists already, and is none of the files that become one"):format(path), "give another message with -m")
  end
  return path
end

-- All files of the revisions but the one that is kept.
local function remove_files(session, root, list, kept)
  local removed = {}
  for _, revision in ipairs(list) do
    local path = files.absolute(revision.file, root)
    if path ~= kept then
      local ok, why = os.remove(path)
      if not ok then
        core.error {
          kind = "permission", message = "cannot remove " .. why,
          hint = ("'%s' stands for it: remove it, and those that are left."):format(session.relative(kept)),
        }
      end
      removed[#removed + 1] = session.relative(path)
    end
  end
  return removed
end

function squash.run(session)
  session.shape = "squashed"
  local args, out, handle = session.args, session.out, session:handle()
  scratch.configure { config = args.config, url = args.url, env = args.env, args = args.x }
  local settings = handle:settings()
  local root = settings.root
  local list, last = gathered(handle, args.rev)
  local ok, text, name, lacks = pcall(made, session, list, last)
  if not ok then scratch.fail(text) end
  scratch.drop_all()
  local path = place(settings, list, last, name)
  note_dialects(session, root, list)
  for _, what in ipairs(lacks) do out:note("not in it: " .. what) end
  if not session:confirm(("%d files become one. Every database must be at %s, at a later one, or empty. Go on?"):format(
    #list, last.revision)) then
    refuse "nothing was changed"
  end
  files.write(path, text)
  local removed = remove_files(session, root, list, path)
  session:close() -- the graph is another one now
  session:handle():after_revision(path)
  out:line(session.relative(path))
  out:note(("%s stands for %d revisions; their files are gone"):format(last.revision, #list))
  out:document("squashed", {
    revision = last.revision, file = session.relative(path), replaces = replaced_by(list, last), removed = removed,
  })
end

return squash
