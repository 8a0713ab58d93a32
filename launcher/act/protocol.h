/* What goes between supervisor and keeper: one packet a request or report (SOCK_SEQPACKET), of
 * fixed size, numbers and short names only. The two sides are the same program; the version tells
 * when they are not.
 */
#ifndef ACT_PROTOCOL_H
#define ACT_PROTOCOL_H

#include <stdint.h>

#include "plan/step.h"

#define KEEPER_VERSION 6
#define KEEPER_PACKET 4096 /* no packet is larger */

enum verb {
	VERB_HELLO,   /* first; old journals are worked off before the answer */
	VERB_INTENT,  /* one step */
	VERB_WATCH,   /* nothing is given back while the process pid, QEMU's, lives */
	VERB_RELEASE, /* QEMU is gone: give everything back */
	VERB_ISOLATE, /* the thread pid of QEMU is a vCPU: into the partition */
	VERB_RETURN,  /* the thread pid of QEMU is none: out of the partition */
	VERB_KEEPERS, /* tell what the other living keepers hold */
	VERBS,
};

struct request {
	uint32_t version; /* KEEPER_VERSION */
	uint32_t verb;
	uint32_t id;	      /* echoed in the reports */
	int32_t pid;	      /* of VERB_WATCH, VERB_ISOLATE, VERB_RETURN, else zero */
	struct intent intent; /* of VERB_INTENT, else zero */
};

enum report_kind {
	REPORT_PROGRESS, /* what is being done, for a person */
	REPORT_DONE,	 /* the request is done; value: of hello, the keeper's pid; of huge pages,
			    those that are free for it; of release, what is left; more: of hello,
			    how many changes of dead keepers were given back */
	REPORT_REFUSED,	 /* not done, and nothing was changed for it that still is */
	REPORT_LEFT,	 /* something could not be given back; more reports follow. Of id 0: it is
			    tried again by the release */
	REPORT_HELD,	 /* what a living keeper holds for a machine that is well; more follow */
	REPORTS,
};

struct report {
	uint32_t version;
	uint32_t kind;
	uint32_t id;
	uint32_t more;
	uint64_t value;
	/* Since the request came, microseconds; and of these, how long the kernel and programs
	 * took for what the keeper did (worker_spent_us()). For a person.
	 */
	uint64_t us, spent_us;
	char text[2048]; /* NUL-ended */
};

_Static_assert(sizeof(struct request) <= KEEPER_PACKET, "a request fits into a packet");
_Static_assert(sizeof(struct report) <= KEEPER_PACKET, "a report fits into a packet");

#endif
