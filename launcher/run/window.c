#include "window.h"

#include <ctype.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/own.h"
#include "base/process.h"
#include "base/root.h"
#include "companion.h"

/* #syscalls(supervisor) getuid */

#define ARGUMENTS_LIMIT (1U << 20) /* bytes of a process's that are looked at */

/* The words that it has as a process in the end, each with its NUL: those behind the last -- where
 * we are the program at first, which waits for the guest's port and becomes them (plan/viewer.c).
 */
static void add_words(struct buf *words, const struct plan_companion *program)
{
	size_t first = 0;

	if (program->args > 1 && strcmp(program->argv[1], "run") == 0)
		for (size_t i = 0; i + 1 < program->args; i++)
			if (strcmp(program->argv[i], "--") == 0)
				first = i + 1;
	for (size_t i = first; i < program->args; i++)
		buf_add(words, program->argv[i], strlen(program->argv[i]) + 1);
}

/* Whether its arguments end as these do: before them stand an interpreter, or what we wait by; the
 * first one may have got the path of a script. What others call their processes is their matter.
 */
static bool is_process(const char *pid, const struct buf *words)
{
	own_free char *path = xasprintf("/proc/%s/cmdline", pid), *line = NULL;
	size_t len = 0, before;

	line = file_read(path, ARGUMENTS_LIMIT, &len);
	if (!line || !words->len || len < words->len)
		return false;
	before = len - words->len;
	return memcmp(line + before, words->data, words->len) == 0 &&
	       (!before || line[before - 1] == '\0' || line[before - 1] == '/') &&
	       process_uid((pid_t)strtol(pid, NULL, 10)) == getuid();
}

pid_t window_pid(const struct plan_companion *program)
{
	struct root real = ROOT_REAL;
	own_buf struct buf words = {0};
	pid_t found = 0;
	size_t n;
	char **pid = root_list(&real, &n, "/proc");

	add_words(&words, program);
	for (size_t i = 0; i < n && !found; i++)
		if (isdigit((unsigned char)*pid[i]) && is_process(pid[i], &words))
			found = (pid_t)strtol(pid[i], NULL, 10);
	names_free(pid, n);
	return found;
}

const struct plan_companion *window_program(const struct run_record *record)
{
	const struct plan_companion *open = NULL;

	for (size_t i = 0; i < record->companions; i++) {
		const struct plan_companion *program = &record->companion[i];

		if (program->when != COMPANION_RUNNING)
			continue;
		if (!window_pid(program))
			return program;
		open = open ? open : program;
	}
	return open;
}

bool window_is_open(const struct plan_companion *program)
{
	return window_pid(program);
}

static bool any_runs(const struct pollfd *p)
{
	for (size_t i = 0; i < COMPANION_LIMIT; i++)
		if (p[i].fd >= 0)
			return true;
	return false;
}

void window_show(const struct run_record *record)
{
	own_free struct plan_companion *closed = NULL;
	struct plan plan = {.name = record->name};
	own_fd int qemu = (int)syscall(SYS_pidfd_open, record->qemu.pid, 0);
	struct companions companions = COMPANIONS_NONE;
	struct pollfd p[COMPANION_PLACES + 1];

	if (qemu < 0)
		return;
	for (size_t i = 0; i < record->companions; i++)
		if (record->companion[i].when == COMPANION_RUNNING &&
		    !window_pid(&record->companion[i]))
			*xappend(closed, plan.companions) = record->companion[i];
	plan.companion = closed;
	companions_start(&companions, &plan);
	for (;;) {
		companions_poll(&companions, p);
		p[COMPANION_PLACES] = (struct pollfd){.fd = qemu, .events = POLLIN};
		if (!any_runs(p))
			return;
		if (poll(p, COMPANION_PLACES + 1, -1) <= 0)
			continue;
		if (p[COMPANION_PLACES].revents)
			break;
		companions_go(&companions, p, true);
	}
	companions_finish(&companions);
}
