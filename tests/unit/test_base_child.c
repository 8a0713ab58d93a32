/* What a child has of ours, and that it does nothing before it is let go. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/child.h"
#include "base/file.h"
#include "base/own.h"

#define SHELL(script) ((const char *const[]){"/bin/sh", "-c", script, NULL})

/* What a program prints, started this way with its output at 1 and 2 as well; the caller owns it.
 */
static char *output_of(struct child_way way, const struct child_fd *more, size_t n)
{
	struct child_fd fd[8];
	own_child struct child child = CHILD_NONE;
	own_fd int ours = -1, its = -1;
	int pair[2];
	char *text;

	assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
	ours = pair[0];
	its = pair[1];
	fd[0] = (struct child_fd){its, 1};
	fd[1] = (struct child_fd){its, 2};
	for (size_t i = 0; i < n; i++)
		fd[2 + i] = more[i];
	way.fd = fd;
	way.fds = 2 + n;
	assert_int_equal(child_start(&child, &way), 0);
	close_fd(&its);
	text = fd_read_all(ours, 65536, NULL);
	assert_non_null(text);
	assert_true(child_reap(&child, NULL));
	return text;
}

static void has_what_is_named(void **state)
{
	own_free char *text = NULL, *cross = NULL;
	own_fd int passwd = open("/etc/passwd", O_RDONLY), zero = open("/dev/zero", O_RDONLY);
	const struct child_fd file[] = {{passwd, 7}, {-1, 5}};
	/* Each stands where the other one goes. */
	const struct child_fd crossed[] = {{passwd, zero}, {zero, passwd}};
	own_free char *names =
		xasprintf("readlink /proc/self/fd/%d /proc/self/fd/%d", zero, passwd);

	(void)state;
	/* ls itself opens the directory, at the first number that is free. */
	text = output_of((struct child_way){.argv = SHELL("readlink /proc/self/fd/0; exec ls "
							  "/proc/self/fd")},
			 file, 2);
	assert_string_equal(text, "/dev/null\n0\n1\n2\n3\n7\n");
	cross = output_of((struct child_way){.argv = SHELL(names)}, crossed, 2);
	assert_string_equal(cross, "/etc/passwd\n/dev/zero\n");
}

/* In a process that lacks some of 0 to 5, so that what is made lands there. */
static void with_low_numbers(unsigned lacking)
{
	own_free char *text = NULL;
	int said = fcntl(2, F_DUPFD_CLOEXEC, 30);
	int passwd = fcntl(open("/etc/passwd", O_RDONLY), F_DUPFD_CLOEXEC, 20);
	const struct child_fd file[] = {{passwd, 3}};

	for (int fd = 0; fd < 6; fd++)
		if (lacking >> fd & 1)
			close(fd);
	text = output_of((struct child_way){.argv = SHELL("cat; head -c 5 <&3; echo err >&2")},
			 file, 1);
	if (strcmp(text, "root:err\n") == 0)
		_exit(0);
	dprintf(said, "# lacking %x: %s\n", lacking, text);
	_exit(1);
}

static void any_number_may_be_free(void **state)
{
	(void)state;
	for (unsigned lacking = 0; lacking < 64; lacking += 7) {
		pid_t pid = fork();
		int status;

		if (pid == 0)
			with_low_numbers(lacking);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
}

/* ------------------------------------------------------------------ signals and session */

static int tells_signals(void *context)
{
	struct sigaction interrupt, pipe;
	sigset_t mask;

	(void)context;
	sigprocmask(SIG_SETMASK, NULL, &mask);
	sigaction(SIGINT, NULL, &interrupt);
	sigaction(SIGPIPE, NULL, &pipe);
	return 1 + (interrupt.sa_handler == SIG_IGN) * 2 + (pipe.sa_handler == SIG_IGN) * 4 +
	       sigismember(&mask, SIGTERM) * 8 + sigismember(&mask, SIGHUP) * 16 +
	       sigismember(&mask, SIGINT) * 32;
}

static void has_its_signals(void **state)
{
	static const int expected[] = {[CHILD_SIGNALS_FRESH] = 1,
				       [CHILD_SIGNALS_NO_SESSION] = 1 + 8 + 16,
				       [CHILD_SIGNALS_CALLERS] = 1 + 2};
	sigset_t all, old;

	(void)state;
	sigfillset(&all);
	signal(SIGINT, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_BLOCK, &all, &old);
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		struct child child;

		assert_int_equal(
			child_start(&child, &(struct child_way){.function = tells_signals,
								.signals = (enum child_signals)i}),
			expected[i]);
	}
	sigprocmask(SIG_SETMASK, &old, NULL);
	signal(SIGINT, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
}

static int tells_session(void *context)
{
	return getsid(0) == getpid() && getpgrp() == getpid() ? 1
	       : getsid(0) == getsid(*(pid_t *)context) && getpgrp() == getpgid(*(pid_t *)context)
		       ? 2
		       : 3;
}

static void has_its_session(void **state)
{
	struct child_way way = {.function = tells_session, .context = &(pid_t){getpid()}};
	struct child child;

	(void)state;
	assert_int_equal(child_start(&child, &way), 1);
	way.same_session = true;
	assert_int_equal(child_start(&child, &way), 2);
}

/* ------------------------------------------------------------------ what it tells */

static int fails(void *context)
{
	return *(int *)context;
}

static int dies(void *context)
{
	(void)context;
	raise(SIGKILL);
	return 0;
}

static int names_itself(void *context)
{
	return setenv(context, "child", 1) == 0 ? 0 : errno;
}

static void tells_why_not(void **state)
{
	struct child child;
	struct child_way way = {.argv = (const char *const[]){"/nonexistent/x", NULL}};

	(void)state;
	assert_int_equal(child_start(&child, &way), ENOENT);
	assert_int_equal(child.pid, 0);
	way.argv = (const char *const[]){"/etc/passwd", NULL};
	assert_int_equal(child_start(&child, &way), EACCES);
	/* What the function says stands before the program. */
	way = (struct child_way){
		.argv = SHELL("exit 1"), .function = fails, .context = &(int){EDOM}};
	assert_int_equal(child_start(&child, &way), EDOM);
	way = (struct child_way){.function = fails, .context = &(int){524}};
	assert_int_equal(child_start(&child, &way), 524);
	way.context = &(int){0};
	assert_int_equal(child_start(&child, &way), 0);
	way.function = dies;
	assert_int_equal(child_start(&child, &way), ECANCELED);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

/* The descriptor by which it tells that goes last. */
static void tells_that_no_descriptor_is_left(void **state)
{
	const struct child_fd fd[] = {{1, 60}};
	const struct child_way way = {.argv = SHELL(":"), .fd = fd, .fds = 1};
	struct rlimit before, few;
	own_child struct child child = CHILD_NONE;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = (struct rlimit){32, before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_int_equal(child_start(&child, &way), EINVAL);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

static void complains_at_its_standard_error(void **state)
{
	static const char *const argv[] = {"/nonexistent/x", NULL};
	own_child struct child child = CHILD_NONE;
	own_free char *said = NULL;
	int pair[2];

	(void)state;
	assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
	const struct child_fd fd[] = {{pair[1], 2}};
	struct child_way way = {.argv = argv, .fd = fd, .fds = 1, .complains = true};

	assert_int_equal(child_start(&child, &way), ENOENT);
	close(pair[1]);
	said = fd_read_all(pair[0], 1000, NULL);
	close(pair[0]);
	assert_string_equal(said, "cannot run /nonexistent/x: No such file or directory\n");
}

static void has_its_environment(void **state)
{
	static const char *const environment[] = {"ONE=1", NULL};
	own_free char *text = NULL, *changed = NULL;

	(void)state;
	setenv("SECRET", "1", 1);
	text = output_of((struct child_way){.argv = (const char *const[]){"env", NULL},
					    .program = "/usr/bin/env",
					    .environment = environment},
			 NULL, 0);
	assert_string_equal(text, "ONE=1\n");
	changed = output_of((struct child_way){.argv = SHELL("echo $SECRET $WHO"),
					       .function = names_itself,
					       .context = (char *)"WHO"},
			    NULL, 0);
	assert_string_equal(changed, "1 child\n");
	assert_null(getenv("WHO"));
}

/* ------------------------------------------------------------------ before it is let go */

static int says_so(void *context)
{
	return write(*(int *)context, "x", 1) == 1 ? 0 : errno;
}

static void waits_until_it_is_let_go(void **state)
{
	own_child struct child child = CHILD_NONE;
	int pair[2], status = -1;
	char byte;

	(void)state;
	assert_int_equal(pipe2(pair, O_CLOEXEC | O_NONBLOCK), 0);
	const struct child_fd fd[] = {{pair[1], 3}};
	struct child_way way = {.function = says_so, .context = &(int){3}, .fd = fd, .fds = 1};

	/* One that is not let go ends without having done it, and the pipe is at its end. */
	assert_int_equal(child_make(&child, &way), 0);
	child_close(&child);
	assert_true(child_reap(&child, &status));
	assert_int_equal(WEXITSTATUS(status), 127);
	assert_int_equal(read(pair[0], &byte, 1), -1);
	assert_int_equal(errno, EAGAIN);

	assert_int_equal(child_make(&child, &way), 0);
	assert_int_equal(child_let_go(&child), 0);
	child_hear(&child, true);
	assert_true(child.told);
	assert_int_equal(child.result, 0);
	assert_int_equal(read(pair[0], &byte, 1), 1);
	assert_true(child_reap(&child, &status));
	assert_int_equal(status, 0);
	close(pair[0]);
	close(pair[1]);
}

/* One that died before it was let go is no child. */
static void dies_before_it_is_let_go(void **state)
{
	struct child child;

	(void)state;
	assert_int_equal(child_make(&child, &(struct child_way){.argv = SHELL("exit 0")}), 0);
	assert_true(child_signal(&child, SIGKILL));
	assert_int_equal(poll(&(struct pollfd){.fd = child.pidfd, .events = POLLIN}, 1, -1), 1);
	assert_int_equal(child_let_go(&child), EPIPE);
	assert_int_equal(child.pid, 0);
	assert_int_equal(child.pidfd, -1);
}

/* The parent of what is to be watched: makes a child, lets it go if it is to, and dies.
 */
static void make_and_die(int out, bool let_go)
{
	const struct child_fd fd[] = {{out, 1}};
	struct child_way way = {
		.argv = SHELL("echo $$; exec sleep 1000"), .fd = fd, .fds = 1, .dies_by = SIGKILL};
	struct child child;

	if (child_make(&child, &way) || (let_go && child_let_go(&child)))
		_exit(1);
	if (let_go) {
		char byte;

		child_hear(&child, true);
		/* The test's word that the program has said its name. */
		if (read(0, &byte, 1) < 0)
			_exit(1);
	}
	_exit(0);
}

static void dies_with_us(void **state)
{
	(void)state;
	/* The pipe's end comes when nobody holds it any more, which is when the child has ended. */
	for (int let_go = 0; let_go < 2; let_go++) {
		own_free char *said = NULL;
		int out[2], in[2];
		char first = 0;
		pid_t pid;

		assert_int_equal(pipe2(out, O_CLOEXEC), 0);
		assert_int_equal(pipe2(in, O_CLOEXEC), 0);
		pid = fork();
		if (pid == 0) {
			dup2(in[0], 0);
			close(in[1]);
			make_and_die(out[1], let_go);
		}
		close(out[1]);
		close(in[0]);
		if (let_go)
			assert_int_equal(read(out[0], &first, 1), 1);
		close(in[1]);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		said = fd_read_all(out[0], 100, NULL);
		assert_non_null(said);
		assert_true(let_go ? first >= '1' && first <= '9' : !*said);
		close(out[0]);
	}
}

static void status_is_lost_where_children_are_ignored(void **state)
{
	struct child child;
	int status = -1;

	(void)state;
	signal(SIGCHLD, SIG_IGN);
	assert_int_equal(child_start(&child, &(struct child_way){.argv = SHELL("exit 3")}), 0);
	assert_false(child_reap(&child, &status));
	child_close(&child);
	signal(SIGCHLD, SIG_DFL);
	assert_int_equal(child_start(&child, &(struct child_way){.argv = SHELL("exit 3")}), 0);
	assert_true(child_reap(&child, &status));
	assert_int_equal(WEXITSTATUS(status), 3);
	child_close(&child);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_what_is_named),
		cmocka_unit_test(any_number_may_be_free),
		cmocka_unit_test(has_its_signals),
		cmocka_unit_test(has_its_session),
		cmocka_unit_test(tells_why_not),
		cmocka_unit_test(tells_that_no_descriptor_is_left),
		cmocka_unit_test(complains_at_its_standard_error),
		cmocka_unit_test(has_its_environment),
		cmocka_unit_test(waits_until_it_is_let_go),
		cmocka_unit_test(dies_before_it_is_let_go),
		cmocka_unit_test(dies_with_us),
		cmocka_unit_test(status_is_lost_where_children_are_ignored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
