/* Limits of the client's process, and of QEMU, which inherits them. They end with the processes:
 * nothing to write down.
 */
#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#include "state.h"

/* #syscalls(keeper) prlimit64:RLIMIT_MEMLOCK prlimit64:RLIMIT_RTPRIO */

/* A single one is enough to be before all that is not realtime. */
#define PRIORITY 1

/* Only of the process that made the socket, and only while that is still the user's. */
static bool client_is_users(const struct keeper *k, struct error **err)
{
	if (process_uid(k->client) == k->uid)
		return true;
	error_add(err, ERROR_HOST, "process %d is not uid %u's", (int)k->client, k->uid);
	return false;
}

bool raise_memlock(struct keeper *k, const struct intent *intent, struct error **err)
{
	struct rlimit limit, old;
	own_free char *text = root_read(&k->root, "/proc/meminfo");
	const char *line = text ? strstr(text, "MemTotal:") : NULL;
	uint64_t total = line ? strtoull(line + strlen("MemTotal:"), NULL, 10) << 10 : 0;

	if (!client_is_users(k, err))
		return false;
	if (intent->memlock.bytes > total) {
		error_add(err, ERROR_HOST, "%lu MiB of locked memory on a host that has %lu MiB",
			  intent->memlock.bytes >> 20, total >> 20);
		return false;
	}
	if (prlimit(k->client, RLIMIT_MEMLOCK, NULL, &old) < 0) {
		error_errno(err, ERROR_HOST, errno, "cannot read the memlock limit of %d",
			    (int)k->client);
		return false;
	}
	if (old.rlim_cur >= intent->memlock.bytes)
		return true;
	limit.rlim_cur = intent->memlock.bytes;
	limit.rlim_max = old.rlim_max > limit.rlim_cur ? old.rlim_max : limit.rlim_cur;
	keeper_report(k, REPORT_PROGRESS, 0, "prlimit --pid %d --memlock=%lu", (int)k->client,
		      intent->memlock.bytes);
	if (prlimit(k->client, RLIMIT_MEMLOCK, &limit, NULL) < 0) {
		error_errno(err, ERROR_HOST, errno, "cannot raise the memlock limit of %d",
			    (int)k->client);
		return false;
	}
	return true;
}

bool allow_realtime(struct keeper *k, const struct intent *intent, struct error **err)
{
	struct rlimit limit, old;

	(void)intent;
	if (!client_is_users(k, err))
		return false;
	if (prlimit(k->client, RLIMIT_RTPRIO, NULL, &old) < 0) {
		error_errno(err, ERROR_HOST, errno, "cannot read the realtime limit of %d",
			    (int)k->client);
		return false;
	}
	if (old.rlim_cur >= PRIORITY)
		return true;
	limit.rlim_cur = PRIORITY;
	limit.rlim_max = old.rlim_max > PRIORITY ? old.rlim_max : PRIORITY;
	keeper_report(k, REPORT_PROGRESS, 0, "prlimit --pid %d --rtprio=%d", (int)k->client,
		      PRIORITY);
	if (prlimit(k->client, RLIMIT_RTPRIO, &limit, NULL) < 0) {
		error_errno(err, ERROR_HOST, errno, "cannot raise the realtime limit of %d",
			    (int)k->client);
		return false;
	}
	return true;
}
