#include "luabind/config.h"

#include "luabind/host.intern.h"
#include "runtime/run.intern.h"
#include "util/file.h"
#include "util/suggest.h"

#include <errno.h>
#include <lauxlib.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_NAME "luamig.conf.lua"

/* What a key holds, and where it goes in struct mig_settings (naming keys: in struct mig_naming).
 */
enum key_kind {
    TEXT,
    TEMPLATE,  /* a text whose ${…} are expanded when it is used */
    PATH,      /* relative to the project's folder */
    PATHS,     /* one or a list */
    TEXTS,     /* a list */
    TEMPLATES, /* a list, whose ${…} are expanded when it is used */
    BOOLEAN,
    COUNT,    /* an integer, not negative */
    DURATION, /* milliseconds */
    TRANSACTION,
    TIMEZONE,
    PATTERN, /* a template of a name; false: none */
    FUNCTION,
    TABLE, /* read by itself */
};

struct key {
    const char *name;
    enum key_kind kind;
    size_t offset;
};

#define SETTING(kind, name, member)                                                                \
    {                                                                                              \
        name, kind, offsetof(struct mig_settings, member)                                          \
    }

static const struct key keys[] = {
    {"url", TABLE, 0},
    SETTING(PATHS, "migrations", migrations),
    SETTING(BOOLEAN, "recursive", recursive),
    SETTING(PATH, "schema", schema),
    SETTING(TEXT, "file_template", file_template),
    SETTING(COUNT, "slug_length", slug_length),
    SETTING(TIMEZONE, "timezone", timezone),
    SETTING(TEXT, "version_table", version_table),
    SETTING(TEMPLATE, "version_table_schema", version_table_schema),
    SETTING(TRANSACTION, "transaction", transaction),
    SETTING(TEMPLATES, "session", session),
    SETTING(DURATION, "lock_timeout", lock_timeout_ms),
    SETTING(DURATION, "ddl_lock_timeout", ddl_lock_timeout_ms),
    SETTING(COUNT, "ddl_retries", ddl_retries),
    SETTING(DURATION, "statement_timeout", statement_timeout_ms),
    SETTING(BOOLEAN, "history_sources", history_sources),
    {"naming_convention", TABLE, 0},
    {"autogenerate", TABLE, 0},
    {"lint", TABLE, 0},
    {"hooks", TABLE, 0},
    {"environments", TABLE, 0},
};

static const struct key naming_keys[] = {
    SETTING(PATTERN, "ix", naming.ix), SETTING(PATTERN, "uq", naming.uq),
    SETTING(PATTERN, "ck", naming.ck), SETTING(PATTERN, "fk", naming.fk),
    SETTING(PATTERN, "pk", naming.pk),
};

static const struct key autogenerate_keys[] = {
    SETTING(BOOLEAN, "compare_type", compare_type),
    SETTING(BOOLEAN, "compare_default", compare_default),
    SETTING(BOOLEAN, "include_schemas", include_schemas),
    {"include", FUNCTION, 0},
    {"include_part", FUNCTION, 0},
};

static const struct key lint_keys[] = {
    SETTING(TEXTS, "ignore", lint_ignore),
};

static const struct key hook_keys[] = {
    {"after_connect", FUNCTION, MIG_HOOK_AFTER_CONNECT},
    {"before_migration", FUNCTION, MIG_HOOK_BEFORE_MIGRATION},
    {"after_migration", FUNCTION, MIG_HOOK_AFTER_MIGRATION},
    {"on_error", FUNCTION, MIG_HOOK_ON_ERROR},
    {"after_revision", FUNCTION, MIG_HOOK_AFTER_REVISION},
};

/* The reading of one configuration. */
struct load {
    struct mig_context *ctx;
    const struct mig_config_request *req;
    const char *base; /* the key's table, "" or "hooks." */
};

static _Noreturn void fail(lua_State *L, const char *format, const char *key, const char *detail)
{
    mig_lua_fail(L, MIG_E_config, NULL, format, key, detail);
}

static _Noreturn void wrong_type(lua_State *L, const struct load *load, const char *key,
                                 const char *wanted)
{
    const char *full = lua_pushfstring(L, "%s%s", load->base, key);
    const char *got = mig_lua_describe(L, -2);
    mig_lua_fail(L, MIG_E_config, NULL, "%s must be %s, not %s", full, wanted, got);
}

static void *need(lua_State *L, void *p)
{
    if (p == NULL) {
        mig_lua_fail(L, MIG_E_nomem, NULL, "out of memory");
    }
    return p;
}

/* The string on top, in the context's arena. */
static const char *read_template(lua_State *L, const struct load *load, const char *key)
{
    if (lua_type(L, -1) != LUA_TSTRING) {
        wrong_type(L, load, key, "a string");
    }
    const char *text = lua_tostring(L, -1);
    if (strlen(text) != lua_rawlen(L, -1)) {
        fail(L, "%s%s holds a zero byte", load->base, key);
    }
    return need(L, mig_arena_strdup(&load->ctx->arena, text));
}

/* The same with its ${…} expanded. */
static const char *read_text(lua_State *L, const struct load *load, const char *key)
{
    const char *text = read_template(L, load, key), *out = NULL;
    const char *full = lua_pushfstring(L, "%s%s", load->base, key);
    struct mig_error *err = mig_lua_error_slot(L);
    if (mig_settings_expand(&load->ctx->arena, full, text, &out, err) != 0) {
        mig_lua_raise(L, err);
    }
    lua_pop(L, 1);
    return out;
}

static const char *absolute(lua_State *L, const struct load *load, const char *path)
{
    if (path[0] == '/') {
        return path;
    }
    return need(L, mig_arena_printf(&load->ctx->arena, "%s/%s", load->ctx->settings.root, path));
}

static const char *read_path(lua_State *L, const struct load *load, const char *key)
{
    const char *path = read_text(L, load, key);
    if (path[0] == '\0') {
        fail(L, "%s%s is an empty string", load->base, key);
    }
    return absolute(L, load, path);
}

static struct mig_names read_texts(lua_State *L, const struct load *load, const char *key,
                                   enum key_kind kind)
{
    struct mig_names names = {.given = true};
    bool paths = kind == PATHS;
    bool one = lua_type(L, -1) == LUA_TSTRING && paths;
    if (!one && lua_type(L, -1) != LUA_TTABLE) {
        wrong_type(L, load, key, paths ? "a string or a list of strings" : "a list of strings");
    }
    size_t count = one ? 1 : (size_t)lua_rawlen(L, -1);
    size_t present = 0;
    if (!one) {
        for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1)) {
            present++;
        }
        if (present != count) {
            fail(L, "%s%s must be a list without holes", load->base, key);
        }
    }
    names.items = need(L, mig_arena_array(&load->ctx->arena, const char *, count));
    for (size_t i = 0; i < count; i++) {
        if (one) {
            lua_pushvalue(L, -1);
        } else {
            lua_rawgeti(L, -1, (lua_Integer)i + 1);
        }
        names.items[names.count++] = paths               ? read_path(L, load, key)
                                     : kind == TEMPLATES ? read_template(L, load, key)
                                                         : read_text(L, load, key);
        lua_pop(L, 1);
    }
    if (paths && names.count == 0) {
        fail(L, "%s%s is an empty list", load->base, key);
    }
    return names;
}

static int64_t read_duration(lua_State *L, const struct load *load, const char *key)
{
    const char *text = NULL;
    int64_t ms = 0;
    if (lua_type(L, -1) == LUA_TNUMBER) {
        lua_pushvalue(L, -1); /* converted in place */
        text = lua_tostring(L, -1);
    } else {
        text = read_text(L, load, key);
        lua_pushnil(L);
    }
    struct mig_error *err = mig_lua_error_slot(L);
    if (mig_duration_parse(text, &ms, err) != 0) {
        lua_pushfstring(L, "%s%s: %s", load->base, key, err->message);
        (void)mig_error_set(err, MIG_E_config, "%s", lua_tostring(L, -1));
        mig_lua_raise(L, err);
    }
    lua_pop(L, 1);
    return ms;
}

static const char *read_word(lua_State *L, const struct load *load, const char *key,
                             const char *const *words, size_t count, size_t *which)
{
    const char *word = read_text(L, load, key);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(words[i], word) == 0) {
            *which = i;
            return words[i];
        }
    }
    lua_pushliteral(L, "");
    for (size_t i = 0; i < count; i++) {
        lua_pushfstring(L, i == 0 ? "\"%s\"" : ", \"%s\"", words[i]);
        lua_concat(L, 2);
    }
    const char *full = lua_pushfstring(L, "%s%s", load->base, key);
    mig_lua_fail(L, MIG_E_config, NULL, "%s is '%s', but must be one of %s", full, word,
                 lua_tostring(L, -2));
    return NULL;
}

static void check_filled(lua_State *L, const struct load *load, const char *key, const char *text)
{
    if (text != NULL && text[0] == '\0') {
        fail(L, "%s%s is an empty string", load->base, key);
    }
}

/* A {part} that means nothing would leave every such object without a name, or stand in the names
 * of all. */
static void check_template(lua_State *L, const char *key, const char *template)
{
    const char *part = NULL;
    size_t length = template != NULL ? mig_naming_unknown(template, &part) : 0;
    if (length == 0) {
        return;
    }
    const char *shown = lua_pushlstring(L, part, length);
    const char *name = lua_pushlstring(L, part + 1, strcspn(part + 1, "}"));
    size_t count = 0;
    const char *const *parts = mig_naming_parts(&count);
    const char *near = mig_suggest(name, parts, count);
    const char *hint = "The parts are";
    for (size_t i = 0; i < count; i++) {
        hint = lua_pushfstring(L, "%s {%s}%s", hint, parts[i], i + 1 < count ? "," : ".");
    }
    mig_lua_fail(L, MIG_E_config, hint, "naming_convention.%s has an unknown part %s%s%s%s", key,
                 shown, near != NULL ? " (did you mean {" : "", near != NULL ? near : "",
                 near != NULL ? "}?)" : "");
}

static void read_key(lua_State *L, const struct load *load, const struct key *key)
{
    struct mig_settings *settings = &load->ctx->settings;
    void *slot = (char *)settings + key->offset;
    size_t which = 0;
    static const char *const modes[] = {"per_migration", "all", "none"};
    static const char *const zones[] = {"UTC", "local"};
    switch (key->kind) {
    case TEXT:
    case TEMPLATE:
        *(const char **)slot =
            key->kind == TEXT ? read_text(L, load, key->name) : read_template(L, load, key->name);
        check_filled(L, load, key->name, *(const char **)slot);
        break;
    case PATH:
        *(const char **)slot = read_path(L, load, key->name);
        break;
    case PATHS:
    case TEXTS:
    case TEMPLATES:
        *(struct mig_names *)slot = read_texts(L, load, key->name, key->kind);
        break;
    case BOOLEAN:
        if (lua_type(L, -1) != LUA_TBOOLEAN) {
            wrong_type(L, load, key->name, "true or false");
        }
        *(bool *)slot = lua_toboolean(L, -1) != 0;
        break;
    case COUNT:
        if (!lua_isinteger(L, -1) || lua_tointeger(L, -1) < 0 || lua_tointeger(L, -1) > INT32_MAX) {
            wrong_type(L, load, key->name, "an integer, 0 or more");
        }
        *(int64_t *)slot = lua_tointeger(L, -1);
        break;
    case DURATION:
        *(int64_t *)slot = read_duration(L, load, key->name);
        break;
    case TRANSACTION:
        (void)read_word(L, load, key->name, modes, MIG_COUNT(modes), &which);
        settings->transaction = (enum mig_transaction_mode)which;
        break;
    case TIMEZONE:
        settings->timezone = read_word(L, load, key->name, zones, MIG_COUNT(zones), &which);
        break;
    case PATTERN:
        *(const char **)slot =
            lua_isboolean(L, -1) && !lua_toboolean(L, -1) ? NULL : read_text(L, load, key->name);
        check_filled(L, load, key->name, *(const char **)slot);
        check_template(L, key->name, *(const char **)slot);
        break;
    case FUNCTION:
        if (!lua_isfunction(L, -1)) {
            wrong_type(L, load, key->name, "a function");
        }
        break;
    case TABLE:
        break;
    }
}

static const struct key *find_key(const struct key *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i].name, name) == 0) {
            return &list[i];
        }
    }
    return NULL;
}

static _Noreturn void unknown_key(lua_State *L, const struct load *load, const char *name,
                                  const struct key *list, size_t count)
{
    const char *known[MIG_COUNT(keys)];
    for (size_t i = 0; i < count; i++) {
        known[i] = list[i].name;
    }
    const char *near = mig_suggest(name, known, count);
    const char *full = lua_pushfstring(L, "%s%s", load->base, name);
    if (near != NULL) {
        fail(L, "unknown key '%s' (did you mean '%s'?)", full, near);
    }
    fail(L, "unknown key '%s'%s", full, "");
}

/* Reads the table on top by its list of keys, in byte order; an unknown key is an error. */
static void read_table(lua_State *L, const struct load *load, const struct key *list, size_t count)
{
    int table = lua_gettop(L);
    size_t present = 0, i = 0;
    luaL_checkstack(L, 12, NULL);
    for (lua_pushnil(L); lua_next(L, table) != 0; lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING) {
            fail(L, "%s%s", load->base[0] != '\0' ? load->base : "the configuration",
                 " takes key = value, not a list");
        }
        present++;
    }
    const char **names = need(L, mig_arena_array(&load->ctx->arena, const char *, present));
    for (lua_pushnil(L); lua_next(L, table) != 0; lua_pop(L, 1)) {
        names[i++] = lua_tostring(L, -2); /* kept by the table */
    }
    qsort(names, present, sizeof *names, mig_names_order);
    for (i = 0; i < present; i++) {
        const struct key *key = find_key(list, count, names[i]);
        if (key != NULL) {
            lua_getfield(L, table, key->name);
            read_key(L, load, key);
            lua_settop(L, table);
        } else {
            unknown_key(L, load, names[i], list, count);
        }
    }
}

/* A table of keys in the configuration on top; pushes it and returns true when it is there. */
static bool push_section(lua_State *L, const struct load *load, const char *name)
{
    int type = lua_getfield(L, -1, name);
    if (type == LUA_TNIL) {
        lua_pop(L, 1);
        return false;
    }
    if (type != LUA_TTABLE) {
        wrong_type(L, load, name, "a table");
    }
    return true;
}

static void read_sections(lua_State *L, struct load *load)
{
    static const struct {
        const char *name, *base;
        const struct key *keys;
        size_t count;
    } sections[] = {
        {"naming_convention", "naming_convention.", naming_keys, MIG_COUNT(naming_keys)},
        {"autogenerate", "autogenerate.", autogenerate_keys, MIG_COUNT(autogenerate_keys)},
        {"lint", "lint.", lint_keys, MIG_COUNT(lint_keys)},
        {"hooks", "hooks.", hook_keys, MIG_COUNT(hook_keys)},
    };
    for (size_t i = 0; i < MIG_COUNT(sections); i++) {
        if (!push_section(L, load, sections[i].name)) {
            continue;
        }
        load->base = sections[i].base;
        read_table(L, load, sections[i].keys, sections[i].count);
        load->base = "";
        if (sections[i].keys == hook_keys) {
            for (size_t h = 0; h < MIG_COUNT(hook_keys); h++) {
                load->ctx->settings.hooks[hook_keys[h].offset] =
                    lua_getfield(L, -1, hook_keys[h].name) == LUA_TFUNCTION;
                lua_pop(L, 1);
            }
            lua_rawsetp(L, LUA_REGISTRYINDEX, &mig_lua_hooks_key);
        } else if (sections[i].keys == autogenerate_keys) {
            lua_getfield(L, -1, "include");
            lua_rawsetp(L, LUA_REGISTRYINDEX, &mig_lua_include_key);
            load->ctx->settings.includes_parts =
                lua_getfield(L, -1, "include_part") == LUA_TFUNCTION;
            lua_rawsetp(L, LUA_REGISTRYINDEX, &mig_lua_include_part_key);
            lua_pop(L, 1);
        } else {
            lua_pop(L, 1);
        }
    }
}

static bool is_keyed(lua_State *L, int index)
{
    return lua_type(L, index) == LUA_TTABLE && lua_rawlen(L, index) == 0;
}

/* Lays the table at `over` over the one at `under`: what is in both as a keyed table, a section,
 * merges key by key, everything else replaces. */
static void merge(lua_State *L, int under, int over, bool sections)
{
    luaL_checkstack(L, 10, NULL);
    for (lua_pushnil(L); lua_next(L, over) != 0;) {
        lua_pushvalue(L, -2);
        lua_rawget(L, under); /* key value old */
        if (sections && is_keyed(L, -1) && is_keyed(L, -2)) {
            lua_newtable(L); /* the old table belongs to the file's own value */
            int fresh = lua_gettop(L);
            merge(L, fresh, fresh - 1, false);
            merge(L, fresh, fresh - 2, false);
            lua_replace(L, -3); /* key merged old */
        }
        lua_pop(L, 1); /* key value */
        lua_pushvalue(L, -2);
        lua_insert(L, -2); /* key key value */
        lua_rawset(L, under);
    }
}

/* The version table stands beside luamig's other ones. */
static void refuse_own_table(lua_State *L, const char *name)
{
    static const char *const own[] = {MIG_HISTORY_TABLE, MIG_JOURNAL_TABLE, MIG_LEASE_TABLE};
    for (size_t i = 0; i < MIG_COUNT(own); i++) {
        if (mig_name_equal_folded(name, own[i])) {
            mig_lua_fail(L, MIG_E_config, NULL, "version_table: luamig has another use for '%s'",
                         name);
        }
    }
}

/* Every environment, also those that were not asked for: a table whose keys are the
 * configuration's. Their values are read when an environment is chosen. */
static void check_environments(lua_State *L, struct load *load, int config)
{
    lua_settop(L, config);
    if (push_section(L, load, "environments")) {
        size_t count = 0, at = 0;
        for (lua_pushnil(L); lua_next(L, config + 1) != 0; lua_pop(L, 1)) {
            count++;
        }
        const char **names = need(L, mig_arena_array(&load->ctx->arena, const char *, count));
        for (lua_pushnil(L); lua_next(L, config + 1) != 0; lua_pop(L, 1)) {
            if (lua_type(L, -2) != LUA_TSTRING || lua_type(L, -1) != LUA_TTABLE) {
                mig_lua_fail(L, MIG_E_config, NULL, "environments must be a table of tables");
            }
            if (lua_rawlen(L, -2) == 0) {
                mig_lua_fail(L, MIG_E_config, NULL, "environments: one has an empty name");
            }
            names[at++] = need(L, mig_arena_strdup(&load->ctx->arena, lua_tostring(L, -2)));
            load->base = lua_pushfstring(L, "environments.%s.", lua_tostring(L, -2));
            for (lua_pushnil(L); lua_next(L, config + 3) != 0; lua_pop(L, 1)) {
                const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : NULL;
                if (key == NULL) {
                    fail(L, "%s%s", load->base, " takes key = value, not a list");
                } else if (strcmp(key, "environments") == 0) {
                    fail(L, "%s%s: an environment holds no environments", load->base, key);
                } else if (find_key(keys, MIG_COUNT(keys), key) == NULL) {
                    unknown_key(L, load, key, keys, MIG_COUNT(keys));
                }
            }
            load->base = "";
            lua_pop(L, 1);
        }
        load->ctx->settings.environments = (struct mig_names){.items = names, .count = count};
    }
    lua_settop(L, config);
}

/* The environment's table laid over the configuration at `config`. */
static void apply_environment(lua_State *L, const struct load *load, int config, const char *name)
{
    const char *known[64];
    size_t count = 0;
    if (push_section(L, load, "environments")) {
        if (lua_getfield(L, -1, name) == LUA_TTABLE) {
            int environment = lua_gettop(L);
            if (lua_getfield(L, environment, "url") == LUA_TNIL) {
                fail(L, "environments.%s: it must state its url%s", name, "");
            }
            lua_pop(L, 1);
            merge(L, config, environment, true);
            lua_settop(L, config);
            return;
        }
        lua_pop(L, 1);
        for (lua_pushnil(L); lua_next(L, -2) != 0 && count < MIG_COUNT(known); lua_pop(L, 1)) {
            known[count++] = lua_tostring(L, -2);
        }
    }
    qsort(known, count, sizeof *known, mig_names_order);
    lua_pushliteral(L, "");
    for (size_t i = 0; i < count; i++) {
        lua_pushfstring(L, i == 0 ? "There is: %s" : ", %s", known[i]);
        lua_concat(L, 2);
    }
    const char *near = mig_suggest(name, known, count);
    mig_lua_fail(L, MIG_E_config, count > 0 ? lua_pushfstring(L, "%s.", lua_tostring(L, -1)) : NULL,
                 near != NULL ? "there is no environment '%s' (did you mean '%s'?)"
                              : "there is no environment '%s'",
                 name, near);
}

/* The configuration's own url, unexpanded: that happens when it is used. */
static const char *read_url(lua_State *L, const struct load *load, int config)
{
    const char *url = NULL;
    lua_settop(L, config);
    if (lua_getfield(L, config, "url") != LUA_TNIL) {
        if (lua_type(L, -1) != LUA_TSTRING) {
            wrong_type(L, load, "url", "a string");
        }
        url = need(L, mig_arena_strdup(&load->ctx->arena, lua_tostring(L, -1)));
    }
    lua_pop(L, 1);
    return url;
}

static int load_protected(lua_State *L)
{
    struct load *load = lua_touserdata(L, 1);
    struct mig_lua_host *host = mig_lua_host(L);
    struct mig_settings *settings = &load->ctx->settings;
    const char *chunk = lua_pushfstring(L, "@%s", mig_file_name(settings->file));
    mig_sandbox_load_config(L, host->source, host->source_length, chunk);
    lua_call(L, 0, 1);
    if (lua_type(L, -1) != LUA_TTABLE) {
        return mig_lua_fail(L, MIG_E_config, NULL, "the file must return a table, not %s",
                            mig_lua_describe(L, -1));
    }
    int given = lua_gettop(L);
    lua_newtable(L);
    int config = lua_gettop(L);
    merge(L, config, given, true);
    check_environments(L, load, config);
    if (load->req->env != NULL) {
        apply_environment(L, load, config, load->req->env);
    }
    settings->url = read_url(L, load, config);
    if (settings->url != NULL) {
        settings->url_is_template = true;
        settings->url_origin =
            load->req->env != NULL
                ? need(L, mig_arena_printf(&load->ctx->arena, "--env %s", load->req->env))
                : mig_file_name(settings->file);
    }
    lua_settop(L, config);
    read_table(L, load, keys, MIG_COUNT(keys));
    settings->schema_is_template = settings->version_table_schema != NULL;
    refuse_own_table(L, settings->version_table);
    lua_settop(L, config);
    read_sections(L, load);
    return 0;
}

/* --- finding the file --- */

static const char *current_folder(struct mig_arena *arena, struct mig_error *err)
{
    char *path = getcwd(NULL, 0);
    if (path == NULL) {
        (void)mig_error_set(err, MIG_E_config, "cannot tell the current folder: %s",
                            strerror(errno));
        return NULL;
    }
    const char *copy = mig_arena_strdup(arena, path);
    free(path);
    if (copy == NULL) {
        (void)mig_error_nomem(err);
    }
    return copy;
}

/* The absolute path of a file that must be there. A link to one stays where it is, as where the
 * file is looked for: a project's folder is the one that its name stands in. */
static const char *resolve_file(struct mig_arena *arena, const char *file, const char *origin,
                                struct mig_error *err)
{
    const char *name = mig_file_name(file);
    const char *folder = name != file ? mig_arena_strndup(arena, file, (size_t)(name - file)) : ".";
    if (folder == NULL) {
        (void)mig_error_nomem(err);
        return NULL;
    }
    char *path = access(file, F_OK) == 0 ? realpath(folder, NULL) : NULL;
    if (path == NULL) {
        int failed = errno;
        (void)mig_error_set(err, mig_file_code(failed),
                            "cannot read the configuration '%s' (%s): %s", file, origin,
                            strerror(failed));
        return NULL;
    }
    const char *full = mig_arena_printf(arena, "%s/%s", strcmp(path, "/") != 0 ? path : "", name);
    free(path);
    if (full == NULL) {
        (void)mig_error_nomem(err);
    }
    return full;
}

/* settings->file (NULL when there is none) and settings->root. */
static int find_file(struct mig_context *ctx, const struct mig_config_request *req,
                     struct mig_error *err)
{
    struct mig_settings *settings = &ctx->settings;
    const char *folder = current_folder(&ctx->arena, err);
    if (folder == NULL) {
        return (int)err->code;
    }
    settings->root = folder;
    const char *named = req->file != NULL ? req->file : getenv("LUAMIG_CONFIG");
    if (req->no_file) {
        return 0;
    }
    if (named != NULL && named[0] != '\0') {
        settings->file =
            resolve_file(&ctx->arena, named, req->file != NULL ? "--config" : "LUAMIG_CONFIG", err);
        if (settings->file == NULL) {
            return (int)err->code;
        }
    } else {
        char *at = mig_arena_strdup(&ctx->arena, folder);
        while (at != NULL && settings->file == NULL) {
            const char *path = mig_arena_printf(&ctx->arena, "%s/" FILE_NAME, at);
            if (path != NULL && access(path, F_OK) == 0) {
                settings->file = path;
            }
            char *slash = strrchr(at, '/');
            if (slash == NULL || at[0] == '\0') {
                break;
            }
            *slash = '\0'; /* "" stands for / */
        }
    }
    if (settings->file != NULL) {
        char *root = mig_arena_strdup(&ctx->arena, settings->file);
        char *slash = root != NULL ? strrchr(root, '/') : NULL;
        if (slash != NULL) {
            slash[slash == root ? 1 : 0] = '\0';
            settings->root = root;
        }
    }
    return ctx->arena.failed ? mig_error_nomem(err) : 0;
}

/* --- putting it together --- */

static int copy_args(struct mig_context *ctx, const struct mig_pairs *args, struct mig_error *err)
{
    struct mig_pairs *into = &ctx->settings.args;
    into->items = mig_arena_array(&ctx->arena, struct mig_pair, args->count);
    into->given = args->given;
    for (size_t i = 0; into->items != NULL && i < args->count; i++) {
        struct mig_pair *pair = &into->items[into->count++];
        *pair = args->items[i];
        pair->name = mig_arena_strdup(&ctx->arena, args->items[i].name);
        pair->value.text =
            mig_arena_strndup(&ctx->arena, args->items[i].value.text, args->items[i].value.length);
    }
    return ctx->arena.failed ? mig_error_nomem(err) : 0;
}

/* What the command line and the environment say beats the file. */
static int apply_request(struct mig_context *ctx, const struct mig_config_request *req,
                         const char *folder, struct mig_error *err)
{
    struct mig_settings *settings = &ctx->settings;
    const char *environment = getenv("LUAMIG_URL");
    if (req->url != NULL) {
        settings->url = mig_arena_strdup(&ctx->arena, req->url);
        settings->url_origin = "--url";
        settings->url_is_template = false;
    } else if (req->env == NULL && environment != NULL && environment[0] != '\0') {
        settings->url = mig_arena_strdup(&ctx->arena, environment);
        settings->url_origin = "LUAMIG_URL";
        settings->url_is_template = false;
    }
    settings->env = mig_arena_strdup(&ctx->arena, req->env);
    settings->tag = mig_arena_strdup(&ctx->arena, req->tag);
    if (req->lock_timeout != NULL &&
        mig_duration_parse(req->lock_timeout, &settings->lock_timeout_ms, err) != 0) {
        return (int)err->code;
    }
    if (req->scratch) {
        settings->version_table_schema = NULL;
    }
    if (req->migrations != NULL || !settings->migrations.given) {
        const char *path = req->migrations != NULL ? req->migrations : "migrations";
        const char *base = req->migrations != NULL ? folder : settings->root;
        const char **items = mig_arena_array(&ctx->arena, const char *, 1);
        if (items != NULL) {
            items[0] = path[0] == '/' ? mig_arena_strdup(&ctx->arena, path)
                                      : mig_arena_printf(&ctx->arena, "%s/%s", base, path);
            settings->migrations = (struct mig_names){.items = items, .count = 1, .given = true};
        }
    }
    settings->include_schemas |= req->all_schemas;
    if (settings->schema == NULL) {
        settings->schema = mig_arena_printf(&ctx->arena, "%s/schema.lua", settings->root);
    }
    int rc = copy_args(ctx, &req->args, err);
    return rc == 0 && ctx->arena.failed ? mig_error_nomem(err) : rc;
}

int mig_config_load(struct mig_context *ctx, const struct mig_config_request *req,
                    struct mig_error *err)
{
    mig_settings_init(&ctx->settings);
    int rc = mig_host_attach(ctx, err);
    if (rc != 0) {
        return rc;
    }
    rc = find_file(ctx, req, err);
    const char *folder = rc == 0 ? current_folder(&ctx->arena, err) : NULL;
    if (folder == NULL) {
        return (int)err->code;
    }
    if (ctx->settings.file != NULL) {
        struct mig_lua_host *host = ctx->host.self;
        struct load load = {ctx, req, ""};
        rc = mig_lua_host_open(host, err);
        if (rc == 0) {
            rc = mig_lua_read_file(host, ctx->settings.file, err);
        }
        if (rc == 0) {
            rc = mig_lua_protected(host, load_protected, &load, err);
        }
        if (rc != 0) {
            if (err->code == MIG_E_script) {
                err->code = MIG_E_config;
            }
            mig_error_at(err, mig_file_name(ctx->settings.file), err->line);
            return (int)err->code;
        }
    } else if (req->env != NULL) {
        mig_error_hint(err, "An environment stands in luamig.conf.lua; there is none here.");
        return mig_error_set(err, MIG_E_config, "there is no environment '%s'", req->env);
    }
    return apply_request(ctx, req, folder, err);
}
