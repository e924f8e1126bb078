/* A listing: the rows of a catalog query, as live reflection reads them. */
#ifndef MIG_DRIVER_LISTING_H
#define MIG_DRIVER_LISTING_H

#include "driver/driver.h"
#include "model/schema.h"

/* The first failure stays in `status` and `err`; every read after it gives nothing. */
struct mig_listing {
    struct mig_conn *conn;
    struct mig_arena *arena; /* what the reads give lives here */
    struct mig_cursor cursor;
    struct mig_error *err;
    int status;
};

enum { MIG_LISTING_ARGS = 12 }; /* at most */
/* Runs the query with text arguments (NULL is SQL's NULL). */
void mig_listing_open(struct mig_listing *listing, struct mig_conn *conn, struct mig_arena *arena,
                      const char *sql, const char *const *args, size_t count,
                      struct mig_error *err);
/* The next row; false at the end and after a failure. */
bool mig_listing_next(struct mig_listing *listing);
/* A field as text in the arena; NULL for NULL. */
const char *mig_listing_text(struct mig_listing *listing, size_t field);
/* The same, NULL also for an empty text. */
const char *mig_listing_filled(struct mig_listing *listing, size_t field);
/* A field's text without a copy, valid until the next row; "" for NULL. Numbers are no texts. */
const char *mig_listing_peek(const struct mig_listing *listing, size_t field);
/* True for a true boolean, a number that is not 0, and the texts t, true, YES, 1. */
bool mig_listing_bool(const struct mig_listing *listing, size_t field);
/* Not given for NULL. */
struct mig_opt_int mig_listing_int(const struct mig_listing *listing, size_t field);
/* Names that the query joined with the unit separator chr(31). */
struct mig_names mig_listing_names(struct mig_listing *listing, size_t field);
/* The other way round: names as one argument of a query. NULL when there are none. */
const char *mig_listing_join(struct mig_arena *arena, const struct mig_names *names);
/* Closes; the status. */
int mig_listing_close(struct mig_listing *listing) MIG_MUST_CHECK;

/* The query without the parts between the comments named `mark` and `end`: what only some servers
 * have, or what narrows it to one object. NULL when out of memory. */
const char *mig_listing_without(struct mig_arena *arena, const char *sql, const char *mark);

/* The text of an expression without the parentheses around all of it. */
const char *mig_listing_unwrap(struct mig_arena *arena, const char *text);
/* An object that schema.lua has no word for. */
struct mig_left_out {
    const char *kind; /* what it is, in the plural: "triggers" */
    const char *name;
    /* SQL that makes it again ("": its view brings it) and takes it away; NULL: it has none, or
     * goes with its table. */
    const char *make, *undo;
    const char *prepare,
        *restore;          /* SQL that sets the session for `make` and sets it back, or NULL */
    bool early;            /* tables may need it: it is made before them */
    bool for_views;        /* else: views may need it, and it none of them */
    struct mig_opt_int at; /* made before those of a higher number */
    const char *table;     /* that it goes with; NULL: none */
    const char *schema;    /* of the table; NULL: the default one */
};
struct mig_left_out_list {
    struct mig_left_out *items;
    size_t count;
    struct mig_names schemas;   /* beside the default one that were not looked at … */
    struct mig_names looked_at; /* … or were */
};
/* MIG_E_nomem is the listing's status then. */
void mig_listing_add_left_out(struct mig_listing *listing, struct mig_left_out_list *out,
                              const struct mig_left_out *one);
/* The rows of a query of kind, name, early, at, make, undo, table, schema and, where there is such
 * a thing, for_views, added to `out`; closes the listing. */
int mig_listing_left_out(struct mig_listing *listing, struct mig_left_out_list *out) MIG_MUST_CHECK;
/* A table of our own (luamig_version, …) or of Alembic's: nothing that a user declares. */
bool mig_listing_is_internal(const char *table);

#endif
