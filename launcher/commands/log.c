/* QEMU's messages of a machine that runs, or of the last start of one that does not. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/say.h"
#include "base/text.h"
#include "common.h"

#define LINE 4096 /* longer ones are broken */

/* The log of the name's last start, which the caller owns; *record is filled where one is left. */
static char *find_log(const char *name, struct run_record *record, struct error **err)
{
	own_error struct error *ignored = NULL;
	own_free char *dir = instance(name, record, &ignored), *state = NULL;
	own_dirs struct dirs dirs = {0};

	if (dir)
		return xstrdup(record->log);
	if (!dirs_find(&dirs, err))
		return NULL;
	state = path_join(dirs.state, name);
	return path_join(state, "qemu.log");
}

/* A log that grows. */
struct reading {
	int fd;
	struct buf line; /* what has come of the last one */
	bool any;
};

/* What QEMU, or its guest by way of QEMU, wrote must not paint the terminal. */
static void print_line(struct reading *r)
{
	own_free char *line = buf_steal(&r->line);
	own_free char *shown = text_quote(line ? line : "", LINE);

	puts(shown);
	r->any = true;
}

/* Prints what is new. A log that had grown too large begins anew. */
static void print_new(struct reading *r)
{
	char data[LINE];
	struct stat st;
	ssize_t n;

	if (fstat(r->fd, &st) == 0 && lseek(r->fd, 0, SEEK_CUR) > st.st_size)
		lseek(r->fd, 0, SEEK_SET);

	while ((n = read(r->fd, data, sizeof(data))) > 0)
		for (ssize_t i = 0; i < n; i++) {
			if (data[i] != '\n')
				buf_addc(&r->line, data[i]);
			if (data[i] == '\n' || r->line.len == LINE - 1)
				print_line(r);
		}
	fflush(stdout);
}

/* Until QEMU and its supervisor have ended, who has the last word. Nothing wakes us up but a change
 * of the log and those ends.
 */
static bool follow_log(struct reading *r, const char *path, const struct run_record *record,
		       struct error **err)
{
	own_fd int changes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	own_fd int qemu = process_watch(record->qemu);
	own_fd int supervisor = process_watch(record->supervisor);

	if (changes < 0 || inotify_add_watch(changes, path, IN_MODIFY) < 0) {
		error_errno(err, ERROR_FAILED, errno, "cannot watch %s", path);
		return false;
	}
	for (;;) {
		struct pollfd p[] = {
			{changes, POLLIN, 0}, {qemu, POLLIN, 0}, {supervisor, POLLIN, 0}};
		char events[4096];

		print_new(r);
		if ((qemu < 0 && supervisor < 0) || ferror(stdout))
			return true;
		if (poll(p, ARRAY_SIZE(p), -1) < 0 && errno != EINTR) {
			error_errno(err, ERROR_FAILED, errno, "poll");
			return false;
		}
		while (p[0].revents && read(changes, events, sizeof(events)) > 0)
			continue;
		if (p[1].revents)
			close_fd(&qemu);
		if (p[2].revents)
			close_fd(&supervisor);
	}
}

int command_log(const struct arguments *args, struct error **err)
{
	own_run_record struct run_record record = {0};
	own_free char *name = machine_named(args, err);
	own_free char *path =
		!name || *name == '.' || strchr(name, '/') ? NULL : find_log(name, &record, err);
	own_fd int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
	struct reading reading = {.fd = fd};
	bool good = true;
	struct stat st;

	if (!name)
		return ERROR_FAILED;
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		own_free char *shown = text_quote(name, 64);

		error_add(err, ERROR_FAILED, "there is no log of a machine called %s", shown);
		return ERROR_FAILED;
	}
	print_new(&reading);
	if (argument_option(args, "follow"))
		good = follow_log(&reading, path, &record, err);
	if (reading.line.len)
		print_line(&reading);
	buf_free(&reading.line);
	if (good && !reading.any)
		say(SAY_NOTE, "%s: QEMU has said nothing since its start", name);
	return good ? 0 : ERROR_FAILED;
}
