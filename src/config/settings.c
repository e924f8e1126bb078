#include "config/settings.h"

#include "util/ascii.h"
#include "util/number.h"
#include "util/strbuf.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST_DURATION_S (366.0 * 24 * 3600)

void mig_settings_init(struct mig_settings *settings)
{
    *settings = (struct mig_settings){
        .file_template = "{rev}_{slug}",
        .slug_length = 40,
        .timezone = "UTC",
        .version_table = "luamig_version",
        .transaction = MIG_PER_MIGRATION,
        .lock_timeout_ms = 10 * 1000,
        .ddl_lock_timeout_ms = 5 * 1000,
        .ddl_retries = 10,
        .history_sources = true,
        .naming = {.ix = "ix_{table}_{columns}"},
        .compare_type = true,
        .compare_default = true,
    };
}

int mig_duration_parse(const char *text, int64_t *ms, struct mig_error *err)
{
    static const struct {
        const char *unit;
        double seconds;
    } units[] = {{"", 1}, {"ms", 0.001}, {"s", 1}, {"m", 60}, {"h", 3600}};
    double number = 0;
    const size_t digits = strspn(text, "0123456789.eE+-");
    bool good = isdigit((unsigned char)text[0]) && mig_float_parse(text, digits, &number);
    for (size_t i = 0; good && i < MIG_COUNT(units); i++) {
        double seconds = number * units[i].seconds;
        if (strcmp(text + digits, units[i].unit) == 0 && isfinite(seconds) &&
            seconds <= LONGEST_DURATION_S) {
            *ms = (int64_t)(seconds * 1000 + 0.5);
            return 0;
        }
    }
    mig_error_hint(err, "A duration is a number with ms, s, m or h: \"500ms\", \"10s\"; a bare "
                        "number is seconds.");
    return mig_error_set(err, MIG_E_config, "'%s' is no duration", text);
}

static bool is_name(const char *text, size_t length)
{
    if (length == 0 || isdigit((unsigned char)text[0])) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (!mig_ascii_is_alnum(text[i]) && text[i] != '_') {
            return false;
        }
    }
    return true;
}

/* Appends what one ${…} (its inside is given) stands for. */
static int expand_one(struct mig_strbuf *out, const char *key, const char *inside, size_t length,
                      struct mig_error *err)
{
    const char *fallback = NULL;
    size_t name_length = length;
    for (size_t i = 0; i + 1 < length && fallback == NULL; i++) {
        if (inside[i] == ':' && inside[i + 1] == '-') {
            fallback = inside + i + 2;
            name_length = i;
        }
    }
    char name[256];
    if (!is_name(inside, name_length) || name_length >= sizeof name) {
        return mig_error_set(err, MIG_E_config, "%s: '${%.*s}' is no ${NAME} or ${NAME:-default}",
                             key, (int)length, inside);
    }
    memcpy(name, inside, name_length);
    name[name_length] = '\0';
    if (fallback != NULL && memmem(fallback, length - name_length - 2, "${", 2) != NULL) {
        return mig_error_set(err, MIG_E_config,
                             "%s: the default of ${%s} is a text as it stands, not another ${…}",
                             key, name);
    }
    const char *value = getenv(name);
    /* As in a shell, :- also stands in for an empty variable. */
    if (fallback != NULL && (value == NULL || value[0] == '\0')) {
        mig_strbuf_add(out, fallback, length - name_length - 2);
        return 0;
    }
    if (value == NULL) {
        mig_error_hint(err, "Set it, or write ${%s:-default}.", name);
        return mig_error_set(err, MIG_E_config, "%s: the environment variable %s is not set", key,
                             name);
    }
    mig_strbuf_puts(out, value);
    return 0;
}

int mig_settings_expand(struct mig_arena *arena, const char *key, const char *text,
                        const char **out, struct mig_error *err)
{
    struct mig_strbuf buf = {0};
    while (*text != '\0') {
        const char *open = strstr(text, "${");
        if (open == NULL) {
            mig_strbuf_puts(&buf, text);
            break;
        }
        const char *close = strchr(open, '}');
        if (close == NULL) {
            mig_strbuf_release(&buf);
            return mig_error_set(err, MIG_E_config, "%s: '${' without '}'", key);
        }
        mig_strbuf_add(&buf, text, (size_t)(open - text));
        int rc = expand_one(&buf, key, open + 2, (size_t)(close - open - 2), err);
        if (rc != 0) {
            mig_strbuf_release(&buf);
            return rc;
        }
        text = close + 1;
    }
    *out = mig_strbuf_to_arena(&buf, arena);
    return *out != NULL ? 0 : mig_error_nomem(err);
}
