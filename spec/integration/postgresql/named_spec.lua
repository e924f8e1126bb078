-- The version row and the history row are written by statements that the server parses once a run, under names. What
-- throws the names away does not make a run fail.
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"

local SHOWN = [[print("named " .. op.get_bind():scalar "SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'luamig %'")]]

describe("statements with a name", function()
  local db, p
  before_each(function()
    db = scratch.database "postgresql"
    p = project.new { url = db.url }
  end)
  after_each(function() db:drop() end)

  -- Six revisions; the third one does this.
  local function revisions(third)
    for i = 1, 6 do
      p:revision {
        id = "a" .. i, down = i > 1 and "a" .. i - 1 or nil, downgrade = ("op.drop_table 't%d'"):format(i),
        upgrade = SHOWN .. (i == 3 and third or "") .. ("op.create_table('t%d', { { 'id', sql.integer } })"):format(i),
      }
    end
  end

  local function applied(r)
    assert.equal(0, r.code, r.stderr)
    assert.equal("a6", db:value "SELECT version_num FROM luamig_version")
    assert.equal("6", db:value "SELECT count(*) FROM luamig_history WHERE direction = 'upgrade'")
    local seen = {}
    for count in r.stderr:gmatch "named (%d)" do seen[#seen + 1] = count end
    return table.concat(seen, " ")
  end

  it("are parsed once", function()
    revisions ""
    assert.equal("0 2 3 3 3 3", applied(p:luamig "upgrade")) -- INSERT and history, then UPDATE
    local r = p:luamig("downgrade", "base")
    assert.equal(0, r.code, r.stderr)
    assert.same({}, db:query "SELECT version_num FROM luamig_version")
    assert.equal("6", db:value "SELECT count(*) FROM luamig_history WHERE direction = 'downgrade'")
  end)

  it("are parsed again after a migration's own DEALLOCATE ALL", function()
    revisions " op.execute 'DEALLOCATE ALL' "
    assert.equal("0 2 3 2 2 2", applied(p:luamig "upgrade"))
  end)

  it("are done without when they went unseen", function()
    revisions [==[ op.execute [[DO $$ BEGIN EXECUTE 'DEALLOC' || 'ATE ALL'; END $$]] ]==]
    local r = p:luamig "upgrade"
    assert.equal("0 2 3 0 0 0 0", applied(r)) -- the third one twice
    assert.matches('prepared statement "luamig statement %d" does not exist; once more in', r.stderr)
  end)

  it("are parsed again when something before them in the pipeline has failed", function()
    revisions ""
    assert.equal(0, p:luamig("ensure-version").code)
    db:query [[
      CREATE SEQUENCE tries;
      CREATE FUNCTION once() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN IF nextval('tries') = 1 THEN RAISE SQLSTATE '40001'; END IF; RETURN new; END $$;
      CREATE TRIGGER once BEFORE INSERT ON luamig_version FOR EACH ROW EXECUTE FUNCTION once()]]
    assert.equal("0 1 2 3 3 3 3", applied(p:luamig "upgrade")) -- the history's was skipped the first time
  end)
end)
