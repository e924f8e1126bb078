-- A connection that speaks TLS breaks as any other does; the client library has another error number for it.
local project = require "spec.support.project"
local proxy = require "spec.support.proxy"
local scratch = require "spec.support.scratch"
local server = require "spec.support.server"

it("a connection with TLS that breaks is a lost connection", function()
  local folder = scratch.folder()
  local key, certificate = folder .. "/key.pem", folder .. "/certificate.pem"
  assert(os.execute(("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout '%s' -out '%s' 2>'%s/log' && chmod 755 '%s' && chmod 644 '%s'"):format(
    key, certificate, folder, folder, key)))
  local own = server.start("mariadb", { options = ("--ssl-cert=%s --ssl-key=%s"):format(certificate, key) })
  finally(function() own:stop() end)
  local p = project.new { url = "${LUAMIG_URL}" }
  p:revision { id = "a1", upgrade = [[
    op.create_table("one", { { "id", sql.integer, primary_key = true }, { "n", sql.integer } })
    op.bulk_insert("one", { { id = 1 }, { id = 2 } })
    op.backfill { table = "one", set = { n = sql.expr "id" }, batch_size = 1 }
    print(op.get_bind():scalar "SELECT count(*) FROM one")
    op.create_table("two", { { "id", sql.integer, primary_key = true } })]] }
  local broken = 0
  local function upgrade(mode, at)
    local db = own:database()
    local through = proxy.start(db.url, mode, at)
    local r = p:luamig("upgrade", { env = { LUAMIG_URL = through.url .. "?ssl-mode=required" } })
    local exchanges = through:stop()
    if r.code ~= 0 then
      broken = broken + 1
      local what = ("%s %d: %s"):format(mode, at, r.stderr)
      assert.equal(1, r.code, what)
      assert.matches("error: [^\n]*connect", what)
      assert.not_matches("certificates", what)
      r = p:luamig("upgrade", { env = { LUAMIG_URL = db.url } })
      assert.equal(0, r.code, r.stderr)
      assert.equal("2", db:value "SELECT count(*) FROM one")
    end
    db:drop()
    return exchanges, r
  end
  local exchanges, r = upgrade("none", 0)
  assert.equal(0, r.code, r.stderr)
  for at = exchanges // 3, exchanges, exchanges // 9 do
    upgrade("answer", at)
    upgrade("lose", at)
  end
  assert.is_true(broken > 0)
end)
