/* The guest's memory. Huge pages are a promise that cannot be broken silently later; transparent
 * ones are as quick to start with, and need nobody's help. Plain pages of a memory file are
 * neither, and never used.
 */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/tongue.h"
#include "compose.h"

#define MIB (1UL << 20)
#define PREALLOC_THREADS 8

static uint64_t pages_of(const struct composer *c, unsigned size_kb)
{
	uint64_t size = (uint64_t)size_kb << 10;

	return (c->p->vm.memory.v + size - 1) / size;
}

/* The row of the facts for a size, or NULL where the host has no such pages. */
static const struct hugepage_facts *page_pool(const struct composer *c, unsigned size_kb)
{
	for (size_t i = 0; i < HUGEPAGE_SIZES; i++)
		if (c->facts->hugepages[i].size_kb == size_kb)
			return &c->facts->hugepages[i];
	return NULL;
}

static bool is_whole(const struct composer *c, unsigned size_kb)
{
	return c->p->vm.memory.v % ((uint64_t)size_kb << 10) == 0;
}

/* Bytes of pages that are not in the pool yet. */
static uint64_t missing_in(const struct composer *c, const struct hugepage_facts *from)
{
	uint64_t need = pages_of(c, from->size_kb);

	return need > from->free ? (need - from->free) * ((uint64_t)from->size_kb << 10) : 0;
}

/* What the host can spare now. Pages of the pools are no part of it: MemAvailable does not count
 * them. Where nothing is known of it, all.
 */
static uint64_t spare_memory(const struct composer *c)
{
	uint64_t available = c->facts->memory.available, reserve = c->p->memory.host_reserve.v;

	if (!available)
		return UINT64_MAX;
	return available > reserve ? available - reserve : 0;
}

static void take_pages(struct composer *c, const struct hugepage_facts *from, bool optional)
{
	c->huge.size_kb = from->size_kb;
	c->huge.pages = pages_of(c, from->size_kb);
	c->huge.optional = optional;
	c->huge.missing = missing_in(c, from);
	/* Pages that lie free may be those that another machine's keeper has just added for it: a
	 * keeper knows.
	 */
	c->huge.ask =
		c->huge.missing || (c->facts->memory.keepers && (c->claims_device || !optional));
}

/* The pool whose pages, as they are, hold the whole guest: of those the largest ones, which cost a
 * guest the least to walk through. NULL where there is none.
 */
static const struct hugepage_facts *full_pool(const struct composer *c)
{
	const struct hugepage_facts *best = NULL;

	for (size_t i = 0; i < HUGEPAGE_SIZES; i++) {
		const struct hugepage_facts *from = &c->facts->hugepages[i];

		if (from->size_kb && is_whole(c, from->size_kb) && !missing_in(c, from) &&
		    (!best || from->size_kb > best->size_kb))
			best = from;
	}
	return best;
}

/* auto: what is free is taken, in whatever pool; more is asked for only where a keeper is needed
 * anyway and the host can spare it.
 */
static void choose_auto(struct composer *c)
{
	const struct hugepage_facts *full = full_pool(c), *small = page_pool(c, 2048);

	if (c->in->pages_refused)
		compose_note(
			c,
			"asked for %lu huge pages, got %lu: the memory is made of transparent ones as far as they can be had",
			pages_of(c, 2048), c->in->pages_got);
	else if (full)
		take_pages(c, full, true);
	else if (small && is_whole(c, 2048) && c->claims_device &&
		 missing_in(c, small) <= spare_memory(c))
		take_pages(c, small, true);
}

/* "2M", "1G" */
static const char *size_word(unsigned size_kb)
{
	return size_kb == 2048 ? "2M" : "1G";
}

/* Which pages lie free and hold the whole guest, though the profile wants others. */
static char *other_pool(const struct composer *c)
{
	const struct hugepage_facts *full = full_pool(c);

	if (!full)
		return xstrdup("");
	return xasprintf(_("; %lu pages of %s lie free: %s = %s takes those"), full->free,
			 size_word(full->size_kb), compose_key(c, &c->p->memory.hugepages.at),
			 size_word(full->size_kb));
}

/* Pages that are missing are made of memory that the host must be able to spare. */
static void check_missing(struct composer *c, const struct hugepage_facts *from, const char *word)
{
	own_free char *other = other_pool(c);

	if (c->huge.missing <= spare_memory(c))
		return;
	compose_refuse(
		c, c->p->memory.hugepages.at,
		"%s: %lu pages of %s are needed and %lu are free, so %luM are missing, and the host can spare %luM now (%luM available, of which %s keeps %luM)%s",
		compose_key(c, &c->p->memory.hugepages.at), c->huge.pages, word, from->free,
		c->huge.missing / MIB, spare_memory(c) / MIB, c->facts->memory.available / MIB,
		compose_key(c, &c->p->memory.host_reserve.at), c->p->memory.host_reserve.v / MIB,
		other);
}

static void choose_size(struct composer *c, unsigned size_kb, const char *word)
{
	const struct choice *wanted = &c->p->memory.hugepages;
	const struct hugepage_facts *from = page_pool(c, size_kb);

	if (!from) {
		own_free char *other = other_pool(c);

		compose_refuse(c, wanted->at, "%s: this host has no pages of %s%s",
			       compose_key(c, &c->p->memory.hugepages.at), word, other);
	} else if (!is_whole(c, size_kb)) {
		compose_wrong(c, c->p->vm.memory.at, "%s: not a multiple of %s",
			      compose_key(c, &c->p->vm.memory.at), word);
	} else if (c->in->pages_refused) {
		compose_refuse(c, wanted->at, "%s: asked for %lu pages of %s, got %lu",
			       compose_key(c, &c->p->memory.hugepages.at), pages_of(c, size_kb),
			       word, c->in->pages_got);
	} else {
		take_pages(c, from, false);
		check_missing(c, from, word);
	}
}

static void choose_pages(struct composer *c)
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

/* What no state of this host could give. */
static void check_host(struct composer *c)
{
	const struct number *memory = &c->p->vm.memory, *reserve = &c->p->memory.host_reserve;
	const struct memory_facts *host = &c->facts->memory;

	if (host->total && memory->v >= host->total)
		compose_refuse(c, memory->at, "%s: %luM, but this host has %luM in all",
			       compose_key(c, &c->p->vm.memory.at), memory->v / MIB,
			       host->total / MIB);
	else if (host->total && c->claims_device && memory->v + reserve->v > host->total)
		compose_refuse(
			c, memory->at,
			"%s: %luM would leave the host less than %s, %luM, of its %luM: a machine with a host device holds all its memory",
			compose_key(c, &c->p->vm.memory.at), memory->v / MIB,
			compose_key(c, &c->p->memory.host_reserve.at), reserve->v / MIB,
			host->total / MIB);
	else
		c->fits_host = true;
}

/* Pages that lie in the pools while the guest cannot have them, or does not want them. */
static char *idle_pages(const struct composer *c)
{
	own_buf struct buf text = {0};

	if (full_pool(c))
		return other_pool(c);
	for (size_t i = 0; i < HUGEPAGE_SIZES && !c->huge.pages; i++) {
		const struct hugepage_facts *from = &c->facts->hugepages[i];

		if (from->size_kb && from->free)
			buf_addf(
				&text,
				"; %lu pages of %s (%luM) lie free, which is too little for all of it",
				from->free, size_word(from->size_kb),
				from->free * from->size_kb / 1024);
	}
	buf_adds(&text, "");
	return buf_steal(&text);
}

/* With a device of the host, or locked, all of the guest's memory is taken at the start; else it
 * grows into what there is. Memory of a kvmfr device is there already.
 */
void compose_spare(struct composer *c)
{
	const struct memory_facts *host = &c->facts->memory;
	uint64_t guest = c->huge.pages ? c->huge.missing : c->p->vm.memory.v;
	uint64_t wanted = guest + c->shared_new;
	own_free char *idle = NULL;

	if (!c->fits_host || !host->available)
		return;
	if (!c->claims_device && !c->p->memory.lock.v) {
		if (wanted > host->available)
			compose_note(c,
				     "the guest may use %luM, of which the host has %luM free now",
				     wanted / MIB, host->available / MIB);
		return;
	}
	/* Of a size that was asked for this has been said. */
	if (wanted <= spare_memory(c) || (c->huge.pages && !c->huge.optional))
		return;
	idle = idle_pages(c);
	compose_refuse(
		c, c->p->vm.memory.at,
		"%s: %luM are taken at the start, as %s%s, and the host can spare %luM now (%luM available, of which %s keeps %luM): end what holds memory, or give the guest less%s",
		compose_key(c, &c->p->vm.memory.at), wanted / MIB,
		c->claims_device ? "a device that is passed can reach all of the guest's memory"
				 : compose_key(c, &c->p->memory.lock.at),
		c->claims_device ? "" : " says", spare_memory(c) / MIB, host->available / MIB,
		compose_key(c, &c->p->memory.host_reserve.at), c->p->memory.host_reserve.v / MIB,
		idle);
}

/* The threads that touch the memory are made by QEMU's main thread, and would stay on the few
 * processors, slow ones maybe, that it is pinned to. On the guest's, which have nothing to do yet,
 * they are quick; on the sibling of another they gain nothing. In a partition are only vCPUs, and
 * on what is isolated at boot nothing is balanced, so that all would stay on one: then all of the
 * host's processors have to do.
 */
static bool host_prepares(const struct composer *c)
{
	return c->p->cpu.isolate.v ||
	       cpu_set_meets(&c->plan->placement.vcpus, &c->facts->cpu.topology.isolated);
}

static struct cpu_set preparing_threads(const struct composer *c)
{
	const struct cpu_topology *t = &c->facts->cpu.topology;
	const struct cpu_set *vcpus = &c->plan->placement.vcpus;
	struct cpu_set rest = cpu_set_less(&t->online, vcpus);

	return host_prepares(c) ? cpu_usual(&rest, &t->isolated, &t->tickless) : *vcpus;
}

static void add_context(struct composer *c)
{
	bool isolate = c->p->cpu.isolate.v;
	struct cpu_set set = preparing_threads(c);
	const struct cpu_set *cpus = &set;
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
	if (host_prepares(c))
		compose_argument(c, "-object", option_done(&o),
				 isolate ? &c->p->cpu.isolate.at : &c->p->cpu.placement.at,
				 "memory is prepared by the host's processors");
	else
		compose_argument(c, "-object", option_done(&o), &c->p->cpu.placement.at,
				 "memory is prepared by the processors that will use it");
}

static void add_prealloc(const struct composer *c, struct option *o)
{
	const struct placement *placement = &c->plan->placement;
	unsigned n = placement->pinned ? placement->cores : c->facts->cpu.online;
	struct cpu_set cpus = preparing_threads(c);

	if (placement->pinned && cpu_set_count(&cpus) < n)
		n = cpu_set_count(&cpus);
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

/* A memfd where QEMU has that switch of the machine's, which came with it (10.0), and whose pages
 * can be large where the kernel lets shared memory have such. Those of memory-backend-memfd never
 * are: it begins 4 KiB below a large page's border (seen with 7.2 to 11.1).
 */
bool compose_shares_plain_memory(const struct composer *c)
{
	return qemu_offers(&c->facts->qemu, QEMU_OPTIONS, "machine.aux-ram-share");
}

/* Whether it has something to lose by that: its memory is not of huge pages that were set apart. */
static bool loses_by_sharing(const struct composer *c)
{
	return !c->huge.pages && !(compose_shares_plain_memory(c) && c->facts->memory.shmem_huge);
}

char *compose_sharing_cost(const struct composer *c)
{
	const struct choice *shared = &c->p->memory.shared;

	if (shared->v == WHEN_NO)
		return xasprintf("%s = no", compose_key(c, &shared->at));
	if (shared->v == WHEN_YES || compose_has_virtiofs(c) || !loses_by_sharing(c))
		return NULL;
	return xasprintf(
		_("it would have the guest's memory, to which the kernel gives none (/sys/kernel/mm/transparent_hugepage/shmem_enabled; advise would) of the transparent huge pages that it has now: %s = 2M gives it others, %s = yes does without"),
		compose_key(c, &c->p->memory.hugepages.at), compose_key(c, &shared->at));
}

static bool is_shared(const struct composer *c)
{
	return c->p->memory.shared.v == WHEN_YES || compose_has_virtiofs(c) ||
	       compose_has_vhost_user(c);
}

/* What a share costs a guest whose memory is not of huge pages that were set apart. Who has it
 * shared by its key knows.
 */
static void tell_shared(struct composer *c)
{
	if (!compose_has_virtiofs(c) || !loses_by_sharing(c))
		return;
	if (!compose_shares_plain_memory(c))
		compose_note(
			c,
			"a share by virtiofs costs this guest its transparent huge pages: %s = 2M gives it others",
			compose_key(c, &c->p->memory.hugepages.at));
	else
		compose_note(
			c,
			"a share by virtiofs costs this guest its transparent huge pages, as the kernel gives shared memory none (/sys/kernel/mm/transparent_hugepage/shmem_enabled; advise would): %s = 2M gives it others",
			compose_key(c, &c->p->memory.hugepages.at));
}

static void add_backend(struct composer *c)
{
	const struct number *memory = &c->p->vm.memory;
	bool huge = c->huge.pages, prealloc = huge || c->claims_device;
	bool shared = is_shared(c);
	bool memfd = huge || (shared && !compose_shares_plain_memory(c));
	struct option o;

	if (prealloc && c->plan->placement.pinned)
		add_context(c);
	o = option_new(memfd ? "memory-backend-memfd" : "memory-backend-ram");

	option_text(&o, "id", "ram");
	option_number(&o, "size", memory->v);
	if (huge) {
		option_on(&o, "hugetlb", true);
		option_number(&o, "hugetlbsize", (uint64_t)c->huge.size_kb << 10);
	}
	if (memfd || shared)
		option_on(&o, "share", shared);
	/* With a host device all of it is pinned at the start; several threads do that sooner. */
	if (prealloc)
		add_prealloc(c, &o);
	add_node(c, &o);
	if (huge)
		compose_argument(c, "-object", option_done(&o), &c->p->memory.hugepages.at,
				 "no mount and no right is needed for them");
	else
		compose_argument(c, "-object", option_done(&o), &memory->at, NULL);
}

/* What QEMU is not to share with others, of memory and of processors. */
static void add_overcommit(struct composer *c)
{
	const struct flag *lock = &c->p->memory.lock;
	const struct choice *idle = &c->p->cpu.cpu_pm;
	bool idles = idle->v == WHEN_YES && c->plan->kvm;
	struct option o = option_new(NULL);

	if (lock->v)
		option_on(&o, "mem-lock", true);
	if (idles)
		option_on(&o, "cpu-pm", true);
	if (lock->v)
		compose_argument(c, "-overcommit", option_done(&o), &lock->at,
				 "nothing of QEMU is ever written to swap");
	else if (idles)
		compose_argument(c, "-overcommit", option_done(&o), &idle->at,
				 "the guest idles the host's cores by itself");
	else
		free(option_done(&o));
}

void compose_memory(struct composer *c)
{
	const struct number *memory = &c->p->vm.memory;
	struct option o = option_new(NULL);

	check_host(c);
	choose_pages(c);
	tell_shared(c);
	option_number(&o, "size", memory->v / MIB);
	buf_addc(&o.text, 'M');
	compose_argument(c, "-m", option_done(&o), &memory->at, NULL);
	add_backend(c);
	add_overcommit(c);
}

void compose_hugepages_step(struct composer *c)
{
	struct plan_step *step;
	own_free char *where = NULL;
	bool wanted = c->p->memory.hugepages.v != HUGEPAGES_AUTO;

	if (!c->huge.ask)
		return;
	step = compose_step(c, STEP_HUGEPAGES, &c->p->memory.hugepages.at,
			    "as many as are missing");
	step->optional = c->huge.optional;
	step->intent.hugepages.size_kb = c->huge.size_kb;
	step->intent.hugepages.node = c->plan->placement.node;
	step->intent.hugepages.pages = c->huge.pages;
	step->intent.hugepages.compact = wanted;
	step->intent.hugepages.drop = wanted && c->p->memory.drop_caches.v;
	if (c->plan->placement.node >= 0)
		where = xasprintf("/sys/devices/system/node/node%d", c->plan->placement.node);
	compose_line(step, "echo +MISSING > %s/hugepages/hugepages-%ukB/nr_hugepages",
		     where ? where : "/sys/kernel/mm", c->huge.size_kb);
	compose_remark(step, "until %lu are free", c->huge.pages);
}
