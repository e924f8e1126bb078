-- The documentation is true: README.md's commands are run as they stand, its files are written, its C program compiled.
--
-- A ```console block holds commands ("$ …") and what they print; in what they print, … stands for anything, the number
-- before "ms" for any number. "# exits with N" says that a command fails. A ```lua block that names a path is a file.
local cli = require "spec.support.cli"
local process = require "spec_process"
local projects = require "spec.support.project"
local scratch = require "spec.support.scratch"

local build = package.loaded["spec.build"]

local function read(path)
  local file = assert(io.open(path))
  local text = file:read("a")
  file:close()
  return text
end

-- Sections of a page by heading, each a list of { language =, path =, text = }.
local function sections_of(page)
  local sections, current, block = {}, nil, nil
  for line in read(page):gmatch("([^\n]*)\n") do
    local language, path = line:match("^```(%w+) ?(.*)$")
    if block and line == "```" then
      block = nil
    elseif block then
      block.text = block.text .. line .. "\n"
    elseif language then
      block = { language = language, path = path ~= "" and path or nil, text = "" }
      if current then current[#current + 1] = block end
    elseif line:match("^## ") then
      current = {}
      sections[line:sub(4)] = current
    end
  end
  return sections
end

-- The commands of a block: { command =, status =, expected = { lines } }.
local function commands_of(text)
  local commands = {}
  for line in text:gmatch("([^\n]*)\n") do
    local command = line:match("^%$ (.*)$")
    if command then
      commands[#commands + 1] = { command = command, expected = {}, status = tonumber(command:match("# exits with (%d+)$") or 0) }
    elseif line ~= "" then
      local expected = commands[#commands].expected
      expected[#expected + 1] = line
    end
  end
  return commands
end

local function pattern_of(line)
  local pattern = line:gsub("[%^%$%(%)%%%.%[%]%*%+%-%?]", "%%%0"):gsub("%d+ ms", "%%d+ ms"):gsub("…", ".*")
  return pattern
end

-- The expected lines stand in the output in this order; without an … line between them nothing stands between them.
local function check_output(step, output)
  local lines, at, gap = {}, 0, false
  for line in output:gmatch("[^\n]+") do lines[#lines + 1] = line end
  for _, wanted in ipairs(step.expected) do
    if wanted == "…" then
      gap = true
    else
      local pattern, found = "^" .. pattern_of(wanted) .. "%s*$", nil
      for i = at + 1, gap and #lines or math.min(at + 1, #lines) do
        if lines[i]:match(pattern) then
          found = i
          break
        end
      end
      if not found then
        error(("$ %s\nshall print\n%s\nand printed\n%s"):format(step.command, table.concat(step.expected, "\n"), output), 0)
      end
      at, gap = found, false
    end
  end
end

-- Runs the blocks one after another in one shell. `replace` changes commands before, `env` the environment.
local function run(blocks, folder, replace, env)
  local script, steps = { "exec 2>&1" }, {}
  for _, block in ipairs(blocks) do
    if block.language == "console" then
      for _, step in ipairs(commands_of(block.text)) do
        for from, to in pairs(replace or {}) do
          step.command = step.command:gsub(from:gsub("%p", "%%%0"), (to:gsub("%%", "%%%%")))
        end
        steps[#steps + 1] = step
        script[#script + 1] = step.command
        script[#script + 1] = 'printf "\\n\\001%d\\n" $?'
      end
    elseif block.path then
      script[#script + 1] = ("mkdir -p $(dirname %s) && cat >%s <<'END-OF-FILE'\n%sEND-OF-FILE"):format(block.path, block.path, block.text)
    end
  end
  local r = cli.run({ "-c", table.concat(script, "\n") }, {
    program = "/bin/bash", cwd = folder, timeout = 120, env = env or { DATABASE_URL = false },
  })
  assert.equal("", r.stderr)
  local at = 1
  for output, status in r.stdout:gmatch("(.-)\n\1(%d+)\n") do
    local step = steps[at]
    at = at + 1
    if tonumber(status) ~= step.status then
      error(("$ %s\nexits with %s:\n%s"):format(step.command, status, output), 0)
    end
    check_output(step, output)
  end
  assert.equal(#steps + 1, at, "the shell ended early:\n" .. r.stdout)
end

describe("README.md", function()
  local sections = sections_of("README.md")
  local folder

  -- A clone with its build/release, as far as the tour looks.
  lazy_setup(function()
    folder = scratch.folder()
    assert(os.execute(("mkdir %s/build && ln -s %s %s/build/release"):format(folder, build, folder)))
    run(sections["Five minutes on SQLite"], folder)
  end)

  local function again_on(section, url, dialect)
    local db = scratch.database(dialect)
    local blocks = { { language = "console", text = "$ export PATH=$PWD/build/release:$PATH\n$ cd notes\n" } }
    for _, block in ipairs(sections[section]) do blocks[#blocks + 1] = block end
    -- the user's name and password of the page are those of the test server
    local shown = {}
    for i, block in ipairs(blocks) do
      shown[i] = { language = block.language, path = block.path, text = block.text:gsub("shop:%*%*%*@", db.parts.user .. ":***@") }
    end
    run(shown, folder, { [url] = db.url })
    db:drop()
  end

  it("tells the truth about SQLite", function()
    assert.is_truthy(folder)
  end)

  it("tells the truth about PostgreSQL", function()
    again_on("The same on PostgreSQL", "postgresql://shop:secret@127.0.0.1:5432/shop", "postgresql")
  end)

  it("tells the truth about MariaDB", function()
    again_on("The same on MariaDB and MySQL", "mysql://shop:secret@127.0.0.1:3306/shop", "mysql")
  end)

  it("tells the truth about the example project", function()
    local copy = scratch.folder()
    assert(os.execute(("cp -R luamig.conf.lua migrations lib %s && ln -s %s %s/bin"):format(copy, build, copy)))
    local blocks = { { language = "console", text = "$ export PATH=$PWD/bin:$PATH\n" }, table.unpack(sections["The example project"]) }
    run(blocks, copy)
    local upgraded = cli.run({ "upgrade" }, { cwd = copy })
    assert.equal(0, upgraded.code, upgraded.stderr)
  end)

  -- An installation, as `cmake --install` makes it, and nothing of the build.
  it("tells the truth about C, as installed", function()
    local prefix, project = scratch.folder(), scratch.folder()
    assert(os.execute(("cmake --install %s --prefix %s >%s/log"):format(build, prefix, prefix)))
    assert(os.execute(("cp -R luamig.conf.lua migrations lib %s"):format(project)))
    run(sections["From C"], project, nil, {
      PKG_CONFIG_PATH = prefix .. "/lib/pkgconfig", LD_LIBRARY_PATH = prefix .. "/lib",
      DATABASE_URL = false,
      LD_PRELOAD = process.preload, ASAN_OPTIONS = process.preload and "detect_leaks=0", -- for ./example, not for cc
    })
    local installed = cli.run({ "current", "--url", "sqlite:///app.db" }, { program = prefix .. "/bin/luamig", cwd = project })
    assert.equal(0, installed.code, installed.stderr)
    assert.is_truthy(installed.stdout:find("^%x+ %(head%)"))
    local module = cli.run({ "-e", 'print(require("luamig").version)' },
      { program = "lua5.4", cwd = project, env = { LUA_CPATH = prefix .. "/lib/lua/5.4/?.so" } })
    assert.equal(0, module.code, module.stderr)
    for _, shell in ipairs { "bash", "zsh", "fish" } do
      local path = { bash = "bash-completion/completions/luamig", zsh = "zsh/site-functions/_luamig", fish = "fish/vendor_completions.d/luamig.fish" }
      assert.equal(cli.run({ "completion", shell }).stdout, read(("%s/share/%s"):format(prefix, path[shell])))
    end
    assert.equal(read "docs/luamig.1", read(prefix .. "/share/man/man1/luamig.1"))
    local readme = assert(io.open(prefix .. "/share/doc/luamig/README.md")):read "a"
    for path in readme:gmatch "%]%((docs/[%w_]+%.md)%)" do
      assert.is_truthy(io.open(prefix .. "/share/doc/luamig/" .. path), path)
    end
  end)

  it("is found by pkg-config wherever a distribution keeps its libraries", function()
    for _, libdir in ipairs { "lib/x86_64-linux-gnu", "lib64" } do
      local root = scratch.folder()
      local pc = root .. "/usr/" .. libdir .. "/pkgconfig"
      assert(os.execute(("cmake -S . -B %s/build -DCMAKE_INSTALL_PREFIX=/usr -DCMAKE_INSTALL_LIBDIR=%s >%s/log 2>&1"):format(
        root, libdir, root)))
      assert(os.execute(("mkdir -p %s && cp %s/build/luamig.pc %s"):format(pc, root, pc)))
      local pipe = io.popen(("PKG_CONFIG_PATH=%s pkg-config --variable=libdir luamig | xargs realpath -m"):format(pc))
      assert.equal(root .. "/usr/" .. libdir, pipe:read "l")
      pipe:close()
    end
  end)

  it("names files that exist", function()
    for path in read("README.md"):gmatch("`([%w_./]+/)`") do
      assert(os.execute("test -e " .. path), path .. " does not exist")
    end
  end)
end)

describe("docs/", function()
  it("has the pages that the source's tables make", function()
    local r = cli.run({ "scripts/docs.lua", "--check" }, { program = "lua5.4", env = { LUAMIG_BUILD = build } })
    assert.equal("", r.stdout)
    assert.equal(0, r.code, r.stderr)
  end)

  for _, dialect in ipairs { "sqlite", "postgresql", "mysql" } do
    it("has recipes from Alembic that run, on " .. dialect, function()
      local db = scratch.database(dialect)
      local p = projects.new { url = db.url }
      for _, blocks in pairs(sections_of "docs/alembic.md") do
        for _, block in ipairs(blocks) do
          if block.path then p:write(block.path, block.text) end
        end
      end
      for _, arguments in ipairs { { "upgrade", "-x", "demo=yes" }, { "downgrade", "-4" }, { "upgrade" }, { "verify" }, { "downgrade", "base" } } do
        local r = p:luamig(table.unpack(arguments))
        assert(r.code == 0, table.concat(arguments, " ") .. "\n" .. r.stderr)
      end
      assert.equal(0, p:luamig("upgrade", "27c6").code)
      assert.equal("ada@example.org", db:value "SELECT email FROM users WHERE id = 1")
      assert.equal("wrote the first program", db:value "SELECT bio FROM profiles")
      assert.equal(0, p:luamig("downgrade", "-1").code)
      assert.equal("wrote the first program", db:value "SELECT bio FROM users WHERE id = 1")
      db:drop()
    end)
  end

  it("shows Lua that is Lua, and links that lead somewhere", function()
    for name in require("lfs").dir("docs") do
      if name:match("%.md$") then
        local text = read("docs/" .. name)
        for block in text:gmatch("\n```lua\n(.-)```") do
          local _, problem = load(block:gsub("{ … }", "{}"):gsub("%f[%w_]([%w_]+)%?", "%1"))
          assert.is_nil(problem, name)
        end
        for target in text:gmatch("%]%(([%w_/]+%.md)%)") do
          assert.is_truthy(io.open("docs/" .. target), name .. " links to " .. target)
        end
      end
    end
  end)
end)
