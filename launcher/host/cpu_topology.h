/* Processors as they lie: which are of which kind, which share a core, a cache or memory, and how
 * that was found out.
 */
#ifndef HOST_CPU_TOPOLOGY_H
#define HOST_CPU_TOPOLOGY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cpu_set.h"
#include "base/root.h"

enum cpu_kind {
	CPU_PERFORMANCE, /* P-cores, AMD's full cores, and all of a machine with one kind */
	CPU_EFFICIENCY,	 /* E-cores, AMD's dense cores */
	CPU_LOW_POWER,	 /* LP-E cores, away from the others' L3 */
	CPU_KINDS,
};

/* Processors that share a cache or a node's memory. */
struct cpu_group {
	unsigned number; /* of a node */
	uint64_t size;	 /* of a cache, bytes; 0: not known */
	struct cpu_set cpus;
};

/* Sets hold processors that are online, but for `offline`. */
struct cpu_topology {
	struct cpu_set online;
	struct cpu_set offline;	 /* there, and switched off */
	struct cpu_set isolated; /* isolcpus=: the scheduler puts nothing there by itself */
	struct cpu_set tickless; /* nohz_full=: kept from the clock's ticks */
	struct cpu_set kind[CPU_KINDS];
	struct cpu_set *core; /* sibling threads, by the lowest number */
	size_t cores;
	struct cpu_group *l2, *l3, *node;
	size_t l2s, l3s, nodes;
	char *source; /* what told the kinds: a path, or a few words */
	char **doubt; /* signals that disagree, a sentence each */
	size_t doubts;
};

/* Reads it. What the host does not tell is left out: without anything each processor is a core of
 * its own, of one kind. vendor is that of /proc/cpuinfo. thorough reads what is not needed for an
 * answer as well, to see whether it disagrees.
 */
void cpu_topology_collect(struct cpu_topology *t, const struct root *root, const char *vendor,
			  bool thorough);
void cpu_topology_free(struct cpu_topology *t);

/* What the boot options keep the host's own work from, whatever the command line says: the kernel
 * may have refused a part of it (Documentation/ABI/testing/sysfs-devices-system-cpu: isolated,
 * nohz_full).
 */
struct cpu_set cpu_isolated(const struct root *root);
struct cpu_set cpu_tickless(const struct root *root);
/* Those of set that are neither; all of it where it has no other. */
struct cpu_set cpu_usual(const struct cpu_set *set, const struct cpu_set *isolated,
			 const struct cpu_set *tickless);

/* The threads of cpu's core; empty where cpu is not online. */
struct cpu_set cpu_core_of(const struct cpu_topology *t, unsigned cpu);
/* The group that cpu belongs to, or NULL. */
const struct cpu_group *cpu_group_of(const struct cpu_group *group, size_t n, unsigned cpu);
/* The kind of cpu, or CPU_KINDS where the host's signals leave it open. */
enum cpu_kind cpu_kind_of(const struct cpu_topology *t, unsigned cpu);

/* "performance", "efficiency", "low-power". */
const char *cpu_kind_word(enum cpu_kind kind);
/* Whether there are processors of more than one kind. */
bool cpu_is_hybrid(const struct cpu_topology *t);

#endif
