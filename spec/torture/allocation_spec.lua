-- Out of memory at every allocation of the migrations' Lua state in turn: an error, no crash, no leak (the
-- sanitizer build tells), and the next run works.
local binding = require("luamig_internals").binding

local source = [[
revision = "torture1"
down_revision = nil
function upgrade()
  op.create_table("t", { { "id", sql.integer, primary_key = true }, { "n", sql.string(10), default = "x" },
    sql.check("id > 0", { name = "ck" }) })
  op.bulk_insert("t", { { n = "a" }, { n = "b" } })
  local conn = op.get_bind()
  for row in conn:rows("SELECT id, n FROM t WHERE id < ?", { 9 }) do
    conn:execute("UPDATE t SET n = :n WHERE id = :id", { n = json.encode { row.id, x = nil }, id = row.id })
  end
  local handle = sql.table "t"
  op.execute(handle:update { n = sql.json { a = 1 } }:where("id = ?", 1))
  pcall(conn.transaction, conn, function() error("no") end)
  op.batch_alter_table("t", function(batch) batch.add_column { "extra", sql.integer } end)
  op.backfill { table = "t", set = { extra = sql.expr "id + 1" }, batch_size = 1 }
  local names = {}
  for name in pairs(op.inspect "t") do names[#names + 1] = name end
  pcall(function() return op.drop_tabel end)
  local row = conn:execute("SELECT id, n FROM t ORDER BY id"):fetchone()
  print(row.n, json.decode '{"a":[1,{}]}'.a[1], op.has_table "t", #names)
end
]]

describe("a failing allocation", function()
  it("is an error wherever it happens", function()
    local log, made = binding.run(source)
    assert.is_truthy(log, tostring(made))
    assert.matches('^{"a":1}\t1\ttrue\t', log[1])
    assert.is_true(made > 300)
    local kinds = {}
    for n = 1, made do
      local failed, err = binding.run(source, { fail_allocation = n })
      if not failed then
        kinds[err.kind] = (kinds[err.kind] or 0) + 1
        assert.is_string(err.message)
      end
    end
    assert.is_true((kinds.nomem or 0) > made * 0.9, "out of memory is told as such")
    assert.same(log, (binding.run(source)))
  end)
end)

describe("a collector that never rests", function()
  it("changes nothing", function()
    local busy = source:gsub("function upgrade%(%)", '%0 collectgarbage("incremental", 1, 1000, 1)', 1)
    assert.same((binding.run(source)), (binding.run(busy)))
    local generational = source:gsub("function upgrade%(%)", '%0 collectgarbage("generational", 1, 1)', 1)
    assert.same((binding.run(source)), (binding.run(generational)))
  end)
end)
