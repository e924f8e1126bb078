/* Named statements: what is sent with every revision is parsed and planned once. A name lives as
 * long as the server's session, also when the transaction in which it was made is rolled back; it
 * does not where a Parse was skipped, since something before it in the pipeline failed. */
#include "driver/database.h"

#ifdef LUAMIG_HAVE_LIBPQ

#include "db/postgresql/driver.h"
#include "db/postgresql/named.h"
#include "util/ascii.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void drop(struct mig_pq_named *named)
{
    free(named->sql);
    free(named->types);
    *named = (struct mig_pq_named){0};
}

void mig_pq_named_forget(struct mig_pq_handle *h, bool unanswered_only)
{
    for (size_t i = 0; i < MIG_COUNT(h->named); i++) {
        if (!unanswered_only || !h->named[i].answered) {
            drop(&h->named[i]);
        }
    }
}

/* A script's statements leave the first places to luamig's own, which come with every revision. */
enum { OWN_PLACES = 4 };

/* Where it stands, or may stand; NULL when there is no room. */
static struct mig_pq_named *place_of(struct mig_pq_handle *h, size_t first, const char *sql,
                                     const Oid *types, int count)
{
    struct mig_pq_named *room = NULL;
    for (size_t i = first; i < MIG_COUNT(h->named); i++) {
        struct mig_pq_named *named = &h->named[i];
        if (named->sql == NULL) {
            room = room == NULL ? named : room;
        } else if (named->count == count &&
                   memcmp(named->types, types, (size_t)count * sizeof *types) == 0 &&
                   strcmp(named->sql, sql) == 0) {
            return named;
        }
    }
    return room;
}

/* Sends the statement to be parsed under a new name; its answer comes before those to come. */
static bool prepare(struct mig_pq_handle *h, struct mig_pq_named *named, const char *sql,
                    const Oid *types, int count)
{
    size_t size = (size_t)count * sizeof *types;
    named->sql = strdup(sql);
    named->types = malloc(size > 0 ? size : 1);
    named->count = count;
    named->number = ++h->names;
    (void)snprintf(named->name, sizeof named->name, MIG_PQ_NAMED "%u", named->number);
    if (named->sql == NULL || named->types == NULL ||
        !mig_pq.PQsendPrepare(h->pg, named->name, sql, count, types)) {
        drop(named);
        return false;
    }
    memcpy(named->types, types, size);
    return true;
}

const char *mig_pq_named_get(struct mig_conn *conn, const char *sql, const Oid *types, int count)
{
    struct mig_pq_handle *h = mig_pq_handle_of(conn);
    if (conn->attached || conn->pooled || h->nameless || count == 0) {
        return NULL;
    }
    struct mig_pq_named *named = place_of(h, conn->as_written ? OWN_PLACES : 0, sql, types, count);
    if (named == NULL || (named->sql == NULL && !prepare(h, named, sql, types, count))) {
        return NULL;
    }
    return named->name;
}

bool mig_pq_named_answers(struct mig_pq_handle *h, PGresult *result)
{
    if (mig_pq.PQresultStatus(result) != PGRES_COMMAND_OK ||
        mig_pq.PQcmdStatus(result)[0] != '\0') { /* whatever was carried out has a tag */
        return false;
    }
    struct mig_pq_named *first = NULL; /* they are answered in the order of their names */
    for (size_t i = 0; i < MIG_COUNT(h->named); i++) {
        struct mig_pq_named *named = &h->named[i];
        if (named->sql != NULL && !named->answered &&
            (first == NULL || named->number < first->number)) {
            first = named;
        }
    }
    if (first != NULL) {
        first->answered = true;
    }
    return true;
}

void mig_pq_named_failed(struct mig_pq_handle *h, const char *sqlstate, const char *message)
{
    mig_pq_named_forget(h, true);
    if (strcmp(sqlstate, "26000") == 0 && message != NULL &&
        strstr(message, MIG_PQ_NAMED) != NULL) {
        mig_pq_named_forget(h, false); /* something between us and the server, or a function, did */
        h->nameless = true;
    }
}

void mig_pq_named_look(struct mig_conn *conn, const char *sql)
{
    if (conn->as_written &&
        (mig_ascii_find(sql, "DEALLOCATE") != NULL || mig_ascii_find(sql, "DISCARD") != NULL)) {
        mig_pq_named_forget(mig_pq_handle_of(conn), false);
    }
}

#endif
