/* How a machine that runs is: asked over the tools' monitor, which is free whether or not a
 * supervisor lives.
 */
#ifndef COMMANDS_CONDITION_H
#define COMMANDS_CONDITION_H

#include <json-c/json.h>

#include "common.h"
#include "host/peer.h"
#include "run/held.h"

/* "running", "paused", ... as QEMU says (QAPI: RunState), or a word of ours when it does not
 * answer. The caller owns it.
 */
char *condition_ask(struct qmp *qmp, struct error **err);

/* How the machine is, in QEMU's word, and what holds its guest. */
struct condition {
	char *state;	     /* what its supervisor knows, where QEMU serves somebody else */
	struct held held;    /* of no state where nothing does */
	char *silent;	     /* why QEMU was not asked, NULL where it was */
	json_object *cpus;   /* answer to query-cpus-fast; NULL: not asked, or none */
	json_object *disks;  /* answer to query-blockstats, likewise */
	json_object *queues; /* per virtio-net: packets of its first queues, in and out, modulo
			      * 65536; likewise */
	int64_t guest_bytes; /* the guest's memory; 0: not asked, or no answer */
};

void condition_free(struct condition *condition);
#define own_condition own_with(condition_free)

enum condition_wants {
	CONDITION_BRIEF,
	CONDITION_WHOLE, /* with cpus and guest_bytes */
	CONDITION_RATES, /* with cpus, disks and queues; who is served by nobody at once does
			    without */
};

/* The same in two steps, for whoever asks many: all are asked before the first answer is waited
 * for. What was begun is to be finished. The table is of before: whoever asks is a client as well.
 */
struct asking {
	struct qmp *qmp; /* NULL: it does not listen */
	uint64_t status; /* the command that was sent */
	bool busy;	 /* QEMU served somebody else */
	struct error *err;
};

struct asking condition_begin(const char *dir, const struct socket_table *before);
struct condition condition_finish(struct asking *asking, const char *dir,
				  const struct run_record *record, enum condition_wants wants);
struct condition condition_of(const char *dir, const struct run_record *record,
			      enum condition_wants wants);

/* The answer to query-cpus-fast, as far as it makes sense: the thread of vCPU i; -1 when there is
 * none. Several may have the same one.
 */
pid_t condition_vcpu(json_object *cpus, size_t i);

/* Whether the guest waits for the cont of its start. */
bool condition_is_starting(const struct run_record *record, const char *state);

#endif
