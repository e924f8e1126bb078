#include "util/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* proc(5), /proc/PID/stat: the fields are numbered from 1, the second is the name in parentheses.
 */
enum { FIELD_NAME = 2, FIELD_START = 22 };

/* When it started, in ticks since the machine's start; 0: it does not run any more. */
static unsigned long long started(long pid)
{
    char path[64], stat[512];
    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return 0;
    }
    size_t length = fread(stat, 1, sizeof stat - 1, file);
    fclose(file);
    stat[length] = '\0';
    const char *at = strrchr(stat, ')');            /* the name may hold anything */
    if (at != NULL && strncmp(at, ") Z", 3) == 0) { /* has ended, and nobody has asked how */
        return 0;
    }
    for (int field = FIELD_NAME; at != NULL && field < FIELD_START; field++) {
        at = strchr(at + 1, ' ');
    }
    return at != NULL ? strtoull(at, NULL, 10) : 0;
}

const char *mig_process_name(struct mig_arena *arena)
{
    char host[128] = "";
    long pid = (long)getpid();
    (void)!gethostname(host, sizeof host - 1);
    return mig_arena_printf(arena, "%s:%ld:%llu", host, pid, started(pid));
}

bool mig_process_is_alive(const char *name)
{
    struct mig_arena arena = {0};
    const char *me = mig_process_name(&arena), *pid = strchr(name, ':');
    const char *start = pid != NULL ? strchr(pid + 1, ':') : NULL;
    bool alive = false;
    if (me != NULL && start != NULL && strcmp(me, name) != 0 &&
        strncmp(me, name, (size_t)(pid - name) + 1) == 0) { /* of this machine */
        unsigned long long since = started(strtol(pid + 1, NULL, 10));
        alive = since != 0 && since == strtoull(start + 1, NULL, 10);
    }
    mig_arena_release(&arena);
    return alive;
}
