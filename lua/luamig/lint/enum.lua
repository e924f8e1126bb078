--- Rules about enum types.

local function named(operation, text) return ("enum '%s'%s"):format(operation.name, text or "") end

return {
  title = "Enums",
  rules = {
    {
      id = "enum-remove-value", severity = "error", summary = "a value of an enum is removed",
      why = "columns of the type are rewritten under ACCESS EXCLUSIVE (MySQL copies the table)",
      fix = "move the rows to another value with op.backfill first; or a CHECK instead of an enum",
      operation = function(operation, _, report)
        if operation.kind == "remove_enum_value" then
          report(operation.line, named(operation, (" loses '%s'"):format(operation.value)))
        elseif operation.kind == "set_enum_values" then
          for _, statement in ipairs(operation.statements) do -- PostgreSQL: the type is made anew, else values are added
            if operation.removed or statement.verb == "DROP TYPE" then
              return report(operation.line, named(operation, " loses values"))
            end
          end
        end
      end,
    },
    {
      id = "rename-enum-value", severity = "error", dialects = { "postgresql" }, summary = "a value of an enum is renamed",
      why = "programs that know the old one fail", fix = "add the new value, write both, op.backfill",
      operation = function(operation, _, report)
        if operation.kind == "rename_enum_value" or (operation.kind == "set_enum_values" and operation.renamed) then
          report(operation.line, named(operation))
        end
      end,
    },
    {
      id = "enum-add-no-order", severity = "info", dialects = { "postgresql" },
      summary = "a value is added to an enum without a place", why = "it sorts behind all others", fix = "before or after",
      operation = function(operation, _, report)
        if operation.kind == "add_enum_value" and not operation.before_value and not operation.after
          and type(operation.before) ~= "string" then
          report(operation.line, named(operation, (" gets '%s'"):format(operation.value)))
        end
      end,
    },
    {
      id = "enum-create", severity = "info", dialects = { "postgresql" }, summary = "an enum type is created",
      why = "it is hard to change later", fix = "a lookup table, or a CHECK",
      operation = function(operation, _, report)
        if operation.kind == "create_enum" then report(operation.line, named(operation)) end
      end,
    },
  },
}
