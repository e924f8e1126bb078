--- Names of tables (or rows), those first that others refer to; what goes in a circle stays in its order.

--- names: a list; refers(name): the names that it refers to, in any order.
return function(names, refers)
  local known, seen, ordered = {}, {}, {}
  for _, name in ipairs(names) do known[name] = true end
  local function take(name)
    if seen[name] or not known[name] then return end
    seen[name] = true
    for _, other in ipairs(refers(name)) do take(other) end
    ordered[#ordered + 1] = name
  end
  for _, name in ipairs(names) do take(name) end
  return ordered
end
