/* A connection that breaks when a spec wants it to: spec_proxy PORT MODE N.
 *
 * Listens on a free port of 127.0.0.1, which it prints, and passes everything on to PORT. An
 * exchange is what a client sends until the server answers; they are counted over all connections.
 * At the Nth: lose    what the client sent is dropped, both sides are cut off (the server never saw
 * it) answer  it reaches the server, whose answer is dropped, both sides are cut off stall   it
 * reaches the server; from then on nothing is passed on either way, and nobody is cut off none
 * passes on What comes later, on other connections, is passed on. Ends by a signal; prints the
 * number of exchanges at SIGTERM. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PAIRS = 128 };
enum mode { NONE, LOSE, ANSWER, STALL };

struct pair {
    int client, server; /* -1: there is none */
    bool asking;        /* the client spoke last */
    bool doomed;        /* cut off when the server answers */
    bool stalled;
};

static struct pair pairs[PAIRS];
static long exchanges;
static volatile sig_atomic_t ended;

static void on_signal(int number)
{
    (void)number;
    ended = 1;
}

static _Noreturn void fail(const char *what)
{
    perror(what);
    exit(1);
}

static struct sockaddr_in address(int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return at;
}

/* A reset instead of an orderly end: the peer's next call fails. */
static void cut_off(int fd)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};

    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    close(fd);
}

static void end_pair(struct pair *pair, bool reset)
{
    if (reset) {
        cut_off(pair->client);
        cut_off(pair->server);
    } else {
        close(pair->client);
        close(pair->server);
    }
    *pair = (struct pair){.client = -1, .server = -1};
}

static void admit(int listener, int port)
{
    struct sockaddr_in at = address(port);
    int client = accept(listener, NULL, NULL), server = socket(AF_INET, SOCK_STREAM, 0), on = 1;

    for (struct pair *pair = pairs; pair < pairs + PAIRS; pair++) {
        if (pair->client >= 0 || client < 0 ||
            connect(server, (struct sockaddr *)&at, sizeof(at)) != 0) {
            continue;
        }
        (void)setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        (void)setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        *pair = (struct pair){.client = client, .server = server};
        return;
    }
    close(client);
    close(server);
}

static bool pass_on(int to, const char *bytes, ssize_t length)
{
    while (length > 0) {
        ssize_t sent = send(to, bytes, (size_t)length, MSG_NOSIGNAL);

        if (sent <= 0) {
            return false;
        }
        bytes += sent;
        length -= sent;
    }
    return true;
}

static void serve(struct pair *pair, bool from_client, enum mode mode, long at)
{
    char bytes[65536];
    ssize_t length = recv(from_client ? pair->client : pair->server, bytes, sizeof(bytes), 0);

    if (length <= 0 || pair->doomed) {
        if (from_client && pair->doomed && length > 0) {
            (void)pass_on(pair->server, bytes, length); /* the rest of what it asks */
            return;
        }
        end_pair(pair, pair->doomed);
        return;
    }
    if (from_client && !pair->asking && ++exchanges == at && mode != NONE) {
        if (mode == LOSE) {
            end_pair(pair, true);
            return;
        }
        pair->doomed = mode == ANSWER;
        pair->stalled = mode == STALL;
    }
    pair->asking = from_client;
    if (!pass_on(from_client ? pair->server : pair->client, bytes, length)) {
        end_pair(pair, false);
    }
}

static int listen_on_a_free_port(void)
{
    struct sockaddr_in at = address(0);
    socklen_t size = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&at, size) != 0 || listen(fd, PAIRS) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &size) != 0) {
        fail("listen");
    }
    printf("%d\n", ntohs(at.sin_port));
    fflush(stdout);
    return fd;
}

int main(int argc, char **argv)
{
    static const char *const modes[] = {"none", "lose", "answer", "stall"};
    enum mode mode = NONE;

    if (argc != 4) {
        fputs("spec_proxy PORT MODE N\n", stderr);
        return 2;
    }
    for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
        mode = strcmp(argv[2], modes[i]) == 0 ? (enum mode)i : mode;
    }
    struct sigaction action = {.sa_handler = on_signal};
    (void)sigaction(SIGTERM, &action, NULL);
    for (int i = 0; i < PAIRS; i++) {
        pairs[i].client = pairs[i].server = -1;
    }
    int listener = listen_on_a_free_port(), port = (int)strtol(argv[1], NULL, 10);
    long at = strtol(argv[3], NULL, 10);

    while (!ended) {
        struct pollfd polled[1 + 2 * PAIRS];

        polled[0] = (struct pollfd){.fd = listener, .events = POLLIN};
        for (int i = 0; i < PAIRS; i++) {
            bool silent = pairs[i].stalled; /* its end is seen all the same */
            short events = silent ? POLLRDHUP : POLLIN;

            polled[1 + 2 * i] = (struct pollfd){.fd = pairs[i].client, .events = events};
            polled[2 + 2 * i] =
                (struct pollfd){.fd = silent ? -1 : pairs[i].server, .events = POLLIN};
        }
        if (poll(polled, 1 + 2 * PAIRS, -1) < 0) {
            continue; /* a signal */
        }
        for (int i = 0; i < PAIRS; i++) {
            for (int side = 0; side < 2 && pairs[i].client >= 0; side++) {
                if (polled[1 + 2 * i + side].revents == 0) {
                    continue;
                }
                if (pairs[i].stalled) {
                    end_pair(&pairs[i], true);
                } else {
                    serve(&pairs[i], side == 0, mode, at);
                }
            }
        }
        if (polled[0].revents != 0) {
            admit(listener, port);
        }
    }
    printf("%ld\n", exchanges);
    return 0;
}
