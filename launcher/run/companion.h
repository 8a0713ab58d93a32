/* Companions: programs that run beside QEMU as the user, started and ended by the supervisor. The
 * plan says which, when, and what their end means.
 *
 * Each is in a session of its own, so that a Ctrl-C for us is none for it, without capabilities and
 * with no_new_privs, with nothing of ours open but its log and, as COMPANION_FD, what joins it to
 * QEMU. Its end shows on its pidfd and is told, and all are told to end when QEMU has.
 *
 * Those that a guest can do without (COMPANION_RUNNING) come when it runs, and get SIGTERM when we
 * die: they are useless alone. Those that QEMU needs (COMPANION_BEFORE) are started side by side
 * with it: nobody waits for anybody, as each is joined by descriptors that the kernel keeps words
 * in. They outlive us as QEMU does. So that none is ever left with nobody to know it, each waits
 * until its pid stands in the record (record.h) before it becomes the program; who takes over finds
 * them there, and so does who puts away what a dead machine left.
 */
#ifndef RUN_COMPANION_H
#define RUN_COMPANION_H

#include <poll.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/child.h"
#include "log.h"
#include "plan/plan.h"
#include "record.h"

struct companion {
	const struct plan_companion *plan;
	struct child child; /* pidfd -1: it has ended; talk -1: it was let go */
	int theirs;	    /* QEMU's end, until it is taken; -1: there is none (any more) */
	bool failed;	    /* it has ended, and not well */
	int status;	    /* then, as waitpid gives it */
};

/* The plan is the caller's and stays. In each function NULL stands for none. */
struct companions {
	const struct plan *plan;
	struct companion v[COMPANION_LIMIT];
	size_t n;
	struct log_watch logs;
	int64_t told; /* when they were told to end, in milliseconds; 0: not yet */
};

#define COMPANIONS_NONE ((struct companions){.logs = LOG_WATCH_NONE})
#define COMPANION_PLACES (COMPANION_LIMIT + 1) /* to poll */

/* Starts those of the plan that are due when the guest runs. One that cannot be started is told to
 * the user, and is no reason to stop.
 */
void companions_start(struct companions *c, const struct plan *plan);

/* Makes a process for each of COMPANION_BEFORE, and what joins it to QEMU; all wait. */
bool companions_make(struct companions *c, const struct plan *plan, struct error **err);
/* Lets them become their programs, once they stand in the record. */
bool companions_let_go(struct companions *c, struct error **err);
/* QEMU's end of the join that the plan gives this number; the caller owns it. -1: there is none. */
int companions_take(struct companions *c, int number);
/* Writes their pids into the record of the plan. */
void companions_record(const struct companions *c, struct run_record *record);
/* Takes over those of a record, whose plan is made from it; what has ended meanwhile is told. */
void companions_adopt(struct companions *c, const struct plan *plan,
		      const struct run_record *record);
/* Ends those of a dead machine's record that live. */
void companions_end_left(const struct run_record *record);

/* What to poll for, COMPANION_PLACES places; and what to do after it: the end of one is told,
 * unless it is expected, as a viewer may end before QEMU has when QEMU closes its sockets.
 */
void companions_poll(const struct companions *c, struct pollfd *p);
void companions_go(struct companions *c, const struct pollfd *p, bool expected);

/* Whether one lives that shows the guest. */
bool companions_show(const struct companions *c);

/* Whether one that QEMU needs has just ended, by what was polled. */
bool companions_ended(const struct companions *c, const struct pollfd *p);

/* Why QEMU cannot have come up: a companion that it needs has failed, or (any) has ended at all. A
 * clause with its last words, which the caller owns; NULL: none has.
 */
char *companions_failed(const struct companions *c, bool any);

/* Those that QEMU is joined to, for a message: "swtpm, virtiofsd". The caller owns it; NULL: none.
 */
char *companions_joined(const struct companions *c);

/* Sends SIGTERM, to those of COMPANION_BEFORE SIGINT; does not wait. */
void companions_tell(struct companions *c);

/* Waits until all have ended, tells them if nobody did; a second after they were told those that
 * are left get SIGKILL. What they held is let go of.
 */
void companions_finish(struct companions *c);

#endif
