/* Connecting to PostgreSQL: whatever libpq takes, and errors that say what to do. */
#include "driver/database.h"

#ifdef LUAMIG_HAVE_LIBPQ

#include "db/postgresql/driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What to do about a connection that did not come about; the texts are libpq's and the server's. */
static const char *connect_hint(const char *text)
{
    static const struct {
        const char *part, *hint;
    } hints[] = {
        {"password authentication failed",
         "Check user and password in the URL, PGPASSWORD or ~/.pgpass."},
        {"no password supplied", "Give a password in the URL, by PGPASSWORD or in ~/.pgpass."},
        /* these name a role or a database that is there */
        {"no pg_hba.conf entry", "The server's pg_hba.conf does not let this user in from here."},
        {"not permitted to log in", "ALTER ROLE … LOGIN lets it in."},
        {"too many connections for", "All connections that it may have are in use."},
        {"permission denied for database", "GRANT CONNECT ON DATABASE … TO … lets the user in."},
        {"not currently accepting", "ALTER DATABASE … ALLOW_CONNECTIONS true opens it."},
        {"role \"", "Create the role, or correct the user in the URL."},
        {"database \"", "Create the database (CREATE DATABASE …), or correct its name in the URL."},
        {"Connection refused", "Is the server running, and does it listen on that host and port?"},
        {"No such file or directory", "Is the server running, and is that its socket folder?"},
        {"could not translate host name", "Check the host in the URL."},
        {"timeout expired", "The server did not answer; check host, port and firewall."},
        {"does not support SSL", "Use sslmode=prefer, or enable TLS on the server."},
        {"invalid URI query parameter", "The options of a PostgreSQL URL are libpq's: sslmode, "
                                        "application_name, connect_timeout, options, …"},
        {"starting up", "Try again in a moment."},
        {"too many clients", "All connections of the server are in use."},
        {"remaining connection slots", "All connections of the server are in use."},
    };
    for (size_t i = 0; i < MIG_COUNT(hints); i++) {
        if (strstr(text, hints[i].part) != NULL) {
            return hints[i].hint;
        }
    }
    return NULL;
}

/* ---- connecting ---- */

static void notice(void *payload, const PGresult *result)
{
    struct mig_conn *conn = payload;
    const char *severity = mig_pq.PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    const char *message = mig_pq.PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (message != NULL) {
        bool warning = severity != NULL && strcmp(severity, "WARNING") == 0;
        mig_conn_notice(conn, warning ? MIG_LOG_WARNING : MIG_LOG_INFO, message);
    }
}

/* The facts that everyone asks for. One round trip. */
static int describe(struct mig_conn *conn, struct mig_error *err)
{
    PGconn *pg = mig_pq_handle_of(conn)->pg;
    const char *host = mig_pq.PQhost(pg), *port = mig_pq.PQport(pg);
    conn->target = host != NULL && host[0] == '/'
                       ? mig_arena_strdup(&conn->arena, host)
                       : mig_arena_printf(&conn->arena, "%s:%s", host, port != NULL ? port : "");
    conn->begin_sql = "BEGIN";
    conn->server.version = mig_pq.PQserverVersion(pg);
    const char *conforming = mig_pq.PQparameterStatus(pg, "standard_conforming_strings");
    conn->server.no_backslash_escapes = conforming == NULL || strcmp(conforming, "off") != 0;
    const char *encoding = mig_pq.pg_encoding_to_char(mig_pq.PQclientEncoding(pg));
    if (strcmp(encoding, "UTF8") != 0 && mig_pq.PQsetClientEncoding(pg, "UTF8") != 0) {
        return mig_pq_fail(conn, NULL, err);
    }
    const char *standby = mig_pq.PQparameterStatus(pg, "in_hot_standby"); /* told since 14 */
    conn->standby = standby != NULL && strcmp(standby, "on") == 0;
    struct mig_cursor cursor;
    bool row = false;
    /* a role's or a database's settings that cut floats short, or quote every name in definitions;
     * and those that end a session of ours while a script or a hook takes its time, unless the URL
     * says so. A pooler's session goes to others, with what is set in it. */
    const char *facts = mig_arena_printf(
        &conn->arena,
        "SELECT current_database(), current_schema(), pg_backend_pid(),"
        " CASE WHEN current_setting('extra_float_digits')::int < 1"
        " THEN set_config('extra_float_digits', '1', false) END,"
        " CASE WHEN current_setting('quote_all_identifiers')::bool"
        " THEN set_config('quote_all_identifiers', 'off', false) END,"
        " CASE WHEN pg_backend_pid() = %d AND concat(current_setting('idle_session_timeout', true),"
        " current_setting('idle_in_transaction_session_timeout', true),"
        " current_setting('transaction_timeout', true)) ~ '[1-9]'"
        " THEN (SELECT count(set_config(name, '0', false)) FROM pg_catalog.pg_settings"
        " WHERE source <> 'client' AND name IN ('idle_session_timeout',"
        " 'idle_in_transaction_session_timeout', 'transaction_timeout')) END",
        conn->attached ? 0 : mig_pq.PQbackendPID(pg));
    if (facts == NULL) {
        return mig_error_nomem(err);
    }
    int rc = mig_conn_query(conn, facts, NULL, false, &cursor, err);
    if (rc != 0) {
        return rc;
    }
    rc = mig_cursor_next(&cursor, &row, err);
    if (rc == 0 && row) {
        conn->server.database = mig_arena_strdup(&conn->arena, cursor.values[0].text);
        conn->server.schema = mig_arena_strdup(&conn->arena, cursor.values[1].text);
        conn->pooled = cursor.values[2].integer != mig_pq.PQbackendPID(pg);
    }
    mig_cursor_close(&cursor);
    /* timestamps come as ISO 8601 texts, whatever the server's configuration says */
    const char *style = mig_pq.PQparameterStatus(pg, "DateStyle");
    if (rc == 0 && style != NULL && strncmp(style, "ISO", 3) != 0) {
        rc = mig_conn_execute(conn, "SET DateStyle = ISO", NULL, NULL, err);
    }
    return rc;
}

void mig_pq_close(struct mig_conn *conn)
{
    struct mig_pq_handle *h = mig_pq_handle_of(conn);
    mig_pq.PQfreeCancel(h->cancel);
    if (!conn->attached) {
        mig_pq.PQfinish(h->pg);
    }
    mig_pq_forget_parsed(h);
    mig_pq_named_forget(h, false);
    free(h);
    conn->handle = NULL;
}

static int cannot_connect(PGconn *pg, struct mig_error *err)
{
    const char *text = mig_pq.PQerrorMessage(pg);
    const char *host = mig_pq.PQhost(pg), *port = mig_pq.PQport(pg), *why = text;
    char line[512];
    /* "connection to server at … failed: why", once for each address; the host is that of the last
     * one */
    size_t tries = 0;
    for (const char *at = text; (at = strstr(at, "failed: ")) != NULL; tries++) {
        at += strlen("failed: ");
        why = at;
    }
    mig_pq_first_line(why, line, sizeof line);
    why = strncmp(line, "FATAL:  ", 8) == 0 ? line + 8 : line;
    /* what libpq refuses before it connects: an unknown option, a port that is no number */
    enum mig_code code = strncmp(why, "invalid ", 8) == 0            ? MIG_E_config
                         : strstr(text, "permission denied") != NULL ? MIG_E_permission
                                                                     : MIG_E_connect;
    if (host != NULL && host[0] != '\0') {
        bool socket = host[0] == '/';
        mig_error_set(err, code, "cannot connect to PostgreSQL at %s%s%s: %s", host,
                      socket || port == NULL ? "" : ":", socket || port == NULL ? "" : port, why);
    } else {
        mig_error_set(err, code, "cannot connect to PostgreSQL: %s", why);
    }
    if (tries > 1) {
        mig_error_detail(err, "%.*s", (int)strlen(text) - 1, text);
    }
    const char *hint = connect_hint(text);
    if (hint != NULL) {
        mig_error_hint(err, "%s", hint);
    }
    return (int)code;
}

static int make_handle(struct mig_conn *conn, PGconn *pg, struct mig_error *err)
{
    struct mig_pq_handle *h = calloc(1, sizeof *h);
    if (h == NULL) {
        return mig_error_nomem(err);
    }
    h->pg = pg;
    h->cancel = mig_pq.PQgetCancel(pg);
    conn->handle = h;
    if (!conn->attached) { /* a borrowed one has a receiver that could not be put back */
        (void)mig_pq.PQsetNoticeReceiver(pg, notice, conn);
    }
    return 0;
}

int mig_pq_connect(struct mig_conn *conn, const struct mig_conn_params *params,
                   struct mig_error *err)
{
    /* what stands before dbname is overridden by the URL, what stands behind it overrides the URL
     */
    const char *names[10] = {0}, *values[10] = {0};
    size_t count = 0;
    char timeout[16];
    if (params->connect_timeout_ms > 0 || getenv("PGCONNECT_TIMEOUT") == NULL) {
        int ms = params->connect_timeout_ms > 0 ? params->connect_timeout_ms : 10000;
        (void)snprintf(timeout, sizeof timeout, "%d", (ms + 999) / 1000);
        names[count] = "connect_timeout";
        values[count++] = timeout;
    }
    /* a peer that is gone without a word is noticed in a minute, not in the two hours of the
     * system, or, with something on its way to it, in its quarter of an hour */
    names[count] = "keepalives_idle";
    values[count++] = "30";
    names[count] = "keepalives_interval";
    values[count++] = "10";
    names[count] = "keepalives_count";
    values[count++] = "3";
    names[count] = "tcp_user_timeout";
    values[count++] = "60000";
    names[count] = "fallback_application_name";
    values[count++] = "luamig";
    names[count] = "dbname";
    values[count++] = params->text;
    names[count] = "client_encoding";
    values[count++] = "UTF8";
    PGconn *pg = mig_pq.PQconnectdbParams(names, values, 1);
    if (pg == NULL) {
        return mig_error_nomem(err);
    }
    if (mig_pq.PQstatus(pg) != CONNECTION_OK) {
        int rc = cannot_connect(pg, err);
        mig_pq.PQfinish(pg);
        return rc;
    }
    int rc = make_handle(conn, pg, err);
    if (rc != 0) {
        mig_pq.PQfinish(pg);
        return rc;
    }
    rc = describe(conn, err);
    if (rc != 0) {
        mig_pq_close(conn);
    }
    return rc;
}

int mig_pq_attach(struct mig_conn *conn, void *native, struct mig_error *err)
{
    if (mig_pq.PQpipelineStatus(native) != PQ_PIPELINE_OFF) {
        mig_error_set(err, MIG_E_usage, "the attached connection is in pipeline mode");
        mig_error_hint(err, "Read its results and call PQexitPipelineMode first.");
        return MIG_E_usage;
    }
    int rc = make_handle(conn, native, err);
    if (rc == 0) {
        rc = describe(conn, err);
        if (rc != 0) {
            mig_pq_close(conn);
        }
    }
    return rc;
}

void mig_pq_cancel(struct mig_conn *conn)
{
    char why[256];
    PGcancel *cancel = mig_pq_handle_of(conn)->cancel;
    if (cancel != NULL) {
        (void)mig_pq.PQcancel(cancel, why, sizeof why);
    }
}

#endif
