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

/* A display with registers in BAR 0 and pictures in BAR 1. */
static void put_config(struct host *host, unsigned char bar0, unsigned char bar1, bool enabled)
{
	own_free char *path = tree_path(host->tree, GPU "config");
	struct error *err = NULL;
	char head[64] = {0x02, 0x10, (char)0xbf, 0x73, enabled ? 2 : 0};

	head[0x13] = (char)bar0;
	head[0x14] = 0x0c;
	head[0x17] = (char)bar1;
	head[0x18] = 1;
	assert_true(file_write(path, head, sizeof(head), 0644, VOLATILE, &err));
}

static void put_registers(struct host *host, const char *name, int value)
{
	own_free char *path = xasprintf("%s" GPU "%s", host->tree->dir, name);
	struct error *err = NULL;
	char page[4096];

	memset(page, value, sizeof(page));
	assert_true(file_write(path, page, sizeof(page), 0644, VOLATILE, &err));
}

static void a_card_whose_memory_is_gone(void **state)
{
	struct host *host = *state;
	own_free char *link = tree_path(host->tree, GPU "driver");

	tree_put(host->tree, GPU "vendor", "0x1002\n");
	tree_put(host->tree, GPU "device", "0x73bf\n");
	tree_put(host->tree, GPU "class", "0x030000\n");
	tree_put(host->tree, GPU "power/runtime_status", "active\n");
	tree_put(host->tree, GPU "resource",
		 "0x00000000f0000000 0x00000000f000ffff 0x0000000000040200\n"
		 "0x00000001a0000000 0x00000001afffffff 0x000000000014220c\n");
	put_config(host, 0xf0, 0xa0, true);
	put_registers(host, "resource0", 0x10);
	put_registers(host, "resource1", 0xff);
	verdict_is(host, "it answers: ready for another start");
	/* A reset that took the addresses. */
	put_config(host, 0, 0, true);
	verdict_is(host, "its BAR 0 does not answer any more: another start only after a sleep");
	put_config(host, 0xf0, 0, true);
	verdict_is(host, "its BAR 1 does not answer any more: another start only after a sleep");
	/* Registers that are not there. Switched off or asleep, nothing answers. */
	put_registers(host, "resource0", 0xff);
	put_config(host, 0xf0, 0xa0, true);
	verdict_is(host, "its BAR 0 does not answer any more");
	put_config(host, 0xf0, 0xa0, false);
	verdict_is(host, "it answers: ready for another start");
	put_config(host, 0xf0, 0xa0, true);
	tree_put(host->tree, GPU "power/runtime_status", "suspended\n");
	verdict_is(host, "it answers: ready for another start");
	tree_put(host->tree, GPU "power/runtime_status", "active\n");
	verdict_is(host, "its BAR 0 does not answer any more");
	/* A driver of the host's that took it has tried it. */
	assert_int_equal(symlink("../../drivers/amdgpu", link), 0);
	verdict_is(host, "it answers: ready for another start");
}

/* ------------------------------------------------------------------ awake */

#define PORT "/sys/bus/pci/devices/0000:00:01.0/"

static void it_and_its_port_stay_awake(void **state)
{
	struct host *host = *state;
	struct pci_function f = {
		.address = {0, 1, 0, 0}, .has_parent = true, .parent = {0, 0, 1, 0}};
	struct pci_function sound = f;
	struct error *err = NULL;
	struct keeper *k = &host->k;

	needs_run(host);
	sound.address.function = 1;
	tree_put(host->tree, PORT "power/control", "auto\n");
	tree_put(host->tree, PORT "d3cold_allowed", "1\n");
	tree_put(host->tree, GPU "power/control", "auto\n");
	tree_put(host->tree, GPU "d3cold_allowed", "0\n");
	assert_true(keep_awake(k, &f, &err));
	/* The other one has neither attribute. */
	assert_true(keep_awake(k, &sound, &err));
	tree_is(host->tree, PORT "power/control", "on\n");
	tree_is(host->tree, PORT "d3cold_allowed", "0\n");
	tree_is(host->tree, GPU "power/control", "on\n");
	assert_int_equal(k->journal->n, 3);
	journal_is_written(k);
	/* What somebody else has made of it meanwhile is theirs. */
	tree_put(host->tree, PORT "d3cold_allowed", "1\n");
	assert_true(restore_from(k, 0));
	tree_is(host->tree, PORT "power/control", "auto\n");
	tree_is(host->tree, PORT "d3cold_allowed", "1\n");
	tree_is(host->tree, GPU "power/control", "auto\n");
	tree_is(host->tree, GPU "d3cold_allowed", "0\n");
	assert_int_equal(k->journal->n, 0);
}

/* ------------------------------------------------------------------ sleep */

#define STATE "/sys/power/state"
#define ALARM "/sys/class/rtc/rtc0/wakealarm"

static void the_host_sleeps_once_the_guest_has_ended(void **state)
{
	struct host *host = *state;
	struct error *err = NULL;
	struct keeper *k = &host->k;

	needs_run(host);
	tree_put(host->tree, STATE, "freeze mem disk\n");
	tree_put(host->tree, ALARM, "\n");
	assert_true(want_sleep(k, &err));
	assert_true(want_sleep(k, &err));
	assert_int_equal(k->journal->n, 1);
	journal_is_written(k);
	/* A start that came to nothing. */
	assert_true(restore_from(k, 0));
	tree_is(host->tree, STATE, "freeze mem disk\n");
	assert_true(want_sleep(k, &err));
	k->journal->qemu.pid = 1;
	assert_true(restore_from(k, 0));
	tree_is(host->tree, STATE, "mem\n");
	tree_is(host->tree, ALARM, "0\n");
	assert_int_equal(k->journal->n, 0);
}

static void nobody_elses_host_falls_asleep(void **state)
{
	struct host *host = *state;
	struct error *err = NULL;
	struct keeper *k = &host->k;

	needs_run(host);
	assert_false(want_sleep(k, &err));
	says(&err,
	     "cannot be put to sleep for a moment (reset = sleep): the kernel offers no sleep");
	tree_put(host->tree, STATE, "freeze mem\n");
	assert_false(want_sleep(k, &err));
	says(&err, "its clock cannot wake it");
	tree_put(host->tree, ALARM, "1795000000\n");
	assert_false(want_sleep(k, &err));
	says(&err, "its clock is to wake it for somebody else already");
	tree_put(host->tree, ALARM, "\n");
	assert_true(want_sleep(k, &err));
	/* Somebody has set an alarm since. */
	tree_put(host->tree, ALARM, "1795000000\n");
	k->journal->qemu.pid = 1;
	assert_true(restore_from(k, 0));
	tree_is(host->tree, STATE, "freeze mem\n");
	tree_is(host->tree, ALARM, "1795000000\n");
	/* What a dead keeper had promised is not done hours later. */
	tree_put(host->tree, ALARM, "\n");
	assert_true(want_sleep(k, &err));
	k->journal->keeper.pid = 1;
	assert_true(restore_from(k, 0));
	tree_is(host->tree, STATE, "freeze mem\n");
	assert_int_equal(k->journal->n, 0);
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
		ON_HOST(a_card_whose_memory_is_gone),
		ON_HOST(it_and_its_port_stay_awake),
		ON_HOST(the_host_sleeps_once_the_guest_has_ended),
		ON_HOST(nobody_elses_host_falls_asleep),
	};

	return cmocka_run_group_tests_name("act_reset", tests, NULL, NULL);
}
