#include "util/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int64_t mig_clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void mig_clock_iso(char out[MIG_CLOCK_ISO_SIZE])
{
    struct timespec now;
    struct tm parts;
    clock_gettime(CLOCK_REALTIME, &now);
    memset(&parts, 0, sizeof parts);
    gmtime_r(&now.tv_sec, &parts);
    size_t length = strftime(out, MIG_CLOCK_ISO_SIZE, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(out + length, MIG_CLOCK_ISO_SIZE - length, ".%03dZ", (int)(now.tv_nsec / 1000000));
}

int64_t mig_clock_parse(const char *iso)
{
    struct tm parts;
    memset(&parts, 0, sizeof parts);
    const char *end = strptime(iso, "%Y-%m-%dT%H:%M:%S", &parts);
    return end != NULL ? (int64_t)timegm(&parts) : (int64_t)time(NULL);
}

void mig_clock_sleep(int64_t ms, const _Atomic int *interrupted)
{
    int64_t end = mig_clock_ms() + ms;
    for (int64_t left = ms; left > 0; left = end - mig_clock_ms()) {
        if (interrupted != NULL && *interrupted != 0) {
            return;
        }
        int64_t slice = left < 50 ? left : 50;
        struct timespec wait = {.tv_sec = 0, .tv_nsec = (long)slice * 1000000};
        nanosleep(&wait, NULL);
    }
}

int64_t mig_clock_jitter(int64_t below)
{
    static _Thread_local uint64_t state;
    if (state == 0) {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        state = (uint64_t)now.tv_nsec ^ ((uint64_t)getpid() << 32) ^ 0x9e3779b97f4a7c15U;
    }
    state ^= state << 13; /* xorshift64 */
    state ^= state >> 7;
    state ^= state << 17;
    return below > 0 ? (int64_t)(state % (uint64_t)below) : 0;
}
