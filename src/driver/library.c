#include "driver/library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;

static int load(struct mig_library *library, struct mig_error *err)
{
    void *handle = dlopen(library->soname, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) {
        const char *why = dlerror();
        mig_error_set(err, MIG_E_connect, "cannot load the client library '%s'", library->soname);
        mig_error_detail(err, "%s", why != NULL ? why : "unknown reason");
        mig_error_hint(err, "Install %s.", library->package);
        return MIG_E_connect;
    }
    for (size_t i = 0; i < library->symbol_count; i++) {
        const struct mig_symbol *symbol = &library->symbols[i];
        void *address = dlsym(handle, symbol->name);
        if (address == NULL) {
            dlclose(handle);
            mig_error_set(err, MIG_E_connect, "the client library '%s' has no function '%s'",
                          library->soname, symbol->name);
            mig_error_hint(err, "Install a newer %s.", library->package);
            return MIG_E_connect;
        }
        /* ISO C has no conversion between object and function pointers; POSIX says they are alike
         */
        memcpy((char *)library->table + symbol->offset, &address, sizeof address);
    }
    return library->start == NULL || library->start()
               ? 0
               : mig_error_set(err, MIG_E_connect, "the client library '%s' does not start",
                               library->soname);
}

int mig_library_load(struct mig_library *library, struct mig_error *err)
{
    int rc = 0;
    pthread_mutex_lock(&loading);
    if (!library->loaded) {
        rc = load(library, err);
        library->loaded = rc == 0;
    }
    pthread_mutex_unlock(&loading);
    return rc;
}
