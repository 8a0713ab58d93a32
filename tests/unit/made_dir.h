/* A directory of a test's own, which goes with all that is in it; what is mounted there stays. */
#ifndef TESTS_MADE_DIR_H
#define TESTS_MADE_DIR_H

#include "unit.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"

/* Its path, the caller's until made_dir_remove(). */
static inline char *made_dir_make(void)
{
	char *dir = xstrdup("/tmp/vmlaunch-unit-XXXXXX");

	assert_non_null(mkdtemp(dir));
	return dir;
}

static inline void made_dir_remove(char *dir)
{
	pid_t pid = fork();

	if (pid == 0) {
		execlp("rm", "rm", "-rf", "--one-file-system", "--", dir, (char *)NULL);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
	free(dir);
}

#endif
