-- Naming conventions: they fill what has no name, and nothing else.
local internals = require "luamig_internals"

local convention = {
  ix = "ix_{table}_{columns}", uq = "uq_{table}_{columns}", ck = "ck_{table}_{columns}",
  fk = "fk_{table}_{columns}_{referred_table}", pk = "pk_{table}",
}

local function compile(dialect, naming, fn)
  local statements = assert(internals.compile(dialect, { naming = naming }, fn))
  local texts = {}
  for i, statement in ipairs(statements) do texts[i] = statement.sql:gsub("%s+", " ") end
  return table.concat(texts, "; ")
end

local function has(text, part) assert.truthy(text:find(part, 1, true), text) end

describe("a naming convention", function()
  local function make(op, sql)
    op.create_table("orders", {
      { "id", sql.integer, primary_key = true },
      { "a", sql.integer, unique = true, check = "a > 0", references = "o.id" },
      sql.unique({ "id", "a" }),
      sql.check("id > 0"),
      sql.unique({ "a" }, { name = "mine" }),
      sql.index(nil, { "a", sql.expr "lower(b)" }),
    })
    op.add_column("orders", { "b", sql.integer, check = "b > 1", references = "o.id", index = true })
    op.create_unique_constraint(nil, "orders", { "a", "b" })
  end

  it("names keys, uniques, checks, references and indexes", function()
    local sql = compile("postgresql", convention, make)
    for _, part in ipairs {
      "CONSTRAINT pk_orders PRIMARY KEY", "CONSTRAINT uq_orders_a UNIQUE", "CONSTRAINT ck_orders_a CHECK (a > 0)",
      "CONSTRAINT fk_orders_a_o FOREIGN KEY", "CONSTRAINT uq_orders_id_a UNIQUE", "CREATE INDEX ix_orders_a_lower_b",
      "ADD CONSTRAINT ck_orders_b CHECK", "ADD COLUMN b INTEGER CONSTRAINT fk_orders_b_o REFERENCES", "CREATE INDEX ix_orders_b ON",
      "ADD CONSTRAINT uq_orders_a_b",
    } do has(sql, part) end
  end)

  it("keeps a given name, and leaves alone what its template cannot name", function()
    local text = compile("postgresql", convention, make)
    has(text, "CONSTRAINT mine UNIQUE (a)")
    has(compile("postgresql", convention, function(op, sql) op.create_table("t", { { "a", sql.integer }, sql.check "1 = 1" }) end),
      ", CHECK (1 = 1)")
  end)

  it("names a CHECK after the columns that its condition names", function()
    for condition, columns in pairs {
      ["id > 0"] = "id", ["b <= A and lower(B) <> 'id'"] = "b_a", ['"Order" = 1 or t.a is null'] = "Order_a",
      ["length(id::b) > 0"] = "id_b", ["id /* a */ IN (1, 2) -- b"] = "id",
    } do
      local function make_check(op, sql)
        op.create_table("t", { { "id", sql.integer }, { "a", sql.integer }, { "b", sql.integer }, { "Order", sql.integer } })
        op.add_constraint("t", sql.check(condition))
        op.create_table("u", { { "id", sql.integer }, { "a", sql.integer }, { "b", sql.integer }, { "Order", sql.integer }, sql.check(condition) })
      end
      local sql = compile("postgresql", convention, make_check):gsub('"', "")
      has(sql, ("ALTER TABLE t ADD CONSTRAINT ck_t_%s CHECK"):format(columns))
      has(sql, ("CONSTRAINT ck_u_%s CHECK"):format(columns))
    end
  end)

  it("leaves the second CHECK of the same columns to the server, and one whose table is not known", function()
    local sql = compile("postgresql", convention, function(op, sql)
      op.create_table("t", { { "a", sql.integer, check = "a > 0" }, sql.check "a < 9" })
      op.add_constraint("t", sql.check "a <> 5")
    end)
    has(sql, "CONSTRAINT ck_t_a CHECK (a > 0), CHECK (a < 9)")
    has(sql, "ALTER TABLE t ADD CHECK (a <> 5)")
  end)

  it("names nothing but indexes when there is none", function()
    local sql = compile("postgresql", nil, make)
    has(sql, ", PRIMARY KEY (id), UNIQUE (a), FOREIGN KEY(a)")
    has(sql, "CREATE INDEX ix_orders_b ON")
  end)

  it("cuts at the server's limit, with a hash of the whole name, the same each time", function()
    local function long(op, sql)
      op.create_table(("t"):rep(40), { { ("c"):rep(40), sql.integer, index = true } })
      op.create_table(("t"):rep(40) .. "2", { { ("c"):rep(41), sql.integer, index = true } })
    end
    local sql = compile("postgresql", convention, long)
    local first, second = sql:match "CREATE INDEX (%S+).*CREATE INDEX (%S+)"
    assert.equal(63, #first)
    assert.truthy(first:match "^ix_t+_c+_%x%x%x%x%x%x%x%x$")
    assert.not_equal(first, second)
    assert.equal(sql, compile("postgresql", convention, long))
    has(compile("sqlite", convention, long), "ix_" .. ("t"):rep(40) .. "_" .. ("c"):rep(40) .. " ON")
  end)

  it("never cuts inside a character", function()
    local sql = compile("postgresql", convention, function(op, sql)
      op.create_index(nil, "t", { ("ü"):rep(40) })
    end)
    local name = sql:match 'INDEX "([^"]+)"'
    assert.truthy(utf8.len(name))
    assert.truthy(#name <= 63)
  end)
end)
