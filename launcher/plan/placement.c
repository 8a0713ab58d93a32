/* Where the guest's processors run. They get whole cores of one kind, a guest's core for a host's
 * core and siblings for siblings, so that what the guest's scheduler believes is true. Cores that
 * share an L3 go together; the core of processor 0, where most of the host's own work lands, goes
 * last. The host keeps at least two threads, unless the profile gives a list.
 *
 * auto pins only where a host device is passed: two machines that are pinned both want the same
 * cores, and without a GPU the scheduler does better.
 */
#include <stdarg.h>
#include <string.h>

#include "base/alloc.h"
#include "base/tongue.h"
#include "compose.h"
#include "cores.h"

#define HOST_THREADS 2

/* An L3 with so many cores is worth staying on: enough for a game, and what the guest's threads
 * share costs no trip to another die.
 */
#define ENOUGH_CORES 6

enum want { WANT_NONE, WANT_AUTO, WANT_PERFORMANCE, WANT_EFFICIENCY, WANT_ANY, WANT_LIST };

static enum want want_of(const struct composer *c)
{
	static const enum want WANT[] = {
		[PLACEMENT_NONE] = WANT_NONE,
		[PLACEMENT_PERFORMANCE] = WANT_PERFORMANCE,
		[PLACEMENT_EFFICIENCY] = WANT_EFFICIENCY,
		[PLACEMENT_ANY] = WANT_ANY,
	};
	const struct cpus *placement = &c->p->cpu.placement;

	if (!placement->given)
		return c->claims_device ? WANT_AUTO : WANT_NONE;
	return placement->word == CPUS_LISTED ? WANT_LIST : WANT[placement->word];
}

/* What is known while cores are chosen. */
struct chooser {
	struct composer *c;
	const struct cpu_topology *t;
	enum want want;
	bool small;	     /* auto: the boot options isolate efficiency cores, and no others */
	struct cpu_set pool; /* of the kinds wanted */
	struct cores cores;
};

/* A reason why it cannot be so. auto then pins nothing. */
__attribute__((format(printf, 4, 5))) static void misplaced(const struct chooser *ch, bool usage,
							    struct origin at, const char *fmt, ...)
{
	own_free char *why = NULL, *map = NULL;
	va_list args;

	va_start(args, fmt);
	why = xvasprintf(tongue(fmt), args);
	va_end(args);
	if (ch->want == WANT_AUTO) {
		compose_note(ch->c, "the guest's processors are not pinned: %s", why);
		return;
	}
	map = cpu_map_text(&(struct cpu_map){.topology = ch->t, .indent = "    "});
	map[strlen(map) - 1] = '\0';
	if (usage)
		compose_wrong(ch->c, at, "%s\n%s", why, map);
	else
		compose_refuse(ch->c, at, "%s\n%s", why, map);
}

/* ------------------------------------------------------------------ cores of a kind */

static const char *pool_words(const struct chooser *ch)
{
	if (ch->small)
		return _("efficiency cores");
	switch (ch->want) {
	case WANT_EFFICIENCY:
		return _("efficiency cores");
	case WANT_ANY:
		return _("cores");
	default:
		return cpu_is_hybrid(ch->t) ? _("performance cores") : _("cores");
	}
}

/* The node of the first device that is passed and says so, or NULL. */
static const struct cpu_group *node_of_device(const struct chooser *ch)
{
	const struct pci_set *claimed = &ch->c->claimed;

	for (size_t i = 0; i < claimed->n; i++)
		for (size_t k = 0; k < ch->t->nodes; k++)
			if (claimed->v[i]->numa_node == (int)ch->t->node[k].number)
				return &ch->t->node[k];
	return NULL;
}

/* How many efficiency cores are isolated, where no performance core is. */
static unsigned isolated_small(const struct cpu_topology *t)
{
	struct cpu_set small = cpu_set_common(&t->kind[CPU_EFFICIENCY], &t->isolated);

	return cpu_set_meets(&t->kind[CPU_PERFORMANCE], &t->isolated) ? 0 : cpu_set_count(&small);
}

static void find_pool(struct chooser *ch)
{
	const struct cpu_topology *t = ch->t;

	/* What was isolated for a guest stands idle otherwise. One alone is more likely for
	 * something else.
	 */
	ch->small = ch->want == WANT_AUTO && isolated_small(t) > 1;
	ch->pool = t->kind[ch->small || ch->want == WANT_EFFICIENCY ? CPU_EFFICIENCY
								    : CPU_PERFORMANCE];
	if (ch->want == WANT_ANY)
		ch->pool = t->online;
	cores_find(&ch->cores, t, &ch->pool, node_of_device(ch));
}

/* As many as leave the host its threads, the isolated ones first: on what is isolated its own work
 * does not go, and of a core that is isolated in part only the rest is missed.
 */
static unsigned most_cores(struct chooser *ch, unsigned threads, unsigned usual)
{
	unsigned online = cpu_set_count(&ch->t->online), missed = 0, most = 0;

	if (online <= HOST_THREADS)
		return 0;
	cores_choose(&ch->cores, 0);
	for (; most < ch->cores.n && most < (online - HOST_THREADS) / threads; most++) {
		unsigned isolated = ch->cores.v[most].isolated;

		missed += isolated < threads ? threads - isolated : 0;
		if (missed && missed + HOST_THREADS > usual)
			break;
	}
	return most;
}

/* Threads of the guest's cores, where the profile does not say: as many as the host's have. Cores
 * of several kinds have one in common, and where the boot options isolate one thread of each core,
 * that one is meant.
 */
static unsigned threads_by_itself(const struct chooser *ch)
{
	unsigned most = 1;

	if (ch->want == WANT_ANY && cpu_is_hybrid(ch->t))
		return 1;
	if (cores_isolated(&ch->cores, 1))
		return cores_isolated(&ch->cores, 2) ? 2 : 1;
	for (size_t i = 0; i < ch->cores.n; i++)
		if (cpu_set_count(&ch->cores.v[i].threads) > 1)
			most = 2;
	return most;
}

/* A thread of the core that is not taken yet, an isolated one first; -1: none. */
static int next_thread(const struct chooser *ch, const struct core *core,
		       const struct cpu_set *taken)
{
	struct cpu_set left = cpu_set_less(&core->threads, taken);
	struct cpu_set isolated = cpu_set_common(&left, &ch->t->isolated);

	return cpu_set_next(cpu_set_is_empty(&isolated) ? &left : &isolated, 0);
}

/* So many cores, the best first, then in the order of their numbers; a thread or all of each. */
static void take_cores(struct chooser *ch, unsigned cores, unsigned threads)
{
	struct placement *p = &ch->c->plan->placement;

	cores_choose(&ch->cores, cores);
	p->pinned = true;
	p->cores = cores;
	p->threads = threads;
	for (unsigned i = 0; i < cores; i++) {
		struct cpu_set taken = {0};

		for (unsigned k = 0; k < threads; k++)
			cpu_set_add(&taken, (unsigned)next_thread(ch, &ch->cores.v[i], &taken));
		for (int cpu = cpu_set_next(&taken, 0); cpu >= 0;
		     cpu = cpu_set_next(&taken, (unsigned)cpu + 1))
			*xappend(p->vcpu, p->n) = cpu;
	}
}

/* Those that were isolated for it at boot; else all that the host can spare, of one L3 if that is
 * enough, and near the device.
 */
static unsigned cores_by_itself(const struct chooser *ch, unsigned threads, unsigned most)
{
	unsigned near = 0, on_l3 = cores_on_one_l3(&ch->cores);
	unsigned isolated = cores_isolated(&ch->cores, threads);
	unsigned cores = most < ch->cores.n ? most : (unsigned)ch->cores.n;

	/* A single one is more likely for something else than for a guest. */
	if (isolated > 1)
		return isolated < cores ? isolated : cores;
	for (size_t i = 0; i < ch->cores.n; i++)
		near += !ch->cores.v[i].far;
	if (near && near < cores)
		cores = near;
	return on_l3 >= ENOUGH_CORES && on_l3 < cores ? on_l3 : cores;
}

static void place_kind(struct chooser *ch)
{
	const struct cpu_section *cpu = &ch->c->p->cpu;
	struct cpu_set others = cpu_set_less(&ch->t->online, &ch->t->isolated);
	unsigned usual = cpu_set_count(&others), threads, most, cores;

	find_pool(ch);
	if (!ch->cores.n) {
		misplaced(ch, false, cpu->placement.at, "%s: this host has no %s",
			  compose_key(ch->c, &ch->c->p->cpu.placement.at), pool_words(ch));
		return;
	}
	threads = cpu->threads.automatic ? threads_by_itself(ch) : (unsigned)cpu->threads.v;
	cores_keep_with(&ch->cores, threads);
	if (!ch->cores.n) {
		misplaced(ch, false, cpu->threads.at,
			  "%s = %u, but %s of this host have one thread",
			  compose_key(ch->c, &ch->c->p->cpu.threads.at), threads, pool_words(ch));
		return;
	}
	most = most_cores(ch, threads, usual);
	cores = cpu->cores.automatic ? cores_by_itself(ch, threads, most) : (unsigned)cpu->cores.v;
	if (cores > ch->cores.n)
		misplaced(
			ch, false, cpu->cores.at,
			"%s = %u, but this host has %zu %s; ask for less, or set %s to any, none or a list",
			compose_key(ch->c, &ch->c->p->cpu.cores.at), cores, ch->cores.n,
			pool_words(ch), compose_key(ch->c, &ch->c->p->cpu.placement.at));
	else if (!cores || cores > most)
		misplaced(
			ch, false, cpu->cores.automatic ? cpu->placement.at : cpu->cores.at,
			"the host would keep less than %u of its threads, of which it has %u; set %s to none, or to a list to give more of them away",
			HOST_THREADS, usual, compose_key(ch->c, &ch->c->p->cpu.placement.at));
	else
		take_cores(ch, cores, threads);
}

/* ------------------------------------------------------------------ a list */

/* The processors of a list, which exist and are online. */
static bool read_list(const struct chooser *ch, const struct cpus *list, struct cpu_set *set)
{
	const struct cpu_topology *t = ch->t;
	struct cpu_set known = cpu_set_union(&t->online, &t->offline), bad;
	const char *key = compose_key(ch->c, &list->at);
	own_free char *words = NULL;

	*set = list->v;
	bad = cpu_set_less(set, &known);
	if (!cpu_set_is_empty(&bad)) {
		words = cpu_set_text(&bad);
		misplaced(ch, false, list->at, "%s: this host has no processor %s", key, words);
		return false;
	}
	bad = cpu_set_less(set, &t->online);
	if (!cpu_set_is_empty(&bad)) {
		words = cpu_set_text(&bad);
		misplaced(ch, false, list->at, "%s: processor %s is offline", key, words);
		return false;
	}
	return true;
}

/* Cores of which the list has two threads come first: the guest's pairs are theirs. */
static void place_list(struct chooser *ch)
{
	const struct cpu_section *cpu = &ch->c->p->cpu;
	struct placement *p = &ch->c->plan->placement;
	own_free char *given = cpu_set_text(&cpu->placement.v);
	struct cpu_set list;
	unsigned all, pairs = 0, singles = 0, threads, cores;

	if (!read_list(ch, &cpu->placement, &list))
		return;
	for (size_t i = 0; i < ch->t->cores; i++) {
		struct cpu_set part = cpu_set_common(&ch->t->core[i], &list);

		pairs += cpu_set_count(&part) >= 2;
		singles += cpu_set_count(&part) == 1;
	}
	all = cpu_set_count(&list);
	threads = !cpu->threads.automatic ? (unsigned)cpu->threads.v : pairs && !singles ? 2 : 1;
	cores = cpu->cores.automatic ? all / threads : (unsigned)cpu->cores.v;
	if (!cores || cores > all / threads) {
		misplaced(ch, true, cpu->cores.automatic ? cpu->placement.at : cpu->cores.at,
			  "%u virtual processors, but %s = %s has %u",
			  (cores ? cores : 1) * threads,
			  compose_key(ch->c, &ch->c->p->cpu.placement.at), given, all);
		return;
	}
	if (threads == 2 && pairs < cores)
		compose_note(
			ch->c,
			"%s = %s has the siblings of %u cores: not all threads that share a core in the guest share one in the host",
			compose_key(ch->c, &ch->c->p->cpu.placement.at), given, pairs);
	p->pinned = true;
	p->cores = cores;
	p->threads = threads;
	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < ch->t->cores; i++) {
			struct cpu_set part = cpu_set_common(&ch->t->core[i], &list);

			if (threads == 2 && (cpu_set_count(&part) < 2) != (round == 1))
				continue;
			if (threads == 1 && round == 1)
				continue;
			for (int at = cpu_set_next(&part, 0);
			     at >= 0 && p->n < (size_t)cores * threads;
			     at = cpu_set_next(&part, (unsigned)at + 1))
				*xappend(p->vcpu, p->n) = at;
		}
}

/* ------------------------------------------------------------------ QEMU's other threads */

/* What the guest does not have: E-cores where there are two of them, else cores of which it has no
 * thread, else what there is. Never one that the boot options isolate or keep the ticks from:
 * the scheduler balances nothing there, so all these threads would stay on the first.
 */
static struct cpu_set left_over(const struct chooser *ch)
{
	const struct cpu_topology *t = ch->t;
	struct placement *p = &ch->c->plan->placement;
	struct cpu_set usual = cpu_usual(&t->online, &t->isolated, &t->tickless);
	struct cpu_set left = cpu_set_less(&usual, &p->vcpus), apart = left, small;

	small = cpu_set_common(&left, &t->kind[CPU_EFFICIENCY]);
	if (cpu_set_count(&small) >= HOST_THREADS)
		return small;
	for (size_t i = 0; i < t->cores; i++)
		if (cpu_set_meets(&t->core[i], &p->vcpus))
			apart = cpu_set_less(&apart, &t->core[i]);
	if (!cpu_set_is_empty(&apart))
		return apart;
	if (!cpu_set_is_empty(&left))
		return left;
	compose_note(
		ch->c,
		cpu_set_equal(&usual, &t->online)
			? "the guest has all processors of this host: QEMU's own threads run on them as well"
			: "the guest has all processors that the boot options leave to the host's own work: QEMU's own threads run on them as well");
	return usual;
}

/* A list of the profile's own is taken at its word. */
static void tell_isolated(const struct chooser *ch, const struct cpus *given,
			  const struct cpu_set *set)
{
	struct cpu_set isolated = cpu_set_common(set, &ch->t->isolated);
	own_free char *words = cpu_set_text(&isolated), *list = cpu_set_text(&given->v);

	if (*words)
		compose_note(
			ch->c,
			"%s = %s: the boot options isolate %s (isolcpus), where nothing is balanced: all these threads stay on the first processor",
			compose_key(ch->c, &given->at), list, words);
}

static void place_others(struct chooser *ch, const struct cpus *given, struct cpu_set *set,
			 struct cpu_set otherwise)
{
	const struct placement *p = &ch->c->plan->placement;
	struct cpu_set shared;
	own_free char *words = NULL, *list = cpu_set_text(&given->v);

	*set = otherwise;
	if (!given->given || !read_list(ch, given, set))
		return;
	tell_isolated(ch, given, set);
	shared = cpu_set_common(set, &p->vcpus);
	if (cpu_set_is_empty(&shared))
		return;
	words = cpu_set_text(&shared);
	misplaced(ch, true, given->at, "%s = %s has processors of the guest's: %s",
		  compose_key(ch->c, &given->at), list, words);
}

/* ------------------------------------------------------------------ all together */

static void place_nothing(struct composer *c)
{
	const struct cpu_section *cpu = &c->p->cpu;
	struct placement *p = &c->plan->placement;
	unsigned half;

	p->threads = cpu->threads.automatic ? 1 : (unsigned)cpu->threads.v;
	half = c->facts->cpu.online / 2 / p->threads;
	p->cores = !cpu->cores.automatic ? (unsigned)cpu->cores.v : half ? half : 1;
	p->n = (size_t)p->cores * p->threads;
	if (cpu->cores.automatic)
		p->words = xstrdup(N_("half of the host's processors"));
	if (cpu->emulator.given || cpu->iothread.given)
		compose_note(c, "%s and %s have no effect: the guest's processors are not pinned",
			     compose_key(c, &c->p->cpu.emulator.at),
			     compose_key(c, &c->p->cpu.iothread.at));
}

/* What was isolated for a guest and is not used by it, or not by all of it. */
static void tell_unused(struct composer *c)
{
	const struct cpu_topology *t = &c->facts->cpu.topology;
	const struct placement *p = &c->plan->placement;
	struct cpu_set others = cpu_set_less(&p->vcpus, &t->isolated);
	own_free char *isolated = cpu_set_text(&t->isolated), *words = cpu_set_text(&others);

	if (!*isolated || (!p->pinned && c->p->cpu.placement.given))
		return;
	if (!p->pinned)
		compose_note(
			c,
			"the boot options isolate the processors %s (isolcpus), and a guest that is not pinned does not use them: %s = %s does",
			isolated, compose_key(c, &c->p->cpu.placement.at),
			isolated_small(t) ? "efficiency" : "performance");
	else if (!cpu_set_meets(&p->vcpus, &t->isolated))
		compose_note(
			c,
			"the boot options isolate the processors %s (isolcpus), but the guest has none of these: it has %s, where the host's own work goes on",
			isolated, words);
	else if (*words)
		compose_note(
			c,
			"the boot options isolate the processors %s (isolcpus), but the guest has %s as well, where the host's own work goes on",
			isolated, words);
}

static void tell_doubts(const struct chooser *ch)
{
	for (size_t i = 0; i < ch->t->doubts && ch->want != WANT_LIST; i++)
		compose_note(ch->c, "%s; a list in %s leaves no doubt", ch->t->doubt[i],
			     compose_key(ch->c, &ch->c->p->cpu.placement.at));
}

/* Of all disks. */
static size_t threads_of_disks(const struct composer *c)
{
	const struct items *disks = &c->p->disk;
	size_t n = 0;

	for (size_t i = 0; c->in->purpose == PURPOSE_RUN && i < disks->n; i++) {
		const struct disk *disk = (const struct disk *)disks->v[i];

		n += disk->item.enabled.v ? compose_disk_threads(disk) : 0;
	}
	return n;
}

static void complete_cores(struct chooser *ch)
{
	const struct cpu_section *cpu = &ch->c->p->cpu;
	struct placement *p = &ch->c->plan->placement;
	own_free char *list = NULL;

	/* auto has found a place: a list that does not fit beside it is no reason to pin nothing,
	 * but wrong.
	 */
	if (ch->want == WANT_AUTO)
		ch->want = WANT_PERFORMANCE;
	for (size_t i = 0; i < p->n; i++)
		cpu_set_add(&p->vcpus, (unsigned)p->vcpu[i]);
	place_others(ch, &cpu->emulator, &p->emulator, left_over(ch));
	place_others(ch, &cpu->iothread, &p->iothread, p->emulator);
	p->iothreads = threads_of_disks(ch->c);
	for (size_t i = 0; i < ch->t->nodes; i++)
		if (cpu_set_within(&p->vcpus, &ch->t->node[i].cpus))
			p->node = (int)ch->t->node[i].number;
	list = cpu_set_text(&p->vcpus);
	p->words = ch->want == WANT_LIST
			   ? xasprintf(_("pinned to processors %s"), list)
			   : xasprintf(_("pinned to %s of the host, %s"), pool_words(ch), list);
	tell_doubts(ch);
}

void compose_placement(struct composer *c)
{
	struct placement *p = &c->plan->placement;
	struct chooser ch = {.c = c, .t = &c->facts->cpu.topology, .want = want_of(c)};

	p->node = -1;
	if (ch.want == WANT_LIST)
		place_list(&ch);
	else if (ch.want != WANT_NONE)
		place_kind(&ch);
	if (p->pinned)
		complete_cores(&ch);
	else
		place_nothing(c);
	tell_unused(c);
	free(ch.cores.v);
}
