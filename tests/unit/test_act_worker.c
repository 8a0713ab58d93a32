/* Workers: what the child is given, how it ends, and that nobody waits longer than he said. */
#include "test_act_kernel.h"

#include <dirent.h>

#include "act/worker.h"
#include "base/layout.h"
#include "base/patience.h"

/* What hangs takes longer than this, and nothing else does, however busy the machine is. */
#define FOR_EVER_MS 120000

static int good(void *context)
{
	(void)context;
	return 0;
}

static int failing(void *context)
{
	return *(int *)context;
}

static int sleeping(void *context)
{
	(void)context;
	for (;;)
		pause();
	return 0;
}

static int dying(void *context)
{
	(void)context;
	raise(SIGKILL);
	return 0;
}

static void done_and_failed(void **state)
{
	struct worker stuck = WORKER_NONE;
	int errnum = -1;
	/* ENOTSUPP of the kernel, which does not fit into an exit status. */
	const int numbers[] = {ENODEV, EBUSY, 524, -1};

	(void)state;
	assert_int_equal(worker_run(good, NULL, 60000, &errnum, &stuck), WORKER_DONE);
	assert_int_equal(errnum, 0);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		int number = numbers[i];

		assert_int_equal(worker_run(failing, &number, 60000, &errnum, NULL), WORKER_FAILED);
		assert_int_equal(errnum, numbers[i]);
	}
	assert_int_equal(worker_run(dying, NULL, 60000, &errnum, &stuck), WORKER_FAILED);
	assert_int_equal(errnum, ECANCELED);
	assert_int_equal(stuck.pidfd, -1);
	no_children();
}

static void killed_at_the_deadline(void **state)
{
	int64_t from = clock_ms();
	struct worker stuck = WORKER_NONE;
	int errnum = 0;

	(void)state;
	assert_int_equal(worker_run(sleeping, NULL, 50, &errnum, &stuck), WORKER_FAILED);
	assert_int_equal(errnum, ETIMEDOUT);
	assert_int_equal(stuck.pidfd, -1);
	assert_within(clock_ms() - from, 50, FOR_EVER_MS);
	no_children();
}

/* Needs 60 ms of a processor, however long that takes. */
static int busy_for_a_while(void *context)
{
	struct timespec used;

	(void)context;
	do
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	while (used.tv_sec == 0 && used.tv_nsec < 60000000);
	return 0;
}

/* A limit that nobody means to reach is no overflow. */
static void the_longest_wait_has_a_bound(void **state)
{
	(void)state;
	assert_int_equal(patience_most(0), 0);
	assert_int_equal(patience_most(150), 1500);
	assert_int_equal(patience_most(INT_MAX / 10), INT_MAX / 10 * 10);
	assert_int_equal(patience_most(INT_MAX / 10 + 1), INT_MAX);
	assert_int_equal(patience_most(INT_MAX), INT_MAX);
}

/* One processor for six: the time that others have it is not the worker's. */
static void standing_in_line_does_not_count(void **state)
{
	cpu_set_t all, one;
	pid_t spinner[5];
	int errnum = 0, first = 0;
	enum worker_end end;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	while (!CPU_ISSET(first, &all))
		first++;
	CPU_ZERO(&one);
	CPU_SET(first, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	for (size_t i = 0; i < ARRAY_SIZE(spinner); i++) {
		spinner[i] = fork();
		if (spinner[i] == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
			/* As the worker has: a kernel that shares by sessions gives each as much.
			 */
			setsid();
			for (;;)
				;
		}
	}
	end = worker_run(busy_for_a_while, NULL, 150, &errnum, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(spinner); i++) {
		kill(spinner[i], SIGKILL);
		waitpid(spinner[i], NULL, 0);
	}
	assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
	assert_int_equal(end, WORKER_DONE);
	no_children();
}

/* 0, or the number of a descriptor that should not be there, plus 1000. */
static int only_its_own(void *context)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	char target[64];
	int bad = 0;

	(void)context;
	while (dir && (entry = readdir(dir))) {
		ssize_t n = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);
		int fd = atoi(entry->d_name);

		if (n < 0 || fd == dirfd(dir))
			continue;
		target[n] = '\0';
		if (fd < 3 ? strcmp(target, "/dev/null") != 0 : fd > 3)
			bad = 1000 + fd;
		if (fd == 3 && strncmp(target, "socket:", 7) != 0)
			bad = 1000 + fd;
	}
	return dir ? bad : errno;
}

static void inherits_no_descriptor(void **state)
{
	int fd[40], errnum = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fd); i++)
		fd[i] = open("/etc/passwd", O_RDONLY);
	assert_true(dup2(fd[0], 500) == 500);
	assert_int_equal(worker_run(only_its_own, NULL, 60000, &errnum, NULL), WORKER_DONE);
	assert_int_equal(errnum, 0);
	for (size_t i = 0; i < ARRAY_SIZE(fd); i++)
		close(fd[i]);
	close(500);
}

/* In a parent that lacks some of 0 to 5, so that pipes and sockets land there. Returns 0 if all is
 * well.
 */
static int with_low_numbers(unsigned lacking)
{
	static const char *const argv[] = {"/bin/sh", "-c", "cat; echo out; echo err >&2", NULL};
	own_free char *output = NULL;
	struct error *err = NULL;
	int errnum;

	for (int fd = 0; fd < 6; fd++) {
		if (lacking >> fd & 1)
			close(fd);
		else if (fcntl(fd, F_GETFD) < 0)
			open("/etc/passwd", O_RDONLY);
	}
	if (worker_run(only_its_own, NULL, 60000, &errnum, NULL) != WORKER_DONE)
		return 1;
	if (!worker_exec(argv, 60000, &output, &err))
		return 2;
	return strcmp(output, "out\nerr\n") == 0 ? 0 : 3;
}

static void any_number_may_be_free(void **state)
{
	(void)state;
	for (unsigned lacking = 0; lacking < 64; lacking += 7) {
		pid_t pid = fork();
		int status;

		if (pid == 0)
			_exit(with_low_numbers(lacking));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
}

static int starts_afresh(void *context)
{
	struct sigaction action;
	sigset_t mask;

	sigprocmask(SIG_SETMASK, NULL, &mask);
	sigaction(SIGINT, NULL, &action);
	if (sigismember(&mask, SIGTERM) || action.sa_handler != SIG_DFL)
		return 1;
	return getsid(0) == *(pid_t *)context || getsid(0) != getpid() ? 2 : 0;
}

static void inherits_no_signals(void **state)
{
	pid_t session = getsid(0);
	sigset_t mask, old;
	int errnum;

	(void)state;
	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigprocmask(SIG_BLOCK, &mask, &old);
	signal(SIGINT, SIG_IGN);
	assert_int_equal(worker_run(starts_afresh, &session, 60000, &errnum, NULL), WORKER_DONE);
	signal(SIGINT, SIG_DFL);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

/* The kernel reaps children of those who ignore SIGCHLD; what they said counts all the same. */
static void ignored_children(void **state)
{
	static const char *const argv[] = {"/bin/sh", "-c", "echo well", NULL};
	struct error *err = NULL;
	int errnum, number = EBUSY;

	(void)state;
	signal(SIGCHLD, SIG_IGN);
	assert_int_equal(worker_run(good, NULL, 60000, &errnum, NULL), WORKER_DONE);
	assert_int_equal(worker_run(failing, &number, 60000, &errnum, NULL), WORKER_FAILED);
	assert_int_equal(errnum, EBUSY);
	assert_false(worker_exec(argv, 60000, NULL, &err));
	says(&err, "its status is lost: well");
	signal(SIGCHLD, SIG_DFL);
}

/* ------------------------------------------------------------------ programs */

#define SHELL(script) ((const char *const[]){"/bin/sh", "-c", script, NULL})

static void exec_gives_output(void **state)
{
	own_free char *output = NULL, *empty = NULL, *names = NULL;
	struct error *err = NULL;

	(void)state;
	setenv("SECRET", "1", 1);
	assert_true(worker_exec(SHELL("/usr/bin/env | grep -v ^PWD= | grep -v ^_= | grep -v ^SHLVL="
				      " | sort; cat; echo err >&2"),
				60000, &output, &err));
	assert_string_equal(output, "LC_ALL=C\nPATH=" LAYOUT_PATH "\nerr\n");
	assert_true(worker_exec(SHELL(":"), 60000, &empty, &err));
	assert_string_equal(empty, "");
	assert_true(worker_exec(SHELL("echo x"), 60000, NULL, &err));
	/* ls itself opens the directory as 3. */
	assert_true(worker_exec(SHELL("exec ls /proc/self/fd"), 60000, &names, &err));
	assert_string_equal(names, "0\n1\n2\n3\n");
	no_children();
}

static void exec_bounds_output(void **state)
{
	own_free char *output = NULL;
	struct error *err = NULL;
	size_t len;

	(void)state;
	assert_true(worker_exec(SHELL("seq 1 300000"), 10000, &output, &err));
	len = strlen(output);
	assert_int_equal(len, WORKER_OUTPUT);
	assert_string_equal(output + len - 14, "299999\n300000\n");
}

static void exec_says_why_not(void **state)
{
	char *output = NULL;
	struct error *err = NULL;

	(void)state;
	assert_false(worker_exec(SHELL("echo first; echo 'not \033found' >&2; echo; exit 3"), 60000,
				 &output, &err));
	says(&err, "exit 3 failed with status 3: not \\x1bfound");
	assert_false(worker_exec(SHELL("exit 1"), 60000, &output, &err));
	says(&err, "/bin/sh -c exit 1 failed with status 1");
	assert_false(worker_exec(SHELL("echo gone; kill -9 $$"), 60000, &output, &err));
	says(&err, "was killed by signal 9: gone");
	assert_false(worker_exec((const char *const[]){"/nonexistent/x", "-q", NULL}, 60000,
				 &output, &err));
	says(&err, "cannot run /nonexistent/x -q: No such file or directory");
	assert_false(worker_exec((const char *const[]){"/etc/passwd", NULL}, 60000, NULL, &err));
	says(&err, "cannot run /etc/passwd: Permission denied");
	assert_null(output);
	no_children();
}

static void exec_does_not_wait(void **state)
{
	int64_t from = clock_ms();
	own_free char *output = NULL;
	struct error *err = NULL;

	(void)state;
	assert_false(worker_exec(SHELL("echo begun; exec sleep 1000"), 2000, &output, &err));
	says(&err, "did not end within 2 s and was killed: begun");
	assert_false(worker_exec(SHELL("yes"), 2000, &output, &err));
	says(&err, "did not end within 2 s and was killed: y");
	/* One that stays behind with our pipe is nobody to wait for. */
	assert_true(worker_exec(SHELL("sleep 1000 & echo $!"), 60000, &output, &err));
	assert_within(clock_ms() - from, 4000, FOR_EVER_MS);
	kill(atoi(output), SIGKILL);
	no_children();
}

static void exec_kills_the_whole_group(void **state)
{
	own_free char *file = xasprintf("/tmp/vmlaunch-group-%d", (int)getpid());
	own_free char *script = xasprintf("sleep 1000 & echo $! > %s; wait", file);
	own_free char *pid = NULL;
	struct error *err = NULL;

	(void)state;
	assert_false(worker_exec(SHELL(script), 2000, NULL, &err));
	says(&err, "was killed");
	pid = file_read(file, 64, NULL);
	unlink(file);
	assert_non_null(pid);
	for (int64_t until = clock_ms() + FOR_EVER_MS;
	     clock_ms() < until && !strchr("?ZX", process_state(atoi(pid)));)
		sleep_ms(2);
	assert_true(strchr("?ZX", process_state(atoi(pid))) != NULL);
}

/* ------------------------------------------------------------------ stuck */

struct fixture {
	struct tree *tree;
	struct kernel *kernel;
	struct kernel_file file;
};

static int writing(void *context)
{
	const struct fixture *f = context;
	int fd = open(f->file.path, O_WRONLY);

	return fd < 0 || write(fd, "1\n", 2) < 0 ? errno : 0;
}

static void ends_within(struct worker *worker, int ms)
{
	for (int64_t until = clock_ms() + ms; clock_ms() < until && !worker_ended(worker);)
		sleep_ms(2);
	assert_int_equal(worker->pidfd, -1);
	assert_int_equal(worker->pid, 0);
}

static void stuck_in_the_kernel(struct fixture *f)
{
	struct worker stuck = WORKER_NONE;
	int64_t from = clock_ms();
	int errnum = 0;

	atomic_store(&f->kernel->hold, true);
	assert_true(worker_ended(&stuck));
	assert_int_equal(worker_run(writing, f, 2000, &errnum, &stuck), WORKER_STUCK);
	assert_within(clock_ms() - from, 2000 + WORKER_GRACE_MS, FOR_EVER_MS);
	assert_int_equal(errnum, ETIMEDOUT);
	assert_true(stuck.pid > 0 && stuck.pidfd >= 0);
	assert_int_equal(process_state(stuck.pid), 'D');
	assert_false(worker_ended(&stuck));
	atomic_store(&f->kernel->hold, false);
	ends_within(&stuck, FOR_EVER_MS);
	/* The same file again, with nobody holding it. */
	assert_int_equal(worker_run(writing, f, 60000, &errnum, &stuck), WORKER_DONE);
}

static void program_stuck_in_the_kernel(struct fixture *f)
{
	own_free char *script = xasprintf("echo 1 > %s", f->file.path);
	struct error *err = NULL;

	atomic_store(&f->kernel->hold, true);
	assert_false(worker_exec(SHELL(script), 2000, NULL, &err));
	says(&err, "is stuck in the kernel (process ");
	atomic_store(&f->kernel->hold, false);
}

static void stuck(void **state)
{
	struct fixture f = {.tree = *state, .kernel = kernel_make()};

	f.file = (struct kernel_file){
		.kernel = f.kernel, .says = kernel_says_nothing, .hears = kernel_obeys};
	if (!own_mounts(f.tree) || !kernel_mount(&f.file, f.tree, "/held"))
		skip_test("no FUSE mount here: %s", strerror(errno));
	stuck_in_the_kernel(&f);
	program_stuck_in_the_kernel(&f);
	kernel_unmount(&f.file);
	while (waitpid(-1, NULL, 0) > 0)
		;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(done_and_failed),
		cmocka_unit_test(killed_at_the_deadline),
		cmocka_unit_test(the_longest_wait_has_a_bound),
		cmocka_unit_test(standing_in_line_does_not_count),
		cmocka_unit_test(inherits_no_descriptor),
		cmocka_unit_test(any_number_may_be_free),
		cmocka_unit_test(inherits_no_signals),
		cmocka_unit_test(ignored_children),
		cmocka_unit_test(exec_gives_output),
		cmocka_unit_test(exec_bounds_output),
		cmocka_unit_test(exec_says_why_not),
		cmocka_unit_test(exec_does_not_wait),
		cmocka_unit_test(exec_kills_the_whole_group),
		cmocka_unit_test_setup_teardown(stuck, tree_make, tree_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
