/* `op`: the operations of op.def, and what else a migration asks of its run. */
#include "dialect/compile.h"
#include "luabind/graph.h"
#include "luabind/host.intern.h"
#include "luabind/push.h"
#include "luabind/sql.h"
#include "util/file.h"
#include "util/utf8.h"

#include <errno.h>
#include <inttypes.h>
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static const char op_key, members_key;

/* op:create_table(…) instead of op.create_table(…). */
void mig_lua_refuse_colon(lua_State *L, const char *what)
{
    if (lua_gettop(L) == 0) {
        return;
    }
    lua_rawgetp(L, LUA_REGISTRYINDEX, &op_key);
    bool colon = lua_rawequal(L, 1, -1) != 0;
    lua_pop(L, 1);
    if (colon) {
        mig_lua_fail(L, MIG_E_script, NULL, "%s is called with a dot, not with a colon", what);
    }
}

static void refuse_in_change(lua_State *L, const char *what)
{
    if (mig_lua_host(L)->recording != NULL) {
        mig_lua_fail(
            L, MIG_E_script,
            "Put it into op.reversible { up = function() … end, down = function() … end }.",
            "%s: change() only takes operations that have an inverse", what);
    }
}

void mig_lua_dispatch(lua_State *L, struct mig_op *op, const char *what)
{
    struct mig_lua_host *host = mig_lua_host(L);
    op->line = mig_lua_line(L);
    if (host->recording != NULL) {
        if (op->kind == MIG_OP_execute || op->kind == MIG_OP_bulk_insert ||
            op->kind == MIG_OP_backfill) {
            refuse_in_change(L, what);
        }
        mig_lua_record(L, op);
        return;
    }
    struct mig_error *err = mig_lua_error_slot(L);
    if (mig_run_op(host->run, op, err) != 0) {
        mig_lua_raise_op(L, err, what);
    }
}

static void push_changed(lua_State *L, const char *no_rows)
{
    struct mig_lua_host *host = mig_lua_host(L);
    struct mig_result result = {.changed = mig_run_changed(host->run),
                                .offline = mig_run_offline(host->run)};
    mig_lua_push_result(L, &result, no_rows);
}

/* An operation of op.def or another spelling of one. Upvalues: its name, "op." + name. */
static int operation(lua_State *L)
{
    const char *name = lua_tostring(L, lua_upvalueindex(1));
    const char *what = lua_tostring(L, lua_upvalueindex(2));
    mig_lua_refuse_colon(L, what);
    struct mig_reader r = mig_lua_reader(L, what);
    struct mig_arena_mark mark = mig_arena_mark(r.arena);
    struct mig_op *op = mig_read_op(&r, name, 1, NULL);
    enum mig_op_kind kind = op->kind;
    mig_lua_dispatch(L, op, what);
    if (kind == MIG_OP_execute || kind == MIG_OP_bulk_insert) {
        mig_arena_reset(r.arena, mark); /* a loop of them takes no memory */
    }
    if (kind == MIG_OP_execute) {
        push_changed(L, "op.execute gives no rows: use op.get_bind():execute(…)");
        return 1;
    }
    if (kind == MIG_OP_backfill || kind == MIG_OP_bulk_insert) {
        lua_pushinteger(L, mig_run_changed(mig_lua_host(L)->run));
        return 1;
    }
    return 0;
}

/* op.execute_file(path): the text of a file of the project. */
static int execute_file(lua_State *L)
{
    static const char what[] = "op.execute_file";
    mig_lua_refuse_colon(L, what);
    refuse_in_change(L, what);
    struct mig_lua_host *host = mig_lua_host(L);
    struct mig_reader r = mig_lua_reader(L, what);
    const char *path = mig_read_name(&r, 1, "argument 1 (path)");
    if (lua_gettop(L) > 1) {
        mig_read_fail(&r, "it takes a path, nothing more");
    }
    if (path[0] != '/') {
        path =
            mig_read_need(&r, mig_arena_printf(r.arena, "%s/%s", host->ctx->settings.root, path));
    }
    struct mig_error *err = mig_lua_error_slot(L);
    char *text = NULL;
    size_t length = 0;
    if (mig_file_read(r.arena, path, &text, &length, err) != 0) {
        err->code = MIG_E_script;
        return mig_lua_raise_op(L, err, what);
    }
    struct mig_op_execute *op = mig_read_need(&r, mig_arena_new(r.arena, struct mig_op_execute));
    op->base.kind = MIG_OP_execute;
    op->base.spelling = "execute_file";
    if (strlen(text) != length) {
        mig_read_fail(&r, "'%s' holds a zero byte", path);
    }
    op->sql =
        strncmp(text, "\xEF\xBB\xBF", 3) == 0 ? text + 3 : text; /* as the servers' clients do */
    mig_lua_dispatch(L, &op->base, what);
    push_changed(L, "op.execute_file gives no rows");
    return 1;
}

static int get_bind(lua_State *L)
{
    mig_lua_refuse_colon(L, "op.get_bind");
    (void)mig_lua_run(L, "op.get_bind");
    mig_lua_push_connection(L);
    return 1;
}

/* --- segments --- */

static void refuse_pinned(lua_State *L, const char *what)
{
    const struct mig_lua_host *host = mig_lua_host(L);
    if (host->pinned > 0) {
        mig_lua_fail(L, MIG_E_script, NULL, "%s ends a transaction, which %s holds open", what,
                     host->pinned_by);
    }
}

static int commit(lua_State *L)
{
    mig_lua_refuse_colon(L, "op.commit");
    refuse_in_change(L, "op.commit");
    struct mig_run *run = mig_lua_run(L, "op.commit");
    refuse_pinned(L, "op.commit");
    mig_lua_line(L);
    struct mig_error *err = mig_lua_error_slot(L);
    if (mig_run_commit_segment(run, err) != 0) {
        return mig_lua_raise_op(L, err, "op.commit");
    }
    return 0;
}

static int autocommit_block(lua_State *L)
{
    static const char what[] = "op.autocommit_block";
    mig_lua_refuse_colon(L, what);
    refuse_in_change(L, what);
    struct mig_run *run = mig_lua_run(L, what);
    refuse_pinned(L, what);
    if (!lua_isfunction(L, 1)) {
        return mig_lua_fail(L, MIG_E_script, NULL, "%s: argument 1 must be a function", what);
    }
    lua_settop(L, 1);
    mig_lua_line(L);
    struct mig_error *err = mig_lua_error_slot(L);
    if (mig_run_autocommit(run, true, err) != 0) {
        return mig_lua_raise_op(L, err, what);
    }
    int status = lua_pcall(L, 0, LUA_MULTRET, 0);
    err = mig_lua_error_slot(L);
    int rc = mig_run_autocommit(run, false, err);
    if (status != LUA_OK) {
        return lua_error(L); /* the first failure is the one to tell */
    }
    if (rc != 0) {
        return mig_lua_raise_op(L, err, what);
    }
    return lua_gettop(L);
}

static int sleep_for(lua_State *L)
{
    mig_lua_refuse_colon(L, "op.sleep");
    struct mig_run *run = mig_lua_run(L, "op.sleep");
    int exact = 0;
    lua_Number seconds = lua_tonumberx(L, 1, &exact);
    if (!exact || lua_type(L, 1) != LUA_TNUMBER || !(seconds >= 0) || seconds > 86400) {
        return mig_lua_fail(L, MIG_E_script, NULL, "op.sleep: it takes seconds (0 to 86400)");
    }
    (void)mig_lua_line(L);
    struct mig_error *err = mig_lua_error_slot(L);
    if (mig_run_sleep(run, (int64_t)(seconds * 1000 + 0.5), err) != 0) {
        return mig_lua_raise_op(L, err, "op.sleep");
    }
    return 0;
}

/* --- questions --- */

/* A few columns of a row as text: "id = 1, name = 'x'". */
static void add_row(struct mig_strbuf *text, const struct mig_result *result, size_t row)
{
    for (size_t i = 0; i < result->column_count; i++) {
        const struct mig_value *value = &result->cells[row * result->column_count + i];
        mig_strbuf_printf(text, "%s%s = ", i == 0 ? "" : ", ", result->columns[i]);
        if (value->kind == MIG_VALUE_INT) {
            mig_strbuf_printf(text, "%" PRId64, value->integer);
        } else if (value->kind == MIG_VALUE_FLOAT) {
            mig_append_number(text, value->number);
        } else if (value->kind == MIG_VALUE_BOOL) {
            mig_strbuf_puts(text, value->boolean ? "true" : "false");
        } else if (value->kind == MIG_VALUE_NULL || value->kind == MIG_VALUE_NONE) {
            mig_strbuf_puts(text, "NULL");
        } else {
            size_t shown = value->length <= 60 ? value->length : mig_utf8_fit(value->text, 60);
            mig_strbuf_putc(text, '\'');
            mig_strbuf_add(text, value->text, shown);
            mig_strbuf_puts(text, shown < value->length ? "…'" : "'");
        }
    }
}

/* op.expect_none(query, message): a precondition of the migration. */
static int expect_none(lua_State *L)
{
    static const char what[] = "op.expect_none";
    mig_lua_refuse_colon(L, what);
    refuse_in_change(L, what);
    struct mig_reader r = mig_lua_reader(L, what);
    struct mig_lua_host *host = mig_lua_host(L);
    const char *message = lua_isnoneornil(L, 2) ? "a precondition does not hold"
                                                : mig_read_text(&r, 2, "argument 2 (message)");
    if (lua_gettop(L) > 2 && !lua_isnil(L, 3)) {
        mig_read_fail(&r, "unexpected argument 3");
    }
    lua_settop(L, 1);
    struct mig_params params = {0};
    const char *sql = mig_lua_read_statement(&r, 1, &params, NULL);
    mig_lua_line(L);
    struct mig_result result = {0};
    struct mig_error *err = mig_lua_error_slot(L);
    if (mig_run_expect_none(host->run, sql, &params, message, &result, err) != 0) {
        return mig_lua_raise_op(L, err, what);
    }
    if (result.offline || result.row_count == 0) {
        return 0;
    }
    struct mig_strbuf *text = &mig_lua_scratch(L)->text;
    for (size_t row = 0; row < result.row_count && row < 5; row++) {
        mig_strbuf_puts(text, row == 0 ? "" : "\n");
        add_row(text, &result, row);
    }
    if (result.row_count > 5) {
        mig_strbuf_puts(text, "\n…");
    }
    (void)mig_error_set(err, MIG_E_script, "%s: %zu %s found", message, result.row_count,
                        result.row_count == 1 ? "row was" : "rows were");
    mig_error_detail(err, "%s", mig_strbuf_text(text));
    mig_error_string(&err->sql, sql, SIZE_MAX);
    return mig_lua_raise_op(L, err, what);
}

/* The schema that the options at the index say, NULL when they don't. */
static const char *catalog_schema(struct mig_reader *r, int options)
{
    lua_State *L = r->L;
    struct mig_op op = {0};
    static const struct mig_field fields[] = {
        {"schema", MIG_FIELD_NAME, offsetof(struct mig_op, schema), 0}};
    static const struct mig_record record = {"schema", sizeof(struct mig_op), fields, 1};
    if (lua_isnoneornil(L, options)) {
        return NULL;
    }
    if (!mig_read_is_plain(L, options)) {
        mig_read_fail(r, "the options must be a table");
    }
    mig_read_options(r, options, &record, &op, NULL, NULL, NULL);
    return op.schema;
}

static const struct mig_table *find_table(lua_State *L, const char *what, const char *schema,
                                          const char *name)
{
    const struct mig_table *table = NULL;
    struct mig_error *err = mig_lua_error_slot(L);
    mig_lua_line(L);
    if (mig_run_table(mig_lua_run(L, what), schema, name, &table, err) != 0) {
        mig_lua_raise_op(L, err, what);
    }
    return table;
}

static int has_table(lua_State *L)
{
    mig_lua_refuse_colon(L, "op.has_table");
    refuse_in_change(L, "op.has_table");
    struct mig_reader r = mig_lua_reader(L, "op.has_table");
    const char *name = mig_read_name(&r, 1, "argument 1 (table)");
    const char *schema = catalog_schema(&r, 2);
    lua_pushboolean(L, find_table(L, r.what, schema, name) != NULL);
    return 1;
}

static int has_column(lua_State *L)
{
    mig_lua_refuse_colon(L, "op.has_column");
    refuse_in_change(L, "op.has_column");
    struct mig_reader r = mig_lua_reader(L, "op.has_column");
    const char *name = mig_read_name(&r, 1, "argument 1 (table)");
    const char *schema = catalog_schema(&r, 3);
    const char *column = mig_read_name(&r, 2, "argument 2 (column)");
    const struct mig_table *table = find_table(L, r.what, schema, name);
    lua_pushboolean(L, table != NULL && mig_compile_has_column(r.compile, table, column));
    return 1;
}

/* op.inspect(table?, options?): a table's description, or the names of all. */
static int inspect(lua_State *L)
{
    mig_lua_refuse_colon(L, "op.inspect");
    refuse_in_change(L, "op.inspect");
    struct mig_reader r = mig_lua_reader(L, "op.inspect");
    bool of_all = lua_isnoneornil(L, 1) || (lua_istable(L, 1) && lua_isnone(L, 2));
    const char *schema = catalog_schema(&r, lua_istable(L, 1) && of_all ? 1 : 2);
    if (!of_all) {
        const char *name = mig_read_name(&r, 1, "argument 1 (table)");
        const struct mig_table *table = find_table(L, r.what, schema, name);
        if (table == NULL) {
            lua_pushnil(L);
        } else {
            mig_lua_push_description(L, table);
        }
        return 1;
    }
    struct mig_names names = {0};
    struct mig_error *err = mig_lua_error_slot(L);
    mig_lua_line(L);
    if (mig_run_table_names(mig_lua_run(L, r.what), schema, &names, err) != 0) {
        return mig_lua_raise_op(L, err, r.what);
    }
    mig_lua_push_names(L, &names);
    return 1;
}

/* --- small things --- */

/* Whether a column of the type has no room for dashes: CHAR(32), which sql.uuid is where the server
 * has no such type. */
static bool is_short(lua_State *L, const struct mig_reader *r, const struct mig_type *type)
{
    struct mig_strbuf *text = &mig_lua_scratch(L)->text;
    struct mig_error *err = mig_lua_error_slot(L);
    if (mig_append_type(r->compile, text, type, err) != 0) {
        mig_lua_raise_op(L, err, r->what);
    }
    const char *length = strchr(mig_strbuf_text(text), '(');
    long room = length != NULL ? strtol(length + 1, NULL, 10) : 0;
    mig_strbuf_truncate(text, 0);
    return room >= 32 && room < 36;
}

/* op.uuid(type?): as a column of the type takes it, else as RFC 9562 writes it. */
static int uuid(lua_State *L)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[16];
    char text[37];
    mig_lua_refuse_colon(L, "op.uuid");
    struct mig_reader r = mig_lua_reader(L, "op.uuid");
    bool dashes =
        lua_isnoneornil(L, 1) || !is_short(L, &r, mig_read_type(&r, 1, "argument 1 (type)"));
    for (size_t got = 0; got < sizeof bytes;) {
        ssize_t n = getrandom(bytes + got, sizeof bytes - got, 0);
        if (n < 0 && errno != EINTR) {
            return luaL_error(L, "no randomness: %s", strerror(errno));
        }
        got += n > 0 ? (size_t)n : 0;
    }
    bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40); /* version 4, variant 1 */
    bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
    size_t at = 0;
    for (size_t i = 0; i < sizeof bytes; i++) {
        if (dashes && (i == 4 || i == 6 || i == 8 || i == 10)) {
            text[at++] = '-';
        }
        text[at++] = digits[bytes[i] >> 4];
        text[at++] = digits[bytes[i] & 15];
    }
    text[at] = '\0';
    const char *kept = text;
    struct mig_run *run = mig_lua_host(L)->run;
    struct mig_error *err = mig_lua_error_slot(L);
    if (run != NULL && mig_run_remember(run, "uuid", text, &kept, err) != 0) {
        return mig_lua_raise_op(L, err, "op.uuid");
    }
    lua_pushstring(L, kept);
    return 1;
}

static int quote(lua_State *L)
{
    mig_lua_refuse_colon(L, "op.quote");
    struct mig_reader r = mig_lua_reader(L, "op.quote");
    const char *name = mig_read_name(&r, 1, "argument 1 (name)");
    struct mig_strbuf *text = &mig_lua_scratch(L)->text;
    mig_append_name(r.compile, text, name);
    if (text->failed) {
        return mig_lua_fail(L, MIG_E_nomem, NULL, "out of memory");
    }
    lua_pushlstring(L, mig_strbuf_text(text), text->length);
    return 1;
}

/* op.f(name): Alembic's mark of a final name; every given name is final here. */
static int final_name(lua_State *L)
{
    mig_lua_refuse_colon(L, "op.f");
    if (lua_isnone(L, 1)) {
        struct mig_reader r = mig_lua_reader(L, "op.f");
        mig_read_fail(&r, "argument 1 (name) is missing");
    }
    lua_settop(L, 1);
    return 1;
}

static int write_log(lua_State *L)
{
    mig_lua_refuse_colon(L, "op.log");
    lua_pushvalue(L, lua_upvalueindex(1)); /* print of the sandbox */
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, 0);
    return 0;
}

/* --- fields --- */

static int field_dialect(lua_State *L)
{
    lua_pushstring(L, mig_run_dialect(mig_lua_run(L, "op.dialect"))->name);
    return 1;
}

static int field_is_mariadb(lua_State *L)
{
    lua_pushboolean(L, mig_run_server(mig_lua_run(L, "op.is_mariadb"))->is_mariadb);
    return 1;
}

static int field_server_version(lua_State *L)
{
    lua_pushinteger(L, mig_run_server(mig_lua_run(L, "op.server_version"))->version);
    return 1;
}

static int field_offline(lua_State *L)
{
    lua_pushboolean(L, mig_run_offline(mig_lua_run(L, "op.offline")));
    return 1;
}

static int field_database(lua_State *L)
{
    lua_pushstring(L, mig_run_server(mig_lua_run(L, "op.database"))->database);
    return 1;
}

static int field_tag(lua_State *L)
{
    const struct mig_lua_host *host = mig_lua_host(L);
    const char *tag = host->run != NULL ? mig_run_tag(host->run) : NULL;
    lua_pushstring(L, tag != NULL ? tag : host->ctx->settings.tag);
    return 1;
}

static int field_args(lua_State *L)
{
    const struct mig_pairs *args = &mig_lua_host(L)->ctx->settings.args;
    lua_createtable(L, 0, (int)args->count);
    for (size_t i = 0; i < args->count; i++) {
        mig_lua_push_value(L, &args->items[i].value);
        lua_setfield(L, -2, args->items[i].name);
    }
    return 1;
}

static const luaL_Reg fields[] = {
    {"dialect", field_dialect},   {"is_mariadb", field_is_mariadb},
    {"offline", field_offline},   {"server_version", field_server_version},
    {"database", field_database}, {"tag", field_tag},
    {"args", field_args},         {NULL, NULL},
};

/* --- op itself --- */

static const luaL_Reg functions[] = {
    {"execute_file", execute_file},
    {"get_bind", get_bind},
    {"commit", commit},
    {"autocommit_block", autocommit_block},
    {"sleep", sleep_for},
    {"expect_none", expect_none},
    {"has_table", has_table},
    {"has_column", has_column},
    {"inspect", inspect},
    {"uuid", uuid},
    {"quote", quote},
    {"f", final_name},
    {"batch_alter_table", mig_lua_batch_alter_table},
    {"reversible", mig_lua_reversible},
    {NULL, NULL},
};

static int op_index(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &members_key);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, -2) != LUA_TNIL) {
        return 1;
    }
    if (lua_type(L, 2) != LUA_TSTRING) {
        return mig_lua_fail(L, MIG_E_script, NULL, "op has no such field");
    }
    const char *word = lua_tostring(L, 2);
    const char *names[MIG_READ_OP_NAMES + MIG_COUNT(fields) + MIG_COUNT(functions)];
    size_t count = 0;
    for (const luaL_Reg *field = fields; field->name != NULL; field++) {
        if (strcmp(field->name, word) == 0) {
            return field->func(L);
        }
        names[count++] = field->name;
    }
    for (const char *const *name = mig_read_op_names; *name != NULL; name++) {
        names[count++] = *name;
    }
    for (const luaL_Reg *function = functions; function->name != NULL; function++) {
        names[count++] = function->name;
    }
    struct mig_reader r = {.L = L};
    mig_read_unknown(&r, "unknown operation 'op.%s'", word, names, count);
}

bool mig_lua_is_op(lua_State *L, const char *name)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &members_key);
    lua_getfield(L, -1, name);
    const bool found = !lua_isnil(L, -1);
    lua_pop(L, 2);
    return found;
}

static int op_newindex(lua_State *L)
{
    return mig_lua_fail(L, MIG_E_script, NULL, "op cannot be changed");
}

void mig_lua_push_op_table(lua_State *L)
{
    luaL_checkstack(L, 8, NULL);
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &op_key) != LUA_TNIL) {
        return;
    }
    lua_pop(L, 1);
    lua_newuserdatauv(L, 0, 0);
    lua_createtable(L, 0, 3);
    lua_pushcfunction(L, op_index);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, op_newindex);
    lua_setfield(L, -2, "__newindex");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_createtable(L, 0, 96);
    for (const char *const *name = mig_read_op_names; *name != NULL; name++) {
        lua_pushstring(L, *name);
        lua_pushfstring(L, "op.%s", *name);
        lua_pushcclosure(L, operation, 2);
        lua_setfield(L, -2, *name);
    }
    luaL_setfuncs(L, functions, 0);
    lua_pushcfunction(L, mig_sandbox_print);
    lua_pushcclosure(L, write_log, 1);
    lua_setfield(L, -2, "log");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &members_key);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &op_key);
}
