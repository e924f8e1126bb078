-- The lock tables against what was measured on real servers (spec/fixtures/lock_facts.json).
local cjson = require "cjson"
local internals = require "luamig_internals"

local function facts()
  local file = assert(io.open("spec/fixtures/lock_facts.json"))
  local text = file:read("a")
  file:close()
  return cjson.decode(text)
end

-- What the text alone cannot tell: these depend on the table's old column, its constraints or the session.
local function depends_on_the_table(sql)
  return sql:find("ALTER COLUMN .- TYPE ") or sql:find(" MODIFY ") or sql:find(" CHANGE ")
end

local known = {
  postgresql = {
    ["SET NOT NULL with VALID CHECK (a IS NOT NULL)"] = "a valid CHECK saves the scan",
    ["ADD COLUMN of domain with CHECK, no default"] = "the text does not tell that the type is a domain",
    ["ADD COLUMN of domain with CHECK, constant default"] = "the text does not tell that the type is a domain",
    ["DROP TABLE IF EXISTS (absent)"] = "nothing to lock when it is absent",
    ["CREATE INDEX IF NOT EXISTS (already there)"] = "nothing to scan when it is there",
  },
  mysql = {
    ["ADD COLUMN FIRST/AFTER"] = "on a table with a virtual column only",
    ["DROP COLUMN (indexed)"] = "NOCOPY: the index is dropped, the lock is the same",
    ["ADD FOREIGN KEY (foreign_key_checks=0)"] = "a session setting",
    ["ADD COLUMN on table with FULLTEXT"] = "depends on the table's indexes",
    ["ADD COLUMN with CHECK"] = "MySQL copies the table, MariaDB does not",
  },
}

local nothing = cjson.null

describe("lock facts", function()
  for dialect, name in pairs { postgresql = "PostgreSQL", mysql = "MariaDB" } do
    it("agree with the measured ones on " .. name, function()
      local checked = 0
      for _, fact in ipairs(facts()[dialect]) do
        local lock, rewrites, scans = internals.locks(dialect, fact.sql)
        if depends_on_the_table(fact.sql) then
          assert.is_not_false(rewrites, fact.sql)
        elseif not known[dialect][fact.ddl] then
          local wanted = fact.lock
          if wanted == nothing then wanted = nil end
          assert.equal(wanted, lock, fact.sql)
          if dialect == "postgresql" then
            assert.equal(fact.rewrites, rewrites, fact.sql)
            assert.equal(fact.scans, scans, fact.sql)
          elseif fact.algorithm == "COPY" then
            assert.is_true(rewrites, fact.sql)
          elseif fact.algorithm == "INSTANT" then
            assert.is_false(rewrites, fact.sql)
          end
          checked = checked + 1
        end
      end
      assert.is_true(checked > 35, checked .. " facts")
    end)
  end

  it("are unknown for what is no statement of the table", function()
    assert.is_nil((internals.locks("postgresql", "frobnicate t")))
    assert.is_nil((select(2, internals.locks("mysql", "frobnicate t"))))
  end)

  it("are the same where a word is left out that may be", function()
    for with, without in pairs {
      ["ALTER TABLE t ADD COLUMN u uuid DEFAULT gen_random_uuid()"] = "ALTER TABLE t ADD u uuid DEFAULT gen_random_uuid()",
      ["ALTER TABLE t ALTER COLUMN a TYPE bigint"] = "alter table only t alter a set data type bigint",
      ["ALTER TABLE t ALTER COLUMN a SET NOT NULL"] = "ALTER TABLE t ALTER a SET NOT NULL",
      ["ALTER TABLE t DROP COLUMN a"] = "ALTER TABLE IF EXISTS t DROP a",
      ["ALTER TABLE t ADD COLUMN a int"] = "ALTER TABLE t ADD IF NOT EXISTS \"add\" int, ADD b numeric(10, 2)",
      ["ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES p (id) NOT VALID"] = "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p (id) NOT VALID",
      ["ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID"] = "ALTER TABLE t ADD CHECK (a > 0) NOT VALID",
    } do
      assert.same({ internals.locks("postgresql", with) }, { internals.locks("postgresql", without) }, without)
    end
    assert.same({ internals.locks("mysql", "ALTER TABLE t ADD COLUMN a int") }, { internals.locks("mysql", "ALTER TABLE t ADD a int") })
    assert.same({ internals.locks("mysql", "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)") }, { internals.locks("mysql", "ALTER TABLE t ADD CHECK (a > 0)") })
    assert.is_nil((select(2, internals.locks("postgresql", "ALTER TABLE t ADD COLUMN z int, ALTER COLUMN a TYPE bigint"))))
  end)

  it("are the worst of all clauses", function()
    for sql, wanted in pairs {
      ["ALTER TABLE t DROP COLUMN a, ALTER COLUMN b SET NOT NULL"] = { "ACCESS EXCLUSIVE", false, true },
      ["ALTER TABLE t ADD a numeric(10, 2), ADD b int DEFAULT random(), ADD c int"] = { "ACCESS EXCLUSIVE", true, true },
      ["ALTER TABLE t VALIDATE CONSTRAINT a, DROP CONSTRAINT b"] = { "ACCESS EXCLUSIVE", false, true },
      ["ALTER TABLE t SET (fillfactor = 70), ALTER a SET STATISTICS 5"] = { "SHARE UPDATE EXCLUSIVE", false, false },
    } do
      assert.same(wanted, { internals.locks("postgresql", sql) }, sql)
    end
    for sql, wanted in pairs {
      ["ALTER TABLE t ADD COLUMN z int, ADD CONSTRAINT c CHECK (z > 0)"] = { "SHARED", true, true },
      ["ALTER TABLE t ADD COLUMN z int, ADD CONSTRAINT f FOREIGN KEY (z) REFERENCES p (id)"] = { "SHARED", true, true },
      ["ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (a, b)"] = { "NONE", true, true },
      ["ALTER TABLE t DROP PRIMARY KEY, ADD CONSTRAINT k PRIMARY KEY (a)"] = { "NONE", true, true },
      ["ALTER TABLE t ADD COLUMN z int, ALGORITHM=COPY"] = { "SHARED", true, true },
      ["ALTER TABLE t ADD COLUMN z int, ALGORITHM=INSTANT, LOCK=NONE"] = { "NONE", false, false },
      ["ALTER TABLE t ADD COLUMN z int, MODIFY a bigint"] = {},
    } do
      assert.same(wanted, { internals.locks("mysql", sql) }, sql)
    end
  end)

  it("do not look into names, literals and comments", function()
    local lock, rewrites = internals.locks("postgresql",
      [[ALTER TABLE "x ADD COLUMN y GENERATED AS IDENTITY" /* UNIQUE */ ADD COLUMN c text DEFAULT 'a UNIQUE CHECK b']])
    assert.equal("ACCESS EXCLUSIVE", lock)
    assert.is_false(rewrites)
  end)
end)
