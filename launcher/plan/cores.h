/* The host's cores that a guest may have, and which of them are the best. */
#ifndef PLAN_CORES_H
#define PLAN_CORES_H

#include "host/facts.h"

struct core {
	struct cpu_set threads;
	enum cpu_kind kind;
	const struct cpu_group *l3;
	unsigned isolated; /* how many of the threads the boot options isolate */
	unsigned tickless; /* ... and how many they keep the clock's ticks from */
	bool far;	   /* from the node of the first device that is passed */
	bool fits;	   /* the L3 has enough cores like this one by itself */
	bool first;	   /* has processor 0 */
};

struct cores {
	struct core *v;
	size_t n;
};

/* Whole cores of the pool; node (may be NULL) is that of the device. The caller frees v. */
void cores_find(struct cores *cores, const struct cpu_topology *t, const struct cpu_set *pool,
		const struct cpu_group *node);

/* Leaves out cores with fewer threads: a sibling may be offline. */
void cores_keep_with(struct cores *cores, unsigned threads);

/* How many have so many isolated threads at least. */
unsigned cores_isolated(const struct cores *cores, unsigned threads);

/* The most cores that share one L3; 0 where nothing is known of such. */
unsigned cores_on_one_l3(const struct cores *cores);

/* The best `wanted` cores first, and these in the order of their numbers. What boot options keep
 * the host's own work from comes before all else: it stands idle otherwise.
 */
void cores_choose(struct cores *cores, unsigned wanted);

#endif
