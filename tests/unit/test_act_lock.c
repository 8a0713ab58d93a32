/* One keeper at a time: whoever holds the lock is waited for as long as he writes something down.
 */
#include "test_act_host.h"

#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>

#define LOCK "/run/vmlaunch/lock"
/* In milliseconds, by looks of 50 ms: a holder whom a busy computer leaves no processor leaves
 * none for the looks either.
 */
#define SILENT_MS 1000

/* Another keeper, which has the lock already; after it a pause of 50 ms between each two journals,
 * and with them all it lets go. Without any it holds it until it is killed.
 */
static pid_t another_one(unsigned journals)
{
	int fd[2];
	pid_t pid;

	assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int lock = open(LOCK, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (lock < 0 || flock(lock, LOCK_EX) < 0 || write(fd[1], "x", 1) != 1)
			_exit(1);
		while (!journals)
			pause();
		for (unsigned i = 0; i < journals; i++) {
			own_fd int new = open("/run/vmlaunch/1.new", O_CREAT | O_CLOEXEC, 0600);

			if (new < 0 || rename("/run/vmlaunch/1.new", "/run/vmlaunch/1.journal") < 0)
				_exit(1);
			sleep_ms(50);
		}
		_exit(0);
	}
	assert_int_equal(read(fd[0], &(char){0}, 1), 1);
	close(fd[0]);
	close(fd[1]);
	return pid;
}

static void who_writes_nothing_down_is_not_waited_for(void **state)
{
	struct host *host = *state;
	struct error *err = NULL;
	int64_t from;
	pid_t holder;

	needs_run(host);
	holder = another_one(0);
	from = clock_ms();
	assert_false(keeper_lock_within(&host->k, SILENT_MS, &err));
	assert_true(clock_ms() - from >= SILENT_MS);
	says(&err, "another keeper holds " LOCK);
	assert_int_equal(host->k.lock, -1);
	kill(holder, SIGKILL);
	waitpid(holder, NULL, 0);
	/* The kernel has let go of it with him. */
	assert_true(keeper_lock_within(&host->k, SILENT_MS, &err));
	close_fd(&host->k.lock);
}

static void who_does_is_waited_for(void **state)
{
	struct host *host = *state;
	struct error *err = NULL;
	int64_t from;
	pid_t holder;
	int status = -1;

	needs_run(host);
	/* Before he begins: his time is at least what is asked for below. */
	from = clock_ms();
	holder = another_one(2 * SILENT_MS / 50);
	assert_true(keeper_lock_within(&host->k, SILENT_MS, &err));
	assert_true(clock_ms() - from >= 3 * SILENT_MS / 2);
	assert_int_equal(waitpid(holder, &status, 0), holder);
	assert_int_equal(status, 0);
	close_fd(&host->k.lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_HOST(who_writes_nothing_down_is_not_waited_for),
		ON_HOST(who_does_is_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
