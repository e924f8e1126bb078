--- Columns as a query takes them, whatever they are called: sql.table's select reads `a.b` and `count(*)` as SQL.
local core = require "luamig.core"

return function(handle, names)
  local list, sql = {}, core.sql()
  for i, name in ipairs(names) do list[i] = sql.expr(handle:quote(name)) end
  return list
end
