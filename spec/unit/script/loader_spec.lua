-- Folders of migrations on disk.
local lfs = require "lfs"
local graph = require("luamig_internals").graph
local scratch = require "spec.support.scratch"

local function write(path, text)
  local file <close> = assert(io.open(path, "wb"))
  assert(file:write(text))
end

local function migration(id, down, rest)
  local below = down and ("%q"):format(down) or "nil"
  return ("-- %s\nrevision = %q\ndown_revision = %s\n%s\n"):format(id, id, below, rest or "")
end

local function project(files)
  local root = scratch.folder()
  for name, text in pairs(files) do
    local folder = root
    for part in name:gmatch "([^/]+)/" do
      folder = folder .. "/" .. part
      lfs.mkdir(folder)
    end
    write(root .. "/" .. name, text)
  end
  return root
end

local function load(root, folders, recursive, compute)
  local paths = {}
  for i, folder in ipairs(folders or { "m" }) do paths[i] = root .. "/" .. folder end
  return graph.load(paths, root, recursive, compute)
end

local function ids(list)
  local out = {}
  for i, revision in ipairs(list) do out[i] = revision.revision end
  return out
end

local function fails(kind, files, ...)
  local map, err = load(project(files), ...)
  assert.is_nil(map)
  assert.equal(kind, err.kind, err.message)
  return err
end

describe("the loader", function()
  it("reads *.lua by file name, folder after folder", function()
    local map = assert(load(project {
      ["m/2_b.lua"] = migration "bbbb", ["m/10_a.lua"] = migration "aaaa", ["m/.hidden.lua"] = "junk", ["m/README.md"] = "junk",
      ["m/x.lua~"] = "junk", ["m/.lua"] = "junk", ["m/sub/1.lua"] = migration "nope", ["k/0.lua"] = migration "cccc", ["m/d.lua/x"] = "junk",
    }, { "m", "k" }))
    local heads = map:heads()
    assert.same({ "aaaa", "bbbb", "cccc" }, ids(heads))
    assert.same({ "m/10_a.lua", "m/2_b.lua", "k/0.lua" }, { heads[1].file, heads[2].file, heads[3].file })
  end)

  it("reads sub-folders when asked, after the files, and no folder twice", function()
    local root = project {
      ["m/z.lua"] = migration "zzzz", ["m/b/1.lua"] = migration "bbbb", ["m/a/c/1.lua"] = migration "cccc", ["m/a/2.lua"] = migration "aaaa",
      ["m/.git/1.lua"] = "junk",
    }
    assert.same({ "zzzz", "aaaa", "cccc", "bbbb" }, ids(load(root, { "m", "m/a", "m/../m" }, true):heads()))
  end)

  it("follows links to files and says which file it cannot read", function()
    local root = project { ["m/1.lua"] = migration "aaaa", ["k/2.lua"] = migration("bbbb", "aaaa") }
    assert(lfs.link(root .. "/k/2.lua", root .. "/m/2.lua", true))
    assert.same({ "bbbb" }, ids(load(root):heads()))
    os.remove(root .. "/k/2.lua")
    local map, err = load(root)
    assert.is_nil(map)
    assert.equal("config", err.kind)
    assert.equal("m/2.lua", err.file)
  end)

  it("reads a file of any size", function()
    local long = ("-- padding %s\n"):format(("x"):rep(100))
    local text = migration("aaaa", nil, long:rep(2000))
    for extra = 0, 3 do -- around the size of one read
      local exact = text:sub(1, 65536 - 2 + extra)
      assert.same({ "aaaa" }, ids(load(project { ["m/1.lua"] = exact }):heads()))
    end
    assert.same({ "aaaa" }, ids(load(project { ["m/1.lua"] = text }):heads()))
  end)

  it("reads a large folder in the same order, and reports its first error", function()
    local files = {}
    for i = 1, 3000 do files[("m/%04d.lua"):format(i)] = migration(("r%04d"):format(i), i > 1 and ("r%04d"):format(i - 1)) end
    files["m/2000.lua"] = "local id = 'r2000'\nrevision = id\ndown_revision = 'r1999'\n"
    local root = project(files)
    local history = assert(load(root, nil, false, function()
      return { revision = "r2000", down_revision = "r1999" }
    end)):history()
    assert.equal(3000, #history)
    for i, revision in ipairs(history) do assert.equal(("r%04d"):format(3001 - i), revision.revision) end
    write(root .. "/m/2500.lua", "revision = 1")
    write(root .. "/m/1200.lua", 'revision = "r1200"\ndown_revision = nil\nrevision = "again"')
    local map, err = load(root)
    assert.is_nil(map)
    assert.same({ "m/1200.lua", 3, "'revision' is assigned twice" }, { err.file, err.line, err.message })
  end)

  it("an empty folder is an empty graph", function()
    local root = project { ["m/README"] = "" }
    local map = load(root)
    assert.same({}, map:heads())
    assert.same({}, map:history())
    assert.same({}, map:upgrade({}, "head").steps)
    assert.same({}, map:upgrade({}, "heads").steps)
    assert.same({}, map:downgrade({}, "base").steps)
    assert.same({}, map:current {})
  end)

  it("says what to do about a missing folder", function()
    local err = fails("config", { ["m/1.lua"] = migration "aaaa" }, { "gone" })
    assert.matches("gone", err.message)
    assert.matches("luamig init", err.hint)
    err = fails("config", { ["m/1.lua"] = migration "aaaa" }, { "m/1.lua" })
    assert.matches("must name a folder", err.hint)
  end)

  it("names file and line of a bad header", function()
    for text, message in pairs {
      ["down_revision = nil"] = "the header has no 'revision'",
      ['\nrevision = "a"\n'] = "the header has no 'down_revision'",
      ["revision = 1\ndown_revision = nil"] = "'revision' must be a string, not a number",
      [migration "aaaa" .. "-- \xFF"] = "the file is not UTF-8",
      [string.dump(function() end)] = "the file is Lua bytecode",
      ['revision = f()\ndown_revision = nil'] = "the header is computed",
    } do
      local err = fails("script", { ["m/1_x.lua"] = text })
      assert.equal(message, err.message)
      assert.equal("m/1_x.lua", err.file)
    end
    assert.equal(2, fails("script", { ["m/1.lua"] = '-- m\nrevision = 1\n' }).line)
  end)

  it("computes a header by the function it is given", function()
    local root = project { ["m/1.lua"] = "-- computed\nrevision = f()\ndown_revision = nil" }
    local seen
    local map = assert(load(root, nil, false, function(path, source)
      seen = { path, source }
      return { revision = "made" }
    end))
    assert.same({ root .. "/m/1.lua", "-- computed\nrevision = f()\ndown_revision = nil" }, seen)
    local head = map:heads()[1]
    assert.same({ "made", "computed" }, { head.revision, head.message })
  end)

  it("finds two files of one id, also when only the case differs", function()
    local err = fails("duplicate_revision", { ["m/1.lua"] = migration "aaaa", ["m/2.lua"] = migration "aaaa" })
    assert.equal("revision 'aaaa' is in two files: m/1.lua and m/2.lua", err.message)
    assert.equal("m/2.lua", err.file)
    err = fails("duplicate_revision", { ["m/1.lua"] = migration "aaaa", ["m/2.lua"] = migration "AAAA" })
    assert.matches("differ only in case", err.detail)
  end)

  it("finds missing revisions, with the nearest", function()
    local err = fails("missing_revision", { ["m/1.lua"] = migration "aaaa1", ["m/2.lua"] = migration("bbbb", "aaaa2") })
    assert.equal("down_revision of 'bbbb' names 'aaaa2', which is in no file", err.message)
    assert.equal("m/2.lua", err.file)
    assert.equal("did you mean 'aaaa1'?", err.hint)
    err = fails("missing_revision", { ["m/1.lua"] = migration("aaaa", nil, 'depends_on = "zzzzzzzzzz"') })
    assert.matches("^depends_on of 'aaaa'", err.message)
    for _, name in ipairs { "base", "" } do
      err = fails("missing_revision", { ["m/1.lua"] = migration("aaaa", name) })
      assert.equal("A base, which follows nothing, has down_revision = nil.", err.hint)
    end
    -- a label is no parent
    fails("missing_revision", { ["m/1.lua"] = migration("aaaa", nil, 'branch_labels = "lab"'), ["m/2.lua"] = migration("bbbb", "lab") })
  end)

  it("finds circles", function()
    local err = fails("cycle", {
      ["m/0.lua"] = migration "base1", ["m/1.lua"] = migration("aaaa", "cccc"), ["m/2.lua"] = migration("bbbb", "aaaa"),
      ["m/3.lua"] = migration("cccc", "bbbb"), ["m/4.lua"] = migration("dddd", "cccc"),
    })
    assert.equal("down_revision goes in a circle: aaaa, cccc, bbbb", err.message)
    err = fails("cycle", { ["m/1.lua"] = migration("aaaa", nil, 'depends_on = "bbbb"'), ["m/2.lua"] = migration("bbbb", "aaaa") })
    assert.equal("down_revision and depends_on go in a circle: aaaa, bbbb", err.message)
    assert.equal("m/1.lua", fails("self_loop", { ["m/1.lua"] = migration("aaaa", "aaaa") }).file)
    fails("self_loop", { ["m/1.lua"] = migration("aaaa", nil, 'depends_on = "aaaa"') })
    fails("self_loop", { ["m/1.lua"] = migration("aaaa", nil, 'branch_labels = "x" depends_on = "x"') })
  end)

  it("finds illegal ids and labels", function()
    for _, id in ipairs { "a b", "a@b", "a+b", "a-b", "a:b", "a,b", "a/b", "a\\b", 'a"b', "a\tb", "head", "heads", "base", "current", "" } do
      local err = fails("illegal_revision_id", { ["m/1.lua"] = ("revision = %q down_revision = nil"):format(id) })
      assert.equal("m/1.lua", err.file)
    end
    fails("illegal_revision_id", { ["m/1.lua"] = migration("aaaa", nil, 'branch_labels = "a@b"') })
    fails("illegal_revision_id", { ["m/1.lua"] = migration("aaaa", nil, 'branch_labels = "heads"') })
  end)

  it("finds a label that is taken", function()
    local err = fails("duplicate_label", {
      ["m/1.lua"] = migration("aaaa", nil, 'branch_labels = "x"'), ["m/2.lua"] = migration("bbbb", nil, 'branch_labels = { "y", "x" }'),
    })
    assert.equal("branch label 'x' is declared in m/1.lua already", err.message)
    assert.equal("m/2.lua", err.file)
    fails("duplicate_label", { ["m/1.lua"] = migration("aaaa", nil, 'branch_labels = "bbbb"'), ["m/2.lua"] = migration "bbbb" })
  end)
end)
