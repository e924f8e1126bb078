#include "driver/database.h"

#include <string.h>

void mig_database_own_process(void)
{
    for (const struct mig_db *const *db = mig_databases; *db != NULL; db++) {
        if ((*db)->driver != NULL && (*db)->driver->own_process != NULL) {
            (*db)->driver->own_process();
        }
    }
}

const struct mig_db *mig_database_by_scheme(const char *scheme)
{
    for (const struct mig_db *const *db = mig_databases; *db != NULL; db++) {
        for (const char *const *known = (*db)->schemes; *known != NULL; known++) {
            if (strcmp(*known, scheme) == 0) {
                return *db;
            }
        }
    }
    return NULL;
}

const struct mig_db *mig_database_by_dialect(const char *dialect)
{
    for (const struct mig_db *const *db = mig_databases; *db != NULL; db++) {
        if ((*db)->dialect != NULL && strcmp((*db)->dialect->name, dialect) == 0) {
            return *db;
        }
    }
    return NULL;
}
