-- if_not_exists: what comes with a table or a column comes with it or not at all, also when the operation is repeated.
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"
local servers = require "spec.support.servers"

local NAMES = 'naming_convention = { uq = "uq_{table}_{columns}", ck = "ck_{table}_{columns}", fk = "fk_{table}_{columns}_{referred_table}" },'

local TABLE = [[
  op.create_table("t", { { "id", sql.integer, primary_key = true }, { "m", sql.enum("mood", { "ok", "sad" }) }, if_not_exists = true })]]
local COLUMNS = [[
  op.add_column("t", { "a", sql.integer, references = "t.id", check = "a > 0" }, { if_not_exists = true })
  op.add_columns("t", { { "a", sql.integer }, { "b", sql.integer, unique = true, check = "b > 0" } }, { if_not_exists = true })]]

for _, dialect in ipairs(servers.dialects) do
  describe("if_not_exists on " .. dialect, function()
    local db
    before_each(function() db = scratch.database(dialect) end)
    after_each(function() db:drop() end)

    for what, config in pairs { ["constraints with names"] = NAMES, ["constraints without names"] = "" } do
      it("repeats a table with an enum, and columns with " .. what, function()
        local p = project.new { url = db.url, config = config }
        p:revision { id = "a1", upgrade = TABLE .. "\n" .. TABLE .. "\n" .. COLUMNS .. "\n" .. COLUMNS }
        p:revision { id = "b2", down = "a1", upgrade = TABLE .. "\n" .. COLUMNS }
        local r = p:luamig "upgrade"
        assert.equal(0, r.code, r.stderr)
        local said = p:luamig("inspect").stdout
        for kind, count in pairs { foreign_key = 1, unique = 1, check = dialect == "sqlite" and 3 or 2 } do
          assert.equal(count, select(2, said:gsub("sql%." .. kind .. "[ (]", "")), said)
        end
        for name in NAMES:gmatch "%w%w_{" do
          assert.equal(config ~= "", said:find('"' .. name:sub(1, 3) .. "t_") ~= nil, said)
        end
      end)
    end
  end)
end
