#include "process.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "alloc.h"
#include "file.h"
#include "own.h"
#include "root.h"

/* #syscalls(all) pidfd_open */

/* The name stands in parentheses: counting begins behind the last one. */
const char *process_stat_field(const char *stat, unsigned n)
{
	const char *at = strrchr(stat, ')');

	for (unsigned field = 2; at && field < n; field++)
		at = strchr(at + 1, ' ');
	return at ? at + 1 : NULL;
}

static char *read_stat(pid_t pid)
{
	own_free char *path = xasprintf("/proc/%d/stat", (int)pid);

	return file_read(path, 4096, NULL);
}

struct process process_of(pid_t pid)
{
	own_free char *stat = read_stat(pid);
	const char *start = stat ? process_stat_field(stat, 22) : NULL;
	struct process process = {.pid = pid};

	if (start)
		process.start = strtoull(start, NULL, 10);
	return process;
}

bool process_alive(struct process process)
{
	own_fd int fd = -1;
	struct pollfd p = {.events = POLLIN};
	struct process now;

	if (process.pid <= 0 || !process.start)
		return false;
	fd = (int)syscall(SYS_pidfd_open, process.pid, 0);
	/* Who cannot look, for want of a descriptor say, does not call it dead. */
	if (fd < 0)
		return errno != ESRCH && errno != EINVAL;
	/* The number could have been given away: so the start is compared after the open. */
	errno = 0;
	now = process_of(process.pid);
	if (!now.start)
		return errno == EMFILE || errno == ENFILE || errno == ENOMEM;
	if (now.start != process.start)
		return false;
	p.fd = fd;
	return poll(&p, 1, 0) == 0;
}

int process_watch(struct process process)
{
	own_fd int fd = (int)syscall(SYS_pidfd_open, process.pid, 0);

	/* The number could have been given away between the record and the open. */
	return fd >= 0 && process_alive(process) ? steal_fd(&fd) : -1;
}

bool process_stopped(struct process process)
{
	own_free char *stat = read_stat(process.pid);
	const char *state = stat ? process_stat_field(stat, 3) : NULL;

	return state && (*state == 'T' || *state == 't');
}

bool process_runs(pid_t pid)
{
	own_free char *stat = read_stat(pid);
	const char *state = stat ? process_stat_field(stat, 3) : NULL;

	return state && *state == 'R';
}

/* proc(5), stat: minflt, cminflt, majflt, cmajflt, utime, stime, cutime, cstime. */
#define PROGRESS_FIELDS 10, 17

static uint64_t sum_of_fields(const char *stat, unsigned from, unsigned to)
{
	uint64_t sum = 0;

	for (unsigned n = from; n <= to; n++) {
		const char *field = process_stat_field(stat, n);

		sum += field ? strtoull(field, NULL, 10) : 0;
	}
	return sum;
}

uint64_t process_progress(pid_t pid)
{
	own_free char *stat = read_stat(pid);

	return stat ? sum_of_fields(stat, PROGRESS_FIELDS) : 0;
}

int64_t process_in_line_ms(pid_t pid)
{
	own_free char *path = xasprintf("/proc/%d/schedstat", (int)pid);
	own_free char *counts = file_read(path, 256, NULL);
	const char *line = counts ? strchr(counts, ' ') : NULL;

	return line ? (int64_t)(strtoull(line, NULL, 10) / 1000000) : 0;
}

/* The value of a line of /proc/PID/status, which begins with "\nNAME:\t"; false when it has none.
 */
static bool status_number(pid_t pid, const char *line, uint64_t *value)
{
	own_free char *path = xasprintf("/proc/%d/status", (int)pid);
	own_free char *status = file_read(path, 16384, NULL);
	const char *at = status ? strstr(status, line) : NULL;

	if (at)
		*value = strtoull(at + strlen(line), NULL, 10);
	return at;
}

uint64_t process_huge_kb(pid_t pid)
{
	uint64_t kb = 0;

	status_number(pid, "\nHugetlbPages:\t", &kb);
	return kb;
}

uid_t process_uid(pid_t pid)
{
	uint64_t uid = 0;

	return status_number(pid, "\nUid:\t", &uid) ? (uid_t)uid : (uid_t)-1;
}

char *process_namespaces(void)
{
	struct root real = ROOT_REAL;
	own_free char *pid = root_readlink(&real, "/proc/self/ns/pid");
	own_free char *time = root_readlink(&real, "/proc/self/ns/time");

	/* A kernel without the second kind has one time. */
	return xasprintf("%s %s", pid ? pid : "", time ? time : "");
}

char *process_boot_id(void)
{
	struct root real = ROOT_REAL;
	char *id = root_line(&real, "/proc/sys/kernel/random/boot_id");

	return id ? id : xstrdup("");
}
