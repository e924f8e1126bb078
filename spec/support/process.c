/* Programs as specs run them: argument vectors (no shell), files for the standard streams, an exact
 * environment, signals, a time limit, and what the kernel says of the resources they used. Lua 5.4:
 * require "spec_process". */
#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <lua.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* LD_PRELOAD as we found it: a sanitizer's runtime, which a host needs that loads our modules.
 * Programs of others do not get it (PostgreSQL's psql never ends with it). */
static char preload[4096];

struct request {
    char **argv;
    char **env; /* NULL: ours */
    const char *cwd, *files[3];
};

/* The field of the table at 1 as a NULL-terminated array; the strings stay the table's. */
static char **string_list(lua_State *L, const char *field)
{
    lua_Integer n;
    char **list;

    if (lua_getfield(L, 1, field) == LUA_TNIL) {
        lua_pop(L, 1);
        return NULL;
    }
    luaL_checktype(L, -1, LUA_TTABLE);
    n = luaL_len(L, -1);
    list = lua_newuserdatauv(L, (size_t)(n + 1) * sizeof(*list), 0);
    for (lua_Integer i = 1; i <= n; i++) {
        if (lua_geti(L, -2, i) != LUA_TSTRING) {
            luaL_error(L, "%s[%I] is no string", field, i);
        }
        list[i - 1] = (char *)(size_t)lua_tostring(L, -1);
        lua_pop(L, 1);
    }
    list[n] = NULL;
    return list;
}

static bool loads_our_modules(const char *program)
{
    const char *slash = strrchr(program, '/');
    const char *name = slash ? slash + 1 : program;

    return strcmp(name, "lua5.4") == 0 || strcmp(name, "busted") == 0;
}

static _Noreturn void run_child(const struct request *request, int report)
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (int number = 1; number < NSIG; number++) {
        (void)signal(number, SIG_DFL);
    }
    for (int fd = 0; fd < 3; fd++) {
        int flags = fd == 0 ? O_RDONLY : O_WRONLY | O_CREAT | O_TRUNC | O_APPEND;
        int opened = open(request->files[fd], flags, 0600);

        if (opened < 0 || dup2(opened, fd) < 0) {
            goto failed;
        }
        if (opened > 2) {
            close(opened);
        }
    }
    if (!request->cwd || chdir(request->cwd) == 0) {
        if (request->env) {
            environ = request->env;
        }
        if (*preload && loads_our_modules(request->argv[0])) {
            setenv("LD_PRELOAD", preload, 0);
        }
        execvp(request->argv[0], request->argv);
    }
failed:
    if (write(report, &errno, sizeof(errno)) < 0) {
        _exit(126);
    }
    _exit(127);
}

/* start{ argv=, env={ "K=V", … }, cwd=, stdin=path, stdout=path, stderr=path } → pid; raises when
 * it cannot run */
static int process_start(lua_State *L)
{
    static const char *const names[3] = {"stdin", "stdout", "stderr"};
    struct request request = {0};
    int report[2], problem = 0;
    pid_t pid;

    luaL_checktype(L, 1, LUA_TTABLE);
    request.argv = string_list(L, "argv");
    luaL_argcheck(L, request.argv && request.argv[0], 1, "argv is missing");
    request.env = string_list(L, "env");
    lua_getfield(L, 1, "cwd");
    request.cwd = luaL_optstring(L, -1, NULL);
    for (int i = 0; i < 3; i++) {
        lua_getfield(L, 1, names[i]);
        request.files[i] = luaL_optstring(L, -1, "/dev/null");
    }
    if (pipe2(report, O_CLOEXEC) != 0) {
        return luaL_error(L, "pipe: %s", strerror(errno));
    }
    pid = fork();
    if (pid == 0) {
        run_child(&request, report[1]);
    }
    close(report[1]);
    if (pid > 0 && read(report[0], &problem, sizeof(problem)) > 0) {
        waitpid(pid, NULL, 0);
    }
    close(report[0]);
    if (pid < 0 || problem) {
        return luaL_error(L, "cannot run %s: %s", request.argv[0],
                          strerror(pid < 0 ? errno : problem));
    }
    lua_pushinteger(L, pid);
    return 1;
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* wait(pid [, seconds]) → "exit" or "signal", its number, { maxrss = KiB, user = s, system = s };
 * nil when the time is over */
static int process_wait(lua_State *L)
{
    pid_t pid = (pid_t)luaL_checkinteger(L, 1);
    double limit = luaL_optnumber(L, 2, -1), begin = now();
    const struct timespec pause = {0, 1000000};
    struct rusage usage;
    int status;

    for (;;) {
        pid_t done = wait4(pid, &status, limit < 0 ? 0 : WNOHANG, &usage);

        if (done == pid) {
            break;
        }
        if (done < 0 && errno != EINTR) {
            return luaL_error(L, "wait for %d: %s", (int)pid, strerror(errno));
        }
        if (limit >= 0 && now() - begin > limit) {
            return 0;
        }
        nanosleep(&pause, NULL);
    }
    lua_pushstring(L, WIFEXITED(status) ? "exit" : "signal");
    lua_pushinteger(L, WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
    lua_newtable(L);
    lua_pushinteger(L, usage.ru_maxrss);
    lua_setfield(L, -2, "maxrss");
    lua_pushnumber(L, (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec / 1e6);
    lua_setfield(L, -2, "user");
    lua_pushnumber(L, (double)usage.ru_stime.tv_sec + (double)usage.ru_stime.tv_usec / 1e6);
    lua_setfield(L, -2, "system");
    return 3;
}

/* kill(pid, "INT") → true, or false when there is no such process */
static int process_kill(lua_State *L)
{
    static const char *const names[] = {"INT", "TERM", "KILL", "STOP", "CONT",
                                        "HUP", "PIPE", "USR1", NULL};
    static const int numbers[] = {SIGINT,  SIGTERM, SIGKILL, SIGSTOP,
                                  SIGCONT, SIGHUP,  SIGPIPE, SIGUSR1};
    pid_t pid = (pid_t)luaL_checkinteger(L, 1);

    luaL_argcheck(L, pid > 0, 1, "no pid");
    lua_pushboolean(L, kill(pid, numbers[luaL_checkoption(L, 2, NULL, names)]) == 0);
    return 1;
}

/* environ() → { NAME = value } */
static int process_environ(lua_State *L)
{
    lua_newtable(L);
    for (char **entry = environ; *entry; entry++) {
        const char *equals = strchr(*entry, '=');

        if (equals) {
            lua_pushlstring(L, *entry, (size_t)(equals - *entry));
            lua_pushstring(L, equals + 1);
            lua_settable(L, -3);
        }
    }
    return 1;
}

/* now() → seconds on a clock that only goes forward */
static int process_now(lua_State *L)
{
    lua_pushnumber(L, now());
    return 1;
}

/* sleep(seconds) */
static int process_sleep(lua_State *L)
{
    double seconds = luaL_checknumber(L, 1);
    struct timespec t = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};

    nanosleep(&t, NULL);
    return 0;
}

/* unheard(fd) → milliseconds that what was sent on a socket may stay unacknowledged, nil for
 * another kind of file */
static int process_unheard(lua_State *L)
{
    int fd = (int)luaL_checkinteger(L, 1);
    unsigned ms = 0;
    socklen_t size = sizeof ms;

    if (getsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, &size) != 0) {
        lua_pushnil(L);
    } else {
        lua_pushinteger(L, (lua_Integer)ms);
    }
    return 1;
}

__attribute__((visibility("default"))) int luaopen_spec_process(lua_State *L);
int luaopen_spec_process(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"start", process_start},     {"wait", process_wait}, {"kill", process_kill},
        {"environ", process_environ}, {"now", process_now},   {"sleep", process_sleep},
        {"unheard", process_unheard}, {NULL, NULL},
    };

    if (getenv("LD_PRELOAD")) {
        (void)snprintf(preload, sizeof(preload), "%s", getenv("LD_PRELOAD"));
        unsetenv("LD_PRELOAD");
    }
    luaL_newlib(L, functions);
    lua_pushstring(L, *preload ? preload : NULL);
    lua_setfield(L, -2, "preload");
    return 1;
}
