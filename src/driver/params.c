#include "driver/params.h"

#include "util/ascii.h"

#include <string.h>

const char *mig_conn_option(const struct mig_conn_params *params, const char *name)
{
    for (size_t i = 0; i < params->option_count; i++) {
        if (strcmp(params->options[i].name, name) == 0) {
            return params->options[i].value.text;
        }
    }
    return NULL;
}

int mig_conn_switch(const struct mig_conn_params *params, const char *name, bool otherwise,
                    bool *out, struct mig_error *err)
{
    static const char *const words[][2] = {
        {"off", "on"}, {"0", "1"}, {"false", "true"}, {"no", "yes"}};
    const char *text = mig_conn_option(params, name);
    *out = otherwise;
    for (size_t i = 0; text != NULL && i < MIG_COUNT(words); i++) {
        for (int on = 0; on < 2; on++) {
            if (mig_ascii_compare(text, words[i][on]) == 0) {
                *out = on == 1;
                return 0;
            }
        }
    }
    return text == NULL ? 0
                        : mig_error_set(err, MIG_E_config,
                                        "%s in the URL is 'on' or 'off', not '%s'", name, text);
}
