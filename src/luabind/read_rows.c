/* The rows of op.bulk_insert: the one argument that may be large, so that it is walked once, its
 * strings are not copied, and the columns of a row are found where the row before had them. */
#include "luabind/object.h"
#include "luabind/sql.h"
#include "luabind/value.h"

#include <lauxlib.h>
#include <math.h>
#include <string.h>

#define MOST_COLUMNS 4096

struct rows {
    struct mig_reader *r;
    const struct mig_names *columns;
    const char **words;     /* the columns' names as Lua has them */
    const void **keys;      /* as objects of Lua's: a short string is there only once */
    int first_key;          /* their first one's place on the stack */
    size_t *order;          /* which column came first in the row before, which second, … */
    const void *result;     /* the metatable of the rows of a result that `positions` is of */
    lua_Integer *positions; /* where such a row has the columns */
};

/* The column that the key at -2 names; columns->count when there is none. */
static size_t find_column(const struct rows *rows, bool keyed, size_t turn)
{
    lua_State *L = rows->r->L;
    size_t count = rows->columns->count;
    if (!keyed) {
        lua_Integer at = lua_isinteger(L, -2) ? lua_tointeger(L, -2) : 0;
        return at >= 1 && (lua_Unsigned)at <= count ? (size_t)at - 1 : count;
    }
    if (lua_type(L, -2) != LUA_TSTRING) {
        return count;
    }
    const char *word = lua_tostring(L, -2);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows->words[i], word) == 0) {
            if (turn < count) {
                rows->order[turn] = i;
            }
            return i;
        }
    }
    return count;
}

/* The same for a key that came as number `turn` of its row: mostly it is the one that came there in
 * the row before. */
static inline size_t column_of_key(const struct rows *rows, bool keyed, size_t turn)
{
    if (keyed && turn < rows->columns->count) {
        size_t guess = rows->order[turn];
        if (rows->keys[guess] == lua_topointer(rows->r->L, -2)) {
            return guess;
        }
    }
    return find_column(rows, keyed, turn);
}

/* As mig_read_value, but for the string, which stays where it is. */
static void read_cell(const struct rows *rows, size_t column, struct mig_param *out)
{
    lua_State *L = rows->r->L;
    *out = (struct mig_param){0};
    if (lua_isinteger(L, -1)) {
        out->value.kind = MIG_VALUE_INT;
        out->value.integer = lua_tointeger(L, -1);
    } else if (lua_type(L, -1) == LUA_TSTRING) {
        out->value.kind = MIG_VALUE_TEXT;
        out->value.text = lua_tolstring(L, -1, &out->value.length);
        if (memchr(out->value.text, '\0', out->value.length) != NULL) {
            mig_read_fail(rows->r, "%s holds a zero byte", rows->columns->items[column]);
        }
    } else {
        out->value = mig_read_value(rows->r, -1, rows->columns->items[column]);
    }
}

/* The row at that index has something that is no column. */
static _Noreturn void refuse_key(const struct rows *rows, int row, bool keyed)
{
    lua_State *L = rows->r->L;
    for (lua_pushnil(L); lua_next(L, row) != 0; lua_pop(L, 1)) {
        if (find_column(rows, keyed, SIZE_MAX) == rows->columns->count &&
            lua_type(L, -2) == LUA_TSTRING) {
            mig_read_unknown(rows->r, "column '%s' is not one of the first row's",
                             lua_tostring(L, -2), rows->columns->items, rows->columns->count);
        }
    }
    mig_read_fail(rows->r, "it has more values than there are columns");
}

/* The row at that index lacks a column. */
static _Noreturn void refuse_nil(const struct rows *rows, int row, bool keyed)
{
    lua_State *L = rows->r->L;
    for (size_t i = 0; i < rows->columns->count; i++) {
        if (keyed) {
            lua_getfield(L, row, rows->words[i]);
        } else {
            lua_rawgeti(L, row, (lua_Integer)i + 1);
        }
        if (lua_isnil(L, -1)) {
            mig_read_fail(rows->r, "'%s' is nil: write sql.null", rows->columns->items[i]);
        }
        lua_pop(L, 1);
    }
    mig_read_fail(rows->r, "a column is named twice");
}

/* Which of the names on top, those of a result's rows, is that column's. Where the option gives the
 * columns, they stand in its order. */
static size_t position_in_result(const struct rows *rows, size_t column)
{
    lua_State *L = rows->r->L;
    if (rows->columns->given) {
        return column;
    }
    for (size_t at = 0; at < rows->columns->count; at++) {
        lua_rawgeti(L, -1, (lua_Integer)at + 1);
        bool found = lua_rawequal(L, -1, rows->first_key + (int)column);
        lua_pop(L, 1);
        if (found) {
            return at;
        }
    }
    mig_read_fail(rows->r, "it has no column '%s'", rows->words[column]);
}

static void find_positions(const struct rows *rows)
{
    size_t count = rows->columns->count, width = (size_t)lua_rawlen(rows->r->L, -1);
    if (width != count) {
        mig_read_fail(rows->r, "the number of its columns is %d, not %d", (int)width, (int)count);
    }
    for (size_t i = 0; i < count; i++) {
        rows->positions[i] = (lua_Integer)position_in_result(rows, i) + 1;
    }
}

/* Is the table on top a row of a result? Then `positions` is of it. */
static bool is_result_row(struct rows *rows)
{
    lua_State *L = rows->r->L;
    if (!lua_getmetatable(L, -1)) {
        return false;
    }
    const void *metatable = lua_topointer(L, -1);
    lua_pop(L, 1);
    if (metatable == rows->result) {
        return true;
    }
    if (!mig_lua_push_row_names(L, lua_gettop(L))) {
        return false;
    }
    find_positions(rows);
    lua_pop(L, 1);
    rows->result = metatable;
    return true;
}

/* The row of a result on top, whose nil is NULL. */
static void read_result_row(const struct rows *rows, struct mig_param *cells)
{
    lua_State *L = rows->r->L;
    for (size_t i = 0; i < rows->columns->count; i++) {
        if (lua_rawgeti(L, -1, rows->positions[i]) == LUA_TNIL) {
            cells[i] = (struct mig_param){.value.kind = MIG_VALUE_NULL};
        } else {
            read_cell(rows, i, &cells[i]);
        }
        lua_pop(L, 1);
    }
}

/* The row on top: keyed by column, a list in the order of the columns, or a row of a result. */
static void read_row(struct rows *rows, lua_Integer number, struct mig_param *cells)
{
    struct mig_reader *r = rows->r;
    lua_State *L = r->L;
    size_t count = rows->columns->count, filled = 0, turn = 0;
    struct mig_place place = {r->place, "row", NULL, number};
    int row = lua_gettop(L);
    r->place = &place;
    if (!lua_istable(L, row)) {
        mig_read_fail(r, "it must be a table, not %s", mig_lua_describe(L, row));
    }
    if (is_result_row(rows)) {
        read_result_row(rows, cells);
        r->place = place.up;
        return;
    }
    bool keyed = !rows->columns->given || lua_rawlen(L, row) == 0;
    for (lua_pushnil(L); lua_next(L, row) != 0; lua_pop(L, 1), turn++) {
        size_t column = column_of_key(rows, keyed, turn);
        if (column < count) {
            read_cell(rows, column, &cells[column]);
            filled++;
        }
    }
    if (filled < count) {
        refuse_nil(rows, row, keyed);
    }
    if (turn > count) {
        refuse_key(rows, row, keyed);
    }
    r->place = place.up;
}

/* The list at that index in the order of its keys, which mostly is that of its rows; false where it
 * is another one, or the list has more or fewer than `count`. */
static bool read_in_order(struct rows *rows, int index, size_t count, struct mig_param *cells)
{
    lua_State *L = rows->r->L;
    size_t row = 0, width = rows->columns->count;
    for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1), row++) {
        if (row == count || !lua_isinteger(L, -2) || lua_tointeger(L, -2) != (lua_Integer)row + 1) {
            lua_pop(L, 2);
            return false;
        }
        read_row(rows, (lua_Integer)row + 1, &cells[row * width]);
    }
    return row == count;
}

static void read_by_number(struct rows *rows, int index, size_t count, struct mig_param *cells)
{
    lua_State *L = rows->r->L;
    for (size_t row = 0; row < count; row++) {
        lua_rawgeti(L, index, (lua_Integer)row + 1);
        read_row(rows, (lua_Integer)row + 1, &cells[row * rows->columns->count]);
        lua_pop(L, 1);
    }
}

/* The names of a result's row, which are on top. */
static struct mig_names result_columns(struct mig_reader *r)
{
    lua_State *L = r->L;
    struct mig_names names = {.count = (size_t)lua_rawlen(L, -1)};
    names.items = mig_read_need(r, mig_arena_array(r->arena, const char *, names.count));
    for (size_t i = 0; i < names.count; i++) {
        lua_rawgeti(L, -1, (lua_Integer)i + 1);
        names.items[i] = mig_read_text(r, -1, "a column");
        lua_pop(L, 1);
        const struct mig_names before = {.items = names.items, .count = i};
        if (mig_names_contain(&before, names.items[i])) {
            mig_read_fail(r, "row 1 has two columns '%s': give one of them another name with AS",
                          names.items[i]);
        }
    }
    return names;
}

/* The columns when the option does not give them: the keys of the first row, in byte order; those
 * of a result's row as they stand in it. */
static struct mig_names first_row_columns(struct mig_reader *r, int list)
{
    lua_State *L = r->L;
    if (lua_rawgeti(L, list, 1) == LUA_TTABLE && mig_lua_push_row_names(L, lua_gettop(L))) {
        struct mig_names names = result_columns(r);
        lua_pop(L, 2);
        return names;
    }
    if (!mig_read_is_options(L, -1)) {
        if (lua_istable(L, -1) && lua_rawlen(L, -1) > 0) {
            mig_read_fail(r, "rows that are lists need the option 'columns'");
        }
        if (lua_istable(L, -1)) {
            mig_read_fail(r, "row 1 is empty");
        }
        mig_read_fail(r, "row 1 must be a table { column = value }, not %s",
                      mig_lua_describe(L, -1));
    }
    struct mig_pairs pairs = mig_read_pairs(r, -1, "row 1");
    struct mig_names names = {.count = pairs.count};
    names.items = mig_read_need(r, mig_arena_array(r->arena, const char *, pairs.count));
    for (size_t i = 0; i < pairs.count; i++) {
        names.items[i] = pairs.items[i].name;
    }
    lua_pop(L, 1);
    return names;
}

/* Not cleared: each is written whole. */
static struct mig_param *new_cells(struct mig_reader *r, size_t rows, size_t width)
{
    size_t size = sizeof(struct mig_param);
    return mig_read_need(r, rows > SIZE_MAX / size / width
                                ? NULL
                                : mig_arena_alloc_raw(r->arena, rows * width * size));
}

void mig_read_rows(struct mig_reader *r, int index, struct mig_op_bulk_insert *op)
{
    lua_State *L = r->L;
    if (!mig_read_is_plain(L, index)) {
        mig_read_fail(r, "the rows must be a list of tables, not %s", mig_lua_describe(L, index));
    }
    size_t count = lua_rawlen(L, index);
    if (count == 0 && mig_read_length(r, index, "the list of rows", false) == 0) {
        if (luaL_len(L, index) > 0) {
            mig_read_fail(r, "the rows must stand in the list itself: what its metatable gives is "
                             "not read");
        }
        return;
    }
    struct mig_names columns = op->columns.given ? op->columns : first_row_columns(r, index);
    size_t width = columns.count;
    if (width == 0 || width > MOST_COLUMNS) {
        mig_read_fail(r, "the list of columns is empty or too long");
    }
    op->rows = (struct mig_rows){.columns = columns};
    struct rows rows = {.r = r, .columns = &op->rows.columns};
    rows.words = mig_read_need(r, mig_arena_array(r->arena, const char *, width));
    rows.keys = mig_read_need(r, mig_arena_array(r->arena, const void *, width));
    rows.order = mig_read_need(r, mig_arena_array(r->arena, size_t, width));
    rows.positions = mig_read_need(r, mig_arena_array(r->arena, lua_Integer, width));
    luaL_checkstack(L, (int)width + 16, NULL);
    rows.first_key = lua_gettop(L) + 1;
    for (size_t i = 0; i < width; i++) {
        rows.words[i] = lua_pushstring(L, columns.items[i]);
        rows.keys[i] = lua_topointer(L, -1);
        rows.order[i] = i;
    }
    op->rows.cells = new_cells(r, count, width);
    if (!read_in_order(&rows, index, count, op->rows.cells)) {
        size_t length = (size_t)mig_read_length(r, index, "the list of rows", false);
        op->rows.cells = length > count ? new_cells(r, length, width) : op->rows.cells;
        count = length;
        read_by_number(&rows, index, count, op->rows.cells);
    }
    op->rows.count = count;
    lua_settop(L, rows.first_key - 1);
}
