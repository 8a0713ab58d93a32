/* How a process is: it lives, is stopped, has lost its first thread, or is gone. */
#include "unit.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process.h"

static void *idle(void *unused)
{
	for (;;)
		pause();
	return unused;
}

/* A child that waits; with_thread: in a thread beside its first one, which has ended. */
static struct process start(bool with_thread)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		pthread_t thread;

		alarm(600);
		if (with_thread && pthread_create(&thread, NULL, idle, NULL) == 0)
			pthread_exit(NULL);
		idle(NULL);
	}
	return process_of(pid);
}

/* Until its first thread is in that state, as /proc tells it (proc(5), stat). */
static void wait_for_state(pid_t pid, char wanted)
{
	char path[64], line[512] = "", *at = NULL;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	while (!at || at[2] != wanted) {
		FILE *file = fopen(path, "re");

		assert_non_null(file);
		assert_non_null(fgets(line, sizeof(line), file));
		fclose(file);
		at = strrchr(line, ')');
		usleep(1000);
	}
}

static void test_lives_stops_and_is_gone(void **state)
{
	struct process child = start(false), other = child;

	(void)state;
	assert_int_equal(process_look(child), PROCESS_LIVES);
	other.start++; /* the number was given to another one since */
	assert_int_equal(process_look(other), PROCESS_GONE);
	kill(child.pid, SIGSTOP);
	wait_for_state(child.pid, 'T');
	assert_int_equal(process_look(child), PROCESS_STOPPED);
	assert_true(process_alive(child));
	kill(child.pid, SIGKILL);
	wait_for_state(child.pid, 'Z'); /* nobody has reaped it */
	assert_int_equal(process_look(child), PROCESS_GONE);
	waitpid(child.pid, NULL, 0);
	assert_int_equal(process_look(child), PROCESS_GONE);
	assert_int_equal(process_look((struct process){0}), PROCESS_GONE);
}

static void test_its_first_thread_has_ended(void **state)
{
	struct process child = start(true);

	(void)state;
	wait_for_state(child.pid, 'Z');
	assert_int_equal(process_look(child), PROCESS_LIVES);
	kill(child.pid, SIGKILL);
	waitpid(child.pid, NULL, 0);
	assert_int_equal(process_look(child), PROCESS_GONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lives_stops_and_is_gone),
		cmocka_unit_test(test_its_first_thread_has_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
