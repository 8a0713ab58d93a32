/* QEMU's start: sockets bound, log opened, one process made that holds exactly the descriptors of
 * the plan, in a session of its own, without capabilities and with no_new_privs.
 */
#ifndef RUN_LAUNCH_H
#define RUN_LAUNCH_H

#include <sys/types.h>

#include "companion.h"
#include "inhibit.h"
#include "link.h"
#include "lock.h"
#include "overlay.h"
#include "plan/plan.h"

struct launched {
	pid_t pid;
	int pidfd;   /* readable when QEMU is gone */
	int monitor; /* connected to the supervisor's monitor */
	int serial;  /* our end of the stream, -1: none */
	int debug;
	bool adopted; /* another supervisor's: not our child, and it may have been let go already */
};

#define LAUNCHED_NONE ((struct launched){.pidfd = -1, .monitor = -1, .serial = -1, .debug = -1})

/* Closes what is open; says nothing to QEMU. */
void launched_close(struct launched *launched);

/* Where descriptors come from that were made before; each may be NULL. */
struct beside {
	struct overlays *overlays;
	struct companions *companions;
	const struct inhibit *inhibit;
};

/* Starts QEMU by the plan, stopped (-S). The lock's record names the process before it runs QEMU's
 * first instruction: if we die in between, it ends without having become QEMU. A keeper (link, if
 * one is open) watches it by then as well. The overlays of the plan are taken, and the companions
 * that QEMU needs are started beside it: they stand in the same record, and are the caller's to
 * end.
 */
bool launch(const struct plan *plan, const struct lock *lock, struct link *link,
	    const struct beside *beside, struct launched *launched, struct error **err);

#endif
