-- What is measured: a list of { name =, run = function(bench) }, in the order of the report. Each run checks that the
-- work was done: a tool that exits 0 and does nothing must not win.
local workloads = {}

for _, family in ipairs { "startup", "apply", "check", "data" } do
  require("workloads." .. family)(function(name, run) workloads[#workloads + 1] = { name = name, run = run } end)
end

return workloads
