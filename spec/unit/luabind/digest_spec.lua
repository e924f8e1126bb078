-- What the journal knows an operation by: the same for what is written the same, another one for whatever else.
local binding = require("luamig_internals").binding
local sql = binding.sql

local function digest(name, ...) return (select(2, binding.read(nil, name, ...))) end

describe("the digest of an operation", function()
  it("is the same for the same call", function()
    assert.equal(digest("drop_column", "t", "a"), digest("drop_column", "t", "a"))
    assert.not_equal(digest("drop_column", "t", "a"), digest("drop_column", "t", "b"))
    assert.not_equal(digest("drop_column", "t", "a"), digest("drop_column", "t", "a", { if_exists = true }))
  end)

  it("tells rows apart by each cell's kind, length and bytes, and by where a cell ends", function()
    local function of(...) return digest("bulk_insert", "t", { ... }, { columns = { "a", "b" } }) end
    local cases = {
      { { 1, 2 } }, { { 2, 1 } }, { { 1, 3 } }, { { 1, 2.5 } }, { { 1, true } }, { { 1, false } }, { { 1, sql.null } }, { { 1, 0 } },
      { { 1, "" } }, { { 1, "2" } }, { { 1, "\2" } }, { { 1, sql.bytes "2" } }, { { 1, sql.json "2" } },
      { { 1, sql.expr "now()" } }, { { 1, "now()" } },
      { { "ab", "c" } }, { { "a", "bc" } }, { { "abc", "" } }, { { "", "abc" } },
      { { 1, 2 }, { 1, 2 } }, { { 1, 2 }, { 2, 1 } },
    }
    for length = 3, 25 do -- across the words of eight bytes: the first, the middle and the last byte
      local text = ("x"):rep(length)
      cases[#cases + 1] = { { 1, text } }
      cases[#cases + 1] = { { 1, "y" .. text:sub(2) } }
      cases[#cases + 1] = { { 1, text:sub(2) .. "y" } }
      local middle = length // 2
      cases[#cases + 1] = { { 1, text:sub(1, middle) .. "y" .. text:sub(middle + 2) } }
    end
    local seen = {}
    for _, rows in ipairs(cases) do
      local shown = {}
      for _, row in ipairs(rows) do
        shown[#shown + 1] = ("%s %s|%s %s"):format(math.type(row[1]) or type(row[1]), row[1], math.type(row[2]) or type(row[2]),
          tostring(row[2]))
      end
      local key, made = table.concat(shown, "; "), of(table.unpack(rows))
      assert.is_true(seen[made] == nil or seen[made] == key, ("%s has the digest of %s"):format(key, seen[made]))
      seen[made] = key
      assert.equal(made, of(table.unpack(rows)))
    end
  end)
end)
