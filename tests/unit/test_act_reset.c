/* Reset methods as the keeper writes them and puts them back, and whether a card lives, on plain
 * files (which obey).
 */
#include "test_act_host.h"

#include "act/bind.h"

#define GPU "/sys/bus/pci/devices/0000:01:00.0/"

static char *const FLR_BUS[] = {(char *)"flr", (char *)"bus"};

static struct pci_function gpu(void)
{
	return (struct pci_function){
		.address = {0, 1, 0, 0},
		.has_parent = true,
		.reset = (char **)FLR_BUS,
		.resets = 2,
	};
}

static bool choose(struct keeper *k, const struct pci_function *f, enum reset_way way,
		   struct error **err)
{
	const struct pci_list list = {(struct pci_function *)f, 1};
	const struct pci_set set = {&f, 1};

	return choose_reset(k, &list, &set, f, way, err);
}

static void a_method_and_back(void **state)
{
	struct host *host = *state;
	struct pci_function f = gpu();
	struct error *err = NULL;
	struct keeper *k = &host->k;

	needs_run(host);
	tree_put(host->tree, GPU "reset_method", "flr bus\n");
	/* The kernel's own choice is no change. */
	assert_true(choose(k, &f, RESET_AUTO, &err));
	assert_int_equal(k->journal->n, 0);
	assert_true(choose(k, &f, RESET_BUS, &err));
	tree_is(host->tree, GPU "reset_method", "bus\n");
	assert_int_equal(k->journal->n, 1);
	journal_is_written(k);
	/* What was there before is not what we have made of it. */
	assert_true(choose(k, &f, RESET_NONE, &err));
	tree_is(host->tree, GPU "reset_method", "\n");
	assert_int_equal(k->journal->n, 1);
	tree_put(host->tree, GPU "reset_method", "bus\n");
	assert_true(restore_from(k, 0));
	tree_is(host->tree, GPU "reset_method", "flr bus\n");
	assert_int_equal(k->journal->n, 0);
}

static void what_is_somebody_elses_stays(void **state)
{
	struct host *host = *state;
	struct pci_function f = gpu();
	struct error *err = NULL;
	struct keeper *k = &host->k;

	needs_run(host);
	tree_put(host->tree, GPU "reset_method", "flr bus\n");
	assert_true(choose(k, &f, RESET_NONE, &err));
	tree_put(host->tree, GPU "reset_method", "pm\n");
	assert_true(restore_from(k, 0));
	tree_is(host->tree, GPU "reset_method", "pm\n");
	/* Pulled out meanwhile. */
	tree_put(host->tree, GPU "reset_method", "flr bus\n");
	assert_true(choose(k, &f, RESET_FLR, &err));
	own_free char *file = tree_path(host->tree, GPU "reset_method");
	unlink(file);
	assert_true(restore_from(k, 0));
	assert_int_equal(k->journal->n, 0);
}

static void what_cannot_be_had_is_refused(void **state)
{
	struct host *host = *state;
	struct pci_function f = gpu();
	struct error *err = NULL;
	struct keeper *k = &host->k;

	tree_put(host->tree, GPU "reset_method", "flr bus\n");
	assert_false(choose(k, &f, RESET_PM, &err));
	says(&err,
	     "0000:01:00.0 cannot be reset by 'pm': the kernel has no reset 'pm' for it, but: flr bus");
	tree_is(host->tree, GPU "reset_method", "flr bus\n");
	assert_int_equal(k->journal->n, 0);
}

static void verdict_is(struct host *host, const char *words)
{
	own_free char *verdict = verdict_of(&host->k, &(struct pci_address){0, 1, 0, 0});

	assert_non_null(strstr(verdict, words));
}

static void a_card_that_does_not_answer(void **state)
{
	struct host *host = *state;

	tree_put(host->tree, GPU "vendor", "0x1002\n");
	tree_put(host->tree, GPU "device", "0x73bf\n");
	tree_put(host->tree, GPU "class", "0x030000\n");
	/* Nothing to be read is no verdict against it. */
	verdict_is(host, "it answers: ready for another start");
	tree_put(host->tree, GPU "config", "\x02\x10\xbf\x73");
	verdict_is(host, "it answers: ready for another start");
	tree_put(host->tree, GPU "config", "\xff\xff\xff\xff");
	verdict_is(host, "does not answer any more: another start only after a sleep");
	/* A virtual function has its ids from its maker alone. */
	tree_put(host->tree, GPU "config", "\xff\xff\xff\xff\x06\x04\x10");
	verdict_is(host, "it answers: ready for another start");
	tree_put(host->tree, GPU "config", "\x02\x10\x50\x75");
	tree_put(host->tree, GPU "device", "0x7550\n");
	verdict_is(host, "it answers, but is Navi 48, of a generation that no reset brings back");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_method_and_back, host_make, host_remove),
		cmocka_unit_test_setup_teardown(what_is_somebody_elses_stays, host_make,
						host_remove),
		cmocka_unit_test_setup_teardown(what_cannot_be_had_is_refused, host_make,
						host_remove),
		cmocka_unit_test_setup_teardown(a_card_that_does_not_answer, host_make,
						host_remove),
	};

	return cmocka_run_group_tests_name("act_reset", tests, NULL, NULL);
}
