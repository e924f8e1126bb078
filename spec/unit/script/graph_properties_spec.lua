-- What holds for every graph: tried on random ones, from fixed seeds.
local graph = require("luamig_internals").graph

-- A graph of n revisions: branches, merges, dependencies, labels; in a load order that has nothing to do with it.
local function random_graph(rng, n, linear)
  local list = {}
  for i = 1, n do
    local revision = { id = ("r%03d"):format(i), down = {}, labels = {}, depends_on = {} }
    local function pick(into, back)
      local id = ("r%03d"):format(math.max(1, i - rng(1, back)))
      for _, other in ipairs(into) do if other == id then return end end
      if i > 1 then into[#into + 1] = id end
    end
    if linear then
      pick(revision.down, 1)
    elseif i > 1 and rng(1, 10) > 1 then
      pick(revision.down, 4)
      if rng(1, 6) == 1 then pick(revision.down, 6) end
      if rng(1, 5) == 1 then pick(revision.depends_on, 10) end
      if rng(1, 20) == 1 then pick(revision.depends_on, 10) end
    end
    if rng(1, 8) == 1 then revision.labels = { "label" .. i } end
    list[i] = revision
  end
  for i = n, 2, -1 do
    local j = rng(1, i)
    list[i], list[j] = list[j], list[i]
  end
  return list
end

local function generator(seed)
  local state = seed
  return function(low, high) -- a plain congruential generator: the same graphs on every machine
    state = (state * 6364136223846793005 + 1442695040888963407) & 0x7fffffffffffffff
    return low + (state >> 20) % (high - low + 1)
  end
end

-- Carries a plan out on { applied = set, rows = set } and checks every step.
local function carry_out(needs, state, plan)
  for _, step in ipairs(plan.steps) do
    local id = step.revision
    if step.direction == "upgrade" then
      assert(not state.applied[id], id .. " is applied twice")
      for _, need in ipairs(needs[id].below) do assert(state.applied[need], id .. " before " .. need) end
      state.applied[id] = true
    else
      assert(state.applied[id], id .. " is not applied")
      for _, user in ipairs(needs[id].above) do assert(not state.applied[user], id .. " before " .. user) end
      state.applied[id] = nil
    end
    for _, op in ipairs(step.version_ops) do
      local from, to = op[2], op[3]
      if op[1] == "insert" then from, to = nil, op[2] end
      if from then
        assert(state.rows[from], "no row " .. from)
        state.rows[from] = nil
      end
      if to then
        assert(not state.rows[to], "row twice: " .. to)
        assert(state.applied[to], "a row that is not applied: " .. to)
        state.rows[to] = true
      end
    end
  end
end

local function keys(set)
  local out = {}
  for key in pairs(set) do out[#out + 1] = key end
  table.sort(out)
  return out
end

local function index(list)
  local needs = {}
  for _, revision in ipairs(list) do needs[revision.id] = { below = {}, above = {} } end
  for _, revision in ipairs(list) do
    for _, field in ipairs { "down", "depends_on" } do
      for _, need in ipairs(revision[field]) do
        table.insert(needs[revision.id].below, need)
        table.insert(needs[need].above, revision.id)
      end
    end
  end
  return needs
end

-- The rows imply exactly what is applied.
local function check_rows(needs, state)
  local implied = {}
  local function add(id)
    if implied[id] then return end
    implied[id] = true
    for _, need in ipairs(needs[id].below) do add(need) end
  end
  for row in pairs(state.rows) do add(row) end
  assert.same(keys(state.applied), keys(implied))
end

local function go(map, needs, state, command, target)
  local plan, err = map[command](map, keys(state.rows), target)
  if plan then
    carry_out(needs, state, plan)
    check_rows(needs, state)
    assert.same(keys(state.rows), plan.to)
  end
  return plan, err
end

describe("on random graphs", function()
  it("upgrade heads, downgrade base returns to the start; nothing runs before what it needs", function()
    for seed = 1, 150 do
      local rng = generator(seed)
      local list = random_graph(rng, rng(1, 40))
      local map, needs, state = assert(graph.new(list)), index(list), { applied = {}, rows = {} }
      assert(go(map, needs, state, "upgrade", "heads"))
      assert.equal(#list, #keys(state.applied))
      assert(go(map, needs, state, "downgrade", "base"))
      assert.same({}, keys(state.applied))
      assert.same({}, keys(state.rows))
    end
  end)

  it("any walk keeps rows and revisions together; errors are of a kind", function()
    for seed = 1, 150 do
      local rng = generator(1000 + seed)
      local list = random_graph(rng, rng(2, 30))
      local map, needs, state = assert(graph.new(list)), index(list), { applied = {}, rows = {} }
      local targets = { "heads", "head", "base", "+1", "-1", "+2", "-2", "head-1", "base+1" }
      for _ = 1, 30 do
        local revision = list[rng(1, #list)]
        local choices = { revision.id, revision.id, revision.id .. "-1", revision.id .. "+1", targets[rng(1, #targets)] }
        local target = choices[rng(1, #choices)]
        local command = rng(1, 2) == 1 and "upgrade" or "downgrade"
        local plan, err = go(map, needs, state, command, target)
        if not plan then
          assert(err.kind ~= "overlapping_revisions" or target:find "head", err.message)
          assert.is_string(err.message)
        end
      end
      assert(go(map, needs, state, "downgrade", "base"))
      assert(go(map, needs, state, "upgrade", "heads"))
    end
  end)

  it("A to C is A to B, then B to C", function()
    for seed = 1, 60 do
      local rng = generator(2000 + seed)
      local list = random_graph(rng, rng(3, 30), true)
      local map = assert(graph.new(list))
      local a, b, c = rng(1, #list), rng(1, #list), rng(1, #list)
      if a > b then a, b = b, a end
      if b > c then b, c = c, b end
      if a > b then a, b = b, a end
      local function id(i) return ("r%03d"):format(i) end
      local function steps(command, from, to)
        local out = {}
        for i, step in ipairs(assert(map[command](map, { id(from) }, id(to))).steps) do out[i] = step.revision end
        return out
      end
      for _, way in ipairs { { "upgrade", a, b, c }, { "downgrade", c, b, a } } do
        local first, second = steps(way[1], way[2], way[3]), steps(way[1], way[3], way[4])
        table.move(second, 1, #second, #first + 1, first)
        assert.same(steps(way[1], way[2], way[4]), first)
      end
    end
  end)

  it("history has every revision once, children first", function()
    for seed = 1, 60 do
      local rng = generator(3000 + seed)
      local list = random_graph(rng, rng(1, 60))
      local needs, seen, count = index(list), {}, 0
      for _, revision in ipairs(assert(graph.new(list)):history()) do
        assert(not seen[revision.revision])
        for _, user in ipairs(needs[revision.revision].above) do assert(seen[user]) end
        seen[revision.revision], count = true, count + 1
      end
      assert.equal(#list, count)
    end
  end)

  it("a plan doesn't depend on how the ids are written in the file", function()
    local list = random_graph(generator(7), 40)
    local first = assert(graph.new(list)):upgrade({}, "heads")
    for _ = 1, 3 do
      assert.same(first, assert(graph.new(list)):upgrade({}, "heads"))
    end
  end)

  it("stamping moves the rows to the target", function()
    for seed = 1, 150 do
      local rng = generator(4000 + seed)
      local list = random_graph(rng, rng(2, 30))
      local map, needs, state = assert(graph.new(list)), index(list), { applied = {}, rows = {} }
      go(map, needs, state, "upgrade", list[rng(1, #list)].id)
      local targets = { list[rng(1, #list)].id, rng(1, 2) == 1 and list[rng(1, #list)].id or nil }
      local before = keys(state.rows)
      local plan = assert(map:stamp(before, targets))
      local rows = {}
      for _, row in ipairs(before) do rows[row] = true end
      for _, step in ipairs(plan.steps) do
        for _, op in ipairs(step.version_ops) do
          local from, to = op[2], op[3]
          if op[1] == "insert" then from, to = nil, op[2] end
          if from then assert(rows[from]) rows[from] = nil end
          if to then assert(not rows[to]) rows[to] = true end
        end
      end
      assert.same(keys(rows), plan.to)
      if #targets == 1 then assert(rows[targets[1]]) end -- of two the first may take the second's row, as in Alembic
    end
  end)
end)

describe("a proposed revision", function()
  local map = assert(graph.new {
    { id = "root" }, { id = "left1", down = "root", labels = "left" }, { id = "left2", down = "left1" }, { id = "right1", down = "root" },
  })

  local function kind(request)
    local proposal, err = map:propose(request)
    assert.is_nil(proposal)
    return err.kind
  end

  it("follows what it is told to", function()
    assert.same({ "left2" }, map:propose({ id = "new1", heads = "left@head" }).down)
    assert.same({ "left2", "right1" }, map:propose({ id = "new1", heads = "heads" }).down)
    assert.same({ "left" }, map:propose({ id = "new1", heads = "right1", depends_on = "left" }).depends_on)
    assert.same({ "left2" }, map:propose({ id = "new1", heads = "right1", depends_on = "left2" }).depends_on)
    assert.same({}, map:propose({ id = "new1", heads = "base" }).down)
  end)

  it("is refused with a kind", function()
    assert.equal("multiple_heads", kind { id = "new1" })
    assert.equal("duplicate_revision", kind { id = "ROOT", heads = "left2" })
    assert.equal("not_a_head", kind { id = "new1", heads = "root" })
    assert.equal("duplicate_heads", kind { id = "new1", heads = { "left2", "left@head" } })
    assert.equal("duplicate_label", kind { id = "new1", heads = "left2", labels = "left" })
    assert.equal("illegal_revision_id", kind { id = "a-b", heads = "left2" })
    assert.equal("unknown_revision", kind { id = "new1", heads = "left2", depends_on = "nope1" })
    assert.equal("unknown_revision", kind { id = "new1", heads = "left2", depends_on = "base" })
  end)
end)

describe("a rebase", function()
  local map = assert(graph.new {
    { id = "root" }, { id = "left1", down = "root" }, { id = "left2", down = "left1" }, { id = "right1", down = "root" },
    { id = "both", down = { "left2", "right1" } },
  })

  it("moves a revision and what follows it", function()
    assert.same({ revision = "right1", down = { "left2" }, changed = true }, map:rebase("right1", "left2"))
    assert.same({ revision = "right1", down = {}, changed = true }, map:rebase("right1", "base"))
    assert.is_false(map:rebase("left1", "root").changed)
  end)

  it("is refused where it makes no sense", function()
    assert.equal("cycle", select(2, map:rebase("left1", "left2")).kind)
    assert.equal("cycle", select(2, map:rebase("left1", "left1")).kind)
    assert.equal("usage", select(2, map:rebase("both", "root")).kind)
    assert.equal("unknown_revision", select(2, map:rebase("gone", "root")).kind)
  end)
end)

describe("many labels", function()
  it("stand on one line, each on all that follows (bench: labels-2500)", function()
    local list = {}
    for i = 1, 1500 do list[i] = { id = ("r%04d"):format(i), down = i > 1 and ("r%04d"):format(i - 1) or nil, labels = "l" .. i } end
    local map = assert(graph.new(list))
    assert.equal("r1500", map:resolve("l7@head")[1].revision)
    assert.equal("duplicate_label", select(2, map:propose { id = "new1", labels = "l7" }).kind)
  end)
end)
