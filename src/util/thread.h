/* Threads beside the main one, which alone has the signals; and one that works off what it is
 * given. */
#ifndef MIG_UTIL_THREAD_H
#define MIG_UTIL_THREAD_H

#include "util/compiler.h"

#include <pthread.h>

/* Starts it with every signal blocked; false when there can be no more threads. */
bool mig_thread_start(pthread_t *thread, void *(*run)(void *), void *payload);

/* How many pieces of work a worker has at a time, the one in hand included. */
#define MIG_WORKER_ROOM 16

struct mig_worker;
typedef void mig_work(void *payload);

/* Does nothing yet; NULL when there can be no more threads. End with mig_worker_stop. */
struct mig_worker *mig_worker_start(void);
/* Behind what it was given before; waits while there is no room. What payload points to is the
 * worker's until the work is done. */
void mig_worker_give(struct mig_worker *worker, mig_work *work, void *payload);
/* Until no more than so many pieces are left to do. */
void mig_worker_wait(struct mig_worker *worker, size_t left);
/* Does first what it was given; NULL is ignored. */
void mig_worker_stop(struct mig_worker *worker);

#endif
