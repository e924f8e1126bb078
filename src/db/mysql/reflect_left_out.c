/* What schema.lua has no word for, with the statement that makes it again: SHOW CREATE has it
 * whole, information_schema has its pieces, and cuts some. */
#include "db/mysql/reflect.intern.h"
#include "util/ascii.h"

#include <string.h>

/* Where the answer to SHOW CREATE has the statement. */
static size_t statement_field(const char *show)
{
    static const struct {
        const char *begin;
        size_t field;
    } kinds[] = {
        {"SHOW CREATE TABLE ", 1}, {"SHOW CREATE SEQUENCE ", 1}, {"SHOW CREATE EVENT ", 3}};
    for (size_t i = 0; i < MIG_COUNT(kinds); i++) {
        if (strncmp(show, kinds[i].begin, strlen(kinds[i].begin)) == 0) {
            return kinds[i].field;
        }
    }
    return 2; /* FUNCTION, PROCEDURE, TRIGGER */
}

static bool has_settings(const char *show)
{
    return strncmp(show, "SHOW CREATE TABLE ", 18) != 0 &&
           strncmp(show, "SHOW CREATE SEQUENCE ", 21) != 0;
}

/* Behind an account's `user`@`host`. */
static const char *skip_account(const char *text)
{
    while (*text != '\0' && *text != ' ') {
        if (*text == '`' || *text == '"') { /* by the sql_mode that it was made in */
            const char *end = strchr(text + 1, *text);
            text = end == NULL ? text : end;
        }
        text++;
    }
    return *text == ' ' ? text + 1 : text;
}

/* Without the account that made it: whoever makes it again is that. */
static const char *without_definer(struct mig_arena *arena, const char *text)
{
    static const char begin[] = "CREATE DEFINER=";
    return strncmp(text, begin, strlen(begin)) == 0
               ? mig_arena_printf(arena, "CREATE %s", skip_account(text + strlen(begin)))
               : mig_arena_strdup(arena, text);
}

/* The tail of a CREATE TABLE, which MySQL writes in a comment of its own: PARTITION BY …; NULL when
 * there is none. */
static const char *partitions(struct mig_arena *arena, const char *show, const char *text)
{
    const char *at = NULL, *title = show + strlen("SHOW CREATE TABLE ");
    for (const char *p = text; (p = strstr(p, "PARTITION BY ")) != NULL; p++) {
        const char *line = p;
        while (line > text && line[-1] != '\n') {
            line--;
        }
        if (line[0] == ' ' || line[0] == '/') {
            at = line[0] == '/' || p == line + 1 ? p : at;
        }
    }
    if (at == NULL || strncmp(at, "PARTITION BY SYSTEM_TIME", 24) == 0) {
        return NULL; /* the latter needs a versioning that is left out itself */
    }
    size_t length = strlen(at);
    length -= length > 3 && strcmp(at + length - 3, " */") == 0 ? 3 : 0;
    return mig_arena_printf(arena, "ALTER TABLE %s %.*s", title, (int)length, at);
}

/* `m` and `distance` of MariaDB's VECTOR index, behind its column; NULL when it has neither. */
static const char *vector_options(struct mig_arena *arena, const char *show, const char *text)
{
    static const char line[] = "\n  VECTOR KEY `";
    const char *title = show + strlen("SHOW CREATE TABLE ");
    const char *found = strstr(text, line), *name = found;
    if (found == NULL) {
        return NULL;
    }
    name += sizeof line - 2;
    size_t length = strcspn(name, "\n");
    length -= length > 0 && name[length - 1] == ',' ? 1 : 0;
    const char *end = name + length;
    const char *named = mig_mysql_skip_quoted(name, end);
    return name[length - 1] == ')'
               ? NULL
               : mig_arena_printf(arena, "ALTER TABLE %s DROP INDEX %.*s, ADD VECTOR INDEX %.*s",
                                  title, (int)(named - name), name, (int)length, name);
}

/* What the session has in the place of a setting that SHOW CREATE tells. */
struct usual {
    const char *mode, *zone;
};

/* A routine, trigger or event is read and carried out by the sql_mode that it was made in, an event
 * by its time zone too: SHOW CREATE tells them beside it. zone: "" where there is none. */
static int keep_settings(struct mig_arena *arena, struct mig_left_out *one, const char *mode,
                         const char *zone, const struct usual *usual)
{
    const char *prepare = NULL, *restore = NULL;
    if (strcmp(mode, usual->mode) != 0) {
        prepare = mig_arena_printf(
            arena, "SET @sql_mode_before = @@SESSION.sql_mode, SESSION sql_mode = '%s'", mode);
        restore = "SET SESSION sql_mode = @sql_mode_before";
    }
    if (zone[0] != '\0' && strcmp(zone, usual->zone) != 0) {
        prepare = mig_arena_printf(
            arena, "%s @time_zone_before = @@SESSION.time_zone, SESSION time_zone = '%s'",
            prepare == NULL ? "SET" : mig_arena_printf(arena, "%s,", prepare), zone);
        restore =
            mig_arena_printf(arena, "%s SESSION time_zone = @time_zone_before",
                             restore == NULL ? "SET" : mig_arena_printf(arena, "%s,", restore));
    }
    one->prepare = prepare;
    one->restore = restore;
    return arena->failed ? -1 : 0;
}

static int read_usual(struct mig_conn *conn, struct mig_arena *arena, struct usual *usual,
                      struct mig_error *err)
{
    struct mig_listing rows;
    *usual = (struct usual){"", ""};
    mig_listing_open(&rows, conn, arena, "SELECT @luamig_mode, @@SESSION.time_zone", NULL, 0, err);
    if (mig_listing_next(&rows)) {
        usual->mode = mig_listing_text(&rows, 0);
        usual->zone = mig_listing_text(&rows, 1);
    }
    return mig_listing_close(&rows);
}

/* Whether a table's CHECK, `table.check`, goes with a period of the name. */
static bool is_period(struct mig_arena *arena, const char *text, const char *name)
{
    const char *dot = strrchr(name, '.');
    const char *words =
        dot == NULL ? NULL : mig_arena_printf(arena, "\n  PERIOD FOR `%s` ", dot + 1);
    return words != NULL && strstr(text, words) != NULL;
}

/* MariaDB lists triggers to accounts that may not read them: like a routine, one is named then. */
static int close_shown(struct mig_listing *rows, struct mig_error *err)
{
    int status = mig_listing_close(rows);
    if (status != 0 && err->native_code == 1227 /* ER_SPECIFIC_ACCESS_DENIED_ERROR */) {
        mig_error_clear(err);
        return 0;
    }
    return status;
}

/* The statement in the place of the SHOW that tells it; its kind is NULL when it is nothing. */
static int tell(struct mig_conn *conn, struct mig_arena *arena, struct mig_left_out *one,
                const struct usual *usual, struct mig_error *err)
{
    const char *show = one->make;
    bool is_event = strcmp(one->kind, "events") == 0;
    struct mig_listing rows;
    one->make = NULL;
    mig_listing_open(&rows, conn, arena, show, NULL, 0, err);
    if (mig_listing_next(&rows)) {
        const char *text = mig_listing_peek(&rows, statement_field(show));
        if (strcmp(one->kind, "periods") == 0) {
            one->kind = is_period(arena, text, one->name) ? one->kind : NULL;
        } else if (strcmp(one->kind, "options of VECTOR indexes") == 0) {
            one->make = vector_options(arena, show, text);
            one->kind = one->make != NULL ? one->kind : NULL;
        } else if (text[0] != '\0') { /* NULL: the account may not read a routine */
            one->make = strncmp(show, "SHOW CREATE TABLE ", 18) == 0 ? partitions(arena, show, text)
                                                                     : without_definer(arena, text);
        }
        if (one->make != NULL && has_settings(show) &&
            keep_settings(arena, one, mig_listing_peek(&rows, 1),
                          is_event ? mig_listing_peek(&rows, 2) : "", usual) != 0) {
            rows.status = mig_error_nomem(err);
        }
    }
    return close_shown(&rows, err);
}

int mig_mysql_left_out(struct mig_conn *conn, struct mig_listing *rows,
                       struct mig_left_out_list *out, struct mig_error *err)
{
    size_t first = out->count, kept = out->count;
    int status = mig_listing_left_out(rows, out);
    struct usual usual = {0};
    for (size_t i = first; status == 0 && i < out->count; i++) {
        const char *make = out->items[i].make;
        if (make != NULL && mig_ascii_compare_n(make, "SHOW ", 5) == 0) {
            status = usual.mode == NULL ? read_usual(conn, rows->arena, &usual, err) : 0;
            status = status != 0 ? status : tell(conn, rows->arena, &out->items[i], &usual, err);
        }
        if (out->items[i].kind != NULL) {
            out->items[kept++] = out->items[i];
        }
    }
    out->count = kept;
    return status;
}
