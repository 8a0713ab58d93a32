/* Where the guest's processors run, on hosts that are made here by hand. */
#include "plan_world.h"

#define GPU "[gpu]\ndevice = 10de:2820\n"

static void placed(struct world *w, const char *text, const char *vcpus, const char *emulator,
		   unsigned cores, unsigned threads)
{
	own_plan struct plan *plan = planned(w, text);
	const struct placement *p = &plan->placement;
	own_buf struct buf list = {0};
	own_free char *others = cpu_set_text(&p->emulator);

	buf_adds(&list, "");
	for (size_t i = 0; i < p->n; i++)
		buf_addf(&list, "%s%d", i ? " " : "", p->vcpu[i]);
	assert_string_equal(list.data, vcpus);
	assert_string_equal(others, emulator);
	assert_int_equal(p->cores, cores);
	assert_int_equal(p->threads, threads);
	assert_int_equal(p->n, cores * threads);
	assert_true(p->pinned);
	assert_int_equal(cpu_set_count(&p->vcpus), p->n);
	assert_false(cpu_set_meets(&p->vcpus, &p->emulator));
}

static void performance_is_all_p_cores(void **state)
{
	struct world w = world();

	(void)state;
	placed(&w, "[cpu]\nplacement = performance\n", "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15",
	       "16-31", 8, 2);
	/* With a host device by itself. */
	placed(&w, GPU, "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15", "16-31", 8, 2);
	/* Fewer: not the core where the host's own work lands. */
	placed(&w, "[cpu]\nplacement = performance\ncores = 2\n", "2 3 4 5", "16-31", 2, 2);
	placed(&w, "[cpu]\nplacement = performance\ncores = 2\nthreads = 1\n", "2 4", "16-31", 2,
	       1);
}

static void a_list_is_taken_in_pairs_of_siblings(void **state)
{
	struct world w = world();

	(void)state;
	placed(&w, "[cpu]\nplacement = 0-3,16\n", "0 1 2 3 16", "17-31", 5, 1);
	placed(&w, "[cpu]\nplacement = 0-3\n", "0 1 2 3", "16-31", 2, 2);
	placed(&w, "[cpu]\nplacement = 0-3\nemulator = 20-21\n", "0 1 2 3", "20-21", 2, 2);
	placed(&w, "[cpu]\nplacement = 16-31\ncores = 4\n", "16 17 18 19", "20-31", 4, 1);
}

static void nothing_is_pinned_without_a_device(void **state)
{
	struct world w = world();
	own_plan struct plan *plan = planned(&w, ""), *none = planned(&w, GPU "[cpu]\nplacement = "
									      "none\n");

	(void)state;
	assert_false(plan->placement.pinned);
	assert_null(plan->placement.vcpu);
	assert_int_equal(plan->placement.n, 16);
	assert_false(none->placement.pinned);
}

static void siblings_of_amd_are_told(void **state)
{
	struct world w = world();
	own_plan struct plan *plan = NULL, *one = NULL;

	(void)state;
	w.facts.cpu.vendor = S("AuthenticAMD");
	plan = planned(&w, "[cpu]\nplacement = performance\n");
	has(plan, "-smp", "cpus=16,sockets=1,cores=8,threads=2");
	assert_non_null(find(plan, "-cpu", "host,topoext=on"));
	one = planned(&w, "[cpu]\nplacement = efficiency\n");
	has(one, "-smp", "cpus=16,sockets=1,cores=16,threads=1");
	assert_null(find(one, "-cpu", "host,topoext=on"));
}

static void kinds_together(void **state)
{
	struct world w = world();

	(void)state;
	/* Cores with one thread among them: a thread of each core. */
	placed(&w, "[cpu]\nplacement = any\ncores = 10\n", "0 2 4 6 8 10 12 14 16 17", "18-31", 10,
	       1);
	placed(&w, "[cpu]\nplacement = any\ncores = 4\nthreads = 2\n", "2 3 4 5 6 7 8 9", "16-31",
	       4, 2);
	placed(&w, "[cpu]\nplacement = efficiency\ncores = 15\n",
	       "16 17 18 19 20 21 22 23 24 25 26 27 28 29 30", "0-15,31", 15, 1);
}

static void too_little_for_auto_is_no_refusal(void **state)
{
	struct world w = world();
	own_plan struct plan *plan = planned(&w, GPU "[cpu]\ncores = 9\n");

	(void)state;
	assert_false(plan->placement.pinned);
	has(plan, "-smp", "cpus=9,sockets=1,cores=9,threads=1");
	notes_are(plan, "the guest's processors are not pinned: cpu.cores = 9, but this host has 8 "
			"performance cores; ask for less, or set cpu.placement to any, none or a "
			"list\n");
}

/* What auto gives to the guest stands; a list beside it is the profile's own, and must fit. */
static void what_is_wrong_beside_auto_is_refused(void **state)
{
	struct world w = world();

	(void)state;
	refusal_says(&w, GPU "[cpu]\nemulator = 99\n",
		     "cpu.emulator: this host has no processor 99\n");
	refusal_says(&w, GPU "[cpu]\niothread = 15-16\n",
		     "cpu.iothread = 15-16 has processors of the guest's: 15\n");
	refusal_says(
		&w, GPU "[cpu]\ncores = 33\nthreads = 1\n",
		"cpu.cores: 33 virtual processors, but this host has 32 threads; ask for less");
	placed(&w, GPU "[cpu]\nemulator = 20-21\n", "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15",
	       "20-21", 8, 2);
}

static void isolate(struct world *w, const char *isolated, const char *tickless)
{
	assert_true(cpu_set_parse(&w->facts.cpu.topology.isolated, isolated));
	assert_true(cpu_set_parse(&w->facts.cpu.topology.tickless, tickless));
}

static void isolated_cores_come_first(void **state)
{
	struct world w = world();

	(void)state;
	isolate(&w, "4-9", "6-9,20-31");
	placed(&w, GPU, "4 5 6 7 8 9", "16-19", 3, 2);
	/* Without ticks before with them, then what is left in the usual order. */
	placed(&w, GPU "[cpu]\ncores = 2\n", "6 7 8 9", "16-19", 2, 2);
	placed(&w, GPU "[cpu]\ncores = 4\n", "2 3 4 5 6 7 8 9", "16-19", 4, 2);
	/* The right kind before the isolated ones. */
	placed(&w, "[cpu]\nplacement = efficiency\ncores = 2\n", "20 21", "16-19", 2, 1);
	placed(&w, "[cpu]\nplacement = any\ncores = 2\nthreads = 2\n", "6 7 8 9", "16-19", 2, 2);
	/* One core is not all that the guest is to have. */
	isolate(&w, "14-15", "");
	placed(&w, GPU, "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15", "16-31", 8, 2);
	/* One thread of each core. */
	isolate(&w, "5,7,9,11", "");
	placed(&w, GPU, "5 7 9 11", "16-31", 4, 1);
	placed(&w, GPU "[cpu]\nthreads = 2\ncores = 2\n", "4 5 6 7", "16-31", 2, 2);
	/* Small ones alone; and whoever wants the others leaves some to the host, whose work does
	 * not go to what is isolated.
	 */
	isolate(&w, "20-31", "");
	placed(&w, GPU, "20 21 22 23 24 25 26 27 28 29 30 31", "16-19", 12, 1);
	isolate(&w, "16-31", "");
	placed(&w, GPU "[cpu]\nplacement = performance\n", "2 3 4 5 6 7 8 9 10 11 12 13 14 15",
	       "0-1", 7, 2);
}

/* Eight cores of two threads, of which the second ones, 8-15, are isolated. */
static struct world second_threads(void)
{
	struct world w = world();
	struct cpu_topology *t = &w.facts.cpu.topology;

	*t = (struct cpu_topology){.cores = 8};
	assert_true(cpu_set_parse(&t->online, "0-15"));
	t->kind[CPU_PERFORMANCE] = t->online;
	isolate(&w, "8-15", "");
	w.facts.cpu.online = 16;
	for (unsigned i = 0; i < t->cores; i++) {
		w.core[i] = (struct cpu_set){0};
		cpu_set_add(&w.core[i], i);
		cpu_set_add(&w.core[i], i + 8);
	}
	return w;
}

/* Each core costs the host one of the threads that its own work goes to, and not both. */
static void cores_that_are_isolated_in_part(void **state)
{
	struct world w = second_threads();

	(void)state;
	placed(&w, "[cpu]\nplacement = performance\ncores = 4\nthreads = 2\n", "1 9 2 10 3 11 4 12",
	       "0,5-7", 4, 2);
	placed(&w, GPU "[cpu]\ncores = 6\nthreads = 2\n", "1 9 2 10 3 11 4 12 5 13 6 14", "0,7", 6,
	       2);
	placed(&w, GPU, "8 9 10 11 12 13 14 15", "0-7", 8, 1);
	refusal_says(&w, "[cpu]\nplacement = performance\ncores = 7\nthreads = 2\n",
		     "the host would keep less than 2 of its threads, of which it has 8");
}

static void nothing_else_runs_on_isolated_processors(void **state)
{
	struct world w = world();
	own_plan struct plan *plan = NULL, *all = NULL;
	own_free char *emulator = NULL;

	(void)state;
	/* Nothing is left but these: QEMU's threads share with the guest sooner. */
	isolate(&w, "16-31", "");
	plan = planned(&w, "[cpu]\nplacement = 0-15\n");
	emulator = cpu_set_text(&plan->placement.emulator);
	assert_string_equal(emulator, "0-15");
	notes_are(
		plan,
		"the guest has all processors that the boot options leave to the host's own work: QEMU's own threads run on them as well\n"
		"the boot options isolate the processors 16-31 (isolcpus), but the guest has none of these: it has 0-15, where the host's own work goes on\n");
	/* Nor do those that prepare its memory, which would all stay on one. */
	isolate(&w, "2-15", "2-15");
	all = planned(&w, GPU "[memory]\nhugepages = off\n");
	values_are(all, "-object", "thread-context",
		   "thread-context,id=prealloc,cpu-affinity=0-1,cpu-affinity=16-31\n");
	notes_are(all, "");
}

static void isolated_processors_that_stand_idle_are_told(void **state)
{
	struct world w = world();
	own_plan struct plan *idle = NULL, *given = NULL, *meant = NULL;
	own_plan struct plan *small = NULL, *none = NULL, *some = NULL;

	(void)state;
	isolate(&w, "2-15", "");
	idle = planned(&w, "");
	notes_are(
		idle,
		"the boot options isolate the processors 2-15 (isolcpus), and a guest that is not pinned does not use them: cpu.placement = performance does\n");
	isolate(&w, "16-31", "");
	small = planned(&w, "");
	notes_are(
		small,
		"the boot options isolate the processors 16-31 (isolcpus), and a guest that is not pinned does not use them: cpu.placement = efficiency does\n");
	none = planned(&w, GPU "[cpu]\nplacement = performance\ncores = 2\n");
	notes_are(
		none,
		"the boot options isolate the processors 16-31 (isolcpus), but the guest has none of these: it has 2-5, where the host's own work goes on\n");
	isolate(&w, "2-15", "");
	some = planned(&w, GPU "[cpu]\ncores = 8\n");
	notes_are(
		some,
		"the boot options isolate the processors 2-15 (isolcpus), but the guest has 0-1 as well, where the host's own work goes on\n");
	meant = planned(&w, "[cpu]\nplacement = none\n");
	notes_are(meant, "");
	given = planned(&w, GPU "[cpu]\ncores = 2\nemulator = 14-17\n");
	notes_are(
		given,
		"cpu.emulator = 14-17: the boot options isolate 14-15 (isolcpus), where nothing is balanced: all these threads stay on the first processor\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(performance_is_all_p_cores),
		cmocka_unit_test(a_list_is_taken_in_pairs_of_siblings),
		cmocka_unit_test(nothing_is_pinned_without_a_device),
		cmocka_unit_test(siblings_of_amd_are_told),
		cmocka_unit_test(kinds_together),
		cmocka_unit_test(too_little_for_auto_is_no_refusal),
		cmocka_unit_test(what_is_wrong_beside_auto_is_refused),
		cmocka_unit_test(isolated_cores_come_first),
		cmocka_unit_test(cores_that_are_isolated_in_part),
		cmocka_unit_test(nothing_else_runs_on_isolated_processors),
		cmocka_unit_test(isolated_processors_that_stand_idle_are_told),
	};

	return cmocka_run_group_tests_name("plan_placement", tests, NULL, NULL);
}
