/* Disposable forked children for whatever may block in the kernel: a write to `unbind` whose device
 * somebody holds open never returns, and no signal ends it. The process that matters waits for the
 * child with a deadline, and at worst leaves it behind.
 */
#ifndef ACT_WORKER_H
#define ACT_WORKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* A child that did not end by SIGKILL either. pidfd becomes readable when it has ended after all;
 * whoever holds it asks worker_ended() then.
 */
struct worker {
	pid_t pid; /* 0: none */
	int pidfd; /* -1: none */
};

#define WORKER_NONE ((struct worker){.pid = 0, .pidfd = -1})

enum worker_end {
	WORKER_DONE,   /* the function returned 0 and the child has ended */
	WORKER_FAILED, /* it did not, and the child has ended (or could not be made) */
	WORKER_STUCK,  /* the child is in the kernel and does not come back */
};

/* What the child does: returns 0 or an errno. No descriptor of the parent is open there, 0 to 2 are
 * /dev/null; what it changes in memory nobody sees.
 */
typedef int worker_fn(void *context);

/* Runs fn(context) in a child and waits for its end for deadline_ms milliseconds in which it could
 * go on (those in which a busy computer had no processor for it do not count, up to ten times as
 * many); then come SIGKILL and WORKER_GRACE_MS, likewise. *errnum is set in each case: 0, what fn
 * returned (or why there was no child), ETIMEDOUT when it was killed at the deadline or is stuck,
 * ECANCELED when it died of something else before it was done. *stuck is set with WORKER_STUCK
 * alone and is then the caller's; with NULL the child is abandoned.
 */
enum worker_end worker_run(worker_fn *fn, void *context, int deadline_ms, int *errnum,
			   struct worker *stuck);

#define WORKER_GRACE_MS 1000

/* Whether a stuck child has ended, without waiting. If so it is reaped and *worker is none. */
bool worker_ended(struct worker *worker);

/* Forgets a stuck child without waiting for it; accepts none. */
void worker_abandon(struct worker *worker);

/* Runs the program argv[0] (an absolute path) with nothing but PATH and LC_ALL=C in its
 * environment, /dev/null as input and no other descriptor, in a session of its own, for at most
 * deadline_ms, counted as above. False when it cannot be run, does not end in time, or ends by a
 * signal or with a status other than 0; the words hold the last line that it said. *output (may be
 * NULL) is what it said on both outputs, the last WORKER_OUTPUT bytes of it, and the caller's; set
 * on success alone.
 */
bool worker_exec(const char *const argv[], int deadline_ms, char **output, struct error **err);

#define WORKER_OUTPUT 65536

/* How long the kernel and programs have kept us so far, microseconds, for differences: what
 * worker_exec() ran, and of what worker_run() ran the functions after which worker_count() was
 * called, from the moment when the child was let go to its end. What it costs to make it is not in
 * it.
 */
int64_t worker_spent_us(void);
void worker_count(void);

/* Who runs programs in place of this process from now on, where their output is not wanted; NULL:
 * this process again.
 */
typedef bool worker_exec_fn(const char *const argv[], int deadline_ms, struct error **err);
void worker_exec_by(worker_exec_fn *fn);

#endif
