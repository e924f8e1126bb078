/* PostgreSQL's rows as values. */
#include "driver/database.h"

#ifdef LUAMIG_HAVE_LIBPQ

#include "db/postgresql/driver.h"
#include "driver/decimal.h"
#include "util/number.h"

#include <stdlib.h>

struct result {
    PGresult *rows; /* the ones received last, NULL at the end */
    int at, count;
    Oid *types;
    unsigned char **bytes; /* decoded bytea fields of the current row */
};

/* ---- results ---- */

static void free_bytes(struct mig_cursor *cursor)
{
    struct result *result = cursor->handle;
    for (size_t i = 0; result->bytes != NULL && i < cursor->column_count; i++) {
        if (result->bytes[i] != NULL) {
            mig_pq.PQfreemem(result->bytes[i]);
            result->bytes[i] = NULL;
        }
    }
}

void mig_pq_finish(struct mig_cursor *cursor)
{
    struct result *result = cursor->handle;
    free_bytes(cursor);
    mig_pq.PQclear(result->rows);
    if (cursor->live) {
        mig_pq_drain(mig_pq_handle_of(cursor->conn)->pg);
    }
    free(result->types);
    free(result->bytes);
    free(result);
    cursor->handle = NULL;
    cursor->live = false;
}

static int describe_columns(struct mig_cursor *cursor, struct mig_error *err)
{
    struct result *result = cursor->handle;
    size_t count = (size_t)mig_pq.PQnfields(result->rows);
    result->types = calloc(count + 1, sizeof *result->types);
    result->bytes = calloc(count + 1, sizeof *result->bytes);
    if (result->types == NULL || result->bytes == NULL) {
        return mig_error_nomem(err);
    }
    int rc = mig_cursor_reserve(cursor, count, err);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        rc = mig_cursor_name(cursor, i, mig_pq.PQfname(result->rows, (int)i), err);
        result->types[i] = mig_pq.PQftype(result->rows, (int)i);
    }
    return rc;
}

/* The next rows from the server; none (and not live any more) at the end. */
static int fetch(struct mig_cursor *cursor, struct mig_error *err)
{
    struct mig_conn *conn = cursor->conn;
    struct result *result = cursor->handle;
    PGconn *pg = mig_pq_handle_of(conn)->pg;
    PGresult *rows = mig_pq.PQgetResult(pg);
    mig_pq.PQclear(result->rows);
    result->rows = rows;
    result->at = 0;
    result->count = 0;
    if (rows == NULL) {
        cursor->live = false;
        return mig_pq.PQstatus(pg) == CONNECTION_BAD ? mig_pq_fail(conn, NULL, err) : 0;
    }
    ExecStatusType status = mig_pq.PQresultStatus(rows);
    if (status == PGRES_SINGLE_TUPLE) { /* has no tag to read */
        result->count = 1;
        return 0;
    }
    if (mig_pq_is_bad(status)) {
        cursor->live = false;
        int rc = mig_pq_bad_result(conn, rows, err);
        mig_pq.PQclear(rows);
        result->rows = NULL;
        return rc;
    }
    result->count = mig_pq.PQntuples(rows);
    cursor->changed += mig_pq_changed(rows);
    mig_pq_drain(pg); /* the last one: what follows is only the end of the answer */
    cursor->live = false;
    return 0;
}

int mig_pq_query(struct mig_conn *conn, const char *sql, size_t length,
                 const struct mig_params *params, bool streaming, struct mig_cursor *cursor,
                 struct mig_error *err)
{
    (void)length;
    struct result *result = calloc(1, sizeof *result);
    if (result == NULL) {
        return mig_error_nomem(err);
    }
    cursor->handle = result;
    int rc = mig_pq_send(conn, sql, params, err);
    if (rc == 0) {
        cursor->live = true;
        if (streaming) {
            (void)mig_pq.PQsetSingleRowMode(mig_pq_handle_of(conn)->pg);
        }
        rc = fetch(cursor, err);
    }
    if (rc == 0 && result->rows != NULL) {
        rc = mig_pq_check_commit(sql, result->rows, err);
    }
    if (rc == 0 && result->rows != NULL) {
        rc = describe_columns(cursor, err);
    }
    if (rc != 0) {
        mig_pq_finish(cursor);
    }
    return rc;
}

static int read_bytes(const char *text, unsigned char **bytes, struct mig_value *value,
                      struct mig_error *err)
{
    size_t length = 0;
    *bytes = mig_pq.PQunescapeBytea((const unsigned char *)text, &length);
    if (*bytes == NULL) {
        return mig_error_nomem(err);
    }
    value->kind = MIG_VALUE_BYTES;
    value->text = (const char *)*bytes;
    value->length = length;
    return 0;
}

static int read_value(struct result *result, size_t i, struct mig_value *value,
                      struct mig_error *err)
{
    size_t length = (size_t)mig_pq.PQgetlength(result->rows, result->at, (int)i);
    if (length == 0 && mig_pq.PQgetisnull(result->rows, result->at, (int)i)) {
        *value = (struct mig_value){.kind = MIG_VALUE_NULL};
        return 0;
    }
    const char *text = mig_pq.PQgetvalue(result->rows, result->at, (int)i);
    *value = (struct mig_value){.kind = MIG_VALUE_TEXT, .text = text, .length = length};
    switch (result->types[i]) {
    case OID_BOOL:
        *value = (struct mig_value){.kind = MIG_VALUE_BOOL, .boolean = text[0] == 't'};
        break;
    case OID_INT2:
    case OID_INT4:
    case OID_INT8:
    case OID_OID:
        if (mig_integer_parse(text, length, &value->integer)) {
            value->kind = MIG_VALUE_INT;
        }
        break;
    case OID_FLOAT4:
    case OID_FLOAT8:
        if (mig_float_parse(text, length, &value->number)) {
            value->kind = MIG_VALUE_FLOAT;
        }
        break;
    case OID_NUMERIC:
        mig_decimal_value(text, length, value);
        break;
    case OID_BYTEA:
        return read_bytes(text, &result->bytes[i], value, err);
    default:
        break;
    }
    return 0;
}

int mig_pq_next(struct mig_cursor *cursor, bool *row, struct mig_error *err)
{
    struct result *result = cursor->handle;
    *row = false;
    while (result->at == result->count) {
        if (!cursor->live) {
            return 0;
        }
        int rc = fetch(cursor, err);
        if (rc != 0) {
            return rc;
        }
    }
    free_bytes(cursor);
    for (size_t i = 0; i < cursor->column_count; i++) {
        int rc = read_value(result, i, &cursor->values[i], err);
        if (rc != 0) {
            return rc;
        }
    }
    result->at++;
    *row = true;
    return 0;
}

#endif
