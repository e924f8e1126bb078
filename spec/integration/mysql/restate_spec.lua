-- What MySQL's MODIFY and CHANGE would lose is restated from the live table: the column after a change differs in
-- what was asked for and in nothing else.
local live = require "spec.support.live"
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"

describe("a changed column of MySQL keeps", function()
  local db

  lazy_setup(function()
    db = scratch.database "mysql"
    live.connect(db)
  end)
  lazy_teardown(function()
    db.conn:close()
    db:drop()
  end)

  -- The column's line of SHOW CREATE TABLE.
  local function line(column)
    for _, text in ipairs(db:query "SHOW CREATE TABLE t") do
      for part in text:gsub("\\n", "\n"):gmatch "[^\n]+" do
        local found = part:match("^%s*`" .. column .. "`%s+(.-),?$")
        if found then return found end
      end
    end
  end

  local function columns(sql)
    return {
      { "text", sql.string(10), default = "it's", comment = "c'c" },
      { "words", sql.string(30), default = "CURRENT_TIMESTAMP" },
      { "changed", sql.timestamp, default = sql.now, mysql_on_update = "CURRENT_TIMESTAMP" },
      { "js", sql.json },
      { "moment", sql.datetime { precision = 3 }, default = sql.now },
      { "number", sql.integer { unsigned = true }, nullable = false, default = 3 },
      { "word", sql.enum("k", { "x", "y" }), default = "x" },
      { "latin", sql.string(20, { charset = "latin1", collation = "latin1_bin" }) },
      { "made", sql.integer, computed = sql.computed("number * 2", { stored = true }) },
      { "long", sql.text, default = "x" },
      { "ref", sql.uuid, default = sql.uuid_v4 },
      { "real", sql.double, default = 1.5 },
      { "few", sql.set { "p", "q" } },
      { "bits", sql.bit(3) },
      { "flag", sql.boolean, default = true },
    }
  end

  before_each(function()
    live.empty(db)
    assert(live.run(db, function(op, sql)
      local body = { { "id", sql.integer, primary_key = true } }
      for _, column in ipairs(columns(sql)) do body[#body + 1] = column end
      op.create_table("t", body)
    end))
  end)

  it("no DEFAULT NULL once it is NOT NULL", function()
    for _, default in ipairs { "sql.null", 'sql.expr "NULL"', 'sql.expr "null"' } do
      assert(live.run(db, load(([[return function(op, sql)
        op.add_column("t", { "none", sql.integer, default = %s })
        op.alter_column("t", "none", { nullable = false })
      end]]):format(default))()))
      assert.equal("int(11) NOT NULL", (line("none"):gsub("^int ", "int(11) ")))
      assert(live.run(db, function(op) op.drop_column("t", "none") end))
    end
  end)

  it("everything but its comment, when that is set", function()
    local before = {}
    local names = { "id" }
    live.run(db, function(_, sql) for _, column in ipairs(columns(sql)) do names[#names + 1] = column[1] end end)
    for _, name in ipairs(names) do before[name] = line(name) end
    assert(live.run(db, function(op)
      for _, name in ipairs(names) do op.alter_column("t", name, { comment = "new" }) end
    end))
    for _, name in ipairs(names) do
      local after = line(name)
      assert.truthy(after:find(" COMMENT 'new'", 1, true), after)
      assert.equal((before[name]:gsub(" COMMENT 'c''c'", "")), (after:gsub(" COMMENT 'new'", "")))
    end
  end)

  it("its place, its default and its comment when it is renamed and retyped", function()
    assert(live.run(db, function(op, sql)
      op.alter_column("t", "text", { new_column_name = "title", type = sql.string(30) })
      op.alter_column("t", "id", { type = sql.bigint })
    end))
    assert.equal("varchar(30) DEFAULT 'it''s' COMMENT 'c''c'", line "title")
    assert.truthy(line("id"):find("^bigint.* NOT NULL AUTO_INCREMENT$"), line "id")
  end)

  it("the CHECK that is its own", function()
    live.execute(db, "ALTER TABLE t ADD COLUMN c INT CHECK (c > 1)")
    assert(live.run(db, function(op) op.alter_column("t", "c", { nullable = false, default = 5 }) end))
    local ok = db.conn:execute "INSERT INTO t (c) VALUES (0)"
    assert.is_nil(ok)
  end)

  it("the characters of its expressions and its default", function()
    local face = live.flavour(db) == "mysql" and "😀" or "ö" -- MariaDB itself has `?` for the former
    live.execute(db, ("ALTER TABLE t ADD COLUMN `ü` VARCHAR(9) DEFAULT '%s', ADD COLUMN g VARCHAR(20) AS (concat(`ü`, 'é€日')),"
      .. " ADD COLUMN d VARCHAR(20) DEFAULT (concat('ä', 'Ã©')), ADD COLUMN w VARCHAR(9) DEFAULT 'a?', ADD CONSTRAINT ck CHECK (w <> 'süß')"):format(face))
    local before, names = {}, { "ü", "g", "d", "w" }
    for _, name in ipairs(names) do before[name] = line(name) end
    assert(live.run(db, function(op)
      for _, name in ipairs(names) do op.alter_column("t", name, { comment = "x" }) end
      op.rename_column("t", "w", "other")
    end))
    names[4], before.other = "other", before.w
    for _, name in ipairs(names) do assert.equal(before[name] .. " COMMENT 'x'", line(name)) end
    live.execute(db, "INSERT INTO t (id) VALUES (1)")
    assert.same({ face .. "\täÃ©\t" .. face .. "é€日" }, db:query "SELECT `ü`, d, g FROM t")
    assert.matches("'süß'", table.concat(db:query "SHOW CREATE TABLE t"), 1, true)
  end)

  it("that it is not versioned, live and by a script made from a snapshot, on mariadb", function()
    if live.flavour(db) ~= "mariadb" then return end
    live.execute(db, "ALTER TABLE t ADD SYSTEM VERSIONING")
    live.execute(db, "SET STATEMENT system_versioning_alter_history = KEEP FOR ALTER TABLE t ADD COLUMN seen INT WITHOUT SYSTEM VERSIONING")
    local p = project.new { url = db.url }
    p:write("snapshot.json", p:luamig("inspect", "--json").stdout)
    p:revision { id = "first", upgrade = [[op.alter_column("t", "seen", { nullable = false, default = 0, comment = "hits" })]] }
    local wanted = "NOT NULL DEFAULT 0 WITHOUT SYSTEM VERSIONING COMMENT 'hits'"
    assert.matches("MODIFY seen INTEGER " .. wanted .. ";", p:luamig("upgrade", "--sql", "--snapshot", "snapshot.json").stdout, 1, true)
    assert(live.run(db, function(op)
      op.execute "SET system_versioning_alter_history = KEEP"
      op.alter_column("t", "seen", { nullable = false, default = 0, comment = "hits" })
    end))
    assert.equal("int(11) " .. wanted, line "seen")
  end)

  for name, options in pairs { ["came with it in the same batch"] = {}, ["came with it if it was not there"] = { if_not_exists = true } } do
    it("the CHECK that " .. name .. ", once", function()
      assert(live.run(db, function(op, sql)
        op.batch_alter_table("t", function(batch)
          batch.add_column({ "c", sql.integer, check = "c > 1" }, options)
          batch.alter_column("c", { type = sql.bigint })
        end)
      end))
      local _, count = table.concat(db:query "SHOW CREATE TABLE t", "\n"):gsub("CHECK %(%(?`c`", "")
      assert.equal(1, count)
    end)
  end

  it("the CHECK that is its own by a script made from a snapshot", function()
    live.execute(db, "ALTER TABLE t ADD COLUMN c INT CHECK (c > 1)")
    local p = project.new { url = db.url }
    p:write("snapshot.json", p:luamig("inspect", "--json").stdout)
    p:revision { id = "first", upgrade = [[op.alter_column("t", "c", { type = sql.bigint })]] }
    local r = p:luamig("upgrade", "--sql", "--snapshot", "snapshot.json")
    local own = live.flavour(db) == "mariadb" and " CHECK (`c` > 1)" or ""
    assert.matches("MODIFY c BIGINT NULL" .. own .. ";", r.stdout, 1, true)
  end)
end)

it("says which table is not there, and asks for no more of its column", function()
  local db = scratch.database "mysql"
  local p = project.new { url = db.url }
  p:revision { id = "aaaa", upgrade = [[op.alter_column("tt", "a", { nullable = false })]] }
  local r = p:luamig "upgrade"
  assert.equal(1, r.code)
  assert.matches("error: table 'tt' does not exist\n", r.stderr, 1, true)
  assert.not_matches("existing_type", r.stderr)
  db:drop()
end)

-- What fills itself in is decided when the column is made, in the same run as well.
describe("a key of MySQL that", function()
  local db
  lazy_setup(function() db = scratch.database "mysql" end)
  lazy_teardown(function() db:drop() end)

  for name, case in pairs {
    ["fills itself in goes on doing so"] = { fills = true, [[op.create_table("t", { { "a", sql.integer, primary_key = true } })]] },
    ["gets a foreign key goes on filling itself in"] = { fills = true, [[
      op.create_table("t", { { "a", sql.integer, primary_key = true } })
      op.create_foreign_key("fk", "t", "r", { "a" }, { "id" })
      op.drop_constraint("fk", "t", { type = "foreignkey" })
      op.create_table("u", { { "b", sql.bigint, primary_key = true } })
      op.alter_column("t", "a", { type = sql.bigint })
      op.create_foreign_key("fk", "t", "u", { "a" }, { "b" })
      op.alter_column("t", "a", { comment = "c" })
      op.drop_constraint("fk", "t", { type = "foreignkey" })]] },
    ["is an identity goes on filling itself in"] = { fills = true, [[
      op.create_table("t", { { "a", sql.integer, primary_key = true, identity = sql.identity { start = 1 } } })]] },
    ["gets an identity and loses it goes on filling itself in"] = { fills = true, [[
      op.create_table("t", { { "a", sql.integer, primary_key = true } })
      op.alter_column("t", "a", { identity = sql.identity { always = true } })
      op.alter_column("t", "a", { drop_identity = true })]] },
    ["is made a key later does not"] = { [[
      op.create_table("t", { { "a", sql.integer, nullable = false } })
      op.create_primary_key("pk_t", "t", { "a" })]] },
    ["was a foreign key does not"] = { [[
      op.create_table("t", { { "a", sql.integer, primary_key = true, references = "r.id" } })
      op.drop_constraint("fk_t_a_r", "t", { type = "foreignkey" })]] },
    ["had a default does not"] = { [[
      op.create_table("t", { { "a", sql.integer, primary_key = true, default = 5 } })
      op.alter_column("t", "a", { drop_default = true })]] },
    ["was one of two columns does not"] = { [[
      op.create_table("t", { { "a", sql.integer }, { "b", sql.integer }, sql.primary_key { "a", "b" } })
      op.drop_constraint(nil, "t", { type = "primary" })
      op.create_primary_key(nil, "t", { "a" })]] },
    ["was a text does not"] = { [[
      op.create_table("t", { { "a", sql.string(9), primary_key = true } })
      op.alter_column("t", "a", { type = sql.integer })]] },
    ["was added does not"] = { [[
      op.create_table("t", { { "b", sql.integer } })
      op.add_column("t", { "a", sql.integer, nullable = false, default = 0 })
      op.alter_column("t", "a", { drop_default = true })
      op.create_primary_key("pk_t", "t", { "a" })]] },
  } do
    it(name, function()
      db:empty()
      local p = project.new { url = db.url, config = 'naming_convention = { fk = "fk_{table}_{columns}_{referred_table}" },' }
      p:revision { id = "aaaa", upgrade = 'op.create_table("r", { { "id", sql.integer, primary_key = true } })\n' .. case[1]
        .. '\nop.alter_column("t", "a", { type = sql.bigint, comment = "x" })' }
      local r = p:luamig "upgrade"
      assert.equal(0, r.code, r.stderr)
      assert.equal(case.fills and "1" or "0", db:value [[SELECT count(*) FROM information_schema.columns
        WHERE table_schema = DATABASE() AND table_name = 't' AND column_name = 'a' AND extra = 'auto_increment']])
    end)
  end
end)
