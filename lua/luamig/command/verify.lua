--- luamig verify [TARGET]: every revision up, down and up on a scratch database, the schema compared each time.
local core = require "luamig.core"
local rows_of = require "luamig.rows"
local scratch = require "luamig.scratch"
local stairway = require "luamig.stairway"

local verify = {}

-- The revisions that TARGET stands on, oldest first.
local function revisions_up_to(handle, target)
  local by_id, list = {}, {}
  local all = handle:history().revisions
  for _, revision in ipairs(all) do by_id[revision.revision] = revision end
  for i, step in ipairs(handle:pending(target).steps) do list[i] = by_id[step.revision] end
  return list, stairway.is_linear(all)
end

-- Another database of the server is changed only when the user says so.
local function stay_inside(session, handle, revisions)
  local names = scratch.other_databases(handle, revisions)
  if #names == 0 then return end
  local question = ("The revisions name the database%s %s, outside of the scratch one: verify would change what is there. Go on?"):format(
    #names == 1 and "" or "s", table.concat(names, ", "))
  if not session:confirm(question) then core.error { kind = "usage", message = "nothing was verified" } end
end

function verify.run(session)
  session.shape = "verified"
  local args, out = session.args, session.out
  scratch.configure { config = args.config, url = args.url, env = args.env, args = args.x }
  local db = scratch.database()
  local revisions, linear = revisions_up_to(db.handle, args.target or "heads")
  local inside, problem = pcall(stay_inside, session, db.handle, revisions)
  if not inside then scratch.fail(problem) end
  out:note("verify on " .. (db.name or "SQLite in memory"))
  local data, rows, last = rows_of.load(db.handle), {}, nil
  for i, revision in ipairs(revisions) do
    if not linear and i > 1 then
      scratch.drop(db)
      db = scratch.database()
      data = data and data:again()
    end
    local ok, found, now = pcall(stairway.climb, db.handle, revision, data, last)
    last = linear and not data and now or nil
    if not ok then scratch.fail(found) end
    rows[i] = { revision = revision.revision, file = revision.file, ok = found == nil }
    if found then
      scratch.drop_all()
      core.error {
        kind = "check_failed", message = ("revision '%s' does not go up, down and up: %s after %s"):format(
          revision.revision, found.what, found.after),
        revision = revision.revision, file = revision.file, detail = table.concat(found.lines, "\n"),
        hint = #found.operations > 0 and "what is between the two:\n" .. table.concat(found.operations, "\n") or nil,
        report = { revisions = rows },
      }
    end
    out:note(("✓ %s %s"):format(revision.revision, revision.message))
  end
  scratch.drop_all()
  out:line(("%d revision%s up, down and up"):format(#rows, #rows == 1 and "" or "s"))
  out:document("verified", { revisions = rows })
end

return verify
