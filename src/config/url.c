#include "config/url.h"

#include "driver/params.h"
#include "util/ascii.h"
#include "util/strbuf.h"
#include "util/suggest.h"

#include <string.h>

struct parse {
    struct mig_arena *arena;
    struct mig_url *url;
    struct mig_error *err;
};

/* The pieces of scheme://userinfo@hosts/database?query, as written. */
struct pieces {
    const char *rest; /* behind "scheme:" */
    const char *user, *user_end;
    const char *password, *password_end;
    const char *hosts, *hosts_end;
    const char *path, *path_end; /* without its first slash */
    const char *query;           /* behind the '?', NULL none */
    bool authority;              /* there is a "//" */
};

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Decodes %XX; NULL (and an error) for a broken escape or a NUL. `what` names the part, never its
 * text. */
static const char *decode(const struct parse *p, const char *from, const char *end,
                          const char *what)
{
    char *out = mig_arena_alloc(p->arena, (size_t)(end - from) + 1);
    if (out == NULL) {
        (void)mig_error_nomem(p->err);
        return NULL;
    }
    char *to = out;
    while (from < end) {
        if (*from != '%') {
            *to++ = *from++;
            continue;
        }
        int high = end - from > 2 ? hex_digit(from[1]) : -1;
        int low = end - from > 2 ? hex_digit(from[2]) : -1;
        if (high < 0 || low < 0 || high + low == 0) {
            mig_error_set(p->err, MIG_E_config, "broken %% escape in the %s of the database URL",
                          what);
            mig_error_hint(p->err, "A %% itself is written %%25.");
            return NULL;
        }
        *to++ = (char)(high * 16 + low);
        from += 3;
    }
    *to = '\0';
    return out;
}

static void remember_secret(const struct parse *p, const char *text)
{
    struct mig_names *secrets = &p->url->secrets;
    if (text == NULL || text[0] == '\0') {
        return;
    }
    const char **items =
        mig_arena_grow(p->arena, secrets->items, secrets->count, secrets->count + 1, sizeof *items);
    if (items != NULL) {
        items[secrets->count++] = text;
        secrets->items = items;
    }
}

/* ---- scheme ---- */

static int unknown_scheme(const struct parse *p, const char *scheme)
{
    struct mig_strbuf known = {0};
    const char *names[32];
    size_t count = 0;
    for (const struct mig_db *const *db = mig_databases; *db != NULL; db++) {
        for (const char *const *name = (*db)->schemes; *name != NULL; name++) {
            mig_strbuf_printf(&known, "%s%s", known.length > 0 ? ", " : "", *name);
            if (count < MIG_COUNT(names)) {
                names[count++] = *name;
            }
        }
    }
    const char *near = mig_suggest(scheme, names, count);
    mig_error_set(p->err, MIG_E_config, "unknown database '%s' in the URL", scheme);
    if (near != NULL) {
        mig_error_hint(p->err, "Did you mean '%s'? Known are %s.", near, mig_strbuf_text(&known));
    } else {
        mig_error_hint(p->err, "Known are %s.", mig_strbuf_text(&known));
    }
    mig_strbuf_release(&known);
    return MIG_E_config;
}

static bool is_scheme_char(char c)
{
    return mig_ascii_is_alnum(c) || c == '+' || c == '-' || c == '.' || c == '_';
}

static int parse_scheme(const struct parse *p, struct pieces *pieces)
{
    const char *text = p->url->text, *at = text;
    while (is_scheme_char(*at)) {
        at++;
    }
    if (at == text || *at != ':') {
        mig_error_set(p->err, MIG_E_config,
                      *text == '\0' ? "the database URL is empty"
                                    : "the database URL has no scheme");
        mig_error_hint(p->err,
                       "Write it as sqlite:///file.db, postgresql://user:password@host/database "
                       "or mysql://user:password@host/database.");
        return MIG_E_config;
    }
    pieces->rest = at + 1;
    const char *plus = memchr(text, '+', (size_t)(at - text));
    char *scheme = mig_arena_strndup(p->arena, text, (size_t)((plus != NULL ? plus : at) - text));
    if (scheme == NULL) {
        return mig_error_nomem(p->err);
    }
    for (char *c = scheme; *c != '\0'; c++) {
        *c = mig_ascii_lower(*c);
    }
    p->url->scheme = scheme;
    p->url->db = mig_database_by_scheme(scheme);
    return p->url->db == NULL ? unknown_scheme(p, scheme) : 0;
}

/* ---- pieces ---- */

static const char *find_any(const char *from, const char *end, const char *characters)
{
    while (from < end && strchr(characters, *from) == NULL) {
        from++;
    }
    return from;
}

static const char *find_last(const char *from, const char *end, char c)
{
    while (end > from) {
        if (*--end == c) {
            return end;
        }
    }
    return NULL;
}

/* The user part ends at the last '@' before the path, so that an '@' in a password does no harm. */
static void cut_authority(struct pieces *pieces, const char *from, const char *end)
{
    const char *at = find_last(from, end, '@');
    pieces->hosts = at != NULL ? at + 1 : from;
    pieces->hosts_end = end;
    if (at != NULL) {
        const char *colon = memchr(from, ':', (size_t)(at - from));
        pieces->user = from;
        pieces->user_end = colon != NULL ? colon : at;
        if (colon != NULL) {
            pieces->password = colon + 1;
            pieces->password_end = at;
        }
    }
}

static void cut(struct pieces *pieces)
{
    const char *from = pieces->rest, *end = from + strlen(from);
    pieces->authority = from[0] == '/' && from[1] == '/';
    from += pieces->authority ? 2 : 0;
    if (pieces->authority) {
        const char *stop = find_any(from, end, "/?#");
        cut_authority(pieces, from, stop);
        from = *stop == '/' ? stop + 1 : stop;
    }
    pieces->path = from;
    pieces->path_end = find_any(from, end, "?");
    pieces->query = *pieces->path_end == '?' ? pieces->path_end + 1 : NULL;
}

/* By a part of its name, so that a misspelt "passwordd" is one too. */
static bool is_secret_option(const char *name, size_t length)
{
    static const char *const parts[] = {"pass", "pwd", "secret", "token"};
    for (size_t i = 0; i < MIG_COUNT(parts); i++) {
        size_t part = strlen(parts[i]);
        for (size_t at = 0; at + part <= length; at++) {
            if (mig_ascii_compare_n(name + at, parts[i], part) == 0) {
                return true;
            }
        }
    }
    return false;
}

/* The '@' that ends the user part, NULL when there is none. An '@' behind the '?' counts when no
 * option's '=' comes before it: then the '?' belongs to a password that was not escaped. */
static const char *user_end(const char *start, const char *end)
{
    const char *query = find_any(start, end, "?");
    const char *late = find_any(query, end, "@=");
    if (late < end && *late == '@') {
        return find_last(late, find_any(late, end, "?"), '@');
    }
    return find_last(start, query, '@');
}

/* The URL with *** in the place of every password. It works on the text alone, so that it also
 * serves for a URL that is broken further on: everything between the first ':' behind the scheme
 * and the last '@' counts as one. */
static const char *redact(const struct parse *p)
{
    const char *text = p->url->text, *end = text + strlen(text);
    struct mig_strbuf out = {0};
    const char *slashes = strstr(text, "://");
    const char *start = slashes != NULL ? slashes + 3 : text;
    const char *at = user_end(start, end);
    if (at != NULL) {
        const char *colon = find_any(start, at, ":");
        mig_strbuf_add(&out, text, (size_t)(colon - text));
        if (colon < at) {
            mig_strbuf_puts(&out, ":***");
        }
    } else {
        at = text;
    }
    const char *query = find_any(at, end, "?");
    mig_strbuf_add(&out, at, (size_t)(query - at));
    while (query < end) { /* at a '?' or '&' */
        const char *name = query + 1;
        const char *stop = find_any(name, end, "&");
        const char *equals = find_any(name, stop, "=");
        mig_strbuf_putc(&out, *query);
        if (equals < stop && is_secret_option(name, (size_t)(equals - name))) {
            mig_strbuf_add(&out, name, (size_t)(equals - name));
            mig_strbuf_puts(&out, "=***");
        } else {
            mig_strbuf_add(&out, name, (size_t)(stop - name));
        }
        query = stop;
    }
    return mig_strbuf_to_arena(&out, p->arena);
}

/* ---- options ---- */

/* Options are compared as they are known: '-' and '_' are the same, letters are lower case. */
static void normalize_option(char *name)
{
    for (; *name != '\0'; name++) {
        *name = *name == '-' ? '_' : mig_ascii_lower(*name);
    }
}

static int check_option(const struct parse *p, const char *name)
{
    const char *const *known = p->url->db->url_options;
    size_t count = 0;
    for (; known[count] != NULL; count++) {
        if (strcmp(known[count], name) == 0) {
            return 0;
        }
    }
    struct mig_strbuf list = {0};
    for (size_t i = 0; i < count; i++) {
        mig_strbuf_printf(&list, "%s%s", i > 0 ? ", " : "", known[i]);
    }
    const char *near = mig_suggest(name, known, count);
    mig_error_set(p->err, MIG_E_config, "unknown option '%s' in the %s URL", name, p->url->scheme);
    if (near != NULL) {
        mig_error_hint(p->err, "Did you mean '%s'? Known are %s.", near, mig_strbuf_text(&list));
    } else {
        mig_error_hint(p->err, "Known are %s.", mig_strbuf_text(&list));
    }
    mig_strbuf_release(&list);
    return MIG_E_config;
}

static int parse_options(const struct parse *p, const char *query)
{
    const char *end = query + strlen(query);
    size_t room = 1;
    for (const char *at = query; at < end; at++) {
        room += *at == '&';
    }
    struct mig_pair *options = mig_arena_array(p->arena, struct mig_pair, room);
    if (options == NULL) {
        return mig_error_nomem(p->err);
    }
    size_t count = 0;
    for (const char *from = query; from < end;) {
        const char *stop = find_any(from, end, "&");
        const char *equals = find_any(from, stop, "=");
        char *name = mig_arena_strdup(p->arena, decode(p, from, equals, "options"));
        const char *value = decode(p, equals < stop ? equals + 1 : stop, stop, "options");
        if (name == NULL || value == NULL) {
            return p->err->code != MIG_OK ? (int)p->err->code : mig_error_nomem(p->err);
        }
        if (is_secret_option(from, (size_t)(equals - from))) {
            remember_secret(p, value);
        }
        if (stop > from) {
            if (p->url->db->url_form != MIG_URL_NATIVE) {
                normalize_option(name);
                int rc = check_option(p, name);
                if (rc != 0) {
                    return rc;
                }
            }
            options[count++] = (struct mig_pair){name, mig_value_text(value)};
        }
        from = stop < end ? stop + 1 : end;
    }
    p->url->params.options = options;
    p->url->params.option_count = count;
    return 0;
}

/* ---- forms ---- */

static int parse_file(const struct parse *p, const struct pieces *pieces, const char *base)
{
    if (pieces->authority && pieces->hosts != pieces->hosts_end) {
        mig_error_set(p->err, MIG_E_config, "a SQLite URL names no host");
        mig_error_hint(p->err,
                       "A relative file has three slashes (sqlite:///app.db), an absolute one four "
                       "(sqlite:////var/lib/app.db).");
        return MIG_E_config;
    }
    const char *path = decode(p, pieces->path, pieces->path_end, "path");
    if (path == NULL) {
        return (int)p->err->code;
    }
    if (path[0] == '\0' || strcmp(path, ":memory:") == 0) {
        p->url->params.database = ":memory:";
    } else if (path[0] == '/' || base == NULL) {
        p->url->params.database = path;
    } else {
        p->url->params.database = mig_arena_printf(p->arena, "%s/%s", base, path);
    }
    return 0;
}

static int parse_user(const struct parse *p, const struct pieces *pieces)
{
    struct mig_conn_params *params = &p->url->params;
    if (pieces->user != NULL && pieces->user != pieces->user_end) {
        params->user = decode(p, pieces->user, pieces->user_end, "user");
        if (params->user == NULL) {
            return (int)p->err->code;
        }
    }
    if (pieces->password != NULL) {
        params->password = decode(p, pieces->password, pieces->password_end, "password");
        if (params->password == NULL) {
            return (int)p->err->code;
        }
        remember_secret(p, params->password);
        remember_secret(p, mig_arena_strndup(p->arena, pieces->password,
                                             (size_t)(pieces->password_end - pieces->password)));
    }
    return 0;
}

static int bad_port(const struct parse *p)
{
    mig_error_set(p->err, MIG_E_config,
                  "the port in the database URL is no number from 1 to 65535");
    mig_error_hint(p->err,
                   "A '/', '?', '#' or '@' in the user or password is written %%2F, %%3F, %%23, "
                   "%%40.");
    return MIG_E_config;
}

/* host, host:port or [v6]:port; from = end is no host at all. */
static int parse_host(const struct parse *p, const char *from, const char *end)
{
    struct mig_conn_params *params = &p->url->params;
    const char *host_end = NULL;
    if (from < end && *from == '[') {
        host_end = find_any(from, end, "]");
        if (host_end == end) {
            return mig_error_set(p->err, MIG_E_config,
                                 "a '[' without ']' in the host of the database URL");
        }
        params->host = mig_arena_strndup(p->arena, from + 1, (size_t)(host_end - from - 1));
        host_end++;
    } else {
        host_end = find_any(from, end, ":");
        params->host = host_end > from ? decode(p, from, host_end, "host") : NULL;
        if (host_end > from && params->host == NULL) {
            return (int)p->err->code;
        }
    }
    if (host_end == end || host_end + 1 == end) {
        return host_end == end || *host_end == ':' ? 0 : bad_port(p);
    }
    int port = 0;
    for (const char *at = host_end + 1; at < end; at++) {
        if (*host_end != ':' || *at < '0' || *at > '9' || port > 65535) {
            return bad_port(p);
        }
        port = port * 10 + (*at - '0');
    }
    if (port < 1 || port > 65535) {
        return bad_port(p);
    }
    params->port = port;
    return 0;
}

static int parse_server(const struct parse *p, const struct pieces *pieces)
{
    struct mig_conn_params *params = &p->url->params;
    if (!pieces->authority) {
        mig_error_set(p->err, MIG_E_config, "the %s URL lacks '//' behind '%s:'", p->url->scheme,
                      p->url->scheme);
        mig_error_hint(p->err, "Write it as %s://user:password@host:port/database.",
                       p->url->scheme);
        return MIG_E_config;
    }
    int rc = parse_user(p, pieces);
    /* several hosts are the client library's business; the first one serves for messages */
    bool several = memchr(pieces->hosts, ',', (size_t)(pieces->hosts_end - pieces->hosts)) != NULL;
    if (rc == 0 && several && p->url->db->url_form != MIG_URL_NATIVE) {
        rc = mig_error_set(p->err, MIG_E_config, "a %s URL names one host", p->url->scheme);
    }
    if (rc == 0) {
        rc = parse_host(p, pieces->hosts,
                        several ? find_any(pieces->hosts, pieces->hosts_end, ",")
                                : pieces->hosts_end);
    }
    if (rc == 0 && pieces->path != pieces->path_end) {
        params->database = decode(p, pieces->path, pieces->path_end, "database");
        rc = params->database == NULL ? (int)p->err->code : 0;
    }
    return rc;
}

/* Behind the last '@' nothing needs care; before it libpq takes the first '@' and '/' for a
 * delimiter. */
static void append_escaped(struct mig_strbuf *out, const char *from, const char *end)
{
    for (; from < end; from++) {
        if (*from == '@' || *from == ':') {
            mig_strbuf_printf(out, "%%%02X", (unsigned)(unsigned char)*from);
        } else {
            mig_strbuf_putc(out, *from);
        }
    }
}

/* The URL as the client library wants it: its own scheme, and a user part that it cuts where we do.
 */
static int native_text(const struct parse *p, const struct pieces *pieces)
{
    struct mig_strbuf out = {0};
    mig_strbuf_printf(&out, "%s://", p->url->db->name);
    if (pieces->user != NULL) {
        mig_strbuf_add(&out, pieces->user, (size_t)(pieces->user_end - pieces->user));
        if (pieces->password != NULL) {
            mig_strbuf_putc(&out, ':');
            append_escaped(&out, pieces->password, pieces->password_end);
        }
        mig_strbuf_putc(&out, '@');
    }
    mig_strbuf_puts(&out, pieces->hosts);
    p->url->params.text = mig_strbuf_to_arena(&out, p->arena);
    return p->url->params.text == NULL ? mig_error_nomem(p->err) : 0;
}

int mig_url_parse(struct mig_arena *arena, const char *text, const char *base, struct mig_url *out,
                  struct mig_error *err)
{
    struct parse p = {arena, out, err};
    struct pieces pieces = {0};
    *out = (struct mig_url){.text = mig_arena_strdup(arena, text)};
    if (out->text != NULL) {
        out->redacted = redact(&p);
    }
    if (out->redacted == NULL) {
        return mig_error_nomem(err);
    }
    int rc = parse_scheme(&p, &pieces);
    if (rc != 0) {
        return rc;
    }
    cut(&pieces);
    rc = out->db->url_form == MIG_URL_FILE ? parse_file(&p, &pieces, base)
                                           : parse_server(&p, &pieces);
    if (rc == 0 && pieces.query != NULL) {
        rc = parse_options(&p, pieces.query);
    }
    if (rc == 0 && out->db->url_form == MIG_URL_NATIVE) {
        rc = native_text(&p, &pieces);
    }
    if (rc == 0 && out->db->url_form == MIG_URL_SERVER) {
        out->params.socket = mig_conn_option(&out->params, "unix_socket");
    }
    return rc == 0 && arena->failed ? mig_error_nomem(err) : rc;
}

/* ---- scrubbing ---- */

static bool is_word(char c)
{
    return mig_ascii_is_alnum(c) || c == '_' || (c & 0x80) != 0;
}

static bool is_public(const struct mig_url *url, const char *secret)
{
    const char *names[] = {url->params.user, url->params.database, url->params.host};
    for (size_t i = 0; i < MIG_COUNT(names); i++) {
        if (names[i] != NULL && strcmp(names[i], secret) == 0) {
            return true;
        }
    }
    return false;
}

static const char *scrub_one(struct mig_arena *arena, const char *text, const char *secret)
{
    size_t length = strlen(secret);
    struct mig_strbuf out = {0};
    const char *from = text, *at = text;
    while ((at = strstr(at, secret)) != NULL) {
        bool inside = (at > text && is_word(at[-1]) && is_word(secret[0])) ||
                      (is_word(at[length]) && is_word(secret[length - 1]));
        if (inside) {
            at++;
            continue;
        }
        mig_strbuf_add(&out, from, (size_t)(at - from));
        mig_strbuf_puts(&out, "***");
        at += length;
        from = at;
    }
    if (from == text) {
        return text;
    }
    mig_strbuf_puts(&out, from);
    return mig_strbuf_to_arena(&out, arena);
}

const char *mig_url_scrub(const struct mig_url *url, struct mig_arena *arena, const char *text)
{
    for (size_t i = 0; text != NULL && i < url->secrets.count; i++) {
        if (!is_public(url, url->secrets.items[i])) {
            text = scrub_one(arena, text, url->secrets.items[i]);
        }
    }
    return text;
}
