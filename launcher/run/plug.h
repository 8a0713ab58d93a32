/* USB devices of the profile's that come, go, and come again while the machine runs. The kernel
 * makes and removes their nodes, which wakes us (inotify); who they are is asked of whoever knows
 * the host, and the keeper gives the right to open them, where there is one.
 *
 * One that is there from the start is on QEMU's command line. One that was unplugged is taken from
 * the guest, as QEMU would look for it every other second until it comes, and without the right to
 * open it for ever. One that comes is given by its bus and number: so QEMU says at once whether it
 * can have it.
 *
 * Whoever takes over asks QEMU which ones it has: more may have come while nobody watched.
 */
#ifndef RUN_PLUG_H
#define RUN_PLUG_H

#include <poll.h>

#include "link.h"
#include "plan/plan.h"
#include "qmp/client.h"

/* A device as it is found when it is looked for. */
struct plugged {
	unsigned bus, number;	  /* number 0: it is not there */
	uint16_t vendor, product; /* its ids */
	bool accessible;	  /* to this user */
	char *node;		  /* its path, the caller's to free */
	char *use;		  /* why the host cannot spare it, likewise; NULL: it can */
};

/* Looks for the device that a plan_usb names. */
typedef void plug_find(const char *device, struct plugged *found);

struct plug {
	const struct plan *plan;
	struct link *link; /* to the keeper; may be NULL */
	plug_find *find;
	int watch;	/* inotify; -1: nothing is watched */
	uint64_t asked; /* QEMU is asked what it has, 0: it is not */
	struct plug_item {
		unsigned bus, number; /* of what the guest has; number 0: nothing */
		unsigned told;	      /* the number of the one that it could not have */
		uint64_t asked;	      /* the command that is on its way, 0: none */
	} * item;		      /* as many as the plan's */
};

#define PLUG_NONE ((struct plug){.watch = -1})

/* Begins to watch, and gives the guest what has come since the plan was made; the guest runs. find
 * NULL: nobody knows, and nothing is done. adopted: the guest has what QEMU says that it has.
 */
void plug_begin(struct plug *plug, const struct plan *plan, struct link *link, struct qmp *qmp,
		plug_find *find, bool adopted);

void plug_poll(const struct plug *plug, struct pollfd *p);
/* The descriptor is readable. */
void plug_go(struct plug *plug, struct qmp *qmp);
/* A reply or a failure; false when it is not for a command of ours. */
bool plug_answer(struct plug *plug, struct qmp *qmp, const struct qmp_message *m);
/* The monitor is another one: what was asked of the last is not answered any more. */
void plug_forget(struct plug *plug);

void plug_free(struct plug *plug);

#endif
