/* A table's options of a dialect ("mysql_engine", "postgresql_with"): which of them op.alter_table
 * changes, what each is when nothing is said, and when two say the same. Values are texts here. */
#ifndef MIG_MODEL_OPTION_H
#define MIG_MODEL_OPTION_H

#include "model/value.h"
#include "util/arena.h"

/* What an option is when nothing is said of it. */
struct mig_option_standard {
    const char *name;
    const char *text; /* NULL: the server's own choice */
    bool is_flag;
};

/* One row an option that is reflected, and so can be compared; NULL-terminated. Not among them:
 * postgresql_with, whose parameters count one by one. */
extern const struct mig_option_standard mig_option_standards[];
/* The names that op.alter_table takes, NULL-terminated; "mysql_*" is open. */
extern const char *const mig_option_changeable[];

/* One name for those that mean the same: mysql_default_charset is mysql_charset. */
const char *mig_option_name(const char *name);
/* The option's value, by its one name; NULL when it is not given. */
const struct mig_value *mig_option_value(const struct mig_pairs *options, const char *name);
/* A word, number or flag as text; NULL for sql.null and when out of memory. */
const char *mig_option_word(struct mig_arena *arena, const struct mig_value *value);
/* Compares without case; yes, on, true are 1; utf8 is utf8mb3. Either may be NULL. */
bool mig_option_same_word(const char *a, const char *b);
/* Adds a pair; -1 when out of memory. */
int mig_option_add(struct mig_arena *arena, struct mig_pairs *options, const char *name,
                   struct mig_value value) MIG_MUST_CHECK;

/* A storage parameter of postgresql_with. */
struct mig_option_parameter {
    const char *name;
    const char *value; /* NULL: the server's default (sql.null) */
};

struct mig_option_parameters {
    struct mig_option_parameter *items;
    size_t count;
};

/* What postgresql_with says, however it is written: { fillfactor = 70 } or "fillfactor=70". -1 when
 * out of memory. */
int mig_option_parameters(struct mig_arena *arena, const struct mig_pairs *options,
                          struct mig_option_parameters *out) MIG_MUST_CHECK;
/* NULL when it is not among them. */
const struct mig_option_parameter *
mig_option_parameter(const struct mig_option_parameters *parameters, const char *name);
/* Adds a pair of postgresql_with; -1 when out of memory. */
int mig_option_add_parameter(struct mig_arena *arena, struct mig_pairs *options, const char *name,
                             const char *value) MIG_MUST_CHECK;

/* The first option of `options` of which `before` says nothing; NULL when there is none. A
 * character set and a collation speak for each other. */
const char *mig_option_not_in(const struct mig_pairs *before, const struct mig_pairs *options);
/* Adds to `to` the parameters of `from` that it does not have, as sql.null. -1 when out of memory.
 */
int mig_option_reset_others(struct mig_arena *arena, struct mig_pairs *to,
                            const struct mig_pairs *from) MIG_MUST_CHECK;
/* A table's options after op.alter_table. -1 when out of memory. */
int mig_option_apply(struct mig_arena *arena, struct mig_pairs *options,
                     const struct mig_pairs *changes) MIG_MUST_CHECK;

#endif
