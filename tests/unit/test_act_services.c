/* Services: which units systemctl is asked about, and what becomes of its answers. */
#include "test_act_tree.h"

#include <sys/stat.h>

#include "act/services.h"

static void names(void **state)
{
	(void)state;
	assert_string_equal(service_name(SERVICE_NVIDIA_PERSISTENCED), "nvidia-persistenced");
	assert_string_equal(service_name(SERVICE_NVIDIA_POWERD), "nvidia-powerd");
}

/* With a systemd whose services are files, or without one: nobody here runs these two. */
static void with_a_systemctl(void **state)
{
	struct tree *tree = *state;
	char program[PATH_MAX];

	if (!find_program("systemctl", program))
		skip_test("no systemctl of root's can be replaced here");
	own_free char *script =
		xasprintf("#!/bin/sh\nd=%s\necho \"$@\" >> $d/args\n"
			  "for unit; do :; done\n"
			  "case \"$*\" in\n"
			  "*is-active*) [ -e $d/active-$unit ];;\n"
			  "*stop*powerd*) echo 'Failed to stop: not loaded.' >&2; exit 5;;\n"
			  "*stop*) rm $d/active-$unit;;\n"
			  "*start*) : > $d/active-$unit;;\nesac\n",
			  tree->dir);
	struct error *err = NULL;

	if (!own_mounts(tree) || !replace_program(tree, program, script))
		skip_test("cannot put another systemctl in place: %s", strerror(errno));
	assert_false(service_is_active(SERVICE_NVIDIA_PERSISTENCED));
	assert_true(service_start(SERVICE_NVIDIA_PERSISTENCED, &err));
	assert_true(service_is_active(SERVICE_NVIDIA_PERSISTENCED));
	assert_false(service_is_active(SERVICE_NVIDIA_POWERD));
	assert_true(service_stop(SERVICE_NVIDIA_PERSISTENCED, &err));
	assert_false(service_is_active(SERVICE_NVIDIA_PERSISTENCED));
	assert_false(service_stop(SERVICE_NVIDIA_POWERD, &err));
	says(&err, "failed with status 5: Failed to stop: not loaded.");
	tree_is(tree, "/args",
		"--no-ask-password --quiet is-active -- nvidia-persistenced\n"
		"--no-ask-password --quiet start -- nvidia-persistenced\n"
		"--no-ask-password --quiet is-active -- nvidia-persistenced\n"
		"--no-ask-password --quiet is-active -- nvidia-powerd\n"
		"--no-ask-password --quiet stop -- nvidia-persistenced\n"
		"--no-ask-password --quiet is-active -- nvidia-persistenced\n"
		"--no-ask-password --quiet stop -- nvidia-powerd\n");
	umount2(program, MNT_DETACH);
	no_children();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test_setup_teardown(with_a_systemctl, tree_make, tree_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
