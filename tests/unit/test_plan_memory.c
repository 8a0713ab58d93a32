/* Composing the guest's memory from hand-made facts: of which pages it is, what is locked, and what
 * stays for the host.
 */
#include "plan_world.h"

#define GPU "[gpu]\ndevice = 10de:2820\n"

#define PLAIN "memory-backend-ram,id=ram,size=4294967296"
#define PAGES_2M                                                                                \
	"memory-backend-memfd,id=ram,size=4294967296,hugetlb=on,hugetlbsize=2097152,share=off," \
	"prealloc=on,prealloc-threads=8\n"

static void ram_is(struct world *w, const char *text, const char *want, uint64_t asked)
{
	own_plan struct plan *plan = planned(w, text);
	const struct plan_step *pages = step(plan, STEP_HUGEPAGES);

	values_are(plan, "-object", "memory-backend", want);
	if (asked) {
		assert_non_null(pages);
		assert_int_equal(pages->intent.hugepages.pages, asked);
	} else {
		assert_null(pages);
	}
}

/* Pinned to nothing. */
#define LOOSE GPU "[cpu]\nplacement = none\n"

static void huge_pages_on_their_own(void **state)
{
	struct world w = world();
	own_plan struct plan *plan = NULL;
	const struct plan_step *pages;

	(void)state;
	/* Transparent ones: nobody's help is needed. */
	ram_is(&w, "", PLAIN "\n", 0);
	/* What lies about is taken. */
	w.facts.hugepages[0].free = 2048;
	ram_is(&w, "", PAGES_2M, 0);
	ram_is(&w, LOOSE, PAGES_2M, 0);
	w.facts.hugepages[0].free = 2047;
	ram_is(&w, "", PLAIN "\n", 0);
	/* With a device the keeper is there already. */
	ram_is(&w, LOOSE, PAGES_2M, 2048);
	plan = planned(&w, LOOSE);
	pages = step(plan, STEP_HUGEPAGES);
	assert_ptr_equal(pages, plan->step); /* before all others */
	assert_true(pages->optional);
	assert_int_equal(pages->intent.hugepages.size_kb, 2048);
	assert_int_equal(pages->intent.hugepages.node, -1);
	assert_false(pages->intent.hugepages.compact);
	assert_false(pages->intent.hugepages.drop);
	lines_are(plan, STEP_HUGEPAGES,
		  "echo +MISSING > /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages   # "
		  "until 2048 are free\n");
	ram_is(&w, LOOSE "[memory]\nhugepages = off\n", PLAIN ",prealloc=on,prealloc-threads=8\n",
	       0);
	w.facts.cpu.online = 4;
	ram_is(&w, LOOSE "[memory]\nhugepages = off\n", PLAIN ",prealloc=on,prealloc-threads=4\n",
	       0);
	/* The cache is dropped for a size that was asked for, and for no wish of ours. */
	plan_free(plan);
	plan = planned(&w, LOOSE "[memory]\ndrop-caches = yes\n");
	assert_false(step(plan, STEP_HUGEPAGES)->intent.hugepages.drop);
	/* A host without such pages. */
	w.facts.hugepages[0].size_kb = 0;
	ram_is(&w, LOOSE, PLAIN ",prealloc=on,prealloc-threads=4\n", 0);
}

static void huge_pages_that_did_not_come(void **state)
{
	struct world w = world();
	own_plan struct plan *plan = NULL;

	(void)state;
	w.in.pages_refused = true;
	w.in.pages_got = 1500;
	plan = planned(&w, LOOSE);
	values_are(plan, "-object", "memory-backend", PLAIN ",prealloc=on,prealloc-threads=8\n");
	assert_null(step(plan, STEP_HUGEPAGES));
	notes_are(plan, "asked for 2048 huge pages, got 1500: the memory is made of transparent "
			"ones as far as they can be had\n");
	refused(&w, "[memory]\nhugepages = 2M\n", ERROR_HOST,
		"p.ini:2:13: memory.hugepages: asked for 2048 pages of 2M, got 1500\n");
}

static void huge_pages_of_a_size(void **state)
{
	struct world w = world();
	own_plan struct plan *small = planned(&w, "[memory]\nhugepages = 2M\n");
	own_plan struct plan *large = planned(&w, "[memory]\nhugepages = 1G\ndrop-caches = yes\n");

	(void)state;
	assert_false(step(small, STEP_HUGEPAGES)->optional);
	assert_true(step(small, STEP_HUGEPAGES)->intent.hugepages.compact);
	assert_false(step(small, STEP_HUGEPAGES)->intent.hugepages.drop);
	assert_int_equal(step(small, STEP_HUGEPAGES)->intent.hugepages.pages, 2048);
	assert_int_equal(step(large, STEP_HUGEPAGES)->intent.hugepages.pages, 4);
	assert_int_equal(step(large, STEP_HUGEPAGES)->intent.hugepages.size_kb, 1048576);
	assert_true(step(large, STEP_HUGEPAGES)->intent.hugepages.drop);
	values_are(large, "-object", "memory-backend",
		   "memory-backend-memfd,id=ram,size=4294967296,hugetlb=on,hugetlbsize=1073741824,"
		   "share=off,prealloc=on,prealloc-threads=8\n");
	/* No device, so nothing is locked. */
	assert_null(step(large, STEP_MEMLOCK));
	refused(&w, "[vm]\nmemory = 4098M\n[memory]\nhugepages = 1G\n", ERROR_USAGE,
		"p.ini:2:10: vm.memory: not a multiple of 1G\n");
	w.facts.hugepages[1].size_kb = 0;
	refused(&w, "[memory]\nhugepages = 1G\n", ERROR_HOST,
		"p.ini:2:13: memory.hugepages: this host has no pages of 1G\n");
}

static void memory_of_pinned_processors(void **state)
{
	struct world w = world();
	own_plan struct plan *plan = planned(&w, GPU "[memory]\nhugepages = off\n");
	own_plan struct plan *parts = planned(&w, GPU "[memory]\nhugepages = off\n"
						      "[cpu]\nplacement = 0-3,8-9,16\n");

	(void)state;
	values_are(plan, "-object", "thread-context",
		   "thread-context,id=prealloc,cpu-affinity=0-15\n");
	values_are(plan, "-object", "memory-backend",
		   PLAIN ",prealloc=on,prealloc-threads=8,prealloc-context=prealloc\n");
	values_are(
		parts, "-object", "thread-context",
		"thread-context,id=prealloc,cpu-affinity=0-3,cpu-affinity=8-9,cpu-affinity=16\n");
	/* Nothing to prepare, nothing to prepare it with. */
	plan_free(plan);
	plan = planned(&w, "[cpu]\nplacement = 0-3\n");
	lacks(plan, "-object", "thread-context");
	values_are(plan, "-object", "memory-backend", PLAIN "\n");
}

static void memory_of_the_processors_node(void **state)
{
	struct world w = world();
	struct cpu_group node[2] = {{.number = 0}, {.number = 1}};
	own_plan struct plan *plan = NULL, *both = NULL;

	(void)state;
	for (unsigned cpu = 0; cpu < 32; cpu++)
		cpu_set_add(&node[cpu >= 16].cpus, cpu);
	w.facts.cpu.topology.node = node;
	w.facts.cpu.topology.nodes = 2;
	plan = planned(&w, "[cpu]\nplacement = 16-19\n[memory]\nhugepages = 2M\n");
	values_are(
		plan, "-object", "memory-backend",
		"memory-backend-memfd,id=ram,size=4294967296,hugetlb=on,hugetlbsize=2097152,"
		"share=off,prealloc=on,prealloc-threads=4,prealloc-context=prealloc,host-nodes=1,"
		"policy=preferred\n");
	assert_int_equal(step(plan, STEP_HUGEPAGES)->intent.hugepages.node, 1);
	lines_are(plan, STEP_HUGEPAGES,
		  "echo +MISSING > /sys/devices/system/node/node1/hugepages/hugepages-2048kB/"
		  "nr_hugepages   # until 2048 are free\n");
	both = planned(&w, "[cpu]\nplacement = 14-17\n");
	values_are(both, "-object", "memory-backend", PLAIN "\n");
	/* Cores near the device first, as many as there are. */
	w.function[GPU_VIDEO].numa_node = 1;
	w.function[GPU_AUDIO].numa_node = 1;
	plan_free(plan);
	plan = planned(&w, GPU "[cpu]\nplacement = any\n");
	assert_int_equal(plan->placement.node, 1);
	assert_int_equal(plan->placement.n, 16);
}

static void memory_that_is_locked(void **state)
{
	struct world w = world();
	own_plan struct plan *plan = planned(&w, "[memory]\nlock = yes\n");

	(void)state;
	has(plan, "-overcommit", "mem-lock=on");
	assert_int_equal(step(plan, STEP_MEMLOCK)->intent.memlock.bytes, 32 * GIB);
	plan_free(plan);
	plan = planned(&w, GPU);
	lacks(plan, "-overcommit", NULL);
}

/* Without huge pages the kernel counts the guest's memory twice. */
static void memory_that_is_locked_and_pinned(void **state)
{
	static const char text[] =
		GPU "[vm]\nmemory = 16G\n[memory]\nlock = yes\nhugepages = off\n";
	struct world w = world();
	own_error struct error *err = NULL;
	own_plan struct plan *huge = NULL, *less = NULL, *plan = compose(&w, text, &err);
	own_free char *said = messages(&err);

	(void)state;
	assert_null(plan);
	assert_non_null(strstr(said, "memory.lock: the kernel counts memory"));
	less = planned(&w, GPU "[vm]\nmemory = 15G\n[memory]\nlock = yes\nhugepages = off\n");
	assert_int_equal(step(less, STEP_MEMLOCK)->intent.memlock.bytes, 32 * GIB);
	w.facts.hugepages[0] = (struct hugepage_facts){.size_kb = 2048};
	huge = planned(&w, GPU "[vm]\nmemory = 16G\n[memory]\nlock = yes\nhugepages = 2M\n");
	assert_int_equal(step(huge, STEP_MEMLOCK)->intent.memlock.bytes, 32 * GIB);
}

static void memlock_is(struct world *w, const char *text, uint64_t bytes)
{
	own_plan struct plan *plan = planned(w, text);
	own_free char *line = xasprintf("prlimit --pid $$ --memlock=%lu\n", bytes);

	assert_non_null(step(plan, STEP_MEMLOCK));
	assert_int_equal(step(plan, STEP_MEMLOCK)->intent.memlock.bytes, bytes);
	lines_are(plan, STEP_MEMLOCK, line);
}

static void locked_memory(void **state)
{
	struct world w = world();
	own_plan struct plan *plan = planned(&w, "[looking-glass]\nresolution = 2560x1440\n");

	(void)state;
	assert_int_equal(plan->steps, 0);
	memlock_is(&w, GPU, 5 * GIB);
	memlock_is(&w, "[pci]\ndevice = 8086:15f3\n[vm]\nmemory = 8G\n", 9 * GIB);
	/* A BAR that is our memory can be reached as well. */
	memlock_is(&w, GPU "[looking-glass]\nresolution = 2560x1440\n", 5 * GIB + 64 * MIB);
	memlock_is(&w, GPU "[looking-glass]\nresolution = 3840x2160\n", 5 * GIB + 128 * MIB);
	/* Never more than there is. */
	w.facts.memory.available = 32 * GIB;
	memlock_is(&w,
		   GPU "[vm]\nmemory = 30G\n[memory]\nhost-reserve = "
		       "1G\n[looking-glass]\nresolution = 5120x2880\n",
		   31 * GIB + 256 * MIB);
	memlock_is(&w,
		   GPU "[vm]\nmemory = 31G\n[memory]\nhost-reserve = "
		       "512M\n[looking-glass]\nresolution = 5120x2880\n",
		   32 * GIB);
}

#define ALL_OF_IT "a device that is passed can reach all of the guest's memory"
#define WAY_OUT "): end what holds memory, or give the guest less"

static void what_must_stay_for_the_host(void **state)
{
	struct world w = world();
	own_plan struct plan *fits = planned(&w, GPU "[vm]\nmemory = 28G\n"), *less = NULL;
	own_plan struct plan *guest = planned(&w, "[vm]\nmemory = 31G\n");

	(void)state;
	notes_are(fits, "");
	refused(&w, GPU "[vm]\nmemory = 31G\n", ERROR_HOST,
		"p.ini:4:10: vm.memory: 31744M would leave the host less than "
		"memory.host-reserve, 2048M, of its 32768M: a machine with a host device holds all "
		"its memory\n");
	/* What counts is what can be had now. */
	refused(&w, GPU "[vm]\nmemory = 29G\n", ERROR_HOST,
		"p.ini:4:10: vm.memory: 29696M are taken at the start, as " ALL_OF_IT
		", and the host can spare 28672M now (30720M available, of which "
		"memory.host-reserve keeps 2048M" WAY_OUT "\n");
	less = planned(&w, GPU "[vm]\nmemory = 29G\n[memory]\nhost-reserve = 1G\n");
	notes_are(less, "");
	refused(&w, "[vm]\nmemory = 29G\n[memory]\nlock = yes\n", ERROR_HOST,
		"p.ini:2:10: vm.memory: 29696M are taken at the start, as memory.lock says, and "
		"the "
		"host can spare 28672M now (30720M available, of which memory.host-reserve keeps "
		"2048M" WAY_OUT "\n");
	/* A guest that nothing holds grows into what there is. */
	notes_are(guest, "the guest may use 31744M, of which the host has 30720M free now\n");
	refused(&w, "[vm]\nmemory = 32G\n", ERROR_HOST,
		"p.ini:2:10: vm.memory: 32768M, but this host has 32768M in all\n");
	/* Looking Glass' memory is taken as well, unless a device has it already. */
	refusal_says(&w, GPU "[vm]\nmemory = 28G\n[looking-glass]\nresolution = 3840x2160\n",
		     "vm.memory: 28800M are taken");
	w.facts.glass = (struct glass_facts){true, false, true, 128 * MIB};
	plan_free(fits);
	fits = planned(&w, GPU "[vm]\nmemory = 28G\n[looking-glass]\nresolution = 3840x2160\n");
	/* A host that tells nothing. */
	w.facts.memory = (struct memory_facts){0};
	plan_free(less);
	less = planned(&w, GPU "[vm]\nmemory = 100G\n");
}

#define LARGE_PAGES(gib) "[vm]\nmemory = " gib "\n"
#define PAGES_1G(bytes)                                                                           \
	"memory-backend-memfd,id=ram,size=" bytes ",hugetlb=on,hugetlbsize=1073741824,share=off," \
	"prealloc=on,prealloc-threads=8\n"

/* Half of the memory sits in pages of 1 GiB since boot. */
static void pages_reserved_at_boot(void **state)
{
	struct world w = world();

	(void)state;
	w.facts.memory = (struct memory_facts){64 * GIB, 28 * GIB};
	w.facts.hugepages[1].free = 32;
	ram_is(&w, LOOSE LARGE_PAGES("32G"), PAGES_1G("34359738368"), 0);
	ram_is(&w, LARGE_PAGES("32G"), PAGES_1G("34359738368"), 0);
	ram_is(&w, LOOSE LARGE_PAGES("32G") "[memory]\nlock = yes\n", PAGES_1G("34359738368"), 0);
	/* The larger ones, where both would do. */
	w.facts.hugepages[0].free = 16384;
	ram_is(&w, LOOSE LARGE_PAGES("32G"), PAGES_1G("34359738368"), 0);
	/* Not a multiple of 1 GiB. */
	ram_is(&w, LOOSE LARGE_PAGES("31746M"),
	       "memory-backend-memfd,id=ram,size=33288093696,hugetlb=on,hugetlbsize=2097152,"
	       "share=off,prealloc=on,prealloc-threads=8\n",
	       0);
}

static void pages_that_are_too_few(void **state)
{
	static const char refusal[] =
		"p.ini:6:10: vm.memory: 32768M are taken at the start, as " ALL_OF_IT
		", and the host can spare 26624M now (28672M available, of which "
		"memory.host-reserve keeps 2048M" WAY_OUT;
	struct world w = world();
	own_free char *some = xasprintf(
		"%s; 20 pages of 1G (20480M) lie free, which is too little for all of it\n",
		refusal);
	own_free char *off = xasprintf(
		"%s; 32 pages of 1G lie free: memory.hugepages = 1G takes those\n", refusal);

	(void)state;
	w.facts.memory = (struct memory_facts){64 * GIB, 28 * GIB};
	w.facts.hugepages[1].free = 20;
	refused(&w, LOOSE LARGE_PAGES("32G"), ERROR_HOST, some);
	/* Asked for by name, the twelve that are missing may come. */
	ram_is(&w, LOOSE LARGE_PAGES("32G") "[memory]\nhugepages = 1G\n", PAGES_1G("34359738368"),
	       32);
	w.facts.hugepages[1].free = 4;
	refused(&w, LOOSE LARGE_PAGES("32G") "[memory]\nhugepages = 1G\n", ERROR_HOST,
		"p.ini:8:13: memory.hugepages: 32 pages of 1G are needed and 4 are free, so "
		"28672M are missing, and the host can spare 26624M now (28672M available, of which "
		"memory.host-reserve keeps 2048M)\n");
	/* Others would do, that the profile leaves out. */
	w.facts.hugepages[1].free = 32;
	refused(&w, LOOSE LARGE_PAGES("32G") "[memory]\nhugepages = off\n", ERROR_HOST, off);
	refused(&w, LARGE_PAGES("32G") "[memory]\nhugepages = 2M\n", ERROR_HOST,
		"p.ini:4:13: memory.hugepages: 16384 pages of 2M are needed and 0 are free, so "
		"32768M are missing, and the host can spare 26624M now (28672M available, of which "
		"memory.host-reserve keeps 2048M); 32 pages of 1G lie free: memory.hugepages = 1G "
		"takes those\n");
	/* What the pool has and what the host can spare, together. */
	w.facts.hugepages[1].free = 0;
	w.facts.hugepages[0].free = 4096;
	ram_is(&w, LOOSE LARGE_PAGES("32G"),
	       "memory-backend-memfd,id=ram,size=34359738368,hugetlb=on,hugetlbsize=2097152,"
	       "share=off,prealloc=on,prealloc-threads=8\n",
	       16384);
	w.facts.hugepages[0].free = 2048;
	refusal_says(&w, LOOSE LARGE_PAGES("32G"),
		     "2048 pages of 2M (4096M) lie free, which is too little for all of it");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(huge_pages_on_their_own),
		cmocka_unit_test(huge_pages_that_did_not_come),
		cmocka_unit_test(huge_pages_of_a_size),
		cmocka_unit_test(memory_of_pinned_processors),
		cmocka_unit_test(memory_of_the_processors_node),
		cmocka_unit_test(memory_that_is_locked),
		cmocka_unit_test(memory_that_is_locked_and_pinned),
		cmocka_unit_test(locked_memory),
		cmocka_unit_test(what_must_stay_for_the_host),
		cmocka_unit_test(pages_reserved_at_boot),
		cmocka_unit_test(pages_that_are_too_few),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
