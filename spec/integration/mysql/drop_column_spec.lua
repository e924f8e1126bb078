-- A column goes with what is about it: the table is read for that, unless its definition names the column once.
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"

describe("a column that goes from a table of MySQL", function()
  local db, p

  before_each(function()
    db = scratch.database "mysql"
    p = project.new { url = db.url }
  end)
  after_each(function() db:drop() end)

  -- Drops `column` of the table; how many statements the server was asked to carry out for it.
  local function dropped(table_sql, column, first)
    db:query "DROP TABLE IF EXISTS t"
    db:query("CREATE TABLE t " .. table_sql)
    p:revision { id = "a1", upgrade = ([[
      local function asked()
        for row in op.get_bind():rows "SHOW SESSION STATUS LIKE 'Questions'" do return tonumber(row.Value) end
      end
      %s
      local before = asked()
      op.drop_column("t", %q)
      print("asked " .. math.tointeger(asked() - before))]]):format(first or "", column) }
    local r = p:luamig "upgrade"
    assert.equal(0, r.code, r.stderr)
    db:query "DELETE FROM luamig_version"
    local left = db:value "SELECT group_concat(column_name ORDER BY ordinal_position) FROM information_schema.columns WHERE table_schema = database() AND table_name = 't'"
    assert.equal("id,b", left)
    return assert(tonumber((r.stdout .. r.stderr):match "asked (%d+)"), r.stdout .. r.stderr)
  end

  it("costs one question where nothing is about it", function()
    local alone = dropped("(id INT PRIMARY KEY, Extra INT, b INT)", "extra")
    for _, about in ipairs {
      "CHECK (EXTRA > 0)", "UNIQUE (b, extra)", "KEY (extra)", "CONSTRAINT f FOREIGN KEY (extra) REFERENCES t (id)",
    } do
      assert.is_true(alone < dropped("(id INT PRIMARY KEY, Extra INT, b INT, " .. about .. ")", "extra"), about)
    end
    assert.is_true(alone < dropped("(id INT PRIMARY KEY, Extra INT, b INT COMMENT 'like `extra`')", "extra"))
  end)

  it("goes with what is about it when the names stand in other quotes", function()
    dropped("(id INT PRIMARY KEY, extra INT, b INT, CHECK (extra > 0))", "extra", [[op.execute "SET SESSION sql_mode = 'ANSI_QUOTES'"]])
  end)
end)
