/* What becomes of a process that makes a call which its filter forbids. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "isolation/filter.h"
#include "isolation/isolation.h"

/* Harmless each: with arguments that the kernel refuses where no filter does. */
static long run_program(void)
{
	return syscall(SYS_execve, "/nowhere", NULL, NULL);
}

static long trace(void)
{
	return syscall(SYS_ptrace, -1, -1, 0, 0);
}

static long mount_nothing(void)
{
	return syscall(SYS_mount, NULL, NULL, NULL, 0, NULL);
}

static long load_module(void)
{
	return syscall(SYS_finit_module, -1, "", 0);
}

static long open_by_handle(void)
{
	return syscall(SYS_open_by_handle_at, -1, NULL, 0);
}

static long open_internet(void)
{
	return socket(AF_INET6, SOCK_STREAM, 0);
}

static long make_namespace(void)
{
	return syscall(SYS_clone, (unsigned long)CLONE_NEWUSER | CLONE_FS, 0, 0, 0, 0);
}

static long ask_for_clone3(void)
{
	return syscall(SYS_clone3, NULL, 0) < 0 && errno == ENOSYS ? 0 : -1;
}

/* Newer than any that is known. */
static long ask_for_the_future(void)
{
	return syscall(1000) < 0 && errno == ENOSYS ? 0 : -1;
}

static long read_nothing(void)
{
	return read(-1, NULL, 0) < 0 && errno == EBADF ? 0 : -1;
}

/* Makes the call in a child under a filter; its wait status, and what it said. */
static int status_of(enum filter_stage stage, enum sandbox mode, long (*call)(void), char **said)
{
	int pair[2], status;
	size_t len;
	pid_t pid;

	assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		sandbox_set(mode);
		if (dup2(pair[1], STDERR_FILENO) < 0 ||
		    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || !filter_enter(stage))
			_exit(99);
		_exit((int)call());
	}
	close(pair[1]);
	*said = fd_read_all(pair[0], 4096, &len);
	close(pair[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void forbidden_calls_kill(void **state)
{
	static const struct {
		long (*call)(void);
		const char *name;
	} row[] = {
		{run_program, "execve (59)"},
		{trace, "ptrace (101)"},
		{mount_nothing, "mount (165)"},
		{load_module, "finit_module (313)"},
		{open_internet, "socket (41)"},
		{make_namespace, "clone (56)"},
		{open_by_handle, "open_by_handle_at (304)"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		own_free char *said = NULL;
		int status;

#ifdef __SANITIZE_ADDRESS__
		if (row[i].call == trace)
			continue;
#endif
		status = status_of(FILTER_SUPERVISOR, SANDBOX_ENFORCE, row[i].call, &said);
		if (!WIFSIGNALED(status))
			print_error("%s: status %x, said %s\n", row[i].name, status, said);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGSYS);
		assert_non_null(strstr(said, "the supervisor has made the system call "));
		assert_non_null(strstr(said, row[i].name));
	}
}

static void say_goodbye(void)
{
	if (write(STDERR_FILENO, "goodbye\n", 8) < 0)
		_exit(98);
}

static long run_program_with_a_goodbye(void)
{
	filter_at_end(say_goodbye);
	return run_program();
}

static void the_last_act_comes_before_the_end(void **state)
{
	own_free char *said = NULL;
	int status =
		status_of(FILTER_SUPERVISOR, SANDBOX_ENFORCE, run_program_with_a_goodbye, &said);

	(void)state;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
	assert_non_null(strstr(said, "takes it over\ngoodbye\n"));
}

/* Whoever does not read what is said does not keep it alive. */
static void an_unread_pipe_keeps_nobody(void **state)
{
	static const char many[4096];
	int pair[2], status;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe2(pair, O_CLOEXEC | O_NONBLOCK), 0);
	while (write(pair[1], many, sizeof(many)) > 0)
		;
	assert_int_equal(fcntl(pair[1], F_SETFL, 0), 0);
	pid = fork();
	if (pid == 0) {
		alarm(60);
		if (dup2(pair[1], STDERR_FILENO) < 0 ||
		    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || !filter_enter(FILTER_SUPERVISOR))
			_exit(99);
		_exit((int)run_program());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
	close(pair[0]);
	close(pair[1]);
}

/* The same calls do nothing worse than fail where the filter is not. */
static void they_live_without_it(void **state)
{
	static const enum sandbox mode[] = {SANDBOX_LOG, SANDBOX_OFF};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(mode); i++) {
		own_free char *said = NULL;

		assert_true(WIFEXITED(status_of(FILTER_SUPERVISOR, mode[i], run_program, &said)));
		assert_string_equal(said, "");
	}
}

static long listen_to_packets(void)
{
	return socket(AF_PACKET, SOCK_RAW, 0) < 0 ? errno : 0;
}

static long make_terminal_speak(void)
{
	return ioctl(-1, TIOCSTI, "x") < 0 ? errno : 0;
}

/* Of what a fault of ours could make a keeper does not die, as nobody else would give back. */
static void a_keeper_is_refused(void **state)
{
	static long (*const call[])(void) = {listen_to_packets, make_terminal_speak};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(call); i++) {
		own_free char *said = NULL;
		int status = status_of(FILTER_KEEPER, SANDBOX_ENFORCE, call[i], &said);

		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), ENOSYS);
		assert_string_equal(said, "");
	}
}

static void a_keeper_is_killed(void **state)
{
	static long (*const call[])(void) = {run_program, load_module, mount_nothing,
					     open_by_handle};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(call); i++) {
		own_free char *said = NULL, *off = NULL;
		int status = status_of(FILTER_KEEPER, SANDBOX_ENFORCE, call[i], &said);

		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGSYS);
		assert_non_null(strstr(said, "the keeper has made the system call "));
		assert_non_null(strstr(said, "'vmlaunch recover --sandbox=off' gives back"));
		assert_true(WIFEXITED(status_of(FILTER_KEEPER, SANDBOX_OFF, call[i], &off)));
	}
}

static void what_is_allowed(void **state)
{
	static long (*const call[])(void) = {ask_for_clone3, ask_for_the_future, read_nothing};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(call); i++) {
		own_free char *said = NULL;

		assert_int_equal(status_of(FILTER_SUPERVISOR, SANDBOX_ENFORCE, call[i], &said), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forbidden_calls_kill),
		cmocka_unit_test(the_last_act_comes_before_the_end),
		cmocka_unit_test(an_unread_pipe_keeps_nobody),
		cmocka_unit_test(they_live_without_it),
		cmocka_unit_test(a_keeper_is_refused),
		cmocka_unit_test(a_keeper_is_killed),
		cmocka_unit_test(what_is_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
