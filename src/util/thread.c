#include "util/thread.h"

#include <signal.h>
#include <stdlib.h>

/* So many pieces wake the worker, or whoever waits for it: to wake it for each costs more than some
 * pieces do. */
enum { WAKING = 2 };

struct mig_worker {
    pthread_t thread;
    pthread_mutex_t mutex; /* of all below */
    pthread_cond_t given, done;
    struct {
        mig_work *work;
        void *payload;
    } pieces[MIG_WORKER_ROOM]; /* a ring */
    size_t first, count;
    bool stop;
};

bool mig_thread_start(pthread_t *thread, void *(*run)(void *), void *payload)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_create(thread, NULL, run, payload) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

static void *work_off(void *payload)
{
    struct mig_worker *worker = payload;
    pthread_mutex_lock(&worker->mutex);
    for (;;) {
        while (worker->count == 0 && !worker->stop) {
            pthread_cond_wait(&worker->given, &worker->mutex);
        }
        if (worker->count == 0) {
            break;
        }
        mig_work *work = worker->pieces[worker->first].work;
        void *piece = worker->pieces[worker->first].payload;
        pthread_mutex_unlock(&worker->mutex);
        work(piece);
        pthread_mutex_lock(&worker->mutex);
        worker->first = (worker->first + 1) % MIG_WORKER_ROOM;
        worker->count--;
        pthread_cond_signal(&worker->done);
    }
    pthread_mutex_unlock(&worker->mutex);
    return NULL;
}

static void release(struct mig_worker *worker)
{
    pthread_cond_destroy(&worker->done);
    pthread_cond_destroy(&worker->given);
    pthread_mutex_destroy(&worker->mutex);
    free(worker);
}

struct mig_worker *mig_worker_start(void)
{
    struct mig_worker *worker = calloc(1, sizeof *worker);
    if (worker == NULL) {
        return NULL;
    }
    pthread_mutex_init(&worker->mutex, NULL);
    pthread_cond_init(&worker->given, NULL);
    pthread_cond_init(&worker->done, NULL);
    if (!mig_thread_start(&worker->thread, work_off, worker)) {
        release(worker);
        return NULL;
    }
    return worker;
}

static void wait_for_room(struct mig_worker *worker, size_t left)
{
    if (worker->count > left) {
        pthread_cond_signal(&worker->given);
    }
    while (worker->count > left) {
        pthread_cond_wait(&worker->done, &worker->mutex);
    }
}

void mig_worker_give(struct mig_worker *worker, mig_work *work, void *payload)
{
    pthread_mutex_lock(&worker->mutex);
    wait_for_room(worker, MIG_WORKER_ROOM - 1);
    size_t at = (worker->first + worker->count) % MIG_WORKER_ROOM;
    worker->pieces[at].work = work;
    worker->pieces[at].payload = payload;
    worker->count++;
    if (worker->count >= WAKING) {
        pthread_cond_signal(&worker->given);
    }
    pthread_mutex_unlock(&worker->mutex);
}

void mig_worker_wait(struct mig_worker *worker, size_t left)
{
    pthread_mutex_lock(&worker->mutex);
    wait_for_room(worker, left);
    pthread_mutex_unlock(&worker->mutex);
}

void mig_worker_stop(struct mig_worker *worker)
{
    if (worker == NULL) {
        return;
    }
    pthread_mutex_lock(&worker->mutex);
    worker->stop = true;
    pthread_cond_signal(&worker->given);
    pthread_mutex_unlock(&worker->mutex);
    pthread_join(worker->thread, NULL);
    release(worker);
}
