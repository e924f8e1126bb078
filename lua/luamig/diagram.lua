--- Pictures of a schema: its tables and their foreign keys, for Graphviz or Mermaid.
local core = require "luamig.core"

local diagram = {}

local function full_name(data)
  return data.schema and data.schema .. "." .. data.name or data.name
end

-- What a column's type is called: the server's own word.
local function type_text(column)
  return column.native_type or column.type and column.type.kind or ""
end

-- column → "PK", "FK" or both, of one table.
local function keys_of(data)
  local marks = {}
  for _, constraint in ipairs(data.constraints) do
    local mark = constraint.kind == "primary" and "PK" or constraint.kind == "foreignkey" and "FK"
    for _, name in ipairs(mark and constraint.columns or {}) do
      if not marks[name] then
        marks[name] = mark
      elseif marks[name] ~= mark then
        marks[name] = "PK, FK"
      end
    end
  end
  return marks
end

-- Calls f(table, constraint, name of the table that it refers to).
local function each_reference(schema, f)
  for _, data in ipairs(schema.tables) do
    for _, constraint in ipairs(data.constraints) do
      if constraint.kind == "foreignkey" then
        local other = { name = constraint.table, schema = constraint.referent_schema or data.schema }
        f(data, constraint, full_name(other))
      end
    end
  end
end

local entities = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }

local function html(text)
  return (text:gsub('[&<>"]', entities):gsub("%c", " "))
end

local function dot_id(text)
  return '"' .. text:gsub('[\\"]', "\\%0"):gsub("%c", " ") .. '"'
end

local function dot(schema)
  local lines = {
    "digraph schema {", "  rankdir = LR;", '  node [shape = plaintext, fontname = "sans-serif", fontsize = 10];',
    '  edge [fontname = "sans-serif", fontsize = 9];',
  }
  local function add(format, ...) lines[#lines + 1] = format:format(...) end
  for _, data in ipairs(schema.tables) do
    local marks = keys_of(data)
    add('  %s [label = <<table border="0" cellborder="1" cellspacing="0" cellpadding="4">', dot_id(full_name(data)))
    add('    <tr><td colspan="3" bgcolor="#dde6f0"><b>%s</b></td></tr>', html(full_name(data)))
    for i, column in ipairs(data.columns) do
      add('    <tr><td align="left">%s</td><td align="left" port="c%d">%s</td><td align="left">%s</td></tr>',
        marks[column.name] or " ", i, html(column.name .. (column.nullable == false and "" or " ?")), html(type_text(column)))
    end
    add "    </table>>];"
  end
  each_reference(schema, function(data, constraint, other)
    add("  %s -> %s [label = %s];", dot_id(full_name(data)), dot_id(other), dot_id(table.concat(constraint.columns, ", ")))
  end)
  add "}"
  return table.concat(lines, "\n") .. "\n"
end

-- Mermaid takes words and quoted names, without quotes in them.
local function mermaid_word(text)
  local word = text:gsub("[^%w_%-]", "_")
  return word ~= "" and word or "_"
end

local function mermaid(schema)
  local lines = { "erDiagram" }
  local function add(format, ...) lines[#lines + 1] = format:format(...) end
  for _, data in ipairs(schema.tables) do
    local marks = keys_of(data)
    add('  "%s" {', (full_name(data):gsub('"', "'")))
    for _, column in ipairs(data.columns) do
      local mark = marks[column.name]
      add("    %s %s%s", mermaid_word(type_text(column)), mermaid_word(column.name), mark and " " .. mark or "")
    end
    add "  }"
  end
  each_reference(schema, function(data, constraint, other)
    add('  "%s" }o--|| "%s" : "%s"', (full_name(data):gsub('"', "'")), (other:gsub('"', "'")),
      (table.concat(constraint.columns, ", "):gsub('"', "'")))
  end)
  return table.concat(lines, "\n") .. "\n"
end

local function svg(schema)
  local name = os.tmpname()
  local file <close> = assert(io.open(name, "wb"))
  file:write(dot(schema))
  file:close()
  local pipe = assert(io.popen("dot -Tsvg '" .. name .. "' 2>/dev/null", "r"))
  local text = pipe:read "a"
  local ok = pipe:close()
  os.remove(name)
  if not ok then
    core.error {
      kind = "unsupported", message = "Graphviz's `dot`, which draws SVG, is not installed or failed",
      hint = "apt-get install graphviz; --format dot and --format mermaid need nothing.",
    }
  end
  return text
end

local formats = { dot = dot, mermaid = mermaid, svg = svg }

--- The picture's text. format: "dot", "mermaid" or "svg".
function diagram.draw(schema, format)
  return formats[format](schema)
end

return diagram
