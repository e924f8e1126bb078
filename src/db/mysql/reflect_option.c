/* What a table of MySQL or MariaDB is made with: engine, row format, what the server does by
 * itself.
 */
#include "db/mysql/reflect.intern.h"
#include "driver/listing.h"
#include "model/option.h"
#include "queries.h"
#include "util/ascii.h"

#include <string.h>

int mig_mysql_add_option(struct mig_arena *arena, struct mig_table *table, const char *name,
                         const char *text)
{
    struct mig_value value = {.kind = MIG_VALUE_TEXT, .text = text};
    if (text == NULL) {
        return 0;
    }
    value.length = strlen(text);
    return mig_option_add(arena, &table->options, name, value);
}

/* A word without the quotes of MariaDB's own options: `encrypted`='yes'. */
static const char *bare_word(struct mig_arena *arena, const char *text, size_t length)
{
    bool quoted =
        length > 1 && (*text == '`' || *text == '\'' || *text == '"') && text[length - 1] == *text;
    return quoted ? mig_arena_strndup(arena, text + 1, length - 2)
                  : mig_arena_strndup(arena, text, length);
}

/* "row_format=COMPRESSED key_block_size=8 partitioned": options as mysql_<name>. */
int mig_mysql_read_options(struct mig_arena *arena, struct mig_table *table, const char *text)
{
    while (text != NULL && *text != '\0') {
        size_t length = strcspn(text, " ");
        const char *equals = memchr(text, '=', length);
        if (equals != NULL &&
            mig_ascii_compare_n(text, "transactional=", 14) != 0) { /* Aria always says it */
            size_t name_length = (size_t)(equals - text);
            const char *word = bare_word(arena, text, name_length);
            char *name = word == NULL ? NULL : mig_arena_printf(arena, "mysql_%s", word);
            const char *value = bare_word(arena, equals + 1, length - name_length - 1);
            if (name == NULL || value == NULL) {
                return -1;
            }
            for (char *c = name; *c != '\0'; c++) {
                *c = mig_ascii_lower(*c);
            }
            if (mig_mysql_add_option(arena, table, name, value) != 0) {
                return -1;
            }
        } else if (length == strlen("partitioned") &&
                   mig_ascii_compare_n(text, "partitioned", length) == 0) {
            table->is_partitioned = true;
        }
        text += length + strspn(text + length, " ");
    }
    return 0;
}

int mig_mysql_standards(struct mig_conn *conn, struct mig_arena *arena, struct mig_pairs *out,
                        struct mig_error *err)
{
    struct mig_listing rows;
    mig_listing_open(&rows, conn, arena, mig_sql_mysql_standards, NULL, 0, err);
    while (mig_listing_next(&rows)) {
        const char *name = mig_listing_text(&rows, 0);
        struct mig_value value = {.kind = MIG_VALUE_TEXT, .text = mig_listing_filled(&rows, 1)};
        if (value.text != NULL && mig_option_add(arena, out, name, value) != 0) {
            rows.status = mig_error_nomem(err);
        }
    }
    return mig_listing_close(&rows);
}

/* Asked of the server: MariaDB has a setting for it (character_set_collations). */
int mig_mysql_charset(struct mig_conn *conn, struct mig_arena *arena, const char *charset,
                      const char **collation, struct mig_error *err)
{
    struct mig_value value;
    for (const char *c = charset; *c != '\0'; c++) {
        if (!mig_ascii_is_alnum(*c) && *c != '_') {
            return mig_error_set(err, MIG_E_script, "'%s' is no character set", charset);
        }
    }
    const char *sql = mig_arena_printf(arena, "SELECT collation(convert('' USING %s))", charset);
    int rc =
        sql == NULL ? mig_error_nomem(err) : mig_conn_scalar(conn, sql, NULL, arena, &value, err);
    *collation = rc == 0 ? value.text : NULL;
    return rc;
}

int mig_mysql_resemble_schema(struct mig_conn *conn, struct mig_arena *arena, const char *schema,
                              const char *like, struct mig_error *err)
{
    struct mig_listing rows;
    const char *statement = NULL;
    mig_listing_open(
        &rows, conn, arena,
        "SELECT CONCAT('ALTER SCHEMA `', REPLACE(?, '`', '``'),"
        " '` DEFAULT COLLATE ', default_collation_name)"
        " FROM information_schema.schemata WHERE schema_name = COALESCE(?, DATABASE())",
        (const char *[]){schema, like}, 2, err);
    if (mig_listing_next(&rows)) {
        statement = mig_listing_text(&rows, 0);
    }
    int rc = mig_listing_close(&rows);
    int64_t changed;
    return rc != 0 || statement == NULL ? rc
                                        : mig_conn_execute(conn, statement, NULL, &changed, err);
}
