/* Who is a P-core. Signals, best first; the first that tells kinds apart decides:
 *
 * 1. The kernel's performance counters: /sys/devices/cpu_core, cpu_atom, cpu_lowpower.
 * 2. CPUID: leaf 1Ah of Intel's (SDM volume 2A, CPUID: "Hybrid Information"), leaf 80000026h of
 * AMD's (APM volume 3, E.4.24).
 * 3. AMD's dense cores share a smaller L3 and reach less: both must say so, as a cache that is
 *    stacked on one die makes that die's L3 larger and its clock *lower*.
 * 4. What a core can do: cpu_capacity, base_frequency, CPPC's highest performance. Only a wide gap
 *    counts. Cores that are favoured for short bursts differ by a few per cent, and the highest
 *    frequency differs between cores of one kind: those are no kinds.
 *
 * An efficiency core away from every L3, where other cores have one, is a low-power one.
 * /sys/devices/system/cpu/cpuN/topology/core_type does not exist.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/tongue.h"
#include "cpu_parts.h"

#define CPU "/sys/devices/system/cpu"

/* A gap between two kinds, in per cent of the smaller value: P and E of one part differ by 33 and
 * more in base frequency, favoured cores of one kind by 5 to 10.
 */
#define GAP 125

static void add_doubt(struct cpu_topology *t, char *sentence)
{
	*xappend(t->doubt, t->doubts) = sentence;
}

static bool has_l3(const struct cpu_topology *t, unsigned cpu)
{
	return cpu_group_of(t->l3, t->l3s, cpu);
}

/* ------------------------------------------------------------------ 1: performance counters */

static bool by_counters(struct cpu_topology *t, const struct root *root)
{
	struct cpu_set big = {0}, small = {0}, low = {0};
	bool any;

	any = cpu_list_read(root, "/sys/devices/cpu_atom/cpus", &small);
	any = cpu_list_read(root, "/sys/devices/cpu_lowpower/cpus", &low) || any;
	if (!cpu_list_read(root, "/sys/devices/cpu_core/cpus", &big) || !any)
		return false;
	if (cpu_set_meets(&big, &small) || cpu_set_meets(&big, &low))
		add_doubt(
			t,
			xstrdup("the kernel's performance counters take a processor for both cpu_core and cpu_atom"));
	t->kind[CPU_PERFORMANCE] = cpu_set_common(&big, &t->online);
	low = cpu_set_common(&low, &t->online);
	small = cpu_set_common(&small, &t->online);
	t->kind[CPU_LOW_POWER] = cpu_set_less(&low, &big);
	small = cpu_set_less(&small, &big);
	t->kind[CPU_EFFICIENCY] = cpu_set_less(&small, &low);
	t->source = xstrdup("/sys/devices/cpu_core, cpu_atom");
	return true;
}

/* ------------------------------------------------------------------ 2: CPUID */

static bool by_cpuid(struct cpu_topology *t, const struct root *root, const char *vendor)
{
	bool amd = strcmp(vendor, "AuthenticAMD") == 0;

	if (!amd && strcmp(vendor, "GenuineIntel") != 0)
		return false;
	if (!cpuid_kinds(t, root, amd ? CPUID_AMD : CPUID_INTEL, t->kind))
		return false;
	t->source = xstrdup(amd ? "CPUID 80000026h" : "CPUID 1Ah");
	return true;
}

/* ------------------------------------------------------------------ 3 and 4: what a core can do */

enum rating { CAPACITY, BASE_FREQUENCY, CPPC, RATINGS };

static const char *const RATING[] = {
	[CAPACITY] = "cpu_capacity",
	[BASE_FREQUENCY] = "cpufreq/base_frequency",
	[CPPC] = "acpi_cppc/highest_perf",
};
_Static_assert(ARRAY_SIZE(RATING) == RATINGS, "each rating has a file");

struct rated {
	size_t core;
	unsigned long long value;
};

static int by_value(const void *a, const void *b)
{
	const struct rated *x = a, *y = b;

	return x->value != y->value ? (x->value > y->value ? -1 : 1)
				    : (x->core > y->core) - (x->core < y->core);
}

/* Splits the cores at the widest gap of one signal. False when some core does not have it, or no
 * gap is wide enough.
 */
static bool split_kinds(const struct cpu_topology *t, const struct root *root, enum rating rating,
			struct cpu_set kind[2])
{
	own_free struct rated *v = xcalloc(t->cores, sizeof(*v));
	unsigned long long widest = GAP;
	size_t at = 0;

	for (size_t i = 0; i < t->cores; i++) {
		v[i].core = i;
		if (!root_number(root, &v[i].value, CPU "/cpu%d/%s", cpu_set_next(&t->core[i], 0),
				 RATING[rating]) ||
		    !v[i].value || v[i].value > UINT32_MAX)
			return false;
	}
	qsort(v, t->cores, sizeof(*v), by_value);
	for (size_t i = 1; i < t->cores; i++)
		if (v[i - 1].value * 100 / v[i].value >= widest) {
			widest = v[i - 1].value * 100 / v[i].value;
			at = i;
		}
	kind[0] = kind[1] = (struct cpu_set){0};
	for (size_t i = 0; at && i < t->cores; i++)
		kind[i >= at] = cpu_set_union(&kind[i >= at], &t->core[v[i].core]);
	return at;
}

static uint64_t l3_per_core(const struct cpu_topology *t, const struct cpu_group *l3)
{
	unsigned cores = 0;

	for (size_t i = 0; i < t->cores; i++)
		cores += cpu_set_within(&t->core[i], &l3->cpus);
	return cores ? l3->size / cores : 0;
}

/* The cores on an L3 that has less than half as much for each as the largest. */
static struct cpu_set on_small_l3(const struct cpu_topology *t)
{
	struct cpu_set small = {0};
	uint64_t most = 0;

	for (size_t i = 0; i < t->l3s; i++)
		if (l3_per_core(t, &t->l3[i]) > most)
			most = l3_per_core(t, &t->l3[i]);
	for (size_t i = 0; i < t->l3s; i++)
		if (l3_per_core(t, &t->l3[i]) * 2 < most)
			small = cpu_set_union(&small, &t->l3[i].cpus);
	return small;
}

static void tell_disagreement(struct cpu_topology *t, const char *one, const struct cpu_set *a,
			      const char *other, const struct cpu_set *b)
{
	own_free char *x = cpu_set_text(a), *y = cpu_set_text(b);

	add_doubt(t, xasprintf(_("%s makes %s the performance cores, %s makes them %s"), one, x,
			       other, *y ? y : "all of one kind"));
}

/* The first signal that splits decides; another that splits elsewhere is told. */
static bool by_rating(struct cpu_topology *t, const struct root *root, bool amd)
{
	struct cpu_set small_l3 = on_small_l3(t), kind[2];
	const char *decided = NULL;

	for (enum rating r = CAPACITY; r < RATINGS; r++) {
		if (!split_kinds(t, root, r, kind))
			continue;
		/* A rating alone tells a favoured die apart, not a dense one. */
		if (amd && t->l3s > 1 && !cpu_set_equal(&kind[1], &small_l3))
			continue;
		if (decided && !cpu_set_equal(&kind[0], &t->kind[CPU_PERFORMANCE]))
			tell_disagreement(t, decided, &t->kind[CPU_PERFORMANCE], RATING[r],
					  &kind[0]);
		if (decided)
			continue;
		decided = RATING[r];
		t->kind[CPU_PERFORMANCE] = kind[0];
		t->kind[CPU_EFFICIENCY] = kind[1];
	}
	if (!decided)
		return false;
	t->source = amd && t->l3s > 1 ? xasprintf(_("the L3's size for each core and %s"), decided)
				      : xstrdup(decided);
	return true;
}

/* ------------------------------------------------------------------ what follows from it */

/* An efficiency core without an L3, where others have one. */
static void find_low_power(struct cpu_topology *t)
{
	struct cpu_set away = {0};

	for (int cpu = cpu_set_next(&t->kind[CPU_EFFICIENCY], 0); cpu >= 0;
	     cpu = cpu_set_next(&t->kind[CPU_EFFICIENCY], (unsigned)cpu + 1))
		if (t->l3s && !has_l3(t, (unsigned)cpu))
			cpu_set_add(&away, (unsigned)cpu);
	t->kind[CPU_EFFICIENCY] = cpu_set_less(&t->kind[CPU_EFFICIENCY], &away);
	t->kind[CPU_LOW_POWER] = cpu_set_union(&t->kind[CPU_LOW_POWER], &away);
}

/* Threads of one core are of one kind, and each processor is of some kind. */
static void check_kinds(struct cpu_topology *t)
{
	struct cpu_set left = t->online;

	for (enum cpu_kind kind = CPU_PERFORMANCE; kind < CPU_KINDS; kind++)
		left = cpu_set_less(&left, &t->kind[kind]);
	if (!cpu_set_is_empty(&left)) {
		own_free char *list = cpu_set_text(&left);

		add_doubt(t, xasprintf(_("%s does not say of which kind %s is"), t->source, list));
	}
	for (size_t i = 0; i < t->cores; i++) {
		for (enum cpu_kind kind = CPU_PERFORMANCE; kind < CPU_KINDS; kind++) {
			own_free char *list = NULL;

			if (!cpu_set_meets(&t->core[i], &t->kind[kind]) ||
			    cpu_set_within(&t->core[i], &t->kind[kind]))
				continue;
			list = cpu_set_text(&t->core[i]);
			add_doubt(t, xasprintf(_("%s makes threads of one core (%s) two kinds"),
					       t->source, list));
			break;
		}
	}
}

/* Whether the ratings say the same as what decided; one that tells no kinds apart says nothing. */
static void compare_ratings(struct cpu_topology *t, const struct root *root)
{
	struct cpu_set kind[2],
		small = cpu_set_union(&t->kind[CPU_EFFICIENCY], &t->kind[CPU_LOW_POWER]);

	for (enum rating r = CAPACITY; r < RATINGS; r++)
		if (split_kinds(t, root, r, kind) && cpu_set_meets(&kind[0], &small))
			tell_disagreement(t, t->source, &t->kind[CPU_PERFORMANCE], RATING[r],
					  &kind[0]);
}

void cpu_kinds_find(struct cpu_topology *t, const struct root *root, const char *vendor,
		    bool thorough)
{
	bool amd = strcmp(vendor, "AuthenticAMD") == 0;

	if (by_counters(t, root) || by_cpuid(t, root, vendor)) {
		find_low_power(t);
		if (thorough)
			compare_ratings(t, root);
	} else if (by_rating(t, root, amd)) {
		find_low_power(t);
	} else {
		t->kind[CPU_PERFORMANCE] = t->online;
		t->source = xstrdup(_("nothing tells kinds apart"));
	}
	check_kinds(t);
}
