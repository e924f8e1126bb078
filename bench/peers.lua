-- What people use today, each with its natural project of the same history (peers/<name>.lua):
--
--   name, most, quick     its name; the most revisions that it is asked to apply (some take minutes), and with --quick
--   dialects              the databases for which it has a driver here; nil: all
--   find(bench)           its version as text, or nil when it is not installed
--   open(bench, count, dialect, db) → { cwd =, env =, version =, up =, down =, current =, head =, script = }
--                         a folder and argument vectors (nil: that it cannot do in one command); what `current` prints
--                         of the last revision
--   check(bench, count, dialect, db) → a case that compares project.tables with what is declared; nil: it has none
local peers = {}

local names = { "alembic", "sqitch", "dbmate", "knex" }

-- The peers that are there, in bench.peers; says which are not. ./dev installs them.
function peers.find(bench)
  bench.peers, bench.versions = {}, {}
  if not bench.with_peers then return end
  for _, name in ipairs(names) do
    local peer = require("peers." .. name)
    local version = peer.find(bench)
    if version then
      bench.peers[#bench.peers + 1] = peer
      bench.versions[#bench.versions + 1] = peer.name .. " " .. version
    else
      io.stderr:write("bench: ", name, " is not installed: left out\n")
    end
  end
end

-- Those that apply so many revisions on the database.
function peers.each(bench, count, dialect)
  local list = {}
  for _, peer in ipairs(bench.peers) do
    local most = bench.quick and peer.quick or peer.most
    if count <= most and (not peer.dialects or peer.dialects[dialect]) then list[#list + 1] = peer end
  end
  return list
end

-- Its project on a database of its own, and those of its commands that are wanted as cases: make(word) → case.
function peers.open(bench, peer, count, dialect)
  local db = require("database").open(bench, dialect, peer.name)
  local project = peer.open(bench, count, dialect, db)
  return db, function(word)
    return project[word] and {
      name = peer.name, argv = project[word], cwd = project.cwd, env = project.env, after = word == "current" and function(stdout)
        assert(stdout:find(project.head, 1, true), stdout)
      end or nil,
    }
  end
end

return peers
