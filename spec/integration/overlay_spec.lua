-- What a run has changed it knows without asking: one run must leave what a run for each call leaves.
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"
local contract = require "spec.support.driver_contract"

local KEY = 'op.create_table("p", { { "id", sql.string(3) }, { "u", sql.integer }, { "v", sql.integer }, sql.primary_key({ "id", "u" }, { name = "p_pk" }) })'
local CHECKED = 'op.create_table("t", { { "id", sql.integer, primary_key = true }, { "a", sql.integer, check = "a <> 7" }, { "b", sql.integer } })'
local REFERS = [[op.create_table("p", { { "id", sql.integer, primary_key = true }, { "u", sql.integer }, sql.unique({ "u" }, { name = "p_u" }) })
  op.create_table("c", { { "id", sql.integer, primary_key = true }, { "p_u", sql.integer, nullable = false }, sql.foreign_key("p_u", "p", "u", { name = "c_fk" }) })]]

local ANEW = 'op.batch_alter_table("c", function(batch) batch.create_foreign_key("c_fk", "p", "p_u", "id") end)'

local COLLATED = [[op.create_table("t", { { "id", sql.integer, primary_key = true }, { "a", sql.string(9, { collation = one }) },
  { "b", sql.string(9, { collation = one }) }, { "c", sql.string(9), collation = one }, { "d", sql.string(9, { collation = one }) } })]]
local collations = { sqlite = { "NOCASE", "RTRIM" }, postgresql = { "C", "POSIX" }, mysql = { "utf8mb4_bin", "utf8mb4_unicode_ci" } }

local cases = {
  { "columns of a key that went", { "sqlite", "postgresql", "mysql" },
    { KEY, 'op.drop_constraint("p_pk", "p", { type = "primary" })', 'op.alter_column("p", "id", { type = sql.string(9) })' } },
  { "a check that goes with its column", { "sqlite", "postgresql" },
    { [[op.create_table("t", { { "id", sql.integer, primary_key = true }, { "a", sql.integer }, { "b", sql.integer }, sql.check("a <> 7", { name = "ck" }) })]],
      'op.create_index("ix", "t", "b", { where = "a > 0" })', 'op.drop_column("t", "a")', 'op.alter_column("t", "b", { type = sql.string(9) })' } },
  { "an index that loses a column", { "sqlite", "postgresql", "mysql" },
    { KEY, 'op.create_index("ix", "p", { "u", "v" })', 'op.drop_column("p", "v")', 'op.drop_index("ix", "p", { if_exists = true })' } },
  { "a check of a column that is restated", { "mysql" },
    { CHECKED, 'op.alter_column("t", "a", { nullable = false })', 'op.add_column("t", { "c", sql.integer, check = "c <> 7" })',
      'op.alter_column("t", "c", { nullable = false })' } },
  { "a check of a column that is dropped", { "sqlite", "mysql" }, { CHECKED, 'op.drop_constraint(nil, "t", { type = "check", columns = { "a" } })' } },
  { "a check of columns that is dropped", { "sqlite", "postgresql", "mysql" },
    { [[op.create_table("t", { { "a", sql.integer }, { "b", sql.integer }, sql.check "a <> b", sql.check("a > 0", { name = "ck" }) })]],
      'op.drop_constraint(nil, "t", { type = "check", columns = { "a", "b" } })',
      'op.batch_alter_table("t", function(batch) batch.drop_constraint(nil, { type = "check", columns = { "a" } }) end)' } },
  { "a collation that was said with the type", { "sqlite", "mysql", "postgresql" },
    { COLLATED, 'op.alter_column("t", "a", { type = sql.text })', 'op.alter_column("t", "a", { nullable = false })',
      'op.alter_column("t", "b", { type = sql.string(20, { collation = other }) })', 'op.alter_column("t", "c", { type = sql.string(20, { collation = other }) })',
      'op.alter_column("t", "d", { type = sql.enum("e", { "x" }) })', 'op.alter_column("t", "d", { nullable = false })' } },
  { "a foreign key that its key takes along", { "postgresql" },
    { REFERS, 'op.drop_constraint("p_u", "p", { cascade = true })', ANEW } },
  { "a foreign key that its table takes along", { "postgresql" },
    { REFERS, 'op.drop_table("p", { cascade = true })', 'op.create_table("p", { { "id", sql.integer, primary_key = true } })',
      ANEW } },
  { "a foreign key that SQL text takes along", { "postgresql" },
    { REFERS, 'op.execute "ALTER TABLE p DROP CONSTRAINT p_u CASCADE"', ANEW } },
}

for _, case in ipairs(cases) do
  local name, dialects, calls = table.unpack(case)
  for _, dialect in ipairs(dialects) do
    it(("knows on %s: %s"):format(dialect, name), function()
      local function left_by(revisions)
        local db = scratch.database(dialect)
        local p = project.new { url = db.url }
        for i, body in ipairs(revisions) do
          body = ("local one, other = %q, %q\n%s"):format(collations[dialect][1], collations[dialect][2], body)
          p:revision { id = "r" .. i, down = i > 1 and "r" .. (i - 1) or nil, upgrade = body }
          local r = p:luamig "upgrade"
          assert.equal(0, r.code, r.stderr)
        end
        local text = p:luamig "inspect".stdout
        db:drop()
        return text
      end
      assert.equal(left_by(calls), left_by { table.concat(calls, "\n") })
    end)
  end
end

-- SQL text that changes no table leaves a script what it knows.
local texts = {
  postgresql = { "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1'", "DROP FUNCTION f()", "GRANT SELECT ON t TO PUBLIC" },
  mysql = { "CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1", "DROP FUNCTION f", "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET @a = 1",
    "DROP TRIGGER tr" },
}

for dialect, list in pairs(texts) do
  it("a script knows a table after text that leaves it alone on " .. dialect, function()
    local p = project.new { url = ({ postgresql = "postgresql", mysql = "mysql" })[dialect] .. "://nobody@127.0.0.1:1/none" }
    p:revision { id = "r1", upgrade = 'op.create_table("t", { { "a", sql.integer, nullable = false } })' }
    for i, text in ipairs(list) do
      p:revision { id = "r" .. i + 1, down = "r" .. i, upgrade = ('op.execute [[%s]] assert(op.has_column("t", "a"))'):format(text) }
    end
    local r = p:luamig("upgrade", "--sql")
    assert.equal(0, r.code, r.stderr)
  end)
end

it("a script knows no table any more that CASCADE may have changed", function()
  local p = project.new { url = "postgresql://nobody@127.0.0.1:1/none" }
  p:revision { id = "r1", upgrade = 'op.create_table("t", { { "a", sql.integer } }) op.execute "DROP FUNCTION f() CASCADE" op.has_column("t", "a")' }
  local r = p:luamig("upgrade", "--sql")
  assert.equal(2, r.code)
  assert.matches("the table 't' cannot be known here", r.stderr, 1, true)
end)

it("a plan makes a materialized view anew, with an index that the old one had", function()
  local db = scratch.database "postgresql"
  local p = project.new { url = db.url }
  local view = 'op.create_view("m", "SELECT id FROM t", { materialized = true }) op.create_index("ix", "m", { "id" })'
  p:revision { id = "r1", upgrade = 'op.create_table("t", { { "id", sql.integer } })' .. view }
  p:revision { id = "r2", down = "r1", upgrade = 'op.drop_view("m", { materialized = true })' .. view .. 'assert(#op.inspect "m".indexes == 1)' }
  p:succeed("upgrade", "r1")
  assert.matches("DROP MATERIALIZED VIEW m;.*CREATE MATERIALIZED VIEW m .*CREATE INDEX ix ON m.*not known before it runs", p:succeed("plan").stdout)
  p:succeed "upgrade"
  db:drop()
end)

-- What `upgrade` takes of two databases, after write(project, count) made revisions for few and for many of something.
local function assert_no_memory(dialect, counts, write, limit, ...)
  local few, many = nil, nil
  for _, count in ipairs(counts) do
    local db = scratch.database(dialect)
    local p = project.new { url = db.url }
    write(p, count)
    local r = p:luamig("upgrade", ...)
    assert.equal(0, r.code, r.stderr)
    few, many = few or r.maxrss, r.maxrss
    db:drop()
  end
  contract.assert_constant(few, many, limit)
end

for _, dialect in ipairs { "sqlite", "postgresql", "mysql" } do
  -- Each operation makes another picture of its table; those before are not kept.
  for _, script in ipairs { false, true } do
    it(("takes no memory for what was before on %s%s"):format(dialect, script and ", in a script" or ""), function()
      assert_no_memory(dialect, { 10, 300 }, function(p, count)
        p:revision { id = "r1", upgrade = ([[op.create_table("t", { { "id", sql.integer, primary_key = true } })
          for i = 1, %d do op.add_column("t", { "c" .. i, sql.integer }) end]]):format(count) }
      end, 6144, script and "--sql" or nil)
    end)
  end

  -- A table that an earlier revision made is asked for again where it is wanted.
  it("takes no memory for what earlier revisions made on " .. dialect, function()
    assert_no_memory(dialect, { 10, 200 }, function(p, count)
      for i = 1, count do
        p:revision { id = ("r%03d"):format(i), down = i > 1 and ("r%03d"):format(i - 1) or nil, upgrade = ([[
          local columns = { { "id", sql.integer, primary_key = true } }
          for k = 1, 150 do columns[#columns + 1] = { "column_" .. k, sql.integer } end
          op.create_table("t%d", columns)]]):format(i) }
      end
    end, 4096)
  end)
end
