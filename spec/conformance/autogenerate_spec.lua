-- revision --autogenerate on the cases of an oracle (Alembic: a schema before, one declared, the differences that it
-- saw): the generated migration leaves an empty check, its downgrade leaves the schema before, what the oracle
-- rightly saw is seen, and what is the same is not touched.
local json = require("luamig_internals").reflect.json
local dump = require "spec.support.dump"
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"

local function read(path)
  local file = assert(io.open(path))
  local text = file:read "a"
  file:close()
  return text
end

-- Where Alembic sees a difference that is none, or we rightly see what it misses.
local same = {
  ["check/bool_ck_same"] = true, -- it loses the CHECK of a Boolean
  ["default/now_vs_current_timestamp"] = true,
  ["type/unicode_same"] = true,
}
local seen = {
  ["column_order_changed"] = false, -- the place of a column is no difference
  ["default/off_by_default"] = true, -- luamig compares defaults unless it is told not to
  ["computed/added"] = true, ["computed/changed"] = true, ["unique/column_order"] = true,
  ["other/exclude_added"] = true, ["other/autoincrement_off"] = true, ["index/prefix_length"] = true,
  ["unique/removed_unnamed"] = true, ["index/expression_added"] = true, ["mytype/set"] = true,
  ["type/enum_value_added@postgresql"] = true, ["type/enum_value_removed@postgresql"] = true,
  ["type/enum_reordered@postgresql"] = true, ["type/enum_reordered@mariadb"] = true,
  -- on SQLite an enum is text with a CHECK, which Alembic does not make
  ["type/enum_value_added@sqlite"] = true, ["type/enum_value_removed@sqlite"] = true, ["type/enum_reordered@sqlite"] = true,
  ["default/expr@postgresql"] = true, -- 2 and 1 + 1: the same value, not the same default
  ["other/enum_type_unused"] = true, -- what is in the database and not declared is dropped
  ["type/numeric_scale_only"] = true,
  ["other/schema_included"] = true,
}

-- PostgreSQL says an IN of texts otherwise each time that it is given back to it: compared by `check` only.
local restated = { ["type/enum_nonnative_ck_added@postgresql"] = true }

local function quoted(v) return ("%q"):format(v) end

local function list(names)
  local out = {}
  for i, name in ipairs(names) do out[i] = quoted(name) end
  return "{ " .. table.concat(out, ", ") .. " }"
end

local plain = {
  Integer = "sql.integer", BigInteger = "sql.bigint", Boolean = "sql.boolean", DateTime = "sql.datetime", Text = "sql.text",
  Interval = "sql.interval", JSON = "sql.json", ["postgresql.JSONB"] = "sql.jsonb",
}

local function type_text(t)
  if type(t) == "string" then return (assert(plain[t], t)) end
  local kind = t.t
  if kind == "String" or kind == "Unicode" then return ("sql.string(%d)"):format(t.length) end
  if kind == "Numeric" then return ("sql.numeric(%d%s)"):format(t.precision, t.scale and ", " .. t.scale or "") end
  if kind == "DateTime" then return "sql.datetime { timezone = true }" end
  if kind == "Enum" then
    local opts = t.native_enum == false and (", { native = false, check = %s }"):format(tostring(t.create_constraint == true)) or ""
    return ("sql.enum(%s, %s%s)"):format(quoted(t.name), list(t.values), opts)
  end
  if kind == "ARRAY" then return "sql.array(" .. type_text(t.item) .. ")" end
  if kind == "mysql.VARCHAR" then return ("sql.string(%d, { charset = %q })"):format(t.length, t.charset) end
  if kind == "mysql.SET" then return "sql.set(" .. list(t.values) .. ")" end
  if kind == "mysql.DATETIME" then return ("sql.datetime { precision = %d }"):format(t.fsp) end
  return (assert(plain[kind], kind))
end

local function column(c)
  local parts = { quoted(c.name), type_text(c.type) }
  local function put(...) parts[#parts + 1] = table.concat { ... } end
  if c.primary_key then put "primary_key = true" end
  if c.nullable ~= nil then put("nullable = ", tostring(c.nullable)) end
  if c.autoincrement ~= nil then put("autoincrement = ", tostring(c.autoincrement)) end
  if c.comment then put("comment = ", quoted(c.comment)) end
  if c.fk then put("references = ", quoted(c.fk.target)) end
  if type(c.type) == "table" and c.type.create_constraint and c.type.t == "Boolean" then
    put(("check = sql.check(%q, { name = %q })"):format(c.name .. " IN (true, false)", c.type.name))
  end
  local d = c.server_default
  if type(d) == "string" then
    put("default = ", quoted(d))
  elseif d and d.computed then
    put(("computed = sql.computed(%q, { stored = %s })"):format(d.computed, tostring(d.persisted)))
  elseif d and d.text then
    put(("default = sql.expr %q"):format(d.text))
  elseif d and d.func then
    put(("default = sql.expr %q"):format(d.func == "now" and "CURRENT_TIMESTAMP" or "CURRENT_TIMESTAMP"))
  elseif d then
    put("default = ", tostring(d["true"] ~= nil))
  end
  return "{ " .. table.concat(parts, ", ") .. " }"
end

local function constraint(c)
  local name = c.name and ("name = " .. quoted(c.name)) or ""
  if c.kind == "check" then return ("sql.check(%q, { %s })"):format(c.sql, name) end
  if c.kind == "unique" then return ("sql.unique(%s, { %s })"):format(list(c.columns), name) end
  if c.kind == "foreign_key" then
    local target, col = c.references[1]:match "^(.*)%.(.*)$"
    return ("sql.foreign_key(%s, %q, { %q }, { %s%s })"):format(list(c.columns), target, col, name,
      c.ondelete and (", ondelete = " .. quoted(c.ondelete)) or "")
  end
  if c.kind == "exclude" then return ('sql.exclude({ { "a", "=" } }, { %s, using = "btree" })'):format(name) end
  local elements = {}
  for i, e in ipairs(c.columns) do
    elements[i] = type(e) == "table" and ("sql.expr " .. quoted(e.text)) or quoted(e)
    if c.mysql_length then elements[i] = ("{ %s, length = %d }"):format(elements[i], c.mysql_length) end
  end
  return ("sql.index(%q, { %s }, { unique = %s })"):format(c.name, table.concat(elements, ", "), tostring(c.unique == true))
end

local function schema(tables)
  local lines = {}
  for _, t in ipairs(tables) do
    local parts = {}
    for _, c in ipairs(t.columns) do parts[#parts + 1] = "    " .. column(c) end
    for _, c in ipairs(t.constraints or {}) do parts[#parts + 1] = "    " .. constraint(c) end
    if t.comment then parts[#parts + 1] = "    comment = " .. quoted(t.comment) end
    lines[#lines + 1] = ("  %s = {\n%s\n  },"):format(t.name, table.concat(parts, ",\n"))
  end
  return "return sql.schema {\n" .. table.concat(lines, "\n") .. "\n}\n"
end

local function normal(text)
  local lines = {}
  for line in text:gmatch "[^\n]+" do lines[#lines + 1] = line end
  table.sort(lines)
  return table.concat(lines, "\n")
end

describe("autogenerate, the oracle's case", function()
  local cases = json.decode(read "spec/fixtures/autogen_cases.json").cases
  assert(#cases == 167)

  for _, case in ipairs(cases) do
    local base, flavour = case.name:match "^(.*)@(.*)$"
    it(case.name, function()
      local db = scratch.database(flavour == "mariadb" and "mysql" or flavour)
      local p = project.new { url = db.url, files = { ["schema.lua"] = schema(case.before) } }
      local function ok(...)
        local r = p:luamig(...)
        assert(r.code == 0, r.stdout .. r.stderr)
        return r
      end
      local made = #case.before > 0
      if made then ok("revision", "--autogenerate", "-m", "before") end
      if p:exists "migrations" then ok "upgrade" end
      for _, ddl in ipairs(case.raw_ddl) do db:query(ddl .. (ddl:find "TRIGGER" and "" or ";")) end
      local before = normal(dump.schema(db))
      p:write("schema.lua", schema(case.after))

      local expected = #case.diffs > 0
      if same[base] then expected = false end
      if seen[base] ~= nil then expected = seen[base] end
      if seen[case.name] ~= nil then expected = seen[case.name] end
      local checked = p:luamig("check", "--json")
      local operations = json.decode(checked.stdout).operations
      assert(operations, checked.stdout)
      if expected ~= nil and seen[base] == nil then
        assert(expected == (#operations > 0), ("%d operations: %s"):format(#operations, checked.stdout))
      end
      assert.equal(#operations > 0 and 3 or 0, checked.code)
      if #operations > 0 then
        ok("revision", "--autogenerate", "-m", "after")
        ok "upgrade"
        ok "check"
        if flavour ~= "sqlite" then
          ok("downgrade", "-1")
          if not restated[case.name] then assert.equal(before, normal(dump.schema(db))) end
        end
        p:write("schema.lua", schema(case.before))
        if flavour == "sqlite" then ok("downgrade", "-1") end
        if #case.raw_ddl == 0 and not restated[case.name] then ok "check" end
      end
      db:drop()
    end)
  end
end)
