/* Rows of MySQL and MariaDB as values, by the text protocol and from prepared statements. */
#include "driver/database.h"

#ifdef LUAMIG_HAVE_MYSQL

#include "db/mysql/driver.h"
#include "driver/decimal.h"
#include "util/number.h"

#include <stdlib.h>
#include <string.h>

#define BINARY_CHARSET 63
#define FIRST_ROOM     64 /* bytes of a field's buffer before its size is known */

/* What a field of the server becomes. */
enum reading { AS_TEXT, AS_BYTES, AS_INTEGER, AS_BOOLEAN, AS_DOUBLE, AS_FLOAT, AS_DECIMAL, AS_BIT };

/* A result of the text protocol (rows) or of a prepared statement (stmt). */
struct result {
    MYSQL_RES *rows; /* of a prepared statement: its metadata */
    MYSQL_STMT *stmt;
    MYSQL_FIELD *fields;
    enum reading *readings; /* of the fields */
    MYSQL_BIND *binds;      /* the rest is of prepared statements */
    unsigned long *lengths;
    vendor_bool *nulls, *cuts;
};

/* ---- results ---- */

void mig_mysql_finish(struct mig_cursor *cursor)
{
    struct result *result = cursor->handle;
    MYSQL *mysql = mig_mysql_handle_of(cursor->conn)->mysql;
    struct mig_error ignored = {0};
    int64_t changed = 0;
    if (result->rows != NULL) {
        mig_mysql.mysql_free_result(result->rows); /* reads the rest away */
    }
    if (result->stmt != NULL) {
        (void)mig_mysql.mysql_stmt_free_result(result->stmt);
        (void)mig_mysql.mysql_stmt_close(result->stmt);
    } else if (cursor->live && mig_mysql.mysql_next_result(mysql) == 0 &&
               mig_mysql_drop_results(cursor->conn, &changed, &ignored) != 0) {
        mig_error_clear(&ignored); /* nobody reads what it belongs to */
    }
    for (size_t i = 0; result->binds != NULL && i < cursor->column_count; i++) {
        free(result->binds[i].buffer);
    }
    free(result->binds);
    free(result->readings);
    free(result->lengths);
    free(result->nulls);
    free(result->cuts);
    free(result);
    cursor->handle = NULL;
    cursor->live = false;
}

static enum reading reading_of(const MYSQL_FIELD *field)
{
    switch (field->type) {
    case MYSQL_TYPE_TINY:
        return field->length == 1 ? AS_BOOLEAN : AS_INTEGER;
    case MYSQL_TYPE_SHORT:
    case MYSQL_TYPE_INT24:
    case MYSQL_TYPE_LONG:
    case MYSQL_TYPE_LONGLONG:
    case MYSQL_TYPE_YEAR:
        return AS_INTEGER;
    case MYSQL_TYPE_DOUBLE:
        return AS_DOUBLE;
    case MYSQL_TYPE_FLOAT:
        return AS_FLOAT;
    case MYSQL_TYPE_DECIMAL:
    case MYSQL_TYPE_NEWDECIMAL:
        return AS_DECIMAL;
    case MYSQL_TYPE_BIT:
        return AS_BIT;
    case MYSQL_TYPE_TINY_BLOB:
    case MYSQL_TYPE_BLOB:
    case MYSQL_TYPE_MEDIUM_BLOB:
    case MYSQL_TYPE_LONG_BLOB:
    case MYSQL_TYPE_STRING:
    case MYSQL_TYPE_VAR_STRING:
    case MYSQL_TYPE_VARCHAR:
        return field->charsetnr == BINARY_CHARSET ? AS_BYTES : AS_TEXT;
    case MYSQL_TYPE_GEOMETRY:
        return AS_BYTES;
    default:
        return AS_TEXT;
    }
}

static int describe_columns(struct mig_cursor *cursor, struct mig_error *err)
{
    struct result *result = cursor->handle;
    size_t count = mig_mysql.mysql_num_fields(result->rows);
    result->fields = mig_mysql.mysql_fetch_fields(result->rows);
    result->readings = calloc(count + 1, sizeof *result->readings);
    if (result->readings == NULL) {
        return mig_error_nomem(err);
    }
    int rc = mig_cursor_reserve(cursor, count, err);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        rc = mig_cursor_name(cursor, i, result->fields[i].name, err);
        result->readings[i] = reading_of(&result->fields[i]);
    }
    return rc;
}

static void read_bits(const char *bytes, size_t length, struct mig_value *value)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < length; i++) {
        bits = bits << 8 | (unsigned char)bytes[i];
    }
    *value = (struct mig_value){.kind = MIG_VALUE_INT, .integer = (int64_t)bits};
}

/* A field as the text protocol sends it; also what a prepared statement gives as text. */
static void read_text(enum reading reading, const char *text, size_t length,
                      struct mig_value *value)
{
    *value = (struct mig_value){.kind = MIG_VALUE_TEXT, .text = text, .length = length};
    switch (reading) {
    case AS_BYTES:
        value->kind = MIG_VALUE_BYTES;
        break;
    case AS_BOOLEAN:
    case AS_INTEGER:
        if (!mig_integer_parse(text, length, &value->integer)) {
            break; /* an unsigned one that has no room: exact, as text */
        }
        value->kind = MIG_VALUE_INT;
        if (reading == AS_BOOLEAN && (value->integer == 0 || value->integer == 1)) {
            *value = (struct mig_value){.kind = MIG_VALUE_BOOL, .boolean = value->integer == 1};
        }
        break;
    case AS_DOUBLE:
    case AS_FLOAT:
        if (mig_float_parse(text, length, &value->number)) {
            value->kind = MIG_VALUE_FLOAT;
        }
        break;
    case AS_DECIMAL:
        mig_decimal_value(text, length, value);
        break;
    case AS_BIT:
        read_bits(text, length, value);
        break;
    case AS_TEXT:
        break;
    }
}

/* Everything comes as text or bytes but doubles, which text would round. */
static int bind_results(struct mig_conn *conn, struct mig_cursor *cursor, struct mig_error *err)
{
    struct result *result = cursor->handle;
    size_t count = cursor->column_count;
    result->binds = calloc(count, sizeof *result->binds);
    result->lengths = calloc(count, sizeof *result->lengths);
    result->nulls = calloc(count, sizeof *result->nulls);
    result->cuts = calloc(count, sizeof *result->cuts);
    if (result->binds == NULL || result->lengths == NULL || result->nulls == NULL ||
        result->cuts == NULL) {
        return mig_error_nomem(err);
    }
    for (size_t i = 0; i < count; i++) {
        MYSQL_BIND *bind = &result->binds[i];
        enum reading reading = result->readings[i];
        bind->buffer_type = reading == AS_DOUBLE                       ? MYSQL_TYPE_DOUBLE
                            : reading == AS_BYTES || reading == AS_BIT ? MYSQL_TYPE_BLOB
                                                                       : MYSQL_TYPE_STRING;
        bind->buffer = malloc(FIRST_ROOM);
        bind->buffer_length = FIRST_ROOM;
        bind->length = &result->lengths[i];
        bind->is_null = &result->nulls[i];
        bind->error = &result->cuts[i];
        if (bind->buffer == NULL) {
            return mig_error_nomem(err);
        }
    }
    return mig_mysql.mysql_stmt_bind_result(result->stmt, result->binds) != 0
               ? mig_mysql_fail_statement(conn, result->stmt, err)
               : 0;
}

static int query_prepared(struct mig_conn *conn, const char *sql, size_t length,
                          const struct mig_params *params, struct mig_cursor *cursor,
                          struct mig_error *err)
{
    struct result *result = cursor->handle;
    int rc = mig_mysql_run_prepared(conn, sql, length, params, &result->stmt, err);
    if (rc != 0) {
        return rc;
    }
    if (mig_mysql.mysql_stmt_field_count(result->stmt) == 0) {
        cursor->changed = mig_mysql_count(mig_mysql.mysql_stmt_affected_rows(result->stmt));
        return 0;
    }
    cursor->live = true;
    result->rows = mig_mysql.mysql_stmt_result_metadata(result->stmt);
    if (result->rows == NULL) {
        return mig_mysql_fail_statement(conn, result->stmt, err);
    }
    rc = describe_columns(cursor, err);
    return rc != 0 ? rc : bind_results(conn, cursor, err);
}

static int query_text(struct mig_conn *conn, const char *sql, size_t length,
                      struct mig_cursor *cursor, struct mig_error *err)
{
    MYSQL *mysql = mig_mysql_handle_of(conn)->mysql;
    struct result *result = cursor->handle;
    int rc = mig_mysql_allow(conn, err);
    if (rc != 0) {
        return rc;
    }
    if (mig_mysql.mysql_real_query(mysql, sql, (unsigned long)length) != 0) {
        return mig_mysql_fail(conn, err);
    }
    if (mig_mysql.mysql_field_count(mysql) == 0) {
        return mig_mysql_drop_results(conn, &cursor->changed, err);
    }
    result->rows = mig_mysql.mysql_use_result(mysql);
    if (result->rows == NULL) {
        return mig_mysql_fail(conn, err);
    }
    cursor->live = true;
    return describe_columns(cursor, err);
}

int mig_mysql_query(struct mig_conn *conn, const char *sql, size_t length,
                    const struct mig_params *params, bool streaming, struct mig_cursor *cursor,
                    struct mig_error *err)
{
    (void)streaming;
    cursor->handle = calloc(1, sizeof(struct result));
    if (cursor->handle == NULL) {
        return mig_error_nomem(err);
    }
    int rc = params != NULL && params->count > 0
                 ? query_prepared(conn, sql, length, params, cursor, err)
                 : query_text(conn, sql, length, cursor, err);
    if (rc != 0) {
        mig_mysql_finish(cursor);
    }
    return rc;
}

/* The end of the rows: further results of a CALL are dropped, the connection is free. */
static int end_rows(struct mig_cursor *cursor, struct mig_error *err)
{
    struct mig_conn *conn = cursor->conn;
    struct result *result = cursor->handle;
    cursor->live = false;
    if (result->stmt != NULL) {
        while (mig_mysql.mysql_stmt_next_result(result->stmt) == 0) {
            (void)mig_mysql.mysql_stmt_free_result(result->stmt);
        }
        return mig_mysql.mysql_stmt_errno(result->stmt) != 0
                   ? mig_mysql_fail_statement(conn, result->stmt, err)
                   : 0;
    }
    MYSQL *mysql = mig_mysql_handle_of(conn)->mysql;
    if (mig_mysql.mysql_errno(mysql) != 0) {
        return mig_mysql_fail(conn, err);
    }
    mig_mysql.mysql_free_result(result->rows);
    result->rows = NULL;
    int more = mig_mysql.mysql_next_result(mysql);
    if (more > 0) {
        return mig_mysql_fail(conn, err);
    }
    return more == 0 ? mig_mysql_drop_results(conn, &cursor->changed, err) : 0;
}

static int next_text(struct mig_cursor *cursor, bool *row, struct mig_error *err)
{
    struct result *result = cursor->handle;
    MYSQL_ROW fields = mig_mysql.mysql_fetch_row(result->rows);
    if (fields == NULL) {
        return end_rows(cursor, err);
    }
    const unsigned long *lengths = mig_mysql.mysql_fetch_lengths(result->rows);
    for (size_t i = 0; i < cursor->column_count; i++) {
        if (fields[i] == NULL) {
            cursor->values[i] = (struct mig_value){.kind = MIG_VALUE_NULL};
        } else {
            read_text(result->readings[i], fields[i], lengths[i], &cursor->values[i]);
        }
    }
    *row = true;
    return 0;
}

/* Room for the field and its NUL. *grown: the buffer moved, it must be bound anew. */
static int make_room(struct result *result, size_t i, bool *grown, struct mig_error *err)
{
    MYSQL_BIND *bind = &result->binds[i];
    size_t wanted = (size_t)result->lengths[i] + 1;
    if (wanted <= bind->buffer_length) {
        return 0;
    }
    wanted += wanted / 2;
    free(bind->buffer);
    bind->buffer = malloc(wanted);
    bind->buffer_length = bind->buffer != NULL ? (unsigned long)wanted : 0;
    *grown = true;
    return bind->buffer == NULL ? mig_error_nomem(err) : 0;
}

static int next_prepared(struct mig_cursor *cursor, bool *row, struct mig_error *err)
{
    struct result *result = cursor->handle;
    int fetched = mig_mysql.mysql_stmt_fetch(result->stmt);
    bool grown = false;
    if (fetched == MYSQL_NO_DATA) {
        return end_rows(cursor, err);
    }
    if (fetched == 1) {
        cursor->live = false;
        return mig_mysql_fail_statement(cursor->conn, result->stmt, err);
    }
    for (size_t i = 0; i < cursor->column_count; i++) {
        MYSQL_BIND *bind = &result->binds[i];
        cursor->values[i] = (struct mig_value){.kind = MIG_VALUE_NULL};
        if (result->nulls[i]) {
            continue;
        }
        if (bind->buffer_type == MYSQL_TYPE_DOUBLE) {
            double number = 0;
            memcpy(&number, bind->buffer, sizeof number);
            cursor->values[i] = (struct mig_value){.kind = MIG_VALUE_FLOAT, .number = number};
            continue;
        }
        bool had_grown = grown;
        grown = false;
        int rc = make_room(result, i, &grown, err);
        if (rc != 0) {
            return rc;
        }
        if (grown && mig_mysql.mysql_stmt_fetch_column(result->stmt, bind, (unsigned)i, 0) != 0) {
            return mig_mysql_fail_statement(cursor->conn, result->stmt, err);
        }
        grown = grown || had_grown;
        ((char *)bind->buffer)[result->lengths[i]] = '\0';
        read_text(result->readings[i], bind->buffer, result->lengths[i], &cursor->values[i]);
    }
    if (grown && mig_mysql.mysql_stmt_bind_result(result->stmt, result->binds) != 0) {
        return mig_mysql_fail_statement(cursor->conn, result->stmt, err);
    }
    *row = true;
    return 0;
}

int mig_mysql_next(struct mig_cursor *cursor, bool *row, struct mig_error *err)
{
    struct result *result = cursor->handle;
    *row = false;
    if (!cursor->live) {
        return 0;
    }
    return result->stmt != NULL ? next_prepared(cursor, row, err) : next_text(cursor, row, err);
}

#endif
