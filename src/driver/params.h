/* What a URL's query says to a driver. */
#ifndef MIG_DRIVER_PARAMS_H
#define MIG_DRIVER_PARAMS_H

#include "driver/driver.h"

/* NULL: the URL does not have it. */
const char *mig_conn_option(const struct mig_conn_params *params, const char *name);
/* on, 1, true, yes or their opposites; `otherwise` where the URL does not have it. MIG_E_config for
 * another word. */
int mig_conn_switch(const struct mig_conn_params *params, const char *name, bool otherwise,
                    bool *out, struct mig_error *err) MIG_MUST_CHECK;

#endif
