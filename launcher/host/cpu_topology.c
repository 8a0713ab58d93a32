/* Few files are read: a core is asked once for all its threads, a cache once for all processors on
 * it, and a host with one node not at all. What is offline has no topology in sysfs.
 *
 * Files: Documentation/ABI/testing/sysfs-devices-system-cpu, Documentation/admin-guide/cputopology.
 */
#include "cpu_topology.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "base/tongue.h"
#include "cpu_parts.h"

#define CPU "/sys/devices/system/cpu"

bool cpu_list_read(const struct root *root, const char *path, struct cpu_set *set)
{
	own_free char *list = root_line(root, "%s", path);

	return list && cpu_set_parse(set, list);
}

/* Without a list, all of /proc/cpuinfo. */
static void read_online(struct cpu_topology *t, const struct root *root)
{
	struct cpu_set present;
	own_free char *text = NULL;
	unsigned n = 0;

	if (!cpu_list_read(root, CPU "/online", &t->online) || cpu_set_is_empty(&t->online)) {
		text = root_read(root, "/proc/cpuinfo");
		for (const char *at = text; at; at = strchr(at, '\n'), at = at ? at + 1 : NULL)
			n += text_starts(at, "processor\t");
		for (unsigned cpu = 0; cpu < (n ? n : 1); cpu++)
			cpu_set_add(&t->online, cpu);
	}
	if (cpu_list_read(root, CPU "/present", &present))
		t->offline = cpu_set_less(&present, &t->online);
}

/* A kernel without the boot option says nothing, or "(null)". */
struct cpu_set cpu_isolated(const struct root *root)
{
	struct cpu_set set = {0};

	cpu_list_read(root, CPU "/isolated", &set);
	return set;
}

struct cpu_set cpu_tickless(const struct root *root)
{
	struct cpu_set set = {0};

	cpu_list_read(root, CPU "/nohz_full", &set);
	return set;
}

struct cpu_set cpu_usual(const struct cpu_set *set, const struct cpu_set *isolated,
			 const struct cpu_set *tickless)
{
	struct cpu_set usual = cpu_set_less(set, isolated);

	usual = cpu_set_less(&usual, tickless);
	return cpu_set_is_empty(&usual) ? *set : usual;
}

static void read_boot_options(struct cpu_topology *t, const struct root *root)
{
	struct cpu_set isolated = cpu_isolated(root), tickless = cpu_tickless(root);

	t->isolated = cpu_set_common(&isolated, &t->online);
	t->tickless = cpu_set_common(&tickless, &t->online);
}

static void read_cores(struct cpu_topology *t, const struct root *root)
{
	struct cpu_set left = t->online;

	for (int cpu = cpu_set_next(&left, 0); cpu >= 0; cpu = cpu_set_next(&left, 0)) {
		own_free char *new = xasprintf(CPU "/cpu%d/topology/core_cpus_list", cpu);
		own_free char *old = xasprintf(CPU "/cpu%d/topology/thread_siblings_list", cpu);
		struct cpu_set core = {0};

		if (cpu_list_read(root, new, &core) || cpu_list_read(root, old, &core))
			core = cpu_set_common(&core, &left);
		cpu_set_add(&core, (unsigned)cpu);
		*xappend(t->core, t->cores) = core;
		left = cpu_set_less(&left, &core);
	}
}

/* "24576K", as sysfs says it. */
static uint64_t cache_size(const struct root *root, int cpu, unsigned index)
{
	own_free char *text = root_line(root, CPU "/cpu%d/cache/index%u/size", cpu, index);
	char *end;
	unsigned long long n = text ? strtoull(text, &end, 10) : 0;

	if (!n || n > UINT64_MAX >> 20)
		return 0;
	return strcmp(end, "K") == 0 ? n << 10 : strcmp(end, "M") == 0 ? n << 20 : 0;
}

static void add_cache(struct cpu_topology *t, const struct root *root, int cpu, unsigned index,
		      unsigned level)
{
	own_free char *path = xasprintf(CPU "/cpu%d/cache/index%u/shared_cpu_list", cpu, index);
	struct cpu_group *group;
	struct cpu_set cpus = {0};

	if ((level != 2 && level != 3) ||
	    cpu_group_of(level == 2 ? t->l2 : t->l3, level == 2 ? t->l2s : t->l3s, (unsigned)cpu))
		return;
	if (cpu_list_read(root, path, &cpus))
		cpus = cpu_set_common(&cpus, &t->online);
	cpu_set_add(&cpus, (unsigned)cpu);
	group = level == 2 ? xappend(t->l2, t->l2s) : xappend(t->l3, t->l3s);
	group->cpus = cpus;
	group->size = cache_size(root, cpu, index);
}

/* Index 0 and 1 are those of level 1 on all processors that matter here. The cores of an L2 that
 * was read have the same L3, or none.
 */
static void read_caches(struct cpu_topology *t, const struct root *root)
{
	for (size_t i = 0; i < t->cores; i++) {
		int cpu = cpu_set_next(&t->core[i], 0);
		unsigned long long level;

		if (cpu_group_of(t->l2, t->l2s, (unsigned)cpu))
			continue;
		for (unsigned index = 2; index <= 4; index++) {
			if (!root_number(root, &level, CPU "/cpu%d/cache/index%u/level", cpu,
					 index))
				break;
			add_cache(t, root, cpu, index, (unsigned)level);
		}
	}
}

static void read_nodes(struct cpu_topology *t, const struct root *root)
{
	struct cpu_set nodes;

	if (!cpu_list_read(root, "/sys/devices/system/node/online", &nodes) ||
	    cpu_set_count(&nodes) < 2)
		return;
	for (int n = cpu_set_next(&nodes, 0); n >= 0; n = cpu_set_next(&nodes, (unsigned)n + 1)) {
		own_free char *path = xasprintf("/sys/devices/system/node/node%d/cpulist", n);
		struct cpu_set cpus;
		struct cpu_group *node;

		if (!cpu_list_read(root, path, &cpus))
			continue;
		cpus = cpu_set_common(&cpus, &t->online);
		node = xappend(t->node, t->nodes);
		*node = (struct cpu_group){.number = (unsigned)n, .cpus = cpus};
	}
}

void cpu_topology_collect(struct cpu_topology *t, const struct root *root, const char *vendor,
			  bool thorough)
{
	*t = (struct cpu_topology){0};
	read_online(t, root);
	read_boot_options(t, root);
	read_cores(t, root);
	read_caches(t, root);
	read_nodes(t, root);
	cpu_kinds_find(t, root, vendor, thorough);
}

void cpu_topology_free(struct cpu_topology *t)
{
	for (size_t i = 0; i < t->doubts; i++)
		free(t->doubt[i]);
	free(t->doubt);
	free(t->source);
	free(t->core);
	free(t->l2);
	free(t->l3);
	free(t->node);
	*t = (struct cpu_topology){0};
}

struct cpu_set cpu_core_of(const struct cpu_topology *t, unsigned cpu)
{
	for (size_t i = 0; i < t->cores; i++)
		if (cpu_set_has(&t->core[i], cpu))
			return t->core[i];
	return (struct cpu_set){0};
}

const struct cpu_group *cpu_group_of(const struct cpu_group *group, size_t n, unsigned cpu)
{
	for (size_t i = 0; i < n; i++)
		if (cpu_set_has(&group[i].cpus, cpu))
			return &group[i];
	return NULL;
}

enum cpu_kind cpu_kind_of(const struct cpu_topology *t, unsigned cpu)
{
	enum cpu_kind kind = CPU_PERFORMANCE;

	while (kind < CPU_KINDS && !cpu_set_has(&t->kind[kind], cpu))
		kind++;
	return kind;
}

const char *cpu_kind_word(enum cpu_kind kind)
{
	static const char *const word[] = {
		[CPU_PERFORMANCE] = N_("performance"),
		[CPU_EFFICIENCY] = N_("efficiency"),
		[CPU_LOW_POWER] = N_("low-power"),
	};
	_Static_assert(ARRAY_SIZE(word) == CPU_KINDS, "each kind has a word");

	return word[kind];
}

bool cpu_is_hybrid(const struct cpu_topology *t)
{
	return !cpu_set_is_empty(&t->kind[CPU_EFFICIENCY]) ||
	       !cpu_set_is_empty(&t->kind[CPU_LOW_POWER]);
}
