/* The processors drawn as they lie: a row for each kind on an L3, a pair of brackets for each core,
 * a cell for each thread, a gap between clusters (cores on one L2).
 */
#ifndef HOST_CPU_MAP_H
#define HOST_CPU_MAP_H

#include "cpu_topology.h"

/* A row: the cores of one kind on one L3 (NULL: on none). */
struct cpu_row {
	enum cpu_kind kind; /* CPU_KINDS: not known */
	const struct cpu_group *l3;
	size_t first; /* the lowest of its cores */
};

/* All that have a core, in the order in which they are drawn; the caller frees them. */
struct cpu_row *cpu_rows(const struct cpu_topology *t, size_t *n);
bool cpu_row_has(const struct cpu_topology *t, const struct cpu_row *row, size_t core);
/* "performance  L3 36M n0", which the caller owns. */
char *cpu_row_label(const struct cpu_topology *t, const struct cpu_row *row);
/* The cluster that a core is in, or NULL: a core with an L2 of its own is none. */
const struct cpu_group *cpu_cluster_of(const struct cpu_topology *t, size_t core);

struct cpu_map {
	const struct cpu_topology *topology;
	const int *vcpu; /* the processor of each of the guest's, or NULL */
	size_t n;
	const struct cpu_set *emulator, *iothread; /* may be NULL */
	bool color;				   /* with the terminal's colours */
	const char *indent;			   /* before each line; may be NULL */
};

/* At most 100 columns, each line with its end. The caller owns it. */
char *cpu_map_text(const struct cpu_map *map);

#endif
