-- The real servers of the specs. ./dev test starts them and says where they are; a spec that needs one fails without.
local servers = {}

local variables = { postgresql = "LUAMIG_TEST_POSTGRESQL_URL", mysql = "LUAMIG_TEST_MYSQL_URL" }

-- Every dialect that the specs run on.
servers.dialects = { "sqlite", "postgresql", "mysql" }

-- The URL of a dialect's server, with its database; raises when ./dev (or you) did not say.
function servers.url(dialect)
  local variable = assert(variables[dialect], "no server of dialect " .. tostring(dialect))
  local url = os.getenv(variable)
  if not url or url == "" then
    error(variable .. " is not set: run ./dev test, or point it at a server", 2)
  end
  return url
end

-- The parts of such a URL (user:password@host:port/name, nothing more is used here).
function servers.parse(url)
  local user, password, host, port, name = url:match("^%w+://([^:@/]*):([^@/]*)@([^:/]+):(%d+)/([^?]*)")
  assert(user, "a test server's URL is scheme://user:password@host:port/name")
  return { text = url, user = user, password = password, host = host, port = port, name = name }
end

return servers
