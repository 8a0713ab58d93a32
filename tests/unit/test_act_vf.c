/* Virtual functions as the keeper makes and removes them, on plain files, which obey and make
 * nothing.
 */
#include "test_act_host.h"

#include <sys/stat.h>

#include "host/vf.h"

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
		.vf = {.physical = {.slot = 2, .vendor = 0x8086, .device = 0x46a6}, .count = 1},
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

/* Another keeper's journal; pid 1 lives. */
static void put_other(struct host *host, unsigned count)
{
	struct journal *other = journal_new(getuid());
	struct change change = {.kind = CHANGE_VFS, .address = {.slot = 2}, .number = count};
	struct error *err = NULL;

	(void)host;
	other->keeper = process_of(getppid());
	free(other->path);
	other->path = xasprintf(JOURNAL_DIR "/%d.journal", (int)getppid());
	assert_true(change_name(&change, "1"));
	assert_true(journal_add(other, &change, &err));
	journal_free(other);
}

static void several_users_share_them(void **state)
{
	struct host *host = *state;
	struct intent intent = vf_of("xe");
	struct error *err = NULL;
	struct keeper *k = &host->k;
	own_free char *other = xasprintf(JOURNAL_DIR "/%d.journal", (int)getppid());

	needs_run(host);
	put_pf(host, "xe", "0\n");
	tree_put(host->tree, PF "sriov_numvfs", "3\n");
	put_vf(host, NULL);
	put_other(host, 3);
	assert_false(take_vf(k, &intent, &err));
	error_free(err);
	err = NULL;
	assert_non_null(journal_find(k->journal, CHANGE_VFS));
	assert_int_equal(journal_find(k->journal, CHANGE_VFS)->number, 3);
	journal_is_written(k);
	/* The other one still has one of them. */
	assert_true(restore_from(k, 0));
	tree_is(host->tree, PF "sriov_numvfs", "3\n");
	/* And not any more. */
	assert_false(take_vf(k, &intent, &err));
	error_free(err);
	err = NULL;
	assert_int_equal(unlink(other), 0);
	assert_true(restore_from(k, 0));
	tree_is(host->tree, PF "sriov_numvfs", "0\n");
	/* One that was there before any of us stays. */
	tree_put(host->tree, PF "sriov_numvfs", "3\n");
	assert_false(take_vf(k, &intent, &err));
	error_free(err);
	assert_null(journal_find(k->journal, CHANGE_VFS));
	assert_true(restore_from(k, 0));
	tree_is(host->tree, PF "sriov_numvfs", "3\n");
}

static void shares_and_back(void **state)
{
	static const char time[] = PF "sriov_admin/vf2/profile/exec_quantum_ms";
	static const char timeout[] = PF "sriov_admin/vf2/profile/preempt_timeout_us";
	static const char memory[] = PF "sriov_admin/vf2/profile/vram_quota";
	struct host *host = *state;
	struct intent intent = vf_of("xe");
	struct error *err = NULL;
	struct keeper *k = &host->k;

	needs_run(host);
	put_pf(host, "xe", "0\n");
	intent.vf.count = 3;
	intent.vf.number = 1;
	intent.vf.time = 20;
	assert_false(take_vf(k, &intent, &err));
	says(&err, "0000:00:02.0 has no sriov_admin/vf2/profile/exec_quantum_ms");
	tree_is(host->tree, PF "sriov_numvfs", "0\n");
	tree_put(host->tree, time, "0\n");
	tree_put(host->tree, timeout, "640000\n");
	tree_put(host->tree, memory, "0\n");
	assert_false(take_vf(k, &intent, &err));
	says(&err, "no virtual function sits at 0000:00:02.2");
	tree_is(host->tree, time, "20\n");
	tree_is(host->tree, timeout, "20000\n");
	tree_is(host->tree, memory, "0\n");
	tree_is(host->tree, PF "sriov_numvfs", "3\n");
	journal_is_written(k);
	assert_true(restore_from(k, 0));
	tree_is(host->tree, time, "0\n");
	tree_is(host->tree, timeout, "640000\n");
	tree_is(host->tree, PF "sriov_numvfs", "0\n");
	intent.vf.memory = 1UL << 30;
	assert_false(take_vf(k, &intent, &err));
	error_free(err);
	tree_is(host->tree, memory, "1073741824\n");
	assert_true(restore_from(k, 0));
	tree_is(host->tree, memory, "0\n");
	assert_int_equal(k->journal->n, 0);
}

/* The keeper's words, which are those that the plan has of the same host. */
static void both_refuse(struct host *host, const struct intent *intent, const char *words)
{
	const struct step_function *f = &intent->vf.physical;
	const struct pci_address at = {f->domain, f->bus, f->slot, f->function};
	const struct vf_wish wish = {intent->vf.count, intent->vf.number};
	own_vf_choice struct vf_choice choice = {0};
	own_pci_list struct pci_list list = {0};
	struct error *err = NULL;

	assert_false(take_vf(&host->k, intent, &err));
	pci_list_read(&list, &host->k.root);
	vf_choose(&choice, &list, pci_list_find(&list, &at), NULL, &wish);
	assert_non_null(choice.refusal);
	if (!strstr(error_message(err, 0), choice.refusal))
		fail_msg("the keeper says \"%s\" and not \"%s\"", error_message(err, 0),
			 choice.refusal);
	says(&err, words);
	assert_int_equal(host->k.journal->n, 0);
}

static void refusals(void **state)
{
	struct host *host = *state;
	struct intent intent = vf_of("xe"), vfio = vf_of("vfio-pci"), none = vf_of("");
	struct intent i915 = vf_of("i915"), virtual = vf_of("xe");
	own_free char *driver = tree_path(host->tree, PF "driver");
	own_free char *vf = tree_path(host->tree, VF "driver");
	struct error *err = NULL;
	struct keeper *k = &host->k;

	virtual.vf.physical.function = 1;
	put_pf(host, "xe", "2\n");
	put_vf(host, "../../drivers/xe");
	both_refuse(host, &intent, "0000:00:02.0 has 2 virtual functions, and all are in use");
	tree_put(host->tree, PF "sriov_numvfs", "0\n");
	both_refuse(host, &intent, "where one would be, 0000:00:02.1, is no room");
	intent.vf.count = 8;
	both_refuse(host, &intent,
		    "0000:00:02.0 can make 7 virtual functions, and vf-count asks for 8");
	intent.vf.count = 0;
	both_refuse(host, &intent, "this start needs more");
	intent.vf.count = 1;
	/* Somebody was quicker. */
	tree_put(host->tree, PF "sriov_numvfs", "2\n");
	assert_int_equal(unlink(vf), 0);
	intent.vf.number = 1;
	assert_false(take_vf(k, &intent, &err));
	says(&err, "0000:00:02.2 is no virtual function that is there by now: start again");
	intent.vf.number = 0;
	assert_int_equal(symlink("../../drivers/xe", vf), 0);
	tree_put(host->tree, PF "sriov_numvfs", "0\n");
	assert_false(take_vf(k, &vfio, &err));
	says(&err, "0000:00:02.0 has driver xe now, which the plan did not expect");
	assert_int_equal(unlink(driver), 0);
	assert_int_equal(symlink("../../drivers/vfio-pci", driver), 0);
	both_refuse(host, &vfio, "0000:00:02.0 can make no virtual functions: vfio-pci has it");
	tree_put(host->tree, PF "sriov_numvfs", "2\n");
	both_refuse(host, &vfio, "0000:00:02.0 can make no virtual functions: vfio-pci has it");
	tree_put(host->tree, PF "sriov_numvfs", "0\n");
	assert_int_equal(unlink(driver), 0);
	both_refuse(host, &none, "0000:00:02.0 can make no virtual functions: no driver has it");
	assert_int_equal(symlink("../../drivers/i915", driver), 0);
	tree_put(host->tree, PF "sriov_totalvfs", "0\n");
	both_refuse(
		host, &i915,
		"0000:00:02.0 can make no virtual functions (SR-IOV) here: the kernel's own i915");
	both_refuse(host, &virtual, "0000:00:02.1 is a virtual function itself");
	assert_int_equal(k->journal->n, 0);
	tree_is(host->tree, PF "sriov_numvfs", "0\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(made_and_removed, host_make, host_remove),
		cmocka_unit_test_setup_teardown(those_of_others_stay, host_make, host_remove),
		ON_HOST(several_users_share_them),
		ON_HOST(shares_and_back),
		cmocka_unit_test_setup_teardown(refusals, host_make, host_remove),
	};

	return cmocka_run_group_tests_name("act_vf", tests, NULL, NULL);
}
