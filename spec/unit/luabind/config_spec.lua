-- luamig.conf.lua: found, checked, merged.
local binding = require("luamig_internals").binding
local project = require "spec.support.project"

local function config(text, request)
  local p = project.new {}
  request = request or {}
  request.file = p:write("luamig.conf.lua", text)
  return binding.config(request), p
end

local function failure(text, request)
  local ok, err = pcall(config, text, request)
  assert.is_false(ok)
  assert.equal("config", err.kind)
  return err
end

describe("settings", function()
  it("have the documented defaults", function()
    local s, p = config "return {}"
    assert.is_nil(s.url)
    assert.same({ p.path .. "/migrations" }, s.migrations)
    assert.equal(p.path .. "/schema.lua", s.schema)
    assert.equal("{rev}_{slug}", s.file_template)
    assert.equal(40, s.slug_length)
    assert.equal("UTC", s.timezone)
    assert.equal("luamig_version", s.version_table)
    assert.equal(0, s.transaction)
    assert.equal(10000, s.lock_timeout)
    assert.equal(5000, s.ddl_lock_timeout)
    assert.equal(10, s.ddl_retries)
    assert.equal(0, s.statement_timeout)
    assert.equal("ix_{table}_{columns}", s.ix)
    assert.is_nil(s.fk)
    assert.is_false(s.recursive)
  end)

  it("are read by type", function()
    local s, p = config [[return {
      url = "sqlite:///x.db", migrations = { "a", "/b" }, recursive = true, schema = "s/schema.lua", slug_length = 10,
      timezone = "local", version_table = "v", version_table_schema = "vs", transaction = "all", session = { "SET a", "SET b" },
      lock_timeout = "500ms", ddl_lock_timeout = 2, statement_timeout = "1.5m", ddl_retries = 0,
      naming_convention = { fk = "fk_{table}", ix = false }, hooks = { after_connect = function() end },
      autogenerate = { include = function() return true end } }]]
    assert.same({ p.path .. "/a", "/b" }, s.migrations)
    assert.equal(1, s.transaction)
    assert.same({ "SET a", "SET b" }, s.session)
    assert.equal(500, s.lock_timeout)
    assert.equal(2000, s.ddl_lock_timeout)
    assert.equal(90000, s.statement_timeout)
    assert.equal("fk_{table}", s.fk)
    assert.is_nil(s.ix)
    assert.equal("luamig.conf.lua", s.url_origin)
    assert.equal(p.path, s.root)
  end)

  it("expand variables", function()
    local s = config [[return { version_table = "${LUAMIG_SPEC_UNSET:-fallback}_${HOME}", url = "${LUAMIG_SPEC_UNSET}" }]]
    assert.equal("fallback_" .. os.getenv "HOME", s.version_table)
    assert.equal("${LUAMIG_SPEC_UNSET}", s.url) -- expanded when it is used
  end)

  local environments = [[return { url = "sqlite:///base.db", lock_timeout = "1s", session = { "a", "b" }, naming_convention = { fk = "base" },
    environments = { production = { url = "sqlite:///prod.db", lock_timeout = "60s", session = { "c" }, naming_convention = { ix = "prod" } },
                     broken = { lock_timeout = "2s" } } }]]

  it("merge an environment deeply", function()
    local s = config(environments, { env = "production" })
    assert.equal("sqlite:///prod.db", s.url)
    assert.equal("--env production", s.url_origin)
    assert.equal(60000, s.lock_timeout)
    assert.same({ "c" }, s.session)
    assert.equal("prod", s.ix)
    assert.equal("base", s.fk)
    assert.equal("sqlite:///base.db", config(environments).url)
  end)

  it("put --url first", function()
    local s = config(environments, { env = "production", url = "sqlite::memory:" })
    assert.equal("sqlite::memory:", s.url)
    assert.equal("--url", s.url_origin)
    assert.equal(60000, s.lock_timeout)
    assert.equal(3000, config(environments, { lock_timeout = "3s" }).lock_timeout)
  end)

  it("see the sandbox and the project's modules", function()
    local p = project.new { files = { ["lib/names.lua"] = 'return { table = "from_lib" }' } }
    local s = binding.config { file = p:write("luamig.conf.lua", 'local names = require "names"\nreturn { version_table = names.table }') }
    assert.equal("from_lib", s.version_table)
  end)

  local bad = {
    { "an unknown key", "return { migration = 'x' }", "unknown key 'migration' (did you mean 'migrations'?)" },
    { "an unknown key of a section", "return { naming_convention = { idx = 'x' } }", "unknown key 'naming_convention.idx'" },
    { "an unknown part of a name", "return { naming_convention = { uq = 'uq_{tabel}' } }",
      "naming_convention.uq has an unknown part {tabel} (did you mean {table}?)" },
    { "a part of a name without its end", "return { naming_convention = { uq = 'uq_{table' } }", "naming_convention.uq has an unknown part {table (" },
    { "a part of a name that is none", "return { naming_convention = { uq = 'uq_{}' } }", "naming_convention.uq has an unknown part {}" },
    { "a naming convention of SQLAlchemy's", "return { naming_convention = { ix = 'ix_%(column_0_label)s' } }",
      "naming_convention.ix has an unknown part %(column_0_label)s" },
    { "an empty name", "return { naming_convention = { ix = '' } }", "naming_convention.ix is an empty string" },
    { "an unknown hook", "return { hooks = { after_conect = print } }", "unknown key 'hooks.after_conect' (did you mean 'after_connect'?)" },
    { "a hook that is no function", "return { hooks = { on_error = 5 } }", "hooks.on_error must be a function, not the number 5" },
    { "a wrong type", "return { recursive = 'yes' }", "recursive must be true or false, not the string 'yes'" },
    { "a wrong word", "return { transaction = 'each' }", "transaction is 'each', but must be one of \"per_migration\", \"all\", \"none\"" },
    { "a wrong duration", "return { lock_timeout = '10x' }", "lock_timeout: '10x' is no duration" },
    { "a negative number", "return { ddl_retries = -1 }", "ddl_retries must be an integer, 0 or more" },
    { "a list with a hole", "return { session = { 'a', nil, 'c' } }", "session must be a list without holes" },
    { "an unset variable", "return { version_table = '${LUAMIG_SPEC_UNSET}' }", "version_table: the environment variable LUAMIG_SPEC_UNSET is not set" },
    { "a broken variable", "return { version_table = '${LUAMIG' }", "version_table: '${' without '}'" },
    { "a name that is none", "return { version_table = '${1x}' }", "is no ${NAME}" },
    { "a variable in a default", "return { version_table = '${LUAMIG_A:-${LUAMIG_B}}' }",
      "version_table: the default of ${LUAMIG_A} is a text as it stands, not another ${…}" },
    { "no table", "return 5", "the file must return a table, not the number 5" },
    { "a global", "x = 1 return {}", "a module declares no globals: write local x" },
    { "a syntax error", "return {", "near <eof>" },
    { "an unknown environment", "return { environments = { production = { url = 'x' } } }", "there is no environment 'prodution' (did you mean 'production'?)", { env = "prodution" } },
    { "a misspelt key of an environment, whichever is chosen", "return { environments = { production = { urll = 'x' } } }",
      "unknown key 'environments.production.urll' (did you mean 'url'?)" },
    { "an environment in an environment", "return { environments = { production = { environments = {} } } }",
      "an environment holds no environments" },
    { "a version table that is luamig's own", "return { version_table = 'luamig_Lock' }", "version_table: luamig has another use for 'luamig_Lock'" },
    { "an environment that is no table", "return { environments = { production = 'x' } }", "environments must be a table of tables" },
    { "an environment without a name", "return { environments = { [\"\"] = {} } }", "environments: one has an empty name" },
    { "sections that hold themselves", "local t = {} t.t = t; return { lint = t, environments = { p = { url = 'x', lint = t } } }",
      "unknown key 'lint.t'", { env = "p" } },
    { "environments that are no table", "return { environments = true }", "environments must be a table, not true" },
    { "an environment without url", environments, "environments.broken: it must state its url", { env = "broken" } },
    { "a schema in a wrong type", "return { schema = {} }", "schema must be a string, not a table" },
    { "an empty table name", "return { version_table = '' }", "version_table is an empty string" },
  }
  for _, case in ipairs(bad) do
    it("refuse " .. case[1], function()
      local err = failure(case[2], case[4])
      assert.is_truthy(err.message:find(case[3], 1, true), err.message)
      assert.equal("luamig.conf.lua", err.file)
    end)
  end

  it("tell which environments there are", function()
    local err = failure("return { environments = { staging = { url = 'x' }, live = { url = 'y' } } }", { env = "prod" })
    assert.equal("There is: live, staging.", err.hint)
  end)

  it("refuse a file that is not there", function()
    local ok, err = pcall(binding.config, { file = "/nonexistent/luamig.conf.lua" })
    assert.is_false(ok)
    assert.equal("config", err.kind)
    assert.matches("cannot read the configuration '/nonexistent/luamig.conf.lua' %(%-%-config%)", err.message)
  end)
end)

describe("durations", function()
  it("are read in milliseconds", function()
    local cases = { ["10s"] = 10000, ["500ms"] = 500, ["1m"] = 60000, ["2h"] = 7200000, ["3"] = 3000, ["0.5s"] = 500, ["0"] = 0 }
    for text, ms in pairs(cases) do assert.equal(ms, binding.duration(text)) end
    for _, text in ipairs { "", "s", "-1s", "10 s", "1d", "inf", "nan", "1e99h" } do
      assert.is_false((pcall(binding.duration, text)), text)
    end
  end)
end)
