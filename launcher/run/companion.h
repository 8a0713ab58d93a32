/* Companions: programs that run beside QEMU as the user, started and ended by the supervisor. The
 * plan says which, when, and what their end means.
 *
 * Each is in a session of its own, so that a Ctrl-C for us is none for it, without capabilities and
 * with no_new_privs, with nothing of ours open but its log. It gets SIGTERM when QEMU has ended,
 * and when we die (PR_SET_PDEATHSIG): it is useless alone. One that a guest could not do without
 * would be started before QEMU and waited for by the socket that it is to make; there is none yet.
 */
#ifndef RUN_COMPANION_H
#define RUN_COMPANION_H

#include <poll.h>
#include <stdint.h>
#include <sys/types.h>

#include "plan/plan.h"

struct companion {
	const struct plan_companion *plan;
	pid_t pid;
	int pidfd; /* -1: it has ended */
};

/* {0} is none; the plan is the caller's and stays. In each function NULL stands for none. */
struct companions {
	const struct plan *plan;
	struct companion v[COMPANION_LIMIT];
	size_t n;
	int64_t told; /* when they were told to end, in milliseconds; 0: not yet */
};

/* Starts those of the plan that are due now. One that cannot be started is told to the user, and
 * is no reason to stop.
 */
void companions_start(struct companions *c, const struct plan *plan, enum companion_when when);

/* What to poll for, COMPANION_LIMIT places; and what to do after it: the end of one is told, unless
 * it is expected, as a viewer may end before QEMU has when QEMU closes its sockets.
 */
void companions_poll(const struct companions *c, struct pollfd *p);
void companions_go(struct companions *c, const struct pollfd *p, bool expected);

/* Sends SIGTERM; does not wait. */
void companions_tell(struct companions *c);

/* Waits until all have ended, tells them if nobody did; a second after they were told those that
 * are left get SIGKILL.
 */
void companions_finish(struct companions *c);

#endif
