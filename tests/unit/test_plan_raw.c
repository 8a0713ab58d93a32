/* QEMU's own arguments in a profile: which are passed on, and which would not do what they say. */
#include "plan_world.h"

#define ARG "[qemu]\narg = "

static void as_they_are(void **state)
{
	struct world w = world();
	own_plan struct plan *plan = planned(
		&w, ARG "-no-reboot\narg = -monitor\narg = unix:/tmp/m,server=on,wait=off\n"
			"arg = -serial\narg = stdio-of-mine\narg = -action\narg = panic=none\n"
			"arg = -pidfile\narg = /tmp/stdio\narg = -chardev\n"
			"arg = file,id=stdio,path=x\narg = -\narg = snapshot\narg = -snapshots\n");

	(void)state;
	has(plan, "-accel", "kvm");
	assert_non_null(find(plan, "-no-reboot", NULL));
	assert_non_null(find(plan, "unix:/tmp/m,server=on,wait=off", NULL));
	assert_non_null(find(plan, "-snapshots", NULL));
}

static void what_means_something_else_here(void **state)
{
	struct world w = world();

	(void)state;
	refused(&w, ARG "-no-reboot\narg = -snapshot\n", ERROR_USAGE,
		"p.ini:3:7: qemu.arg: -snapshot protects no disk of this profile: QEMU applies it "
		"to -drive alone, and the guest would write the images; 'vmlaunch PROFILE "
		"--ephemeral' is a throw-away start\n");
	/* QEMU takes two dashes as well, and all is told at once. */
	refused(&w, ARG "--snapshot\narg = -S\n", ERROR_USAGE,
		"p.ini:2:7: qemu.arg: -snapshot protects no disk of this profile: QEMU applies it "
		"to -drive alone, and the guest would write the images; 'vmlaunch PROFILE "
		"--ephemeral' is a throw-away start\n"
		"p.ini:3:7: qemu.arg: -S has no effect: vmlaunch lets the guest go when all is "
		"ready; 'vmlaunch pause' holds it\n");
	refusal_says(&w, ARG "-daemonize\n", "-daemonize would end the process that vmlaunch ");
	refusal_says(&w, ARG "-no-shutdown\n", "-no-shutdown would keep QEMU after ");
	refusal_says(&w, ARG "-action\narg = shutdown=pause,panic=none\n",
		     "p.ini:2:7: qemu.arg: -action shutdown=pause would keep QEMU after ");
	refusal_says(&w, ARG "-preconfig\n", "-preconfig waits for commands ");
	refusal_says(&w, ARG "-add-fd\narg = fd=3,set=1\n", "-add-fd has nothing to add");
}

static void a_terminal_that_is_not_there(void **state)
{
	struct world w = world();

	(void)state;
	refusal_says(&w, ARG "-nographic\n", "console.serial = terminal ");
	refusal_says(&w, ARG "-serial\narg = mon:stdio\n", "-serial mon:stdio wants a terminal");
	refusal_says(&w, ARG "-monitor\narg = stdio\n", "'vmlaunch qmp' gives it commands");
	refusal_says(&w, ARG "-qmp\narg = stdio\n", "'vmlaunch qmp' gives it commands");
	refusal_says(&w, ARG "-chardev\narg = stdio,id=x\n", "-chardev stdio wants a terminal");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_they_are),
		cmocka_unit_test(what_means_something_else_here),
		cmocka_unit_test(a_terminal_that_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
