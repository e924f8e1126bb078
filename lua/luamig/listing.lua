--- Revisions as text: the line of a list, the paragraph of `show` and -v.
local listing = {}

local function join(list, none)
  return #list > 0 and table.concat(list, ", ") or none
end

-- The labels of the branches that a revision is on and does not begin.
local function inherited(revision)
  local declared, list = {}, {}
  for _, label in ipairs(revision.branch_labels) do declared[label] = true end
  for _, label in ipairs(revision.labels or {}) do
    if not declared[label] then list[#list + 1] = label end
  end
  return list
end

--- "abc123 (head) create users", as heads, current and history print it. marks: current, say what the database has;
--- branch, say the branches that it is on, too.
function listing.line(out, revision, marks)
  local text = { out:paint("yellow", revision.revision) }
  local notes = {}
  if #revision.branch_labels > 0 then notes[#notes + 1] = join(revision.branch_labels) end
  if marks.branch then notes[#notes + 1] = join(inherited(revision)) end
  if marks.current and revision.is_current then notes[#notes + 1] = "current" end
  if revision.is_head then notes[#notes + 1] = revision.is_implied and "effective head" or "head" end
  if revision.is_branch_point then notes[#notes + 1] = "branchpoint" end
  if revision.is_merge_point then notes[#notes + 1] = "mergepoint" end
  if #notes > 0 then text[#text + 1] = out:paint("cyan", "(" .. table.concat(notes, ", ") .. ")") end
  if revision.message ~= "" then text[#text + 1] = revision.message end
  return table.concat(text, " ")
end

--- All of a revision, a line each.
function listing.paragraph(out, revision)
  local function row(label, value)
    if value and value ~= "" then out:line(("%-13s %s"):format(label .. ":", value)) end
  end
  local marks = {}
  for _, mark in ipairs { "head", "base", "branch_point", "merge_point", "current" } do
    if revision["is_" .. mark] then marks[#marks + 1] = (mark:gsub("_", " ")) end
  end
  row("Revision", out:paint("yellow", revision.revision) .. (#marks > 0 and " (" .. table.concat(marks, ", ") .. ")" or ""))
  row("Follows", join(revision.down_revision, "nothing: a base"))
  row("Labels", join(revision.branch_labels))
  row("On branch", join(inherited(revision)))
  row("Depends on", join(revision.depends_on))
  row("Replaces", join(revision.replaces or {}))
  row("File", revision.file)
  row("Created", revision.create_date)
  row("Applied", revision.applied_at)
  if revision.message ~= "" then out:line("\n    " .. revision.message) end
  if revision.doc and revision.doc ~= "" then out:line("\n    " .. revision.doc:gsub("\n", "\n    ")) end
end

--- A list in either form, and the document of --json.
function listing.print(out, result, marks)
  for i, revision in ipairs(result.revisions) do
    if out.verbose then
      if i > 1 then out:line "" end
      listing.paragraph(out, revision)
    else
      out:line(listing.line(out, revision, marks or {}))
    end
  end
  out:document("revisions", result)
end

return listing
