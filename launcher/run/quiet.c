#include "quiet.h"

#include <errno.h>
#include <sched.h>

/* #syscalls(supervisor) sched_setscheduler */

/* The keeper has raised the limit to just this (STEP_REALTIME). What the thread forks is ordinary
 * again.
 */
#define PRIORITY 1

static bool make_realtime(pid_t thread, struct error **err)
{
	const struct sched_param param = {.sched_priority = PRIORITY};

	if (sched_setscheduler(thread, SCHED_FIFO | SCHED_RESET_ON_FORK, &param) == 0)
		return true;
	error_errno(err, ERROR_HOST, errno, "cannot make QEMU's thread %d realtime", (int)thread);
	return false;
}

bool quiet_vcpu(const struct plan *plan, struct link *link, pid_t thread, struct error **err)
{
	if (plan->isolate && !link_isolate(link, thread, err))
		return false;
	return !plan->realtime || make_realtime(thread, err);
}

/* The flag cannot be taken back without rights, and does no harm. */
void quiet_release(const struct plan *plan, pid_t thread)
{
	const struct sched_param param = {0};

	if (plan->realtime)
		sched_setscheduler(thread, SCHED_OTHER | SCHED_RESET_ON_FORK, &param);
}

bool quiet_return(const struct plan *plan, struct link *link, pid_t thread)
{
	return !plan->isolate || link_return(link, thread, NULL);
}
