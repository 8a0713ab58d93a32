/* Who waits for a keeper's end without a connection to it: as long as it works. */
#include "unit.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "run/returned.h"

/* Ten looks: on a busy computer, too, a child runs once in that time. */
#define SILENT_MS 2000

static pid_t start(bool works)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		int64_t from = now_ms();
		char *page;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (!works)
			pause();
		/* Asks for a page now and then: a keeper that works does, and uses little else. */
		while (now_ms() - from < 3 * SILENT_MS / 2) {
			page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				    -1, 0);
			if (page == MAP_FAILED)
				_exit(1);
			*page = 1;
			usleep(20000);
		}
		_exit(0);
	}
	return pid;
}

static void a_keeper_that_does_nothing_is_not_waited_for(void **state)
{
	pid_t pid = start(false);
	struct run_record record = {.keeper = process_of(pid)};
	int64_t from = now_ms();

	(void)state;
	assert_false(returned_wait(&record, SILENT_MS));
	assert_within(now_ms() - from, SILENT_MS, INT64_MAX);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_true(returned_wait(&record, SILENT_MS));
}

static void one_that_works_is(void **state)
{
	int64_t from = now_ms(); /* before it begins to work */
	pid_t pid = start(true);
	struct run_record record = {.keeper = process_of(pid)};
	int status = -1;

	(void)state;
	assert_true(returned_wait(&record, SILENT_MS));
	assert_within(now_ms() - from, SILENT_MS, INT64_MAX);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_keeper_that_does_nothing_is_not_waited_for),
		cmocka_unit_test(one_that_works_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
