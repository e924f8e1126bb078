-- What was measured, as Markdown: printed as it comes, and written into the READMEs at the end.
--
--   report.table(title, cases, result, about)   a section; rows in the order of the cases; see `about` below
--   report.note(title, text)     a section of words
--   report.write(root, intro)    replaces what stands between the markers in bench/README.md and README.md
--
--   about.goals = { wall =, cpu =, rss =, over = }   of the row "luamig": at most that many times the floor's wall or CPU
--                 time, that many MiB, that many ms of wall time more than the floor
--   about.each = { [row] = goals }   the same of other rows
--   about.short = "…"    the row "luamig" stands in README.md's short table, under that name
local measure = require "measure"

local report = { sections = {}, short = {} }

local function emit(text)
  report.sections[#report.sections + 1] = text
  print("\n" .. text)
end

local function judged(goals, row, floor)
  local words = {}
  local function judge(name, unit, goal, value)
    if goal then
      local met = value <= goal + 0.005
      words[#words + 1] = ("%s ≤ %g%s: %s"):format(name, goal, unit, met and "met" or "**missed**")
    end
  end
  judge("wall", " ×", goals.wall, row.wall / floor.wall)
  judge("CPU", " ×", goals.cpu, row.cpu / math.max(floor.cpu, 1e-6))
  judge("memory", " MiB", goals.rss, row.rss / 1024)
  judge("wall", " ms more", goals.over, (row.wall - floor.wall) * 1e3)
  return table.concat(words, "; ")
end

local function times(value, floor)
  return floor and floor > 0 and ("%.2f"):format(value / floor) or ""
end

local function milliseconds(seconds)
  local ms = seconds * 1e3
  return ms < 100 and ("%.1f ms"):format(ms) or ms < 10000 and ("%.0f ms"):format(ms) or ("%.1f s"):format(seconds)
end

-- The row of the short table: ours, the floor, and the fastest of the others.
local function shorten(name, result, peers)
  local ours, floor, best = result.luamig, result.floor, nil
  for _, peer in ipairs(peers) do
    local row = result[peer.name]
    if row and (not best or row.wall < result[best].wall) then best = peer.name end
  end
  report.short[#report.short + 1] = ("| %s | %s | %.2f × | %.1f MiB | %s |"):format(name, milliseconds(ours.wall),
    ours.wall / floor.wall, ours.rss / 1024, best and ("%s %s"):format(best, milliseconds(result[best].wall)) or "")
end

function report.table(title, cases, result, about, peers)
  local lines = {
    "### " .. title, "", "| | wall ms | ± | CPU ms | MiB | wall : floor | CPU : floor | goal |", "|---|---|---|---|---|---|---|---|",
  }
  local floor = result.floor
  for _, case in ipairs(cases) do
    local row = assert(result[case.name], case.name)
    local goals = about.each and about.each[case.name] or case.name == "luamig" and about.goals
    lines[#lines + 1] = ("| %s | %.1f | %.1f | %.1f | %.1f | %s | %s | %s |"):format(case.name, row.wall * 1e3, row.spread * 1e3,
      row.cpu * 1e3, row.rss / 1024, times(row.wall, floor.wall), times(row.cpu, floor.cpu), goals and judged(goals, row, floor) or "")
  end
  emit(table.concat(lines, "\n"))
  if about.short then shorten(about.short, result, peers) end
end

function report.note(title, text) emit(("### %s\n\n%s"):format(title, text)) end

local function replace(path, text)
  local begin, finish = "<!-- bench: written by ./dev bench --write -->\n", "<!-- bench: end -->"
  local old = measure.read(path)
  local from = select(2, old:find(begin, 1, true))
  local to = old:find(finish, 1, true)
  assert(from and to, path .. " has no place for the results")
  measure.write(path, old:sub(1, from) .. "\n" .. text .. "\n\n" .. old:sub(to))
end

function report.write(root, intro)
  replace(root .. "/bench/README.md", intro .. "\n\n" .. table.concat(report.sections, "\n\n"))
  replace(root .. "/README.md", ("| | luamig | to the floor | memory | the fastest of the others |\n|---|---|---|---|---|\n%s\n\n%s"):format(
    table.concat(report.short, "\n"), intro))
end

return report
