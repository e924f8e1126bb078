-- The digest of the journal: SipHash-2-4 with 128 bits, against the authors' test vectors (vectors_sip128 of the
-- reference implementation: the input of line n is the bytes 0 to n - 1).
local digest = require("luamig_internals").siphash.digest

local function bytes(count)
  local list = {}
  for i = 1, count do list[i] = string.char(i - 1) end
  return table.concat(list)
end

describe("siphash", function()
  it("gives what the authors give", function()
    assert.equal("a3817f04ba25a8e66df67214c7550293", digest(""))
    assert.equal("da87c1d86b99af44347659119b22fc45", digest(bytes(1)))
    assert.equal("8177228da4a45dc7fca38bdef60affe4", digest(bytes(2)))
    assert.equal("9c70b60c5267a94e5f33b6b02985ed51", digest(bytes(3)))
  end)

  it("does not depend on how the text comes in parts", function()
    local text = bytes(100)
    local whole = digest(text)
    for first = 0, 40 do
      for second = first, 60 do
        assert.equal(whole, digest(text:sub(1, first), text:sub(first + 1, second), text:sub(second + 1)))
      end
    end
  end)

  it("tells a zero byte from none", function()
    assert.not_equal(digest(""), digest("\0"))
    assert.not_equal(digest("a"), digest("a\0"))
  end)
end)
