/* The guest's memory. Huge pages are a promise that cannot be broken silently later; transparent
 * ones are as quick to start with, and need nobody's help. Plain pages of a memory file are
 * neither, and never used.
 */
#include "base/alloc.h"
#include "compose.h"

#define MIB (1UL << 20)
#define PREALLOC_THREADS 8

static uint64_t pages_of(const struct composer *c, unsigned size_kb)
{
	uint64_t size = (uint64_t)size_kb << 10;

	return (c->p->vm.memory.v + size - 1) / size;
}

/* The row of the facts for a size, or NULL where the host has no such pages. */
static const struct hugepage_facts *pool(const struct composer *c, unsigned size_kb)
{
	for (size_t i = 0; i < HUGEPAGE_SIZES; i++)
		if (c->facts->hugepages[i].size_kb == size_kb)
			return &c->facts->hugepages[i];
	return NULL;
}

static void take_pages(struct composer *c, const struct hugepage_facts *from, bool optional)
{
	c->huge.size_kb = from->size_kb;
	c->huge.pages = pages_of(c, from->size_kb);
	c->huge.optional = optional;
	c->huge.ask = from->free < c->huge.pages;
}

/* auto: what is free is taken; more is asked for only where a keeper is needed anyway. */
static void choose_auto(struct composer *c)
{
	const struct hugepage_facts *from = pool(c, 2048);
	uint64_t need = pages_of(c, 2048);

	if (!from || c->p->vm.memory.v % (2 * MIB))
		return;
	if (c->in->pages_refused)
		compose_note(c,
			     "asked for %lu huge pages, got %lu: the memory is made of transparent "
			     "ones as far as "
			     "they can be had",
			     need, c->in->pages_got);
	else if (from->free >= need || c->claims_device)
		take_pages(c, from, true);
}

static void choose_size(struct composer *c, unsigned size_kb, const char *word)
{
	const struct choice *wanted = &c->p->memory.hugepages;
	const struct hugepage_facts *from = pool(c, size_kb);

	if (!from)
		compose_refuse(c, wanted->at, "memory.hugepages: this host has no pages of %s",
			       word);
	else if (c->p->vm.memory.v % ((uint64_t)size_kb << 10))
		compose_wrong(c, c->p->vm.memory.at, "vm.memory: not a multiple of %s", word);
	else if (c->in->pages_refused)
		compose_refuse(c, wanted->at,
			       "memory.hugepages: asked for %lu pages of %s, got %lu",
			       pages_of(c, size_kb), word, c->in->pages_got);
	else
		take_pages(c, from, false);
}

static void choose(struct composer *c)
{
	switch (c->p->memory.hugepages.v) {
	case HUGEPAGES_2M:
		choose_size(c, 2048, "2M");
		break;
	case HUGEPAGES_1G:
		choose_size(c, 1048576, "1G");
		break;
	case HUGEPAGES_AUTO:
		choose_auto(c);
		break;
	}
}

static void check_host(struct composer *c)
{
	const struct number *memory = &c->p->vm.memory, *reserve = &c->p->memory.host_reserve;
	const struct memory_facts *host = &c->facts->memory;

	if (host->total && memory->v >= host->total)
		compose_refuse(c, memory->at, "vm.memory: %luM, but this host has %luM in all",
			       memory->v / MIB, host->total / MIB);
	else if (host->total && c->claims_device && memory->v + reserve->v > host->total)
		compose_refuse(c, memory->at,
			       "vm.memory: %luM would leave the host less than "
			       "memory.host-reserve, %luM, of "
			       "its %luM: a machine with a host device holds all its memory",
			       memory->v / MIB, reserve->v / MIB, host->total / MIB);
	else if (host->available && memory->v > host->available)
		compose_note(c, "the guest may use %luM, of which the host has %luM free now",
			     memory->v / MIB, host->available / MIB);
}

/* The threads that touch the memory are made by QEMU's main thread, and would stay on the few
 * processors, slow ones maybe, that it is pinned to. On the guest's, which have nothing to do yet,
 * they are quick; on the sibling of another they gain nothing. In a partition are only vCPUs: then
 * all of the host's processors have to do.
 */
static void add_context(struct composer *c)
{
	const struct cpu_set *vcpus = &c->plan->placement.vcpus;
	bool isolate = c->p->cpu.isolate.v;
	struct cpu_set rest = cpu_set_less(&c->facts->cpu.topology.online, vcpus);
	const struct cpu_set *cpus = isolate ? &rest : vcpus;
	struct option o = option_new("thread-context");

	option_text(&o, "id", "prealloc");
	for (int first = cpu_set_next(cpus, 0); first >= 0;) {
		own_free char *range = NULL;
		int last = first;

		while (cpu_set_has(cpus, (unsigned)last + 1))
			last++;
		range = last > first ? xasprintf("%d-%d", first, last) : xasprintf("%d", first);
		option_text(&o, "cpu-affinity", range);
		first = cpu_set_next(cpus, (unsigned)last + 1);
	}
	if (isolate)
		compose_argument(c, "-object", option_done(&o), "cpu.isolate", c->p->cpu.isolate.at,
				 "memory is prepared by the host's processors");
	else
		compose_argument(c, "-object", option_done(&o), "cpu.placement",
				 c->p->cpu.placement.at,
				 "memory is prepared by the processors that will use it");
}

static void add_prealloc(const struct composer *c, struct option *o)
{
	const struct placement *placement = &c->plan->placement;
	unsigned n = placement->pinned ? placement->cores : c->facts->cpu.online;

	option_on(o, "prealloc", true);
	option_number(o, "prealloc-threads", n < PREALLOC_THREADS ? n : PREALLOC_THREADS);
	if (placement->pinned)
		option_text(o, "prealloc-context", "prealloc");
}

/* preferred: a node that is full is no reason not to start. */
static void add_node(const struct composer *c, struct option *o)
{
	if (c->plan->placement.node < 0)
		return;
	option_number(o, "host-nodes", (uint64_t)c->plan->placement.node);
	option_text(o, "policy", "preferred");
}

static void add_backend(struct composer *c)
{
	const struct number *memory = &c->p->vm.memory;
	bool huge = c->huge.pages, prealloc = huge || c->claims_device;
	struct option o;

	if (prealloc && c->plan->placement.pinned)
		add_context(c);
	o = option_new(huge ? "memory-backend-memfd" : "memory-backend-ram");

	option_text(&o, "id", "ram");
	option_number(&o, "size", memory->v);
	if (huge) {
		option_on(&o, "hugetlb", true);
		option_number(&o, "hugetlbsize", (uint64_t)c->huge.size_kb << 10);
		option_on(&o, "share", false);
	}
	/* With a host device all of it is pinned at the start; several threads do that sooner. */
	if (prealloc)
		add_prealloc(c, &o);
	add_node(c, &o);
	if (huge)
		compose_argument(c, "-object", option_done(&o), "memory.hugepages",
				 c->p->memory.hugepages.at,
				 "no mount and no right is needed for them");
	else
		compose_argument(c, "-object", option_done(&o), "vm.memory", memory->at, NULL);
}

static void add_lock(struct composer *c)
{
	const struct flag *lock = &c->p->memory.lock;
	struct option o = option_new(NULL);

	option_on(&o, "mem-lock", true);
	if (lock->v)
		compose_argument(c, "-overcommit", option_done(&o), "memory.lock", lock->at,
				 "nothing of QEMU is ever written to swap");
	else
		free(option_done(&o));
}

void compose_memory(struct composer *c)
{
	const struct number *memory = &c->p->vm.memory;
	struct option o = option_new(NULL);

	check_host(c);
	choose(c);
	option_number(&o, "size", memory->v / MIB);
	buf_addc(&o.text, 'M');
	compose_argument(c, "-m", option_done(&o), "vm.memory", memory->at, NULL);
	add_backend(c);
	add_lock(c);
}
