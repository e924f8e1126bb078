/* The record tables (model/field.h, op.def, type.def) as Lua tables, for what writes Lua: one list
 * of names for reading and for writing. */
#ifndef MIG_LUABIND_RECORDS_H
#define MIG_LUABIND_RECORDS_H

struct lua_State;

/* Pushes { operations = { create_table = fields, … }, constraints = { unique = fields, … }, column,
 * index, element, identity, computed = fields, types = { string = "nc", … } }; fields is a list of
 * { name, kind, positional, optional } in the order in which they are written, without what resolve
 * fills in. kind is MIG_FIELD_KINDS' word in lower case. */
int mig_lua_push_records(struct lua_State *L);

#endif
