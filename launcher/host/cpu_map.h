/* The processors drawn as they lie: a row for each kind on an L3, a pair of brackets for each core,
 * a cell for each thread, a gap between clusters (cores on one L2).
 */
#ifndef HOST_CPU_MAP_H
#define HOST_CPU_MAP_H

#include "cpu_topology.h"

struct cpu_map {
	const struct cpu_topology *topology;
	const int *vcpu; /* the processor of each of the guest's, or NULL */
	size_t n;
	const struct cpu_set *emulator, *iothread; /* may be NULL */
	bool color;				   /* with the terminal's colours */
	const char *indent;			   /* before each line; may be NULL */
};

/* At most 100 columns of ASCII, each line with its end. The caller owns it. */
char *cpu_map_text(const struct cpu_map *map);

#endif
