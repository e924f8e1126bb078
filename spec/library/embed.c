/* A program that uses include/luamig.h as its documentation says; library_spec.lua runs it. Prints
 * a line a fact.
 *
 *   embed open URL FOLDER          upgrade, current, plan, downgrade
 *   embed attach FILE FOLDER       the same on an sqlite3 connection of ours, which stays open
 *   embed cancel URL FOLDER        cancels an upgrade from another thread
 *   embed cancels URL FOLDER       another thread cancels all the while, also between two
 * connections embed run URL FOLDER ARG…      a command line embed misuse URL FOLDER        structs
 * without a size, no handle, a writer that stops
 */
#include <luamig.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void say_failure(const char *what, int status, struct mig_handle *m)
{
    const struct mig_failure *failure = mig_failure(m);
    printf("%s: status %d, %s: %s", what, status, failure->kind, failure->message);
    if (failure->file != NULL) {
        printf(" (%s:%d)", failure->file, failure->line);
    }
    printf("\n");
}

static void say_log(void *payload, enum mig_level level, const char *text)
{
    int *lines = payload;
    (*lines)++;
    if (level >= MIG_LEVEL_NOTICE) {
        printf("log: %s\n", text);
    }
}

static struct mig_handle *running; /* the one whose calls give progress */

static void say_progress(void *payload, const char *revision, bool upgrade, bool finished,
                         int64_t duration_ms)
{
    (void)payload;
    if (mig_current(running, NULL, NULL) != MIG_MISUSED) {
        printf("a call inside of another one went on\n");
    }
    if (finished) {
        printf("%s %s%s\n", upgrade ? "up" : "down", revision,
               duration_ms >= 0 ? "" : " in no time");
    }
}

static void say_current(struct mig_handle *m)
{
    const char *const *rows = NULL;
    size_t count = 0;
    int status = mig_current(m, &rows, &count);
    if (status != MIG_DONE) {
        say_failure("current", status, m);
        return;
    }
    printf("current:");
    for (size_t i = 0; i < count; i++) {
        printf(" %s", rows[i]);
    }
    printf("\n");
}

static int write_script(void *payload, const char *text, size_t length)
{
    size_t *total = payload;
    (void)text;
    *total += length;
    return 0;
}

static void migrate(struct mig_handle *m)
{
    struct mig_outcome outcome = {.size = sizeof outcome};
    int status = mig_plan(m, "heads", &outcome);
    if (status != MIG_DONE) {
        say_failure("plan", status, m);
    }
    printf("plan: %zu steps, applied %d\n", outcome.step_count, outcome.applied);
    size_t length = 0;
    struct mig_run_request script = {
        .size = sizeof script, .script = write_script, .payload = &length};
    status = mig_upgrade(m, "heads", &script, NULL);
    printf("script: status %d, %s\n", status, length > 0 ? "some text" : "no text");
    struct mig_run_request request = {.size = sizeof request, .statements = true};
    status = mig_upgrade(m, NULL, &request, &outcome);
    if (status != MIG_DONE) {
        say_failure("upgrade", status, m);
    }
    printf("upgrade: %zu steps, to %s, %s\n", outcome.step_count,
           outcome.to_count > 0 ? outcome.to[0] : "base",
           outcome.step_count > 0 && outcome.steps[0].statement_count > 0
               ? outcome.steps[0].statements[0].sql
               : "");
    say_current(m);
    status = mig_downgrade(m, "nowhere", NULL, NULL);
    say_failure("downgrade", status, m);
    status = mig_downgrade(m, NULL, NULL, NULL);
    say_failure("downgrade", status, m);
    status = mig_stamp(m, NULL, 0, false);
    say_failure("stamp", status, m);
    status = mig_downgrade(m, "base", NULL, NULL);
    printf("downgrade: status %d\n", status);
    const char *const targets[] = {"heads"};
    status = mig_stamp(m, targets, 1, true);
    printf("stamp: status %d\n", status);
    say_current(m);
}

static int with_attached(const char *file, const char *folder)
{
    sqlite3 *db = NULL;
    struct mig_open_options options = {
        .size = sizeof options, .url = "sqlite:///nobodys.db", .migrations = folder};
    struct mig_handle *m = NULL;
    if (sqlite3_open(file, &db) != SQLITE_OK || mig_open(&m, &options) != MIG_DONE) {
        say_failure("open", 1, m);
        return 1;
    }
    int status = mig_attach(m, "oracle", db);
    say_failure("attach", status, m);
    if (mig_attach(m, "sqlite", db) != MIG_DONE) {
        say_failure("attach", 1, m);
    }
    migrate(m);
    char program[] = "embed", current[] = "current", command[] = "status";
    char *words[] = {program, current, NULL};
    status = mig_run(m, 2, words);
    printf("run: status %d\n", status);
    words[1] = command;
    status = mig_run(m, 2, words);
    printf("run: status %d\n", status);
    mig_close(m);
    status = sqlite3_exec(db, "SELECT count(*) FROM luamig_version", NULL, NULL, NULL);
    printf("ours still answers: %d\n", status);
    sqlite3_close(db);
    return 0;
}

static void *cancel_soon(void *payload)
{
    usleep(300000);
    mig_cancel(payload);
    return NULL;
}

/* A cancel that no call was there for stops the next one, whichever it is, and no other. */
static void cancel_between(struct mig_handle *m)
{
    static const char *const names[] = {"current", "plan", "upgrade", "stamp", "run"};
    const char *const base[] = {"base"}, *const *revisions = NULL;
    char program[] = "embed", command[] = "heads", *words[] = {program, command, NULL};
    size_t count = 0;
    for (int i = 0; i < 5; i++) {
        for (int cancelled = 1; cancelled >= 0; cancelled--) {
            if (cancelled != 0) {
                mig_cancel(m);
            }
            fflush(stdout);
            int status = i == 0   ? mig_current(m, &revisions, &count)
                         : i == 1 ? mig_plan(m, "base+0", NULL)
                         : i == 2 ? mig_upgrade(m, "current", NULL, NULL)
                         : i == 3 ? mig_stamp(m, base, 1, false)
                                  : mig_run(m, 2, words);
            if (cancelled != 0 || status == MIG_CANCELLED) {
                printf("%s, cancelled before: status %d\n", names[i], status);
            }
        }
    }
    printf("misused: %d %d %d\n", mig_stamp(m, NULL, 2, false), mig_attach(m, NULL, m),
           mig_attach(m, "sqlite", NULL));
}

static struct mig_handle *many;
static atomic_bool enough;

static void *cancel_on_and_on(void *payload)
{
    (void)payload;
    while (!enough) {
        mig_cancel(many);
        usleep(500);
    }
    return NULL;
}

static void cancel_many(struct mig_handle *m)
{
    char program[] = "embed", command[] = "current", quiet[] = "-q";
    char *words[] = {program, command, quiet, NULL};
    const char *const *revisions = NULL;
    size_t count = 0;
    int failed = 0;
    pthread_t thread;
    many = m;
    pthread_create(&thread, NULL, cancel_on_and_on, NULL);
    for (int i = 0; i < 200; i++) {
        int status = i % 2 == 0 ? mig_run(m, 3, words) : mig_current(m, &revisions, &count);
        failed += status != MIG_CANCELLED && status != MIG_DONE;
    }
    enough = true;
    pthread_join(thread, NULL);
    (void)mig_current(m, &revisions, &count); /* it may be for the last cancel */
    int status = mig_current(m, &revisions, &count);
    printf("failures: %d, then status %d\n", failed, status);
}

static int stop_writing(void *payload, const char *text, size_t length)
{
    (void)payload, (void)text, (void)length;
    return 1;
}

/* A handle whose args are gone once it is open. */
static struct mig_handle *open_with_args(const char *url, const char *folder)
{
    char word[] = "key=value";
    const char *args[] = {word, NULL};
    struct mig_open_options options = {
        .size = sizeof options, .url = url, .migrations = folder, .args = args};
    struct mig_handle *m = NULL;
    mig_open(&m, &options);
    memset(word, 0, sizeof word);
    args[0] = NULL;
    return m;
}

static int misuse(const char *url, const char *folder)
{
    struct mig_handle *m = NULL;
    struct mig_open_options options = {.url = url, .migrations = folder};
    int status = mig_open(&m, &options);
    say_failure("open", status, m);
    mig_close(m);
    m = open_with_args(url, folder);
    struct mig_run_request request = {.dry_run = true};
    status = mig_upgrade(m, "head", &request, NULL);
    say_failure("upgrade", status, m);
    struct mig_outcome outcome = {0};
    status = mig_upgrade(m, "head", NULL, &outcome);
    say_failure("upgrade", status, m);
    status = mig_plan(m, "head", &outcome);
    say_failure("plan", status, m);
    say_current(m);
    request = (struct mig_run_request){.size = sizeof request, .script = stop_writing};
    status = mig_upgrade(m, "head", &request, NULL);
    say_failure("script", status, m);
    mig_cancel(NULL); /* nothing to cancel */
    printf("open nowhere: status %d\n", mig_open(NULL, &options));
    printf("no handle: %d %d %d %s\n", mig_upgrade(NULL, NULL, NULL, NULL), mig_run(NULL, 0, NULL),
           mig_attach(NULL, "sqlite", m), mig_failure(NULL)->message);
    fflush(stdout);
    char program[] = "embed", command[] = "upgrade", quiet[] = "-q";
    char *words[] = {program, command, quiet, NULL};
    status = mig_run(m, 3, words);
    printf("run: status %d\n", status);
    mig_close(m);
    return 0;
}

int main(int argc, char **argv)
{
    int lines = 0;
    struct mig_handle *m = NULL;
    if (argc < 4) {
        return 2;
    }
    if (strcmp(argv[1], "attach") == 0) {
        return with_attached(argv[2], argv[3]);
    }
    if (strcmp(argv[1], "misuse") == 0) {
        return misuse(argv[2], argv[3]);
    }
    struct mig_open_options options = {.size = sizeof options,
                                       .url = argv[2],
                                       .migrations = argv[3],
                                       .tag = "blue",
                                       .log = say_log,
                                       .progress = say_progress,
                                       .payload = &lines};
    struct sigaction before, after;
    sigaction(SIGINT, NULL, &before);
    int status = mig_open(&m, &options);
    if (status != MIG_DONE) {
        say_failure("open", status, m);
        mig_close(m);
        return 0;
    }
    running = m;
    if (strcmp(argv[1], "cancel") == 0) {
        pthread_t thread;
        pthread_create(&thread, NULL, cancel_soon, m);
        status = mig_upgrade(m, "head", NULL, NULL);
        pthread_join(thread, NULL);
        say_failure("upgrade", status, m);
        say_current(m);
        cancel_between(m);
    } else if (strcmp(argv[1], "cancels") == 0) {
        cancel_many(m);
    } else if (strcmp(argv[1], "run") == 0) {
        argv[3] = argv[0];
        status = mig_run(m, argc - 3, argv + 3);
        fflush(stdout);
        printf("run: status %d\n", status);
    } else {
        migrate(m);
    }
    sigaction(SIGINT, NULL, &after);
    printf("signal handlers: %s\n",
           before.sa_handler == after.sa_handler ? "untouched" : "changed");
    mig_close(m);
    return 0;
}
