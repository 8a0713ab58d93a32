/* What keeps the host away from a guest's processors, as the keeper does it, on plain files (which
 * obey): what is refused, what is written down, and that everything is given back where it is still
 * ours. Partitions are the kernel's own doing and are tried in the lab.
 */
#include "test_act_host.h"

static void put_irq(struct tree *tree, unsigned n, const char *list, const char *handler)
{
	own_free char *path = xasprintf("/proc/irq/%u/smp_affinity_list", n);
	own_free char *effective = xasprintf("/proc/irq/%u/effective_affinity_list", n);

	tree_put(tree, path, list);
	tree_put(tree, effective, list);
	if (handler) {
		own_free char *dir = xasprintf("/proc/irq/%u/%s/x", n, handler);

		tree_put(tree, dir, "");
	}
}

/* ------------------------------------------------------------------ interrupts */

static void put_irqs(struct tree *tree)
{
	tree_put(tree, "/proc/irq/default_smp_affinity", "f\n");
	put_irq(tree, 1, "0-3\n", "i8042");
	put_irq(tree, 2, "0-3\n", NULL);
	put_irq(tree, 30, "2\n", "nvme0q1");
	put_irq(tree, 31, "0\n", "xhci");
}

static void irqs_and_back(void **state)
{
	struct host *host = *state;
	struct intent intent = intent_of(STEP_IRQS, "2-3");
	struct error *err = NULL;
	struct keeper *k = &host->k;

	needs_run(host);
	put_irqs(host->tree);
	assert_true(move_irqs(k, &intent, &err));
	tree_is(host->tree, "/proc/irq/default_smp_affinity", "3\n");
	tree_is(host->tree, "/proc/irq/1/smp_affinity_list", "0-1\n");
	tree_is(host->tree, "/proc/irq/2/smp_affinity_list", "0-3\n");
	tree_is(host->tree, "/proc/irq/30/smp_affinity_list", "0-1\n");
	tree_is(host->tree, "/proc/irq/31/smp_affinity_list", "0\n");
	assert_int_equal(k->journal->irqs, 3);
	journal_is_written(k);
	assert_false(move_irqs(k, &intent, &err));
	says(&err, "interrupts were moved for the machine already");
	/* Somebody moves one meanwhile. */
	tree_put(host->tree, "/proc/irq/1/smp_affinity_list", "1\n");
	assert_true(restore_from(k, 0));
	tree_is(host->tree, "/proc/irq/default_smp_affinity", "f\n");
	tree_is(host->tree, "/proc/irq/1/smp_affinity_list", "1\n");
	tree_is(host->tree, "/proc/irq/30/smp_affinity_list", "2\n");
	assert_int_equal(k->journal->irqs, 0);
	assert_int_equal(k->journal->n, 0);
}

/* What a guest switches on later: only vfio's, only of what this machine has claimed. */
static void vectors_of_passed_devices(void **state)
{
	struct host *host = *state;
	struct intent intent = intent_of(STEP_IRQS, "2-3");
	struct change claimed = {.kind = CHANGE_CLAIMED};
	struct error *err = NULL;
	struct keeper *k = &host->k;

	needs_run(host);
	put_irqs(host->tree);
	k->qemu = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(steer_vectors(k), -1);
	assert_true(move_irqs(k, &intent, &err));
	/* Nothing is passed. */
	assert_int_equal(steer_vectors(k), -1);
	assert_true(pci_address_parse("0000:01:00.0", &claimed.address));
	assert_true(journal_add(k->journal, &claimed, &err));
	assert_true(steer_vectors(k) > 0);
	put_irq(host->tree, 40, "0-1\n", "vfio-msix[0](0000:01:00.0)");
	put_irq(host->tree, 41, "0-1\n", "vfio-msix[1](0000:01:00.0)");
	put_irq(host->tree, 42, "0-1\n", "nvme0q0");
	put_irq(host->tree, 43, "0-1\n", "vfio-msi[0](0000:02:00.0)");
	tree_put(host->tree, "/sys/bus/pci/devices/0000:01:00.0/msi_irqs/40", "msix\n");
	tree_put(host->tree, "/sys/bus/pci/devices/0000:01:00.0/msi_irqs/41", "msix\n");
	tree_put(host->tree, "/sys/bus/pci/devices/0000:01:00.0/msi_irqs/42", "msix\n");
	tree_put(host->tree, "/sys/bus/pci/devices/0000:01:00.0/msi_irqs/99", "msix\n");
	tree_put(host->tree, "/sys/bus/pci/devices/0000:01:00.0/msi_irqs/x", "msix\n");
	tree_put(host->tree, "/sys/bus/pci/devices/0000:02:00.0/msi_irqs/43", "msi\n");
	assert_true(steer_vectors(k) > 0);
	tree_is(host->tree, "/proc/irq/40/smp_affinity_list", "2-3\n");
	tree_is(host->tree, "/proc/irq/41/smp_affinity_list", "2-3\n");
	tree_is(host->tree, "/proc/irq/42/smp_affinity_list", "0-1\n");
	tree_is(host->tree, "/proc/irq/43/smp_affinity_list", "0-1\n");
	/* QEMU is gone, and its numbers may be others' soon. */
	tree_put(host->tree, "/proc/irq/40/smp_affinity_list", "0\n");
	close_fd(&k->qemu);
	assert_int_equal(steer_vectors(k), -1);
	tree_is(host->tree, "/proc/irq/40/smp_affinity_list", "0\n");
	assert_true(restore_from(k, 0));
	no_children();
}

/* Two machines, which end in either order. */
static void irqs_of_two_machines(void **state)
{
	struct host *host = *state;
	struct intent first = intent_of(STEP_IRQS, "0-1"), second = intent_of(STEP_IRQS, "2-3");
	struct journal *mine = host->k.journal;
	own_journal struct journal *other = journal_new(getuid());
	struct error *err = NULL;

	needs_run(host);
	tree_put(host->tree, "/sys/devices/system/cpu/online", "0-5\n");
	other->keeper = process_of(1);
	free(other->path);
	other->path = xstrdup(JOURNAL_DIR "/1.journal");
	for (int older_first = 0; older_first < 2; older_first++) {
		struct journal *const end[] = {older_first ? mine : other,
					       older_first ? other : mine};

		tree_put(host->tree, "/proc/irq/default_smp_affinity", "3f\n");
		put_irq(host->tree, 1, "0-5\n", "i8042");
		put_irq(host->tree, 30, "2\n", "nvme0q1");
		put_irq(host->tree, 31, "1\n", "xhci");
		host->k.journal = mine;
		assert_true(move_irqs(&host->k, &first, &err));
		tree_is(host->tree, "/proc/irq/1/smp_affinity_list", "2-5\n");
		host->k.journal = other;
		assert_true(move_irqs(&host->k, &second, &err));
		tree_is(host->tree, "/proc/irq/1/smp_affinity_list", "4-5\n");
		tree_is(host->tree, "/proc/irq/30/smp_affinity_list", "4-5\n");
		tree_is(host->tree, "/proc/irq/31/smp_affinity_list", "4-5\n");
		for (int i = 0; i < 2; i++) {
			host->k.journal = end[i];
			assert_true(restore_from(&host->k, 0));
			if (i == 0)
				tree_is(host->tree, "/proc/irq/1/smp_affinity_list",
					older_first ? "4-5\n" : "2-5\n");
		}
		tree_is(host->tree, "/proc/irq/default_smp_affinity", "3f\n");
		tree_is(host->tree, "/proc/irq/1/smp_affinity_list", "0-5\n");
		tree_is(host->tree, "/proc/irq/30/smp_affinity_list", "2\n");
		tree_is(host->tree, "/proc/irq/31/smp_affinity_list", "1\n");
	}
	host->k.journal = mine;
}

/* A service is started again by the last machine that needs it stopped. */
static void service_of_two_machines(void **state)
{
	struct host *host = *state;
	const struct change paused = {.kind = CHANGE_SERVICE, .number = SERVICE_IRQBALANCE};
	own_journal struct journal *theirs = journal_new(getuid());
	struct error *err = NULL;
	struct keeper *k = &host->k;

	needs_run(host);
	assert_true(pause_service(k, SERVICE_IRQBALANCE, &err));
	assert_int_equal(k->journal->n, 0);
	theirs->keeper = process_of(1);
	free(theirs->path);
	theirs->path = xstrdup(JOURNAL_DIR "/1.journal");
	assert_true(journal_add(theirs, &paused, &err));
	assert_true(pause_service(k, SERVICE_IRQBALANCE, &err));
	assert_int_equal(k->journal->n, 1);
	assert_true(restore_from(k, 0));
	assert_true(journal_drop(theirs, 0, &err));
}

/* A mask of many processors: each interrupt keeps what it had beyond the guest's. */
static void irqs_of_a_large_machine(void **state)
{
	struct host *host = *state;
	struct intent intent = intent_of(STEP_IRQS, "32-63");
	struct error *err = NULL;

	needs_run(host);
	tree_put(host->tree, "/sys/devices/system/cpu/online", "0-71\n");
	tree_put(host->tree, "/proc/irq/default_smp_affinity", "ff,ffffffff,ffffffff\n");
	for (unsigned i = 0; i < 300; i++)
		put_irq(host->tree, 100 + i, "31-33\n", "q");
	assert_true(move_irqs(&host->k, &intent, &err));
	tree_is(host->tree, "/proc/irq/default_smp_affinity", "ff,00000000,ffffffff\n");
	tree_is(host->tree, "/proc/irq/399/smp_affinity_list", "31\n");
	assert_int_equal(host->k.journal->irqs, 301);
	journal_is_written(&host->k);
	/* As after a death: by what was read from the file. */
	struct journal *read = journal_read(host->k.journal->path, &err);
	assert_non_null(read);
	journal_free(host->k.journal);
	host->k.journal = read;
	assert_true(restore_from(&host->k, 0));
	tree_is(host->tree, "/proc/irq/default_smp_affinity", "ff,ffffffff,ffffffff\n");
	tree_is(host->tree, "/proc/irq/399/smp_affinity_list", "31-33\n");
}

/* ------------------------------------------------------------------ isolation */

static void isolation_refused(void **state)
{
	struct host *host = *state;
	struct intent intent = intent_of(STEP_ISOLATE, "2-3");
	struct error *err = NULL;
	struct keeper *k = &host->k;

	needs_run(host);
	assert_false(isolate_cpus(k, &intent, &err));
	says(&err, "no control groups are mounted at /sys/fs/cgroup");
	tree_put(host->tree, "/sys/fs/cgroup/cpuset/cpuset.cpus", "");
	assert_false(isolate_cpus(k, &intent, &err));
	says(&err, "still has control groups of version 1");
	tree_put(host->tree, "/sys/fs/cgroup/cgroup.controllers", "cpu memory\n");
	assert_false(isolate_cpus(k, &intent, &err));
	says(&err, "no cpuset controller");
	tree_put(host->tree, "/sys/fs/cgroup/cgroup.controllers", "cpuset cpu\n");
	tree_put(host->tree, "/sys/fs/cgroup/cgroup.type", "domain\n");
	assert_false(isolate_cpus(k, &intent, &err));
	says(&err, "this is a container");
	own_free char *type = tree_path(host->tree, "/sys/fs/cgroup/cgroup.type");
	unlink(type);
	struct intent all = intent_of(STEP_ISOLATE, "0-3");
	assert_false(isolate_cpus(k, &all, &err));
	says(&err, "without the processors 0-3 the host would have less than 2 left");
	struct intent none = intent_of(STEP_ISOLATE, "");
	assert_false(isolate_cpus(k, &none, &err));
	says(&err, "no processors were named");
	struct intent far = intent_of(STEP_ISOLATE, "3-4,1023");
	assert_false(isolate_cpus(k, &far, &err));
	says(&err, "processors that are not online: 4,1023");
	assert_int_equal(k->journal->n, 0);
	/* All is well but the kernel, which makes no files in the new directory. */
	tree_put(host->tree, "/sys/fs/cgroup/cgroup.subtree_control", "cpu\n");
	assert_false(isolate_cpus(k, &intent, &err));
	says(&err, "cgroup.type: No such file or directory");
	own_free char *group = xasprintf("/sys/fs/cgroup/vmlaunch%d", (int)getpid());
	assert_true(restore_from(k, 0));
	assert_false(root_exists(&host->tree->root, "%s", group));
	assert_int_equal(k->journal->n, 0);
	assert_false(isolate_thread(k, getpid(), &err));
	says(&err, "is no thread of QEMU's that is to be isolated");
}

static void taken_by_another(void **state)
{
	struct host *host = *state;
	struct error *err = NULL;
	struct change change = {.kind = CHANGE_ISOLATED};
	own_journal struct journal *other = journal_new(getuid());
	struct intent intent = intent_of(STEP_ISOLATE, "4-5");
	struct cpu_set rest;

	needs_run(host);
	tree_put(host->tree, "/sys/devices/system/cpu/online", "0-7\n");
	assert_true(change_name(&change, "vmlaunch1"));
	assert_true(cpu_set_parse(&change.cpus, "2-4"));
	other->keeper = process_of(1);
	assert_true(journal_add(other, &change, &err));
	assert_false(cpus_are_free(&host->k, &intent.isolate.cpus, &rest, &err));
	says(&err, "some of the processors 4-5 are another machine's, which has isolated them");
	assert_true(cpu_set_parse(&intent.isolate.cpus, "5-7"));
	assert_true(cpus_are_free(&host->k, &intent.isolate.cpus, &rest, &err));
	own_free char *left = cpu_set_text(&rest);
	assert_string_equal(left, "0-1");
	assert_true(cpu_set_parse(&intent.isolate.cpus, "1,5-7"));
	assert_false(cpus_are_free(&host->k, &intent.isolate.cpus, &rest, &err));
	says(&err, "the host would have less than 2 left");
}

/* What a vCPU's thread has made goes where QEMU's other threads are, and nothing else does. */
static void thread_that_returns(void **state)
{
	struct host *host = *state;
	struct keeper *k = &host->k;
	struct error *err = NULL;
	struct change change = {.kind = CHANGE_ISOLATED};
	const char *const root = "/sys/fs/cgroup/cgroup.threads";

	needs_run(host);
	tree_put(host->tree, root, "");
	tree_put(host->tree, "/proc/41/task/42/cgroup", "0::/vmlaunch77\n");
	tree_put(host->tree, "/proc/41/task/43/cgroup", "0::/\n");
	tree_put(host->tree, "/proc/50/task/50/cgroup", "0::/vmlaunch77\n");
	k->journal->qemu.pid = 41;
	assert_false(return_thread(k, 42, &err));
	says(&err, "42 is no thread of QEMU's that is to be isolated");
	assert_true(change_name(&change, "vmlaunch77"));
	assert_true(journal_add(k->journal, &change, &err));
	assert_false(return_thread(k, 50, &err));
	says(&err, "50 is no thread of QEMU's");
	assert_false(return_thread(k, -1, &err));
	says(&err, "-1 is no thread of QEMU's");
	assert_true(return_thread(k, 43, &err));
	tree_is(host->tree, root, "");
	assert_true(return_thread(k, 42, &err));
	tree_is(host->tree, root, "42\n");
}

/* ------------------------------------------------------------------ the journal */

#define HEAD                                                                                      \
	"{\"version\":1,\"boot-id\":\"b\",\"uid\":0,\"keeper\":{\"pid\":1},\"qemu\":{\"pid\":0}," \
	"\"changes\":["

static void journal_round_trip(void **state)
{
	struct change change = {.kind = CHANGE_ISOLATED, .number = ISOLATED_CPUSET};
	own_journal struct journal *journal = journal_parse(
		HEAD
		"{\"kind\":\"interrupts\","
		"\"address\":\"0000:00:00.0\",\"names\":[],\"acl\":\"0000:-\",\"cpus\":\"2-3\","
		"\"rest\":\"0-1\"}],\"irqs\":{\"default\":\"0-3\",\"7\":\"3,1000\"}}",
		NULL);
	own_journal struct journal *again = NULL;
	own_free char *text = NULL, *twice = NULL;
	static const char *const table[] = {
		"\"7\":\"0-1023\"", "\"-1\":\"0\"", "\"x\":\"0\"", "\"1048576\":\"0\"",
		"\"7\":\"1024\"",   "\"7\":\"0-\"", "\"7\":7"};

	(void)state;
	assert_non_null(journal);
	assert_int_equal(journal->irqs, 2);
	assert_int_equal(journal->irq[0].irq, IRQ_DEFAULT);
	assert_true(cpu_set_has(&journal->irq[1].affinity, 1000));
	assert_true(change_name(&change, "vmlaunch77_1"));
	*xappend(journal->change, journal->n) = change;
	text = journal_text(journal);
	again = journal_parse(text, NULL);
	assert_non_null(again);
	twice = journal_text(again);
	assert_string_equal(text, twice);
	assert_true(cpu_set_equal(&again->change[0].rest, &journal->change[0].rest));
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		own_free char *with = xasprintf(HEAD "],\"irqs\":{%s}}", table[i]);
		own_journal struct journal *parsed = journal_parse(with, NULL);

		/* The first one is good. */
		assert_int_equal(!parsed, i > 0);
	}
}

/* A journal's group is never anybody else's. */
static void only_our_groups(void **state)
{
	struct host *host = *state;
	struct error *err = NULL;
	static const char *const names[] = {"system", "vmlaunch-1", "vmlaunch1x", "init"};

	tree_put(host->tree, "/sys/fs/cgroup/cgroup.controllers", "cpuset\n");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct change change = {.kind = CHANGE_ISOLATED};
		own_free char *dir = xasprintf("%s/sys/fs/cgroup/%s", host->tree->dir, names[i]);

		assert_true(change_name(&change, names[i]));
		assert_true(dir_make(dir, 0755, &err));
		assert_true(undo_isolated(&host->k, &change, &err));
		assert_int_equal(access(dir, F_OK), 0);
	}
	struct change ours = {.kind = CHANGE_ISOLATED};
	own_free char *dir = xasprintf("%s/sys/fs/cgroup/vmlaunch12_3", host->tree->dir);

	assert_true(change_name(&ours, "vmlaunch12_3"));
	assert_true(dir_make(dir, 0755, &err));
	assert_true(undo_isolated(&host->k, &ours, &err));
	assert_int_equal(access(dir, F_OK), -1);
	assert_true(undo_isolated(&host->k, &ours, &err));
	/* What is in there goes back first; a plain directory is not empty even then. */
	tree_put(host->tree, "/sys/fs/cgroup/vmlaunch12_3/cgroup.threads", "41\n42\n");
	tree_put(host->tree, "/sys/fs/cgroup/cgroup.threads", "");
	assert_false(undo_isolated(&host->k, &ours, &err));
	assert_non_null(strstr(error_message(err, 0),
			       "cannot remove the group /sys/fs/cgroup/vmlaunch12_3"));
	error_free(err);
	tree_is(host->tree, "/sys/fs/cgroup/cgroup.threads", "42\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_HOST(irqs_and_back),		  ON_HOST(vectors_of_passed_devices),
		ON_HOST(irqs_of_two_machines),	  ON_HOST(service_of_two_machines),
		ON_HOST(irqs_of_a_large_machine), ON_HOST(isolation_refused),
		ON_HOST(taken_by_another),	  ON_HOST(thread_that_returns),
		ON_HOST(only_our_groups),	  cmocka_unit_test(journal_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
