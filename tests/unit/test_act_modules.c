/* Kernel modules: what /proc/modules and /sys/module say, and what becomes of modprobe's and the
 * kernel's answers. Real modules come and go in the lab.
 */
#include "test_act_tree.h"

#include <sys/stat.h>

#include "act/modules.h"

static const char listing[] =
	"nvidia_drm 77824 3 - Live 0xffffffffc1a00000 (POE)\n"
	"nvidia_uvm 1 0 - Loading 0x0000000000000000\n"
	"nvidia_modeset 1314816 2 nvidia_drm, Live 0x0000000000000000 (POE)\n"
	"nvidia 56823808 61 nvidia_uvm,nvidia_modeset, Live 0x0000000000000000 (POE)\n"
	"stuck 16384 1 [permanent], Live 0x0000000000000000\n"
	"torn\n"
	"torn 16384\n"
	"\n"
	"snd_hda_intel 57344 0 - Live 0x0000000000000000";

static void state_of_modules(void **state)
{
	struct tree *tree = *state;

	assert_int_equal(module_state(&tree->root, "nvidia"), MODULE_NOT_THERE);
	tree_put(tree, "/sys/module/vfio_pci/initstate", "live\n");
	tree_put(tree, "/sys/module/kvm/parameters/x", "1\n");
	assert_int_equal(module_state(&tree->root, "vfio-pci"), MODULE_LOADED);
	assert_int_equal(module_state(&tree->root, "vfio_pci"), MODULE_LOADED);
	assert_int_equal(module_state(&tree->root, "kvm"), MODULE_BUILT_IN);
	assert_false(module_is_loaded(&tree->root, "kvm"));
	tree_put(tree, "/proc/modules", listing);
	/* Not wholly there yet counts, and so does what only the list knows. */
	assert_true(module_is_loaded(&tree->root, "nvidia-uvm"));
	assert_true(module_is_loaded(&tree->root, "snd_hda_intel"));
	assert_false(module_is_loaded(&tree->root, "nvidi"));
	assert_int_equal(module_state(&tree->root, "../kernel"), MODULE_NOT_THERE);
	assert_int_equal(module_state(&tree->root, ""), MODULE_NOT_THERE);
}

static void list_in_order_of_loading(void **state)
{
	struct tree *tree = *state;
	static const char *const wanted[] = {"snd_hda_intel",  "stuck",	     "nvidia",
					     "nvidia_modeset", "nvidia_uvm", "nvidia_drm"};
	char *before[] = {(char *)"stuck", (char *)"nvidia", (char *)"gone"};
	char **names;
	size_t n;

	assert_null(modules_list(&tree->root, &n));
	assert_int_equal(n, 0);
	tree_put(tree, "/proc/modules", listing);
	names = modules_list(&tree->root, &n);
	assert_int_equal(n, ARRAY_SIZE(wanted));
	for (size_t i = 0; i < n; i++)
		assert_string_equal(names[i], wanted[i]);
	names_free(names, n);
	names = modules_since(&tree->root, before, ARRAY_SIZE(before), &n);
	assert_int_equal(n, 4);
	assert_string_equal(names[0], "snd_hda_intel");
	assert_string_equal(names[3], "nvidia_drm");
	names_free(names, n);
}

static void users(void **state)
{
	struct tree *tree = *state;
	struct module_users users = {0};
	struct error *err = NULL;

	assert_false(module_users(&tree->root, "nvidia", &users, &err));
	says(&err, "the module nvidia is not loaded");
	tree_put(tree, "/proc/modules", listing);
	assert_true(module_users(&tree->root, "nvidia", &users, &err));
	assert_int_equal(users.count, 61);
	assert_int_equal(users.holders, 2);
	assert_string_equal(users.holder[0], "nvidia_uvm");
	assert_string_equal(users.holder[1], "nvidia_modeset");
	assert_false(users.permanent);
	module_users_free(&users);
	assert_true(module_users(&tree->root, "snd-hda-intel", &users, &err));
	assert_int_equal(users.count, 0);
	assert_int_equal(users.holders, 0);
	assert_true(module_users(&tree->root, "stuck", &users, &err));
	assert_true(users.permanent);
	assert_int_equal(users.holders, 0);
	tree_put(tree, "/proc/modules", "a 1 - - Live 0x0\nb 1 many - Live 0x0\n");
	assert_true(module_users(&tree->root, "a", &users, &err));
	assert_true(users.permanent);
	assert_false(module_users(&tree->root, "b", &users, &err));
	says(&err, "cannot understand /proc/modules at b");
	module_users_free(&users);
}

static void names_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"-r",
		"a/b",
		"a b",
		"a.ko",
		"a\n",
		"a123456789012345678901234567890123456789012345678901234567890"};
	enum module_removed how = MODULE_IN_USE;
	struct error *err = NULL;
	char **names;
	size_t n;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_false(modules_load(bad[i], &names, &n, &err));
		says(&err, "is no name of a kernel module");
		assert_null(names);
		assert_false(module_unload(bad[i], &how, NULL, &err));
		says(&err, "is no name of a kernel module");
	}
	assert_int_equal(how, MODULE_IN_USE);
	no_children();
}

/* Whatever kernel this is, the module is not there and cannot be removed. */
static void unload_what_is_not_there(void **state)
{
	enum module_removed how = MODULE_IN_USE;
	struct worker stuck = WORKER_NONE;
	struct error *err = NULL;

	(void)state;
	if (module_unload("vmlaunch-no-such-module", &how, &stuck, &err))
		assert_int_equal(how, MODULE_ABSENT);
	else
		says(&err, "cannot remove the module vmlaunch-no-such-module: ");
	assert_int_equal(stuck.pidfd, -1);
	no_children();
}

static void load_says_why_not(void **state)
{
	struct error *err = NULL;
	char **names;
	size_t n = 99;

	(void)state;
	assert_false(modules_load("vmlaunch-no-such-module", &names, &n, &err));
	says(&err, "vmlaunch-no-such-module");
	assert_int_equal(n, 0);
	no_children();
}

static void load_by_modprobe(void **state)
{
	struct tree *tree = *state;
	char program[PATH_MAX];

	if (!find_program("modprobe", program))
		skip_test("no modprobe of root's can be replaced here");
	own_free char *script = xasprintf("#!/bin/sh\necho \"$@\" > %s/args\n"
					  "[ \"$2\" = good-one ] && exit 0\n"
					  "echo 'modprobe: FATAL: no' >&2\nexit 1\n",
					  tree->dir);
	struct error *err = NULL;
	char **names;
	size_t n;

	if (!own_mounts(tree) || !replace_program(tree, program, script))
		skip_test("cannot put another modprobe in place: %s", strerror(errno));
	assert_true(modules_load("good-one", &names, &n, &err));
	tree_is(tree, "/args", "-- good-one\n");
	names_free(names, n);
	assert_false(modules_load("bad-one", &names, &n, &err));
	says(&err, "modprobe -- bad-one failed with status 1: modprobe: FATAL: no");
	names_free(names, n);
	umount2(program, MNT_DETACH);
}

#define IN_TREE(test) cmocka_unit_test_setup_teardown(test, tree_make, tree_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TREE(state_of_modules),
		IN_TREE(list_in_order_of_loading),
		IN_TREE(users),
		cmocka_unit_test(names_refused),
		cmocka_unit_test(unload_what_is_not_there),
		cmocka_unit_test(load_says_why_not),
		IN_TREE(load_by_modprobe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
