--- JSON documents with a fixed order of keys, from one table of shapes.
local core = require "luamig.core"

local json = {}

-- A key is `name`, `name[]` (a list), `name:shape`, `name[]:shape`; with a `?` at the end it is left out when nil
-- (the others are null, a list is []).
local shapes = {
  report = { "format", "dialect", "from[]", "to[]", "applied", "steps[]:step", "error:error?" },
  step = { "revision", "direction", "message", "file", "complete", "duration_ms", "line?", "statements[]:statement" },
  statement = { "sql", "line", "segment", "transactional", "lock", "rewrites", "scans" },
  revisions = { "format", "revisions[]:revision", "error:error?" },
  revision = {
    "revision", "down_revision[]", "branch_labels[]", "depends_on[]", "message", "create_date", "file", "is_head",
    "is_base", "is_branch_point", "is_merge_point", "is_current", "applied_at", "replaces[]?", "children[]?",
  },
  operations = { "format", "operations[]:operation", "error:error?" },
  created = { "format", "revision", "file", "script?", "error:error?" },
  stamped = { "format", "from[]", "to[]", "script?", "error:error?" },
  status = {
    "format", "dialect", "target", "server_version", "current[]", "heads[]", "pending[]", "up_to_date", "revisions",
    "last:applied", "runner:holder", "half_applied[]:half_applied", "edited[]", "error:error?",
  },
  applied = { "revision", "direction", "started_at", "duration_ms", "user", "host", "version", "result" },
  templates = { "format", "templates[]:template", "error:error?" },
  template = { "name", "description", "origin" },
  project = { "format", "folder", "files[]", "error:error?" },
  findings = { "format", "findings[]:finding", "error:error?" },
  finding = { "rule", "severity", "revision", "file", "line", "message", "fix" },
  rules = { "format", "rules[]:rule" },
  rule = { "id", "severity", "dialects[]", "summary", "why", "fix" },
  verified = { "format", "revisions[]:climbed", "error:error?" },
  climbed = { "revision", "file", "ok" },
  squashed = { "format", "revision", "file", "replaces[]", "removed[]", "error:error?" },
  adopted = { "format", "revisions[]", "files[]", "error:error?" },
  lock = { "format", "holder:holder", "ended", "error:error?" },
  holder = { "pid", "user", "host", "application", "since", "query" },
  half_applied = { "revision", "direction", "steps", "open_step", "failed", "statement", "note" },
  done = { "format", "done", "script?", "error:error?" },
  tests = { "format", "passed", "failed", "pending", "tests[]:test", "error:error?" },
  test = { "name", "result", "file", "line", "duration_ms", "message" },
  completion = { "format", "shell", "script" },
  candidates = { "format", "shell", "candidates[]:candidate" },
  candidate = { "value", "description" },
  help = { "format", "help" },
  version = { "format", "version" },
  failure = { "format", "error:error" },
  error = {
    "kind", "message", "detail", "hint", "revision", "file", "line", "statement", "sqlstate", "native_code",
    "state:state",
  },
  state = { "heads[]", "revision", "done", "of", "rolled_back" },
}

local function parse_key(text)
  local key, list, shape, optional = text:match("^([%w_]+)(%[?%]?):?([%w_]*)(%??)$")
  return { name = key, list = list == "[]", shape = shape ~= "" and shape or nil, optional = optional == "?" }
end

-- An operation: its own keys first, then its arguments by name, last its Lua.
local operation_first, operation_last = { "op", "table", "schema", "name" }, { "lua" }

for _, shape in pairs(shapes) do
  for i, key in ipairs(shape) do shape[i] = parse_key(key) end
end

local escapes = {
  ['"'] = '\\"', ["\\"] = "\\\\", ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t",
}

--- A JSON string; bytes that are not UTF-8 become U+FFFD.
function json.quote(text)
  if not utf8.len(text) then
    local parts, at = {}, 1
    while at <= #text do
      local _, bad = utf8.len(text, at)
      parts[#parts + 1] = text:sub(at, bad and bad - 1 or #text)
      if not bad then break end
      parts[#parts + 1] = "\u{FFFD}"
      at = bad + 1
    end
    text = table.concat(parts)
  end
  -- no %c, which is the locale's: in an 8-bit one it is half a letter, too
  return '"' .. text:gsub('[\0-\31"\\\127]', function(c)
    return escapes[c] or ("\\u%04x"):format(c:byte())
  end) .. '"'
end

local function scalar(value)
  local kind = type(value)
  if kind == "number" then
    if value ~= value or value == math.huge or value == -math.huge then return "null" end
    return core.number(value)
  end
  if kind == "boolean" then return tostring(value) end
  if kind == "nil" then return "null" end
  return json.quote(tostring(value))
end

local write

-- A table without a shape: a list when it has a first element, else its keys in byte order.
local function write_plain(value, indent)
  if type(value) ~= "table" then return scalar(value) end
  local inner, parts = indent .. "  ", {}
  if value[1] ~= nil then
    for i = 1, #value do parts[i] = inner .. write_plain(value[i], inner) end
    return "[\n" .. table.concat(parts, ",\n") .. "\n" .. indent .. "]"
  end
  local keys = {}
  for key in pairs(value) do keys[#keys + 1] = tostring(key) end
  if #keys == 0 then return "{}" end
  table.sort(keys)
  for i, key in ipairs(keys) do
    parts[i] = inner .. json.quote(key) .. ": " .. write_plain(value[key], inner)
  end
  return "{\n" .. table.concat(parts, ",\n") .. "\n" .. indent .. "}"
end

-- The same with an empty table as a list, and some keys first, others last.
local function write_data(value, indent, first, last)
  if type(value) ~= "table" then return scalar(value) end
  if next(value) == nil then return "[]" end
  local inner, parts, placed, keys = indent .. "  ", {}, {}, {}
  if value[1] ~= nil then
    for i = 1, #value do parts[i] = inner .. write_data(value[i], inner, {}, {}) end
    return "[\n" .. table.concat(parts, ",\n") .. "\n" .. indent .. "]"
  end
  for _, list in ipairs { first, last } do
    for _, key in ipairs(list) do placed[key] = true end
  end
  for key in pairs(value) do
    if not placed[key] then keys[#keys + 1] = key end
  end
  table.sort(keys)
  for _, list in ipairs { first, keys, last } do
    for _, key in ipairs(list) do
      if value[key] ~= nil then
        parts[#parts + 1] = inner .. json.quote(key) .. ": " .. write_data(value[key], inner, {}, {})
      end
    end
  end
  return "{\n" .. table.concat(parts, ",\n") .. "\n" .. indent .. "}"
end

local function write_list(list, shape, indent)
  if list == nil or #list == 0 then return "[]" end
  local parts = {}
  if not shape then
    for i, value in ipairs(list) do parts[i] = scalar(value) end
    return "[" .. table.concat(parts, ", ") .. "]"
  end
  local inner = indent .. "  "
  for i, value in ipairs(list) do parts[i] = inner .. write(value, shape, inner) end
  return "[\n" .. table.concat(parts, ",\n") .. "\n" .. indent .. "]"
end

function write(value, shape, indent)
  if value == nil then return "null" end
  if not shape then return write_plain(value, indent) end
  if shape == "operation" then return write_data(value, indent, operation_first, operation_last) end
  local inner, parts = indent .. "  ", {}
  for _, key in ipairs(shapes[shape]) do
    local field = value[key.name]
    if field ~= nil or not key.optional then
      local text
      if key.list then
        text = write_list(field, key.shape, inner)
      else
        text = write(field, key.shape, inner)
      end
      parts[#parts + 1] = inner .. json.quote(key.name) .. ": " .. text
    end
  end
  return "{\n" .. table.concat(parts, ",\n") .. "\n" .. indent .. "}"
end

--- The document's text without a final newline. `shape` names a row of the table above.
function json.document(shape, value)
  local document = setmetatable({ format = 1 }, { __index = value })
  return write(document, shape, "")
end

return json
