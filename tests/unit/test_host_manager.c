/* Who starts and stops services: what each leaves in /run, and how it is told what to do. */
#include "host_tree.h"

#include "host/manager.h"

static void is_found(void **state)
{
	tree_root(root);
	assert_int_equal(manager_read(&root), MANAGER_NONE);
	/* Also the tool for single services on another's host has its directory. */
	put(state, "run/openrc/started/x", "");
	assert_int_equal(manager_read(&root), MANAGER_NONE);
	put(state, "run/openrc/softlevel", "default\n");
	assert_int_equal(manager_read(&root), MANAGER_OPENRC);
	put(state, "run/systemd/system/x", "");
	assert_int_equal(manager_read(&root), MANAGER_SYSTEMD);
}

static void is_commanded(void **state)
{
	own_free char *systemd = manager_command(MANAGER_SYSTEMD, "a b", "stop");
	own_free char *openrc = manager_command(MANAGER_OPENRC, "a", "start");

	(void)state;
	assert_string_equal(systemd, "systemctl stop a b");
	assert_string_equal(openrc, "rc-service a start");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(is_found),
		cmocka_unit_test(is_commanded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
