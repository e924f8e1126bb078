-- The header of a migration, read without running it.
local graph = require("luamig_internals").graph

local minimal = 'revision = "abc1"\ndown_revision = nil\n'

local function scan(source)
  local header, err = graph.scan(source)
  return assert(header, err and err.message)
end

local function fails(source)
  local header, err = graph.scan(source)
  assert.is_nil(header)
  assert.equal("script", err.kind)
  return err
end

describe("the header scanner", function()
  it("reads what a template writes", function()
    local header = scan [[
-- add products table
--
-- Locks: none on existing tables.
--   indented

revision      = "abc123def456"
down_revision = "789xyz789xyz"     -- nil: a base
branch_labels = nil                -- "feature_x" or a list
depends_on    = nil
create_date   = "2026-01-01T12:00:00Z"

function upgrade() end
]]
    assert.equal("abc123def456", header.revision)
    assert.same({ "789xyz789xyz" }, header.down_revision)
    assert.same({}, header.branch_labels)
    assert.same({}, header.depends_on)
    assert.equal("2026-01-01T12:00:00Z", header.create_date)
    assert.equal("add products table", header.message)
    assert.equal("Locks: none on existing tables.\n  indented", header.doc)
    assert.is_false(header.computed)
  end)

  it("reads lists, long strings, both quotes, numbers in escapes, separators", function()
    local header = scan [==[
revision = [=[a[1]]=];
down_revision = { 'b\65', "c\x41\u{e9}", [[
d]], }
branch_labels = { "x"; "y" }
depends_on = "z" transactional = false irreversible = "it \
is"]==]
    assert.equal("a[1]", header.revision)
    assert.same({ "bA", "cAé", "d" }, header.down_revision)
    assert.same({ "x", "y" }, header.branch_labels)
    assert.same({ "z" }, header.depends_on)
    assert.is_false(header.transactional)
    assert.equal("it \nis", header.irreversible)
  end)

  it("skips a byte order mark, a first line with #, and reads CRLF and CR line ends", function()
    for _, source in ipairs {
      "\xEF\xBB\xBF" .. minimal, "#!/usr/bin/env lua\n" .. minimal, (minimal:gsub("\n", "\r\n")), (minimal:gsub("\n", "\r")),
    } do
      assert.equal("abc1", scan(source).revision)
    end
    local crlf = scan("-- one\r\n-- two\r\n\r\n" .. minimal:gsub("\n", "\r\n"))
    assert.same({ "one", "two" }, { crlf.message, crlf.doc })
  end)

  it("takes the message from a long comment, too, and none from bookkeeping", function()
    local header = scan("--[[ add users\n\nRevision ID: abc1\nRevises: nothing\n]]\n" .. minimal)
    assert.equal("add users", header.message)
    assert.equal("Revision ID: abc1\nRevises: nothing", header.doc)
    assert.equal("real", scan("-- luacheck: ignore\n-- Revision ID: x\n-- real\n" .. minimal).message)
    assert.equal("", scan(minimal).message)
    assert.equal("", scan(minimal .. "-- behind the header\n").message)
  end)

  it("needs revision and down_revision", function()
    assert.equal("the header has no 'revision'", fails("down_revision = nil").message)
    local err = fails('revision = "a"\n\nfunction upgrade() end')
    assert.equal("the header has no 'down_revision'", err.message)
    assert.matches("down_revision = nil", err.hint, 1, true)
    assert.equal(3, err.line)
    assert.equal("the header has no 'revision'", fails("").message)
    assert.equal("the header has no 'revision'", fails("-- only a comment").message)
  end)

  it("finds misspelt declarations", function()
    local err = fails('revision = "a"\ndown_revison = "b"\n')
    assert.equal("unknown declaration 'down_revison'", err.message)
    assert.equal("did you mean 'down_revision'?", err.hint)
    assert.equal(2, err.line)
    assert.matches("reserved", fails(minimal .. 'phase = "post"').hint)
    assert.matches("local zzzzzzzz", fails(minimal .. "zzzzzzzz = 1").hint)
  end)

  it("refuses wrong types and shapes, with the line", function()
    for source, message in pairs {
      ["revision = 12\ndown_revision = nil"] = "'revision' must be a string, not a number",
      ["revision = nil\ndown_revision = nil"] = "'revision' must be a string, not nil",
      ['revision = { "a" }\ndown_revision = nil'] = "'revision' must be a string, not a list",
      ['revision = "a\\0b"\ndown_revision = nil'] = "'revision' contains a zero byte",
      ['revision = "a"\ndown_revision = true'] = "'down_revision' must be a string, a list of strings or nil, not a boolean",
      ['revision = "a"\ndown_revision = { "b", nil, "c" }'] = "'down_revision' has a hole at position 2",
      ['revision = "a"\ndown_revision = { "b", 3 }'] = "'down_revision' must be a list of strings, position 2 is a number",
      ['revision = "a"\ndown_revision = { "b", "b" }'] = "'down_revision' names 'b' twice",
      [minimal .. "branch_labels = 1"] = "'branch_labels' must be a string, a list of strings or nil, not a number",
      [minimal .. 'depends_on = { "a", "a" }'] = "'depends_on' names 'a' twice",
      [minimal .. "create_date = 20260101"] = "'create_date' must be a string, not a number",
      [minimal .. 'transactional = "no"'] = "'transactional' must be true or false, not a string",
      [minimal .. "irreversible = true"] = "'irreversible' must be a string, not a boolean",
      [minimal .. 'revision = "b"'] = "'revision' is assigned twice",
      ['revision = "a\ndown_revision = nil'] = "unfinished string",
      ["revision = [[a\ndown_revision = nil"] = "unfinished long string",
      ["--[[ x\nrevision = 1"] = "unfinished long comment",
      ['revision = "\\q"\ndown_revision = nil'] = "invalid escape in a string",
      ['revision = "\\300"\ndown_revision = nil'] = "invalid escape in a string",
      ['revision = "\\u{80000000}"\ndown_revision = nil'] = "invalid escape in a string",
    } do
      local err = fails(source)
      assert.equal(message, err.message)
      assert.is_true(err.line > 0, source)
    end
  end)

  it("knows a computed header", function()
    for _, source in ipairs {
      'revision = "a" .. "b"\ndown_revision = nil',
      'revision = id()\ndown_revision = nil',
      'local x = "a"\nrevision = x\ndown_revision = nil',
      'revision = "a"\ndown_revision = { base }',
      'revision = "a"\ndown_revision = { x = "b" }',
      'revision = "a"\ndown_revision = nil or "b"',
      'revision = "a"\ndown_revision = ("b")',
      'revision = "a"\ndo down_revision = nil end',
      'revision = ("x"):rep(4)\ndown_revision = nil',
      'revision = "a"\ndown_revision = { { "b" } }',
    } do
      assert.is_true(scan(source).computed, source)
    end
    assert.is_false(scan(minimal .. "local function helper() end").computed)
    assert.is_false(scan(minimal .. "upgrade = function() end").computed)
  end)

  it("refuses bytecode and what is not UTF-8", function()
    assert.equal("the file is Lua bytecode", fails(string.dump(function() end)).message)
    for _, bytes in ipairs {
      "\xFF", "\xC3", "\xC0\xAF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF0\x80\x80\x80", "\x80", "\xE2\x82",
    } do
      local err = fails(minimal .. "-- " .. bytes)
      assert.equal("the file is not UTF-8", err.message)
      assert.equal(3, err.line)
    end
    assert.equal("café €𝄞", scan("-- café €𝄞\n" .. minimal).message)
  end)

  it("never reads over the end", function()
    local source = '--[==[ m ]==]\nrevision = "a\\u{41}\\z  \n b"\ndown_revision = { [[x]], "y" }\ntransactional = 0x1p-4'
    for i = 0, #source do graph.scan(source:sub(1, i)) end
  end)
end)

describe("a rewritten header", function()
  it("changes down_revision and its comment, nothing else", function()
    local source = '-- m\n-- Revises: old1\n\nrevision = "a"\r\ndown_revision = { "old1",\n "old2" } -- why\n\nfunction upgrade() end'
    assert.equal('-- m\n-- Revises: new1\n\nrevision = "a"\r\ndown_revision = "new1" -- why\n\nfunction upgrade() end',
      graph.rewrite(source, "new1"))
    assert.equal('revision = "a"\ndown_revision = nil', graph.rewrite('revision = "a"\ndown_revision = "b"'))
    assert.equal('revision = "a"\ndown_revision = { "b", "c" };x()',
      graph.rewrite('revision = "a"\ndown_revision = nil;x()', { "b", "c" }))
  end)

  it("is not made from a computed one", function()
    local text, err = graph.rewrite('revision = "a"\ndown_revision = f()', "b")
    assert.is_nil(text)
    assert.equal("the header is computed", err.message)
  end)
end)
