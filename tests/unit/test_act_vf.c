/* Virtual functions as the keeper makes and removes them, on plain files, which obey and make
 * nothing.
 */
#include "test_act_host.h"

#include <sys/stat.h>

#define PF "/sys/bus/pci/devices/0000:00:02.0/"
#define VF "/sys/bus/pci/devices/0000:00:02.1/"

static void put_pf(struct host *host, const char *driver, const char *number)
{
	own_free char *link = tree_path(host->tree, PF "driver");
	own_free char *target = xasprintf("../../drivers/%s", driver);
	const char *const file[][2] = {
		{"vendor", "0x8086\n"},	  {"device", "0x46a6\n"},
		{"class", "0x030000\n"},  {"sriov_totalvfs", "7\n"},
		{"sriov_offset", "1\n"},  {"sriov_stride", "1\n"},
		{"sriov_numvfs", number}, {"sriov_drivers_autoprobe", "1\n"}};

	for (size_t i = 0; i < ARRAY_SIZE(file); i++) {
		own_free char *path = xasprintf(PF "%s", file[i][0]);

		tree_put(host->tree, path, file[i][1]);
	}
	assert_int_equal(symlink(target, link), 0);
}

static void put_vf(struct host *host, const char *driver)
{
	own_free char *physfn = tree_path(host->tree, VF "physfn");
	own_free char *link = tree_path(host->tree, VF "driver");

	tree_put(host->tree, VF "vendor", "0x8086\n");
	tree_put(host->tree, VF "device", "0x46a6\n");
	assert_int_equal(symlink("../0000:00:02.0", physfn), 0);
	assert_true(!driver || symlink(driver, link) == 0);
}

static struct intent vf_of(const char *driver)
{
	struct intent intent = {
		.kind = STEP_VF,
		.vf.physical = {.slot = 2, .vendor = 0x8086, .device = 0x46a6},
	};

	strcpy(intent.vf.physical.driver, driver);
	return intent;
}

static void made_and_removed(void **state)
{
	struct host *host = *state;
	struct intent intent = vf_of("xe");
	struct error *err = NULL;
	struct keeper *k = &host->k;

	needs_run(host);
	put_pf(host, "xe", "0\n");
	/* The file takes the number, and no kernel is behind it. */
	assert_false(take_vf(k, &intent, &err));
	says(&err, "no virtual function sits at 0000:00:02.1");
	tree_is(host->tree, PF "sriov_numvfs", "1\n");
	tree_is(host->tree, PF "sriov_drivers_autoprobe", "0\n");
	assert_int_equal(k->journal->n, 1);
	journal_is_written(k);
	assert_true(restore_from(k, 0));
	tree_is(host->tree, PF "sriov_numvfs", "0\n");
	tree_is(host->tree, PF "sriov_drivers_autoprobe", "1\n");
	assert_int_equal(k->journal->n, 0);
}

static void those_of_others_stay(void **state)
{
	struct host *host = *state;
	struct intent intent = vf_of("xe");
	struct error *err = NULL;
	struct keeper *k = &host->k;

	needs_run(host);
	put_pf(host, "xe", "0\n");
	assert_false(take_vf(k, &intent, &err));
	error_free(err);
	/* Somebody has one of them. */
	put_vf(host, "../../drivers/vfio-pci");
	assert_false(restore_from(k, 0));
	tree_is(host->tree, PF "sriov_numvfs", "1\n");
	assert_int_equal(k->journal->n, 1);
	/* Somebody has made others of them. */
	tree_put(host->tree, PF "sriov_numvfs", "3\n");
	assert_true(restore_from(k, 0));
	tree_is(host->tree, PF "sriov_numvfs", "3\n");
	tree_is(host->tree, PF "sriov_drivers_autoprobe", "1\n");
}

static void refusals(void **state)
{
	struct host *host = *state;
	struct intent intent = vf_of("xe"), vfio = vf_of("vfio-pci");
	own_free char *driver = tree_path(host->tree, PF "driver");
	struct error *err = NULL;
	struct keeper *k = &host->k;

	put_pf(host, "xe", "2\n");
	put_vf(host, "../../drivers/xe");
	assert_false(take_vf(k, &intent, &err));
	says(&err, "0000:00:02.0 has 2 virtual functions, and all are in use");
	tree_put(host->tree, PF "sriov_numvfs", "0\n");
	assert_false(take_vf(k, &intent, &err));
	says(&err, "where the first one would be, 0000:00:02.1, is no room");
	assert_false(take_vf(k, &vfio, &err));
	says(&err, "0000:00:02.0 has driver xe now, which the plan did not expect");
	assert_int_equal(unlink(driver), 0);
	assert_int_equal(symlink("../../drivers/vfio-pci", driver), 0);
	assert_false(take_vf(k, &vfio, &err));
	says(&err, "0000:00:02.0 can make no virtual functions: vfio-pci has it");
	assert_int_equal(k->journal->n, 0);
	tree_is(host->tree, PF "sriov_numvfs", "0\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(made_and_removed, host_make, host_remove),
		cmocka_unit_test_setup_teardown(those_of_others_stay, host_make, host_remove),
		cmocka_unit_test_setup_teardown(refusals, host_make, host_remove),
	};

	return cmocka_run_group_tests_name("act_vf", tests, NULL, NULL);
}
