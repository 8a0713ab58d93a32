/* CPUID of each core. The instruction answers for the processor that executes it, so this thread
 * visits them, and only where the first answer says that they differ. Another root, or a root who
 * may open them, has the kernel's files (cpuid(4)): a read of 16 bytes at offset LEAF.
 */
#include <endian.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "cpu_parts.h"

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#define HAVE_CPUID 1
#else
#define HAVE_CPUID 0
#endif

struct cpuid_words {
	uint32_t a, b, c, d;
};

/* Leaves (SDM volume 2A, APM volume 3) and what is asked of them. */
#define LEAF_FEATURES 7U
#define FEATURES_HYBRID (1U << 15) /* EDX */
#define LEAF_HYBRID 0x1aU
#define HYBRID_ATOM 0x20U /* EAX, bits 31 to 24 */
#define HYBRID_CORE 0x40U
#define LEAF_EXTENDED 0x80000000U
#define LEAF_TOPOLOGY 0x80000026U
#define TOPOLOGY_HETEROGENEOUS (1U << 30) /* EAX */

static bool by_instruction(uint32_t leaf, struct cpuid_words *w)
{
#if HAVE_CPUID
	return __get_cpuid_count(leaf, 0, &w->a, &w->b, &w->c, &w->d);
#else
	(void)leaf, (void)w;
	return false;
#endif
}

static bool by_file(const struct root *root, unsigned cpu, uint32_t leaf, struct cpuid_words *w)
{
	own_free char *path = xasprintf("/dev/cpu/%u/cpuid", cpu);
	own_fd int fd = root_open(root, path, O_RDONLY);
	uint32_t raw[4];

	if (fd < 0 || pread(fd, raw, sizeof(raw), (off_t)leaf) != sizeof(raw))
		return false;
	*w = (struct cpuid_words){le32toh(raw[0]), le32toh(raw[1]), le32toh(raw[2]),
				  le32toh(raw[3])};
	return true;
}

static bool ask_cpuid(const struct root *root, unsigned cpu, uint32_t leaf, struct cpuid_words *w)
{
	return root_is_real(root) ? by_instruction(leaf, w) : by_file(root, cpu, leaf, w);
}

/* Whether this machine's processors say that they differ. */
static bool cpus_differ(const struct root *root, unsigned cpu, enum cpuid_vendor vendor)
{
	struct cpuid_words w;

	if (vendor == CPUID_INTEL)
		return ask_cpuid(root, cpu, LEAF_FEATURES, &w) && (w.d & FEATURES_HYBRID);
	return ask_cpuid(root, cpu, LEAF_EXTENDED, &w) && w.a >= LEAF_TOPOLOGY &&
	       ask_cpuid(root, cpu, LEAF_TOPOLOGY, &w) && (w.a & TOPOLOGY_HETEROGENEOUS);
}

/* 0: a big core, 1: a small one, -1: not told. */
static int kind_of(const struct root *root, unsigned cpu, enum cpuid_vendor vendor)
{
	struct cpuid_words w;
	uint32_t type;

	if (!ask_cpuid(root, cpu, vendor == CPUID_INTEL ? LEAF_HYBRID : LEAF_TOPOLOGY, &w))
		return -1;
	if (vendor == CPUID_INTEL) {
		type = w.a >> 24;
		return type == HYBRID_CORE ? 0 : type == HYBRID_ATOM ? 1 : -1;
	}
	type = w.b >> 28;
	return type <= 1 ? (int)type : -1;
}

static bool visit_cpus(const struct cpu_topology *t, const struct root *root,
		       enum cpuid_vendor vendor, struct cpu_set kind[2])
{
	struct cpu_set found[2] = {0};

	for (size_t i = 0; i < t->cores; i++) {
		unsigned cpu = (unsigned)cpu_set_next(&t->core[i], 0);
		cpu_set_t one;
		int k;

		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		if (root_is_real(root) && sched_setaffinity(0, sizeof(one), &one) < 0)
			return false;
		k = kind_of(root, cpu, vendor);
		if (k < 0)
			return false;
		found[k] = cpu_set_union(&found[k], &t->core[i]);
	}
	kind[0] = found[0];
	kind[1] = found[1];
	return true;
}

bool cpuid_kinds(const struct cpu_topology *t, const struct root *root, enum cpuid_vendor vendor,
		 struct cpu_set kind[2])
{
	cpu_set_t before;
	bool good;

	if (!t->cores || !cpus_differ(root, (unsigned)cpu_set_next(&t->core[0], 0), vendor))
		return false;
	if (!root_is_real(root))
		return visit_cpus(t, root, vendor, kind);
	if (sched_getaffinity(0, sizeof(before), &before) < 0)
		return false;
	good = visit_cpus(t, root, vendor, kind);
	sched_setaffinity(0, sizeof(before), &before);
	return good;
}
