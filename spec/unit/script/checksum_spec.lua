-- The checksum of a migration: its tokens count, its looks don't.
local graph = require("luamig_internals").graph

local source = [==[
-- message
revision = "a" down_revision = nil
function upgrade()
  op.execute [[
    UPDATE t
    SET x = 1]]
end
]==]

describe("a checksum", function()
  it("is SHA-256 of the tokens, a line each", function()
    -- printf 'x\n=\n1\n' | sha256sum
    assert.equal("6884692a65711cad2658fcf7e47e6d84ec8e32c266974d753cfd6e9eb3b13d69", graph.checksum "x = 1 -- one")
    assert.matches("^%x+$", graph.checksum "x=1")
    assert.equal(64, #graph.checksum "x=1")
  end)

  it("doesn't see comments, white space, line ends, a byte order mark or a # line", function()
    local sum = graph.checksum(source)
    for _, same in ipairs {
      (source:gsub("\n", "\r\n")),
      "\xEF\xBB\xBF" .. source,
      "#!/usr/bin/lua\n" .. source,
      (source:gsub("%-%- message", "--[==[ another\nmessage ]==]")),
      (source:gsub("revision = ", "revision\t=\v\f ")),
      source .. "\n\n-- more",
    } do
      assert.equal(sum, graph.checksum(same))
    end
  end)

  it("sees every token", function()
    local sum = graph.checksum(source)
    for _, other in ipairs {
      (source:gsub('"a"', '"b"')), (source:gsub('"a"', "'a'")), (source:gsub("SET x = 1", "SET  x = 1")), (source:gsub("upgrade", "downgrade")),
      source .. ";", (source:gsub("nil", "1")),
    } do
      assert.is_true(sum ~= graph.checksum(other))
    end
    assert.is_true(graph.checksum "a b" ~= graph.checksum "ab")
    assert.is_true(graph.checksum "a..b" ~= graph.checksum "a. .b")
    assert.is_true(graph.checksum "x = 'a\\\nb'" ~= graph.checksum "x = 'a' b")
  end)

  it("fails on what has no tokens", function()
    local sum, err = graph.checksum "x = 'a\n"
    assert.is_nil(sum)
    assert.equal("script", err.kind)
    assert.equal(1, err.line)
  end)
end)
