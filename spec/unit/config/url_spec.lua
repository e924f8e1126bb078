local url = require("luamig_internals").url

local function parse(text, base)
  local parsed, err = url.parse(text, base)
  assert(parsed, err and err.message)
  return parsed
end

local function refused(text)
  local parsed, err = url.parse(text)
  assert.is_nil(parsed, text .. " was accepted")
  assert.equal("config", err.kind)
  return err
end

describe("a SQLite URL", function()
  local files = {
    ["sqlite:///rel.db"] = "rel.db",
    ["sqlite:////abs.db"] = "/abs.db",
    ["sqlite:rel.db"] = "rel.db",
    ["sqlite:/abs.db"] = "/abs.db",
    ["sqlite::memory:"] = ":memory:",
    ["sqlite:///:memory:"] = ":memory:",
    ["sqlite://"] = ":memory:",
    ["sqlite:///"] = ":memory:",
    ["SQLite:///a.db"] = "a.db",
    ["sqlite+pysqlite:///a.db"] = "a.db",
    ["sqlite:///with%20space%25.db"] = "with space%.db",
    ["sqlite:///a@b:c.db"] = "a@b:c.db",
    ["sqlite:///a.db?foreign_keys=off"] = "a.db",
  }
  for text, file in pairs(files) do
    it("gives the file of " .. text, function()
      assert.equal(file, parse(text).database)
      assert.equal("sqlite", parse(text).db)
    end)
  end

  it("is relative to the base", function()
    assert.equal("/project/a.db", parse("sqlite:///a.db", "/project").database)
    assert.equal("/a.db", parse("sqlite:////a.db", "/project").database)
    assert.equal(":memory:", parse("sqlite::memory:", "/project").database)
  end)

  it("has no host", function()
    assert.matches("three slashes", refused("sqlite://a.db").hint)
  end)

  it("knows its options", function()
    assert.same({ foreign_keys = "off", busy_timeout = "10" },
      parse("sqlite:///a.db?foreign_keys=off&busy-timeout=10").options)
    local err = refused("sqlite:///a.db?foreign_key=off")
    assert.equal("unknown option 'foreign_key' in the sqlite URL", err.message)
    assert.matches("Did you mean 'foreign_keys'", err.hint)
  end)
end)

describe("a MySQL URL", function()
  it("has parts, decoded", function()
    local u = parse("mysql+pymysql://us%40er:p%3Aa%2Fs%20s@db.example:3307/my%2Ddb?charset=utf8mb4&ssl-mode=REQUIRED")
    assert.equal("mysql", u.scheme)
    assert.equal("us@er", u.user)
    assert.equal("p:a/s s", u.password)
    assert.equal("db.example", u.host)
    assert.equal(3307, u.port)
    assert.equal("my-db", u.database)
    assert.same({ charset = "utf8mb4", ssl_mode = "REQUIRED" }, u.options)
  end)

  it("may leave out anything", function()
    local u = parse("mysql:///db?unix_socket=/run/mysqld/mysqld.sock")
    assert.is_nil(u.host)
    assert.is_nil(u.user)
    assert.equal(0, u.port)
    assert.equal("/run/mysqld/mysqld.sock", u.socket)
    assert.is_nil(parse("mysql://host").database)
    assert.is_nil(parse("mariadb://host/").database)
    assert.equal("mysql", parse("mariadb://host/db").db)
    assert.equal("host", parse("mysql://host:/db").host)
  end)

  it("takes an IPv6 host", function()
    local u = parse("mysql://u@[::1]:3306/db")
    assert.equal("::1", u.host)
    assert.equal(3306, u.port)
    assert.equal("fe80::1", parse("mysql://[fe80::1]/db").host)
    refused("mysql://[::1/db")
  end)

  it("refuses a bad port", function()
    for _, port in ipairs { "0", "65536", "99999999999", "x", "33a", "-1" } do
      assert.matches("port", refused("mysql://host:" .. port .. "/db").message)
    end
  end)

  it("names the nearest option", function()
    local err = refused("mysql://h/db?charsett=utf8mb4")
    assert.equal("unknown option 'charsett' in the mysql URL", err.message)
    assert.matches("'charset'", err.hint)
    assert.matches("unix_socket", refused("mysql://h/db?zzzzzzz=1").hint)
  end)

  it("needs the slashes and one host", function()
    assert.matches("'//'", refused("mysql:host/db").message)
    refused("mysql://a,b/db")
  end)
end)

describe("a PostgreSQL URL", function()
  it("goes to libpq as it is", function()
    for _, rest in ipairs {
      "u:p%20w@h1:5432,h2:5433/db?target_session_attrs=read-write&sslmode=require",
      "/db?host=/var/run/postgresql",
      "u@/db?options=-c%20search_path%3Da",
      "",
      "[::1]:5432/db",
    } do
      assert.equal("postgresql://" .. rest, parse("postgresql://" .. rest).text)
      assert.equal("postgresql://" .. rest, parse("postgres://" .. rest).text)
      assert.equal("postgresql://" .. rest, parse("postgresql+psycopg2://" .. rest).text)
    end
  end)

  it("is understood for messages", function()
    local u = parse("postgres://u:p@h1:5432,h2:5433/d%20b?x=1")
    assert.equal("postgres", u.scheme)
    assert.equal("postgresql", u.db)
    assert.equal("h1", u.host)
    assert.equal(5432, u.port)
    assert.equal("d b", u.database)
  end)

  it("may have an @ or : in the password", function()
    local u = parse("postgresql://u:p@s:s@h/db")
    assert.equal("p@s:s", u.password)
    assert.equal("postgresql://u:p%40s%3As@h/db", u.text)
  end)
end)

describe("any URL", function()
  it("needs a known scheme", function()
    local err = refused("postgrs://u:p@h/db")
    assert.equal("unknown database 'postgrs' in the URL", err.message)
    assert.matches("Did you mean 'postgres'", err.hint)
    for _, name in ipairs { "sqlite", "postgresql", "postgres", "mysql", "mariadb" } do
      assert.matches(name, refused("oracle://h/db").hint)
    end
    assert.matches("no scheme", refused("app.db").message)
    assert.matches("no scheme", refused("/var/app.db").message)
    assert.equal("the database URL is empty", refused("").message)
    assert.matches("sqlite:///", refused("app.db").hint)
  end)

  it("has whole escapes", function()
    for _, text in ipairs { "mysql://u%4@h/db", "mysql://u:%zz@h/db", "sqlite:///a%", "sqlite:///a%0", "sqlite:///%00" } do
      assert.matches("escape", refused(text).message)
    end
  end)

  local redacted = {
    ["postgresql://u:secret@h:5432/db?sslmode=require"] = "postgresql://u:***@h:5432/db?sslmode=require",
    ["postgresql://u:se@cr:et@h/db"] = "postgresql://u:***@h/db",
    ["postgresql://u:se/cr?et@h/db?sslmode=require"] = "postgresql://u:***@h/db?sslmode=require",
    ["postgresql://h/db?password=secret&sslmode=require"] = "postgresql://h/db?password=***&sslmode=require",
    ["postgresql://h/db?sslpassword=secret"] = "postgresql://h/db?sslpassword=***",
    ["mysql://u@h/db"] = "mysql://u@h/db",
    ["mysql:u:secret@h/db"] = "mysql:***@h/db",
    ["u:secret@h/db"] = "u:***@h/db",
    ["sqlite:///app.db"] = "sqlite:///app.db",
    ["postgresql://h/db?application_name=a@b"] = "postgresql://h/db?application_name=a@b",
  }
  for text, expected in pairs(redacted) do
    it("is redacted: " .. expected, function()
      local parsed, err = url.parse(text)
      assert.equal(expected, (parsed or err).redacted)
    end)
  end

  it("never shows its password in an error", function()
    for _, text in ipairs {
      "mysql://u:hunter2@h:99x/db", "mysql://u:hunter2/x@h/db", "mysqll://u:hunter2@h/db", "mysql:u:hunter2@h/db",
      "mysql://u:hunter2%zz@h/db", "mysql://u:hunter2@h/db?passwordd=hunter2", "u:hunter2@h/db",
      "postgresql://u:hunter2?x@h/db?a=%zz",
    } do
      local parsed, err = url.parse(text)
      assert.is_nil(parsed, text)
      for _, part in pairs(err) do
        assert.not_matches("hunter2", tostring(part), 1, true)
      end
    end
  end)
end)

describe("scrubbing", function()
  it("takes the password out of a text", function()
    local text = "mysql://u:p%40ss@h/db?charset=utf8mb4"
    assert.equal("no: *** or ***!", url.scrub(text, "no: p@ss or p%40ss!"))
    assert.equal("***", url.scrub(text, "p@ss"))
    assert.equal("nothing", url.scrub(text, "nothing"))
    assert.equal("password=***", url.scrub("postgresql://h/db?password=xyz", "password=xyz"))
  end)

  it("leaves words that the password is a part of, and names", function()
    assert.equal("password", url.scrub("mysql://u:pass@h/db", "password"))
    assert.equal("user 'app', database 'app'", url.scrub("mysql://app:app@h/app", "user 'app', database 'app'"))
  end)
end)
