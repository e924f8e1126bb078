/* floor-delay HOST PORT MICROSECONDS: a connection with latency. Prints the port that it listens on
 * and passes every byte on to HOST:PORT that long after it came, each way; nothing is reordered,
 * held back or joined beyond what the socket itself had joined. A process a connection; ends by a
 * signal. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct chunk {
    struct chunk *next;
    int64_t due; /* nanoseconds */
    size_t length, sent;
    char bytes[];
};

/* One direction. */
struct stream {
    int from, to;
    bool ended, shut;
    struct chunk *first, **last;
};

static int64_t latency;

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "floor-delay: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static void take(struct stream *stream)
{
    static char buffer[1 << 16];
    ssize_t n = read(stream->from, buffer, sizeof buffer);

    if (n < 0) {
        if (errno == EINTR || errno == EAGAIN) {
            return;
        }
        n = 0; /* reset by the peer: over */
    }
    struct chunk *chunk = malloc(sizeof *chunk + (size_t)n);

    if (chunk == NULL) {
        die("memory");
    }
    chunk->next = NULL;
    chunk->due = now() + latency;
    chunk->length = (size_t)n; /* 0: the end */
    chunk->sent = 0;
    memcpy(chunk->bytes, buffer, (size_t)n);
    *stream->last = chunk;
    stream->last = &chunk->next;
    stream->ended = n == 0;
}

/* Hands on the chunk that is due. */
static void give(struct stream *stream)
{
    struct chunk *chunk = stream->first;

    if (chunk->length == 0) {
        shutdown(stream->to, SHUT_WR);
        stream->shut = true;
    } else {
        ssize_t n = send(stream->to, chunk->bytes + chunk->sent, chunk->length - chunk->sent,
                         MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0 && errno != EAGAIN && errno != EINTR) {
            _exit(0); /* nobody is there any more */
        }
        chunk->sent += n > 0 ? (size_t)n : 0;
        if (chunk->sent < chunk->length) {
            return;
        }
    }
    stream->first = chunk->next;
    if (stream->first == NULL) {
        stream->last = &stream->first;
    }
    free(chunk);
}

static void pass(int client, int server)
{
    struct stream streams[2] = {{.from = client, .to = server}, {.from = server, .to = client}};

    streams[0].last = &streams[0].first;
    streams[1].last = &streams[1].first;
    while (!streams[0].shut || !streams[1].shut) {
        struct pollfd waits[4];
        int64_t wait = -1, at = now();

        for (int i = 0; i < 2; i++) {
            struct stream *s = &streams[i];
            bool due = s->first != NULL && s->first->due <= at;

            waits[i] = (struct pollfd){.fd = s->ended ? -1 : s->from, .events = POLLIN};
            waits[2 + i] = (struct pollfd){.fd = due ? s->to : -1, .events = POLLOUT};
            if (s->first != NULL && !due && (wait < 0 || s->first->due - at < wait)) {
                wait = s->first->due - at;
            }
        }
        struct timespec timeout = {wait / 1000000000, wait % 1000000000};

        if (ppoll(waits, 4, wait < 0 ? NULL : &timeout, NULL) < 0 && errno != EINTR) {
            die("poll");
        }
        for (int i = 0; i < 2; i++) {
            if (waits[i].revents != 0) {
                take(&streams[i]);
            }
            if (waits[2 + i].revents != 0) {
                give(&streams[i]);
            }
        }
    }
}

static int open_socket(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        die("socket");
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    return fd;
}

int main(int argc, char **argv)
{
    struct sockaddr_in to = {.sin_family = AF_INET};
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof here;
    int listener = open_socket();

    if (argc < 4 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1) {
        errno = EINVAL;
        die("ADDRESS PORT MICROSECONDS");
    }
    to.sin_port = htons((uint16_t)strtoul(argv[2], NULL, 10));
    latency = strtoll(argv[3], NULL, 10) * 1000;
    if (bind(listener, (struct sockaddr *)&here, sizeof here) != 0 || listen(listener, 64) != 0 ||
        getsockname(listener, (struct sockaddr *)&here, &size) != 0) {
        die("listen");
    }
    printf("%u\n", ntohs(here.sin_port));
    fflush(stdout);
    signal(SIGCHLD, SIG_IGN);
    prctl(PR_SET_TIMERSLACK, 1UL); /* the children have it too */
    for (;;) {
        int client = accept(listener, NULL, NULL);

        if (client < 0) {
            die("accept");
        }
        if (fork() == 0) {
            int server = open_socket();

            close(listener);
            setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
            if (connect(server, (struct sockaddr *)&to, sizeof to) != 0) {
                die("connect");
            }
            pass(client, server);
            _exit(0);
        }
        close(client);
    }
}
