#include "child.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/own.h"

void child_set_limits(int oom_score)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	setrlimit(RLIMIT_CORE, &(struct rlimit){0});
	/* One that is below what the session's manager has set may not be had. */
	if (fd >= 0)
		dprintf(fd, "%d", oom_score);
	close_fd(&fd);
}

int child_give_up_privilege(void)
{
	/* Also a plain user's: ambient ones would be the program's. */
	capng_clear(CAPNG_SELECT_CAPS);
	if (capng_apply(CAPNG_SELECT_CAPS) != 0)
		return EPERM; /* it does not promise an errno */
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? 0 : errno;
}
