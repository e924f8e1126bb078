/* Plan: statements are listed in the report (segment.c does that for every sink) and go nowhere. */
#include "runtime/run.intern.h"

static int statement(struct mig_run *run, const struct mig_statement *statement, int64_t *changed,
                     struct mig_error *err)
{
    (void)run, (void)statement, (void)err;
    *changed = -1;
    return 0;
}

const struct mig_sink mig_sink_plan = {
    .statement = statement,
};
