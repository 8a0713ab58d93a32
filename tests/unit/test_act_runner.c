/* What a keeper's runner runs, and that it ends. */
#include "test_act_kernel.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "act/rights.h"
#include "act/runner.h"
#include "act/worker.h"
#include "base/alloc.h"
#include "base/file.h"
#include "host/kmodule.h"
#include "isolation/filter.h"

/* The only child. */
static pid_t child_of_ours(void)
{
	own_free char *path = xasprintf("/proc/self/task/%d/children", (int)getpid());
	own_free char *text = file_read(path, 64, NULL);

	return text ? (pid_t)strtol(text, NULL, 10) : 0;
}

#define SYSTEMCTL(folder) folder "/systemctl", "--no-ask-password", "--quiet"
#define BUSCTL(folder)                                                                   \
	folder "/busctl", "--quiet", "--timeout=15", "call", "org.freedesktop.systemd1", \
		"/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager",         \
		"StartTransientUnit", "ssa(sv)a(sa(sv))"
#define BUSCTL_REST "fail", "1", "AllowedCPUs", "ay", "1", "1"

#define LINE_WORDS 20

static void none_is_run(const char *const line[][LINE_WORDS], size_t lines, const char *words)
{
	if (geteuid() != 0)
		skip_test("no root");
	assert_true(runner_start(NULL));
	for (size_t i = 0; i < lines; i++) {
		own_error struct error *err = NULL;

		assert_false(worker_exec(line[i], 1000, NULL, &err));
		says(&err, words);
	}
	runner_stop();
	no_children();
}

/* Each would do more than a keeper wants; none of them would do much harm if it ran after
 * all.
 */
static void others_are_refused(void **state)
{
	static const char *const line[][LINE_WORDS] = {
		{"/bin/true"},
		{"/sbin/modprobe"},
		{"/sbin/modprobe", "--"},
		{"/sbin/modprobe", "--", ""},
		{"/sbin/modprobe", "--", "--version"},
		{"/sbin/modprobe", "-n", "none"},
		{"/sbin/modprobe", "--", "none", "option=1"},
		/* A module's file. */
		{"/sbin/modprobe", "--", "/nowhere/none.ko"},
		{"/sbin/modprobe", "--", "./none.ko"},
		{"/sbin/ip", "netns", "exec", "none", "true"},
		{"/sbin/ip", "link", "delete", "dev", "-V"},
		{"/sbin/ip", "-V"},
		{"/bin/systemctl", "--version"},
		/* Services and slices that are not a keeper's business. */
		{SYSTEMCTL("/bin"), "is-active", "--", "ssh"},
		{SYSTEMCTL("/bin"), "start", "--", "ssh"},
		{SYSTEMCTL("/bin"), "stop", "--", "vmlaunch-none"},
		{SYSTEMCTL("/bin"), "start", "--", "vmlaunch1_1.slice"},
		{SYSTEMCTL("/bin"), "stop", "--", "vmlaunch_none.slice"},
		{SYSTEMCTL("/bin"), "stop", "--", "none1.slice"},
		{SYSTEMCTL("/bin"), "stop", "--", "vmlaunch1.service"},
		{"/sbin/rc-service", "--nocolor", "none", "start"},
		{BUSCTL("/bin"), "none1.slice", BUSCTL_REST, "0"},
		{BUSCTL("/bin"), "vmlaunch1.service", BUSCTL_REST, "0"},
		{"/bin/udevadm", "settle", "--timeout=5", "--version"},
	};

	(void)state;
	none_is_run(line, ARRAY_SIZE(line), "is nothing that a keeper runs");
}

/* Every line's words are known, and yet nothing is run from anywhere but where it is found. */
static void no_program_of_elsewhere(void **state)
{
	static const char *const line[][LINE_WORDS] = {
		{"/nowhere/modprobe", "--", "vfio-pci"},
		{SYSTEMCTL("/nowhere"), "is-active", "--", "irqbalance"},
		{SYSTEMCTL("/nowhere"), "start", "--", "nvidia-persistenced"},
		{SYSTEMCTL("/nowhere"), "stop", "--", "nvidia-powerd"},
		{SYSTEMCTL("/nowhere"), "stop", "--", "vmlaunch12_1.slice"},
		{"/nowhere/rc-service", "--nocolor", "irqbalance", "status"},
		{"/nowhere/rc-service", "--nocolor", "irqbalance", "stop"},
		{"/nowhere/rc-service", "--nocolor", "irqbalance", "start"},
		{BUSCTL("/nowhere"), "vmlaunch12.slice", BUSCTL_REST, "0"},
		{"/nowhere/ip", "tuntap", "add", "dev", "vml0", "mode", "tap", "user", "1000",
		 "vnet_hdr"},
		{"/nowhere/ip", "link", "add", "link", "eth0.5", "name", "vml0", "address",
		 "52:54:00:00:00:01", "type", "macvtap", "mode", "bridge"},
		{"/nowhere/ip", "link", "set", "dev", "vml0", "address", "52:54:00:00:00:01", "mtu",
		 "1500", "master", "br0", "up"},
		{"/nowhere/ip", "link", "delete", "dev", "vml0"},
		{"/nowhere/udevadm", "settle", "--timeout=5"},
	};

	(void)state;
	none_is_run(line, ARRAY_SIZE(line), "is not the program of this name that a keeper runs: ");
}

/* A program of root's, which is called as one that is run and does no harm. */
static void nor_a_file_of_roots(void **state)
{
	char dir[] = "/root/vmlaunch-test-XXXXXX";
	own_free char *path = NULL;
	own_error struct error *err = NULL;

	(void)state;
	if (geteuid() != 0 || !mkdtemp(dir))
		skip_test("no root, or nowhere to put a program of root's");
	path = xasprintf("%s/udevadm", dir);
	const char *const argv[] = {path, "settle", "--timeout=5", NULL};

	assert_int_equal(symlink("/bin/true", path), 0);
	assert_true(worker_exec(argv, 60000, NULL, NULL));
	assert_true(runner_start(NULL));
	assert_false(worker_exec(argv, 60000, NULL, &err));
	runner_stop();
	unlink(path);
	rmdir(dir);
	says(&err, "is not the program of this name that a keeper runs: ");
}

/* How long it may take is bounded as well. */
static void no_deadline_but_a_keepers(void **state)
{
	static const int deadline_ms[] = {INT_MIN / 20, -1, 0, 60001, INT_MAX / 20};
	static const char *const argv[] = {"/nowhere/udevadm", "settle", "--timeout=5", NULL};

	(void)state;
	if (geteuid() != 0)
		skip_test("no root");
	assert_true(runner_start(NULL));
	for (size_t i = 0; i < ARRAY_SIZE(deadline_ms); i++) {
		own_error struct error *err = NULL;

		assert_false(worker_exec(argv, deadline_ms[i], NULL, &err));
		says(&err, "the keeper asked for a program that makes no sense");
	}
	runner_stop();
	no_children();
}

/* What it says of a program is as if there were no runner; and none is needed any more behind the
 * end.
 */
static void as_without_it(void **state)
{
	own_error struct error *here = NULL, *there = NULL;
	own_free char *program = kmodule_modprobe(&ROOT_REAL, NULL);
	const char *const argv[] = {program, "--", "vmlaunch_test_none", NULL};
	const char *const good[] = {program, "--version", NULL};
	int64_t spent;

	(void)state;
	if (geteuid() != 0 || !program)
		skip_test("no root, or no modprobe");
	assert_false(worker_exec(argv, 60000, NULL, &here));
	assert_true(runner_start(NULL));
	spent = worker_spent_us();
	assert_false(worker_exec(argv, 60000, NULL, &there));
	assert_true(worker_spent_us() > spent);
	assert_string_equal(error_message(here, 0), error_message(there, 0));
	runner_stop();
	assert_true(worker_exec(good, 60000, NULL, NULL));
	no_children();
}

static bool runs_with_words(const char *const argv[], const char *words)
{
	own_error struct error *err = NULL;

	return !worker_exec(argv, 60000, NULL, &err) && strstr(error_message(err, 0), words);
}

/* It was there before the filter, under which nothing else could run it. */
static void a_filtered_keeper_runs_it(void **state)
{
	own_free char *program = kmodule_modprobe(&ROOT_REAL, NULL);
	const char *const argv[] = {program, "--", "vmlaunch_test_none", NULL};
	int status;
	pid_t pid;

	(void)state;
	if (geteuid() != 0 || !program)
		skip_test("no root, or no modprobe");
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		if (!runner_start(NULL) || !filter_enter(FILTER_KEEPER))
			_exit(1);
		if (!runs_with_words(argv, "failed with status 1"))
			_exit(2);
		/* As when QEMU runs. */
		if (!rights_of_watcher(true, NULL) || !runner_of_watcher(true, NULL))
			_exit(4);
		if (!runs_with_words(argv, "failed with status 1"))
			_exit(5);
		/* What libcap-ng does where /proc says nothing. */
		if (prctl(PR_CAPBSET_READ, CAP_CHOWN, 0, 0, 0) < 0 ||
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_CHOWN, 0, 0) < 0)
			_exit(6);
		runner_stop();
		/* Without it: the child that would become the program is killed. */
		_exit(runs_with_words(argv, "was killed by signal 31") ? 0 : 3);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* One that was killed is told, and nothing waits for it. */
static void one_that_died(void **state)
{
	own_free char *program = kmodule_modprobe(&ROOT_REAL, NULL);
	const char *const argv[] = {program, "--version", NULL};
	own_error struct error *err = NULL;
	siginfo_t info;
	pid_t pid;

	(void)state;
	if (geteuid() != 0 || !program)
		skip_test("no root, or no modprobe");
	assert_true(runner_start(NULL));
	pid = child_of_ours();
	assert_true(pid > 0);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_false(worker_exec(argv, 60000, NULL, &err));
	says(&err, "what runs programs for the keeper has ended");
	runner_stop();
	no_children();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(others_are_refused),  cmocka_unit_test(no_program_of_elsewhere),
		cmocka_unit_test(nor_a_file_of_roots), cmocka_unit_test(no_deadline_but_a_keepers),
		cmocka_unit_test(as_without_it),       cmocka_unit_test(a_filtered_keeper_runs_it),
		cmocka_unit_test(one_that_died),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
