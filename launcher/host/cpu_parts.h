/* Between the files that read processors. Private to this room. */
#ifndef HOST_CPU_PARTS_H
#define HOST_CPU_PARTS_H

#include "cpu_topology.h"

/* A file that holds a list of processors; false when it is not there or holds none. */
bool cpu_list_read(const struct root *root, const char *path, struct cpu_set *set);

/* Fills kind, source and doubt; all else is there already. */
void cpu_kinds_find(struct cpu_topology *t, const struct root *root, const char *vendor,
		    bool thorough);

enum cpuid_vendor { CPUID_INTEL, CPUID_AMD };

/* What the instruction CPUID says of each core: kind[0] and kind[1] become the sets of big and
 * small ones. False when it tells no kinds apart or cannot be asked. On the real machine it is
 * executed on each core, and this thread's affinity is as before afterwards; another root has
 * /dev/cpu/N/cpuid.
 */
bool cpuid_kinds(const struct cpu_topology *t, const struct root *root, enum cpuid_vendor vendor,
		 struct cpu_set kind[2]);

#endif
