-- What TAB offers: luamig's answer, and the real shells that ask it.
local cli = require "spec.support.cli"
local json = require "dkjson"
local project = require "spec.support.project"

describe("completion", function()
  local p

  setup(function()
    p = project.new { files = { ["templates/house/about"] = "how we write them" } }
    p:revision { id = "aa11bb22", message = "first: of all" }
    p:revision { id = "aa11cc33", down = "aa11bb22", branch_labels = { "billing" } }
  end)

  -- What the last of the words may be, in one line.
  local function offered(...)
    local r = p:luamig("completion", "bash", "--", ...)
    assert.same({ 0, "" }, { r.code, r.stderr })
    return (r.stdout:gsub("\n$", ""):gsub("\n", " "))
  end

  it("offers commands, options and the choices of an option or an argument", function()
    assert.matches("^init templates verify .* completion$", offered "")
    assert.equal("edit ensure-version", offered "e")
    assert.equal("edit ensure-version", offered("help", "e"))
    assert.equal("upgrade", offered("--env", "test", "-x", "a=b", "up"))
    assert.equal("--dry-run", offered("upgrade", "--d"))
    assert.equal("--onto", offered("rebase", "--on"))
    assert.equal("", offered("heads", "--on"))
    assert.equal("auto always", offered("--color", "a"))
    assert.equal("text dot mermaid", offered("history", "--format", ""))
    assert.equal("--format=dot", offered("history", "--format=d"))
    assert.equal("bash zsh fish", offered("completion", ""))
    assert.equal("", offered("revision", "-m", ""))
    assert.equal("", offered("no_such_command", ""))
    assert.equal("", offered("edit", "aa11bb22", "aa")) -- it takes one
  end)

  it("offers targets, ids and labels where a revision is meant", function()
    assert.equal("head heads base current billing@head aa11cc33 aa11bb22", offered("upgrade", ""))
    assert.equal("aa11cc33 aa11bb22", offered("show", "aa"))
    assert.equal("aa11bb22", offered("-v", "edit", "aa11b"))
    assert.equal("base billing@head", offered("revision", "--head", "b"))
    assert.equal("aa11bb22:aa11cc33", offered("history", "-r", "aa11bb22:aa11c"))
    assert.equal("aa11bb22:current", offered("upgrade", "--sql", "aa11bb22:cu"))
    assert.equal("aa11bb22", offered("merge", "head", "aa11cc33", "aa11b"))
    assert.equal("generic house minimal", offered("revision", "--template", ""))
    assert.equal("", offered("--env", ""))
    local r = p:luamig("completion", "zsh", "--json", "--", "show", "aa11b")
    assert.same({ format = 1, shell = "zsh", candidates = { { value = "aa11bb22", description = "first: of all" } } }, json.decode(r.stdout))
  end)

  it("offers the environments of the configuration", function()
    local q = project.new { config = [[environments = { staging = { url = "${NOT_SET}" }, production = { url = "${NOT_SET}" } },]] }
    local r = q:luamig("completion", "bash", "--", "upgrade", "--env", "")
    assert.same({ 0, "production\nstaging\n", "" }, { r.code, r.stdout, r.stderr })
    q:write("more/bb22cc33.lua", 'revision = "bb22cc33"\ndown_revision = nil\nfunction upgrade() end\nfunction downgrade() end\n')
    q:write("luamig.conf.lua", 'return { environments = { other = { url = "sqlite:///o.db", migrations = "more" } } }')
    assert.equal("bb22cc33\n", q:luamig("completion", "bash", "--", "--env", "other", "show", "bb").stdout)
    q:write("luamig.conf.lua", 'return { environments = { staging = { url = "sqlite:///o.db" } } }')
    assert.equal("--env=staging\n", q:luamig("completion", "bash", "--", "--env=st").stdout)
  end)

  it("offers nothing of a project that is not there or cannot be read", function()
    local r = cli.run({ "completion", "fish", "--", "show", "" }, { cwd = "/" })
    assert.same({ 0, "", "" }, { r.code, r.stdout, r.stderr })
    r = cli.run({ "completion", "bash", "--", "init", "--template", "" }, { cwd = "/" })
    assert.equal("generic\nminimal\n", r.stdout)
    r = cli.run({ "completion", "bash", "--", "-c", p.path .. "/luamig.conf.lua", "show", "aa11b" }, { cwd = "/" })
    assert.equal("aa11bb22\n", r.stdout)
    r = p:luamig("completion", "csh")
    assert.equal(2, r.code)
    assert.matches("argument 'shell' must be one of 'bash', 'zsh', 'fish'", r.stderr, 1, true)
  end)

  -- What the shell shows for a line, by its own means.
  local shells = {
    bash = { "bash", "--norc", "-c", [[
      source <(luamig completion bash)
      COMP_LINE=$1 COMP_POINT=${#1}
      _luamig
      printf '%s\n' "${COMPREPLY[@]}"]] },
    zsh = { "zsh", "-f", "-c", [[
      compdef() { :; }; _describe() { print -rl -- "${(@P)2}"; }; _files() { print files; }
      source <(luamig completion zsh)
      words=("${(@s: :)1}"); CURRENT=$#words
      _luamig]] },
    fish = { "fish", "--no-config", "-c", "luamig completion fish | source; complete -C $argv[1]" },
  }

  for shell, command in pairs(shells) do
    it("works in " .. shell, function()
      local function shown(line)
        local arguments = { table.unpack(command, 2) }
        if shell ~= "fish" then arguments[#arguments + 1] = shell end
        arguments[#arguments + 1] = line
        local folder = cli.program:match "^(.*)/"
        local r = cli.run(arguments, { program = command[1], cwd = p.path, env = { PATH = folder .. ":" .. os.getenv "PATH" } })
        assert.equal(0, r.code, r.stderr)
        return (r.stdout:gsub("\n$", ""):gsub("\n", "|"))
      end
      local separator = ({ bash = false, zsh = ":", fish = "\t" })[shell]
      local function described(value, text) return separator and value .. separator .. text or value end
      assert.equal(described("downgrade", "undo revisions down to a target"), shown "luamig dow")
      assert.equal(described("aa11bb22", "first: of all"), shown "luamig show aa11b")
      assert.equal("text|dot|mermaid", (shown "luamig history --format "):gsub("^dot|mermaid|text$", "text|dot|mermaid"))
      -- bash takes what is behind the colon for the word
      assert.equal(shell == "bash" and "current" or shell == "zsh" and "aa11bb22\\:current" or "aa11bb22:current",
        shown "luamig history -r aa11bb22:cu")
      if shell == "fish" then assert.matches("luamig.conf.lua", shown "luamig -c lua") end
      if shell == "zsh" then assert.equal("files", shown "luamig -c ") end
    end)
  end
end)
