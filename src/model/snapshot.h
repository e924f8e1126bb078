/* A snapshot: a whole schema as a JSON document (`inspect --json`), and the catalog's source over
 * one, so that what a script must know of the database can be known offline. */
#ifndef MIG_MODEL_SNAPSHOT_H
#define MIG_MODEL_SNAPSHOT_H

#include "model/catalog.h"
#include "util/strbuf.h"

/* Where the schema comes from, for whoever reads it offline. */
struct mig_snapshot {
    const char *dialect;
    int server_version;
    bool is_mariadb;
    struct mig_schema schema;
    bool folds_names; /* as a source: the dialect's names compare without case; not read */
};

/* Appends the document: keys in a fixed order, what is left out is not there, a line an object. */
void mig_snapshot_write(const struct mig_snapshot *snapshot, struct mig_strbuf *out);
/* MIG_E_config when the text is no such document: the message says where. Lives in the arena. */
int mig_snapshot_read(struct mig_arena *arena, const char *text, size_t length,
                      struct mig_snapshot *out, struct mig_error *err) MIG_MUST_CHECK;

/* self is a struct mig_snapshot. Of the schemas that it has something of, everything is known: what
 * it lacks does not exist. */
extern const struct mig_catalog_source mig_snapshot_source;

#endif
