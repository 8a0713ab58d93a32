#include "window.h"

#include <ctype.h>
#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/own.h"
#include "base/root.h"
#include "companion.h"

#define ARGUMENTS_LIMIT (1U << 20) /* bytes of a process's that are looked at */

const struct plan_companion *window_program(const struct run_record *record)
{
	for (size_t i = 0; i < record->companions; i++)
		if (record->companion[i].when == COMPANION_RUNNING)
			return &record->companion[i];
	return NULL;
}

/* Whether its arguments end as these do: before a script stands its interpreter. */
static bool is_process(const char *pid, const struct buf *argv)
{
	own_free char *path = xasprintf("/proc/%s/cmdline", pid), *line = NULL;
	size_t len = 0;

	line = file_read(path, ARGUMENTS_LIMIT, &len);
	return line && argv->len && len >= argv->len &&
	       memcmp(line + len - argv->len, argv->data, argv->len) == 0;
}

bool window_is_open(const struct plan_companion *program)
{
	struct root real = ROOT_REAL;
	own_buf struct buf argv = {0};
	bool found = false;
	size_t n;
	char **pid = root_list(&real, &n, "/proc");

	for (size_t i = 0; i < program->args; i++)
		buf_add(&argv, program->argv[i], strlen(program->argv[i]) + 1);
	for (size_t i = 0; i < n && !found; i++)
		found = isdigit((unsigned char)*pid[i]) && is_process(pid[i], &argv);
	names_free(pid, n);
	return found;
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
	struct plan plan = {
		.name = record->name,
		.companion = record->companion,
		.companions = record->companions,
	};
	own_fd int qemu = (int)syscall(SYS_pidfd_open, record->qemu.pid, 0);
	struct companions companions = COMPANIONS_NONE;
	struct pollfd p[COMPANION_PLACES + 1];

	if (qemu < 0)
		return;
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
