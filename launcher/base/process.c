#include "process.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
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

/* One whose first thread is a zombie: whether others go on is told by a pidfd alone. */
static bool lives_without_its_first(struct process process)
{
	struct pollfd p = {.fd = (int)syscall(SYS_pidfd_open, process.pid, 0), .events = POLLIN};
	own_fd int fd = p.fd;

	/* Who cannot look, for want of a descriptor say, does not call it dead. The number could
	 * have been given away: so the start is compared after the open.
	 */
	if (fd < 0)
		return errno != ESRCH && errno != EINVAL;
	return process_of(process.pid).start == process.start && poll(&p, 1, 0) == 0;
}

enum process_state process_look(struct process process)
{
	own_free char *stat = NULL;
	const char *state, *start;

	if (process.pid <= 0 || !process.start)
		return PROCESS_GONE;
	errno = 0;
	stat = read_stat(process.pid);
	/* Nor does who cannot read. */
	if (!stat && (errno == EMFILE || errno == ENFILE || errno == ENOMEM))
		return PROCESS_LIVES;
	state = stat ? process_stat_field(stat, 3) : NULL;
	start = stat ? process_stat_field(stat, 22) : NULL;
	if (!start || strtoull(start, NULL, 10) != process.start)
		return PROCESS_GONE;
	if (strchr("ZXx", *state) && !lives_without_its_first(process))
		return PROCESS_GONE;
	return strchr("Tt", *state) ? PROCESS_STOPPED : PROCESS_LIVES;
}

bool process_alive(struct process process)
{
	return process_look(process) != PROCESS_GONE;
}

int process_watch(struct process process)
{
	own_fd int fd = (int)syscall(SYS_pidfd_open, process.pid, 0);

	/* The number could have been given away between the record and the open. */
	return fd >= 0 && process_alive(process) ? steal_fd(&fd) : -1;
}

bool process_stopped(struct process process)
{
	return process_look(process) == PROCESS_STOPPED;
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

bool process_is_of_this_boot(const char *boot_id)
{
	static char id_of_this_boot[64];

	if (!*id_of_this_boot) {
		own_free char *id = process_boot_id();

		snprintf(id_of_this_boot, sizeof(id_of_this_boot), "%s", id);
	}
	return strcmp(id_of_this_boot, boot_id) == 0;
}
