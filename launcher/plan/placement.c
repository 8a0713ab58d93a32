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
#include "compose.h"

#define HOST_THREADS 2

/* An L3 with so many cores is worth staying on: enough for a game, and what the guest's threads
 * share costs no trip to another die.
 */
#define ENOUGH_CORES 6

enum want { WANT_NONE, WANT_AUTO, WANT_PERFORMANCE, WANT_EFFICIENCY, WANT_ANY, WANT_LIST };

static enum want want_of(const struct composer *c)
{
	static const struct {
		const char *word;
		enum want want;
	} row[] = {{"none", WANT_NONE},
		   {"performance", WANT_PERFORMANCE},
		   {"efficiency", WANT_EFFICIENCY},
		   {"any", WANT_ANY}};
	const char *word = c->p->cpu.placement.v;

	if (!word)
		return c->claims_device ? WANT_AUTO : WANT_NONE;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++)
		if (strcmp(row[i].word, word) == 0)
			return row[i].want;
	return WANT_LIST;
}

/* What is known while cores are chosen. */
struct chooser {
	struct composer *c;
	const struct cpu_topology *t;
	enum want want;
	struct cpu_set pool; /* of the kinds wanted */
	struct core {
		struct cpu_set threads;
		enum cpu_kind kind;
		const struct cpu_group *l3;
		bool far;   /* from the node of the first device that is passed */
		bool fits;  /* the L3 has enough cores by itself */
		bool first; /* has processor 0 */
	} * core;
	size_t cores;
};

/* A reason why it cannot be so. auto then pins nothing. */
__attribute__((format(printf, 4, 5))) static void misplaced(const struct chooser *ch, bool usage,
							    struct origin at, const char *fmt, ...)
{
	own_free char *why = NULL, *map = NULL;
	va_list args;

	va_start(args, fmt);
	why = xvasprintf(fmt, args);
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
	switch (ch->want) {
	case WANT_EFFICIENCY:
		return "efficiency cores";
	case WANT_ANY:
		return "cores";
	default:
		return cpu_is_hybrid(ch->t) ? "performance cores" : "cores";
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

static void find_pool(struct chooser *ch)
{
	const struct cpu_topology *t = ch->t;
	const struct cpu_group *node = node_of_device(ch);

	ch->pool = t->kind[ch->want == WANT_EFFICIENCY ? CPU_EFFICIENCY : CPU_PERFORMANCE];
	if (ch->want == WANT_ANY)
		ch->pool = t->online;
	for (size_t i = 0; i < t->cores; i++) {
		unsigned cpu = (unsigned)cpu_set_next(&t->core[i], 0);

		if (!cpu_set_within(&t->core[i], &ch->pool))
			continue;
		*xappend(ch->core, ch->cores) = (struct core){
			.threads = t->core[i],
			.kind = cpu_kind_of(t, cpu),
			.l3 = cpu_group_of(t->l3, t->l3s, cpu),
			.far = node && !cpu_set_has(&node->cpus, cpu),
			.first = cpu == 0,
		};
	}
}

static unsigned cores_on(const struct chooser *ch, const struct cpu_group *l3)
{
	unsigned n = 0;

	for (size_t i = 0; i < ch->cores; i++)
		n += ch->core[i].l3 == l3;
	return n;
}

/* Threads of the guest's cores, where the profile does not say: as many as the host's have. Cores
 * of several kinds have one in common.
 */
static unsigned threads_by_itself(const struct chooser *ch)
{
	unsigned most = 1;

	if (ch->want == WANT_ANY && cpu_is_hybrid(ch->t))
		return 1;
	for (size_t i = 0; i < ch->cores; i++)
		if (cpu_set_count(&ch->core[i].threads) > 1)
			most = 2;
	return most;
}

/* Leaves out cores with fewer threads: a sibling may be offline. */
static void keep_cores_with(struct chooser *ch, unsigned threads)
{
	size_t n = 0;

	for (size_t i = 0; i < ch->cores; i++)
		if (cpu_set_count(&ch->core[i].threads) >= threads)
			ch->core[n++] = ch->core[i];
	ch->cores = n;
}

static unsigned most_on_one_l3(const struct chooser *ch)
{
	unsigned most = 0;

	for (size_t i = 0; i < ch->cores; i++)
		if (ch->core[i].l3 && cores_on(ch, ch->core[i].l3) > most)
			most = cores_on(ch, ch->core[i].l3);
	return most;
}

static int before(const void *a, const void *b)
{
	const struct core *x = a, *y = b;
	uint64_t size_x = x->l3 ? x->l3->size : 0, size_y = y->l3 ? y->l3->size : 0;

	if (x->far != y->far)
		return x->far ? 1 : -1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->fits != y->fits)
		return x->fits ? -1 : 1;
	if (size_x != size_y)
		return size_x > size_y ? -1 : 1;
	if (x->l3 != y->l3 && x->l3 && y->l3) {
		bool first_x = cpu_set_has(&x->l3->cpus, 0), first_y = cpu_set_has(&y->l3->cpus, 0);

		if (x->fits && first_x != first_y)
			return first_x ? 1 : -1;
		return cpu_set_next(&x->l3->cpus, 0) < cpu_set_next(&y->l3->cpus, 0) ? -1 : 1;
	}
	if (x->first != y->first)
		return x->first ? 1 : -1;
	return cpu_set_next(&x->threads, 0) < cpu_set_next(&y->threads, 0) ? -1 : 1;
}

static int by_number(const void *a, const void *b)
{
	const struct core *x = a, *y = b;

	return cpu_set_next(&x->threads, 0) - cpu_set_next(&y->threads, 0);
}

/* So many cores, the best first, then in the order of their numbers; a thread or all of each. */
static void take(struct chooser *ch, unsigned cores, unsigned threads)
{
	struct placement *p = &ch->c->plan->placement;

	for (size_t i = 0; i < ch->cores; i++)
		ch->core[i].fits = ch->core[i].l3 && cores_on(ch, ch->core[i].l3) >= cores;
	qsort(ch->core, ch->cores, sizeof(*ch->core), before);
	qsort(ch->core, cores, sizeof(*ch->core), by_number);
	p->pinned = true;
	p->cores = cores;
	p->threads = threads;
	for (unsigned i = 0; i < cores; i++) {
		int cpu = -1;

		for (unsigned k = 0; k < threads; k++) {
			cpu = cpu_set_next(&ch->core[i].threads, (unsigned)(cpu + 1));
			*xappend(p->vcpu, p->n) = cpu;
		}
	}
}

/* All that the host can spare, of one L3 if that is enough, and near the device. */
static unsigned cores_by_itself(const struct chooser *ch, unsigned most)
{
	unsigned near = 0, on_l3 = most_on_one_l3(ch);
	unsigned cores = most < ch->cores ? most : (unsigned)ch->cores;

	for (size_t i = 0; i < ch->cores; i++)
		near += !ch->core[i].far;
	if (near && near < cores)
		cores = near;
	return on_l3 >= ENOUGH_CORES && on_l3 < cores ? on_l3 : cores;
}

static void place_kind(struct chooser *ch)
{
	const struct cpu_section *cpu = &ch->c->p->cpu;
	unsigned online = cpu_set_count(&ch->t->online), threads, most, cores;

	find_pool(ch);
	if (!ch->cores) {
		misplaced(ch, false, cpu->placement.at, "%s: this host has no %s",
			  compose_key(ch->c, &ch->c->p->cpu.placement.at), pool_words(ch));
		return;
	}
	threads = cpu->threads.automatic ? threads_by_itself(ch) : (unsigned)cpu->threads.v;
	keep_cores_with(ch, threads);
	if (!ch->cores) {
		misplaced(ch, false, cpu->threads.at,
			  "%s = %u, but %s of this host have one thread",
			  compose_key(ch->c, &ch->c->p->cpu.threads.at), threads, pool_words(ch));
		return;
	}
	most = online > HOST_THREADS ? (online - HOST_THREADS) / threads : 0;
	cores = cpu->cores.automatic ? cores_by_itself(ch, most) : (unsigned)cpu->cores.v;
	if (cores > ch->cores)
		misplaced(
			ch, false, cpu->cores.at,
			"%s = %u, but this host has %zu %s; ask for less, or set %s to any, none or a list",
			compose_key(ch->c, &ch->c->p->cpu.cores.at), cores, ch->cores,
			pool_words(ch), compose_key(ch->c, &ch->c->p->cpu.placement.at));
	else if (!cores || cores > most)
		misplaced(
			ch, false, cpu->cores.automatic ? cpu->placement.at : cpu->cores.at,
			"the host would keep less than %u of its threads, of which it has %u; set %s to none, or to a list to give more of them away",
			HOST_THREADS, online, compose_key(ch->c, &ch->c->p->cpu.placement.at));
	else
		take(ch, cores, threads);
}

/* ------------------------------------------------------------------ a list */

/* The processors of a list, which exist and are online. */
static bool read_list(const struct chooser *ch, const struct text *list, struct cpu_set *set)
{
	const struct cpu_topology *t = ch->t;
	struct cpu_set known = cpu_set_union(&t->online, &t->offline), bad;
	const char *key = compose_key(ch->c, &list->at);
	own_free char *words = NULL;

	cpu_set_parse(set, list->v);
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
			  compose_key(ch->c, &ch->c->p->cpu.placement.at), cpu->placement.v, all);
		return;
	}
	if (threads == 2 && pairs < cores)
		compose_note(
			ch->c,
			"%s = %s has the siblings of %u cores: not all threads that share a core in the guest share one in the host",
			compose_key(ch->c, &ch->c->p->cpu.placement.at), cpu->placement.v, pairs);
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
 * thread, else what there is.
 */
static struct cpu_set left_over(const struct chooser *ch)
{
	const struct cpu_topology *t = ch->t;
	struct placement *p = &ch->c->plan->placement;
	struct cpu_set left = cpu_set_less(&t->online, &p->vcpus), apart = left, small;

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
		"the guest has all processors of this host: QEMU's own threads run on them as well");
	return t->online;
}

static void place_others(struct chooser *ch, const struct text *given, struct cpu_set *set,
			 struct cpu_set otherwise)
{
	const struct placement *p = &ch->c->plan->placement;
	struct cpu_set shared;
	own_free char *words = NULL;

	*set = otherwise;
	if (!given->v || !read_list(ch, given, set))
		return;
	shared = cpu_set_common(set, &p->vcpus);
	if (cpu_set_is_empty(&shared))
		return;
	words = cpu_set_text(&shared);
	misplaced(ch, true, given->at, "%s = %s has processors of the guest's: %s",
		  compose_key(ch->c, &given->at), given->v, words);
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
		p->words = xstrdup("half of the host's processors");
	if (cpu->emulator.v || cpu->iothread.v)
		compose_note(c, "%s and %s have no effect: the guest's processors are not pinned",
			     compose_key(c, &c->p->cpu.emulator.at),
			     compose_key(c, &c->p->cpu.iothread.at));
}

static void tell_doubts(const struct chooser *ch)
{
	for (size_t i = 0; i < ch->t->doubts && ch->want != WANT_LIST; i++)
		compose_note(ch->c, "%s; a list in %s leaves no doubt", ch->t->doubt[i],
			     compose_key(ch->c, &ch->c->p->cpu.placement.at));
}

/* Disks that have a thread of their own. */
static size_t threads_of_disks(const struct composer *c)
{
	const struct items *disks = &c->p->disk;
	size_t n = 0;

	for (size_t i = 0; c->in->purpose == PURPOSE_RUN && i < disks->n; i++) {
		const struct disk *disk = (const struct disk *)disks->v[i];

		n += disk->item.enabled.v && disk->iothread.v;
	}
	return n;
}

static void complete(struct chooser *ch)
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
	p->words =
		xasprintf("pinned to %s%s%s", ch->want == WANT_LIST ? "processors" : pool_words(ch),
			  ch->want == WANT_LIST ? " " : " of the host, ", list);
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
		complete(&ch);
	else
		place_nothing(c);
	free(ch.core);
}
