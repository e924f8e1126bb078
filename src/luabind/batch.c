/* Operations that are not carried out at once: op.batch_alter_table collects changes of one table,
 * change() collects operations so that their inverse is known. */
#include "luabind/host.intern.h"
#include "model/invert.h"

#include <lauxlib.h>
#include <string.h>

/* --- op.batch_alter_table(table, function(batch) … end, {…}) --- */

#define BATCH "luamig.batch"

struct batch_box {
    struct mig_op_batch *batch; /* NULL: over */
};

static void keep(lua_State *L, struct mig_arena *arena, struct mig_op_batch *batch,
                 struct mig_op *op)
{
    struct mig_op **ops = mig_arena_room(arena, batch->ops, batch->op_count, sizeof *ops);
    if (ops == NULL) {
        mig_lua_fail(L, MIG_E_nomem, NULL, "out of memory");
    }
    batch->ops = ops;
    ops[batch->op_count++] = op;
}

/* batch.<name>(…). Upvalues: the name, "batch." + name, the box. */
static int batch_operation(lua_State *L)
{
    const char *name = lua_tostring(L, lua_upvalueindex(1));
    const char *what = lua_tostring(L, lua_upvalueindex(2));
    struct batch_box *box = lua_touserdata(L, lua_upvalueindex(3));
    if (box->batch == NULL) {
        return mig_lua_fail(L, MIG_E_script, NULL, "%s: the batch is over", what);
    }
    if (luaL_testudata(L, 1, BATCH) != NULL) {
        return mig_lua_fail(L, MIG_E_script, NULL, "%s is called with a dot, not with a colon",
                            what);
    }
    struct mig_reader r = mig_lua_reader(L, what);
    struct mig_op *op = mig_read_op(&r, name, 1, box->batch);
    op->line = mig_lua_line(L);
    keep(L, r.arena, box->batch, op);
    return 0;
}

static int batch_index(lua_State *L)
{
    (void)luaL_checkudata(L, 1, BATCH);
    const char *word = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
    const char *names[MIG_READ_OP_NAMES];
    size_t count = 0;
    for (const char *const *name = mig_read_op_names; *name != NULL; name++) {
        if (mig_read_op_in_batch(*name)) {
            names[count++] = *name;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], word) == 0) {
            lua_pushstring(L, word);
            lua_pushfstring(L, "batch.%s", word);
            lua_pushvalue(L, 1);
            lua_pushcclosure(L, batch_operation, 3);
            return 1;
        }
    }
    if (mig_lua_is_op(L, word)) {
        return mig_lua_fail(L, MIG_E_script, NULL, "unknown operation 'batch.%s' (write op.%s)",
                            word, word);
    }
    struct mig_reader r = {.L = L};
    mig_read_unknown(&r, "unknown operation 'batch.%s'", word, names, count);
}

struct batch_options {
    struct mig_op base; /* schema */
    const char *recreate;
    struct mig_table *copy_from;
};

static const struct mig_field batch_fields[] = {
    {"schema", MIG_FIELD_NAME, offsetof(struct batch_options, base.schema), 0},
    {"recreate", MIG_FIELD_WORD, offsetof(struct batch_options, recreate), 0},
    {"copy_from", MIG_FIELD_BODY, offsetof(struct batch_options, copy_from), 0},
};
static const struct mig_record batch_record = {"batch_alter_table", sizeof(struct batch_options),
                                               batch_fields, MIG_COUNT(batch_fields)};
static const char *const batch_prefixed[] = {"sqlite_strict", "sqlite_without_rowid", "mysql_*",
                                             NULL};

static void read_batch_options(struct mig_reader *r, int index, struct mig_op_batch *batch)
{
    struct batch_options options = {0};
    if (!mig_read_is_plain(r->L, index)) {
        mig_read_fail(r, "argument 3 must be a table of options, not %s",
                      mig_lua_describe(r->L, index));
    }
    struct mig_prefixed prefixed = {&batch->options, batch_prefixed, NULL};
    mig_read_options(r, index, &batch_record, &options, NULL, NULL, &prefixed);
    batch->base.schema = options.base.schema;
    batch->copy_from = options.copy_from;
    if (options.copy_from != NULL) {
        options.copy_from->name = batch->table;
        options.copy_from->schema = batch->base.schema;
    }
    if (options.recreate != NULL) {
        batch->recreate = strcmp(options.recreate, "always") == 0  ? MIG_RECREATE_ALWAYS
                          : strcmp(options.recreate, "never") == 0 ? MIG_RECREATE_NEVER
                                                                   : MIG_RECREATE_AUTO;
    }
}

int mig_lua_batch_alter_table(lua_State *L)
{
    static const char what[] = "op.batch_alter_table";
    struct mig_lua_host *host = mig_lua_host(L);
    mig_lua_refuse_colon(L, what);
    struct mig_reader r = mig_lua_reader(L, what);
    if (host->batch != NULL) {
        mig_read_fail(&r, "a batch is open already (line %d)", host->batch->base.line);
    }
    lua_settop(L, 3);
    struct mig_op_batch *batch = mig_read_need(&r, mig_arena_new(r.arena, struct mig_op_batch));
    batch->base.kind = MIG_OP_batch;
    batch->base.spelling = "batch_alter_table";
    batch->base.line = mig_lua_line(L);
    batch->table = mig_read_name(&r, 1, "argument 1 (table)");
    if (!lua_isfunction(L, 2)) {
        mig_read_fail(&r, "argument 2 must be a function(batch), not %s", mig_lua_describe(L, 2));
    }
    if (!lua_isnil(L, 3)) {
        read_batch_options(&r, 3, batch);
    }
    struct batch_box *box = lua_newuserdatauv(L, sizeof *box, 0);
    box->batch = batch;
    if (luaL_newmetatable(L, BATCH)) {
        lua_pushcfunction(L, batch_index);
        lua_setfield(L, -2, "__index");
        lua_pushboolean(L, 0);
        lua_setfield(L, -2, "__metatable");
    }
    lua_setmetatable(L, -2);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, -2);
    const char *outer = host->pinned_by;
    host->batch = batch;
    host->pinned++;
    host->pinned_by = what;
    mig_run_batch(host->run, true);
    int status = lua_pcall(L, 1, 0, 0);
    mig_run_batch(host->run, false);
    host->batch = NULL;
    host->pinned--;
    host->pinned_by = outer;
    box->batch = NULL;
    if (status != LUA_OK) {
        return lua_error(L);
    }
    if (batch->op_count > 0 || batch->recreate == MIG_RECREATE_ALWAYS) {
        mig_lua_dispatch(L, &batch->base, what);
    }
    return 0;
}

/* --- change() --- */

/* One thing that change() said: an operation, or the two functions of op.reversible, which stand in
 * the table at registry[&functions_key] under their number. */
struct recorded {
    struct mig_op *op; /* NULL: op.reversible */
    lua_Integer functions;
};

struct mig_lua_recording {
    struct recorded *items;
    size_t count;
};

static const char functions_key;

static void record(lua_State *L, struct recorded item)
{
    struct mig_lua_host *host = mig_lua_host(L);
    struct mig_lua_recording *recording = host->recording;
    struct recorded *items =
        mig_arena_room(mig_run_arena(host->run), recording->items, recording->count, sizeof *items);
    if (items == NULL) {
        mig_lua_fail(L, MIG_E_nomem, NULL, "out of memory");
    }
    items[recording->count++] = item;
    recording->items = items;
}

void mig_lua_record(lua_State *L, struct mig_op *op)
{
    record(L, (struct recorded){.op = op});
}

/* op.reversible { up = function() … end, down = function() … end } */
int mig_lua_reversible(lua_State *L)
{
    static const char what[] = "op.reversible";
    struct mig_lua_host *host = mig_lua_host(L);
    mig_lua_refuse_colon(L, what);
    struct mig_reader r = mig_lua_reader(L, what);
    if (!mig_read_is_plain(L, 1)) {
        mig_read_fail(&r, "it takes { up = function() … end, down = function() … end }");
    }
    for (lua_pushnil(L); lua_next(L, 1) != 0; lua_pop(L, 1)) {
        const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "?";
        if (strcmp(key, "up") != 0 && strcmp(key, "down") != 0) {
            static const char *const names[] = {"up", "down"};
            mig_read_unknown(&r, "unknown option '%s'", key, names, MIG_COUNT(names));
        }
        if (!lua_isfunction(L, -1)) {
            mig_read_fail(&r, "option '%s' must be a function", key);
        }
    }
    if (host->recording == NULL) {
        mig_read_fail(&r, "it stands in change(); upgrade() and downgrade() call what they need");
    }
    lua_rawgetp(L, LUA_REGISTRYINDEX, &functions_key);
    lua_Integer number = (lua_Integer)lua_rawlen(L, -1) + 1;
    lua_pushvalue(L, 1);
    lua_rawseti(L, -2, number);
    record(L, (struct recorded){.functions = number});
    return 0;
}

/* Raises what failed of an operation that change() recorded: where it stands, by the name it was
 * called by. */
static _Noreturn void raise_recorded(lua_State *L, const struct mig_op *op, struct mig_error *err)
{
    struct mig_lua_host *host = mig_lua_host(L);
    if (host->revision != NULL) {
        mig_error_at(err, host->revision->file, op->line);
    }
    mig_lua_raise_op(
        L, err,
        lua_pushfstring(L, "op.%s", op->spelling != NULL ? op->spelling : mig_op_name(op->kind)));
}

static void invert(lua_State *L, struct mig_op *op, struct mig_names *makers,
                   struct mig_op_list *list)
{
    struct mig_lua_host *host = mig_lua_host(L);
    struct mig_error *err = mig_lua_error_slot(L);
    struct mig_arena *arena = mig_run_arena(host->run);
    if (mig_invert_ops(arena, &op, 1, list, err) != 0 ||
        mig_invert_enums(arena, op, mig_run_made_enum, host->run, makers, list, err) != 0) {
        raise_recorded(L, op, err);
    }
}

static void run_op(lua_State *L, struct mig_op *op)
{
    struct mig_lua_host *host = mig_lua_host(L);
    mig_run_set_line(host->run, op->line);
    struct mig_error *err = mig_lua_error_slot(L);
    if (mig_run_op(host->run, op, err) != 0) {
        raise_recorded(L, op, err);
    }
}

static void run_function(lua_State *L, lua_Integer functions, const char *name)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &functions_key);
    lua_rawgeti(L, -1, functions);
    if (lua_getfield(L, -1, name) == LUA_TFUNCTION) {
        lua_call(L, 0, 0);
        lua_pop(L, 2);
    } else {
        lua_pop(L, 3);
    }
}

void mig_lua_change(lua_State *L, enum mig_direction direction)
{
    struct mig_lua_host *host = mig_lua_host(L);
    struct mig_lua_recording recording = {0};
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &functions_key);
    host->recording = &recording;
    int status = lua_pcall(L, 0, 0, 0);
    host->recording = NULL;
    if (status != LUA_OK) {
        lua_error(L);
    }
    /* The whole inverse must exist before the first statement, in either direction. */
    struct mig_op_list *inverses = mig_arena_array(mig_run_arena(host->run), struct mig_op_list,
                                                   recording.count > 0 ? recording.count : 1);
    if (inverses == NULL) {
        mig_lua_fail(L, MIG_E_nomem, NULL, "out of memory");
    }
    struct mig_names makers = {0};
    for (size_t i = 0; i < recording.count; i++) {
        if (recording.items[i].op != NULL) {
            invert(L, recording.items[i].op, &makers, &inverses[i]);
        }
    }
    for (size_t step = 0; step < recording.count; step++) {
        size_t i = direction == MIG_UPGRADE ? step : recording.count - 1 - step;
        const struct recorded *item = &recording.items[i];
        if (item->op == NULL) {
            run_function(L, item->functions, direction == MIG_UPGRADE ? "up" : "down");
        } else if (direction == MIG_UPGRADE) {
            run_op(L, item->op);
        } else {
            for (size_t k = 0; k < inverses[i].count; k++) {
                run_op(L, inverses[i].items[k]);
            }
        }
    }
}
