-- A server with lower_case_table_names = 1, as on Windows: it calls Users users, which are one table.
local project = require "spec.support.project"
local server = require "spec.support.server"

describe("a server that has the names of tables in lower case", function()
  local own, db, p
  setup(function() own = server.start("mariadb", { options = "--lower-case-table-names=1" }) end)
  teardown(function() own:stop() end)
  before_each(function()
    db = own:database()
    p = project.new { url = db.url }
  end)
  after_each(function() db:drop() end)

  local function ok(...) return p:succeed(...).stdout end

  local function declare(users, type)
    p:write("schema.lua", ([[return sql.schema {
      %s, { "Id", sql.integer, primary_key = true }, { "Mail", %s, unique = true } },
      Orders = { { "Id", sql.integer, primary_key = true }, { "UserId", sql.integer, references = "%s.Id", index = true } },
      views = { Mails = "SELECT u.Mail FROM Orders o JOIN %s u ON u.Id = o.UserId" },
    }]]):format(users[1], type, users[2], users[2]))
  end

  it("keeps the tables that schema.lua writes otherwise, changed and renamed", function()
    declare({ 'Users = { comment = "who"', "Users" }, "sql.string(50)")
    ok("revision", "--autogenerate", "-m", "one")
    ok "upgrade"
    ok "check"
    db:query "INSERT INTO Users (Mail) VALUES ('a@b')"
    declare({ 'Users = { comment = "who"', "Users" }, "sql.string(60)")
    ok("revision", "--autogenerate", "-m", "two")
    ok "upgrade"
    ok "check"
    declare({ 'People = { renamed_from = "Users"', "People" }, "sql.string(60)")
    ok("revision", "--autogenerate", "-m", "three")
    ok "upgrade"
    ok "check"
    assert.equal("a@b", db:value "SELECT Mail FROM People")
    ok("downgrade", "-2")
    assert.equal("a@b", db:value "SELECT Mail FROM Users")
    ok "verify"
  end)

  it("knows a table by either name in a revision", function()
    p:revision { id = "a1", upgrade = [[
      op.create_table("Users", { { "Id", sql.integer, primary_key = true }, { "Mail", sql.string(50), comment = "b" } })
      op.rename_table("users", "USERS")
      op.alter_column("users", "Mail", { comment = "c" })
      op.rename_table("users", "People")
      op.alter_column("people", "Mail", { nullable = false })
      op.alter_column("PEOPLE", "Mail", { type = sql.string(60) })]] }
    ok "upgrade"
    assert.equal("varchar(60) NO c", db:value [[SELECT CONCAT_WS(' ', column_type, is_nullable, column_comment)
      FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'people' AND column_name = 'Mail']])
  end)
end)
