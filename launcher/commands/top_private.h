/* What the files of top share: samples, and the difference of two. */
#ifndef COMMANDS_TOP_PRIVATE_H
#define COMMANDS_TOP_PRIVATE_H

#include <json-c/json.h>

#include "condition.h"
#include "host/threads.h"
#include "host/traffic.h"

/* How a machine was at a moment. */
struct sample {
	char *name;
	char *state;
	char *held;  /* why it does not run; NULL: it does, or nobody says */
	char *power; /* of passed functions; NULL: it has none */
	struct process qemu;
	int64_t at; /* milliseconds of now_ms() */
	struct process_use use;
	struct thread_list threads;
	pid_t *vcpu;
	size_t vcpus;
	int64_t read, written; /* bytes of all disks; -1: not known */
	struct traffic traffic;
	json_object *queues; /* of struct condition */
	int64_t interrupts;  /* of passed functions; -1: it has none */
};

struct samples {
	struct sample *v;
	size_t n;
};

void samples_free(struct samples *s);
#define own_samples own_with(samples_free)

/* One of each machine that runs; false with an error. */
bool samples_take(struct samples *s, struct error **err);

/* What changed between two, as `vmlaunch top --json` prints it; the caller owns it. */
json_object *samples_json(const struct samples *before, const struct samples *now);

#endif
