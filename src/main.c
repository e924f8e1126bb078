/* The executable: signals, a command line without passwords for those who look at it, then the Lua
 * face. */
#include "driver/database.h"
#include "luabind/face.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void cover(char *from, const char *to)
{
    while (from < to) {
        *from++ = '*';
    }
}

/* The passwords in a URL: `user:password@`, and any `password=` of the query. */
static void cover_passwords(char *arg)
{
    char *authority = strstr(arg, "://");
    if (authority == NULL) {
        return;
    }
    authority += 3;
    char *end = authority + strcspn(authority, "/?");
    char *at = memrchr(authority, '@', (size_t)(end - authority));
    if (at == NULL) { /* a password may hold a '/' that nobody escaped */
        at = strrchr(authority, '@');
    }
    char *colon = at == NULL ? NULL : memchr(authority, ':', (size_t)(at - authority));
    if (colon != NULL) {
        cover(colon + 1, at);
    }
    for (char *key = strstr(authority, "password="); key != NULL; key = strstr(key, "password=")) {
        key += strlen("password=");
        cover(key, key + strcspn(key, "&"));
    }
}

static void free_words(char **words)
{
    for (char **word = words; *word != NULL; word++) {
        free(*word);
    }
    free(words);
}

/* A copy of the arguments, ended by NULL; NULL when out of memory. */
static char **copy_words(int argc, char **argv)
{
    char **words = calloc((size_t)argc + 1, sizeof *words);
    for (int i = 0; words != NULL && i < argc; i++) {
        words[i] = strdup(argv[i]);
        if (words[i] == NULL) {
            free_words(words);
            return NULL;
        }
    }
    return words;
}

/* In bytes: what a batch of rows takes comes again with the next batch, and is not given back to
 * the system in between, which would have to clear its pages each time. */
enum { KEPT_FREE = 16 * 1024 * 1024, MAPPED_ALONE = 4 * 1024 * 1024 };

static void keep_memory(void)
{
#ifdef __GLIBC__
    (void)mallopt(M_MMAP_THRESHOLD, MAPPED_ALONE);
    (void)mallopt(M_TRIM_THRESHOLD, KEPT_FREE);
#endif
}

/* The next connection would get the number of a standard stream that is closed, and what is printed
 * would go to the server. What is opened in its place fails as the closed one does. */
static void hold_standard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0) {
            (void)open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
        }
    }
}

int main(int argc, char **argv)
{
    keep_memory();
    hold_standard_streams();
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = mig_face_interrupt;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    action.sa_handler = mig_face_remind;
    sigaction(SIGALRM, &action, NULL);
    action.sa_handler = mig_face_interrupt;
    struct sigaction hangup; /* a session that breaks off, unless nohup says to go on */
    if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN) {
        sigaction(SIGHUP, &action, NULL);
    }
    action.sa_handler = SIG_IGN; /* a reader that went away is a failed write, not a death */
    sigaction(SIGPIPE, &action, NULL);

    /* What `ps` shows is argv's own memory: we go on with a copy. */
    char **words = copy_words(argc, argv);
    if (words == NULL) {
        fputs("luamig: out of memory\n", stderr);
        return EXIT_FAILURE;
    }
    for (int i = 0; i < argc; i++) {
        cover_passwords(argv[i]);
    }
    mig_database_own_process();
    int status = mig_face_run(argc, words, NULL);
    free_words(words);
    return status;
}
