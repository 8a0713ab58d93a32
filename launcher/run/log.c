#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/own.h"
#include "base/text.h"

#define TAIL (1U << 16) /* bytes of a log that are looked at */
#define QUOTED 400	/* of a line */

#define OURS "vmlaunch: " /* begins a line of ours */

int log_open(const char *path, struct error **err)
{
	own_free char *old = xasprintf("%s.old", path);
	int fd;

	rename(path, old);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		error_errno(err, ERROR_HOST, errno, "cannot make the log %s", path);
	return fd;
}

void log_add(const char *path, const char *line)
{
	own_fd int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	time_t now = time(NULL);
	char when[40] = "";
	struct tm tm;

	if (localtime_r(&now, &tm))
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
	if (fd >= 0)
		dprintf(fd, OURS "%s: %s\n", when, line);
}

void log_bound(const char *path, off_t limit)
{
	own_fd int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= limit ||
	    ftruncate(fd, 0) < 0)
		return;
	log_add(path, "the log had grown large, and begins anew here");
}

/* Where the last so many lines begin that are neither empty nor ours; the rest is taken apart at
 * its ends.
 */
static char *last_lines(char *text, size_t lines)
{
	char *at = text + strlen(text);

	while (at > text) {
		char *end = at;

		while (at > text && at[-1] != '\n')
			at--;
		if (end > at && !text_starts(at, OURS) && lines-- == 0)
			return end;
		if (at > text)
			*--at = '\0';
	}
	return at;
}

char *log_last_words(const char *path, size_t lines, const char *before)
{
	own_fd int fd = open_tail(path, TAIL);
	size_t len = 0;
	own_free char *text = fd < 0 ? NULL : fd_read_all(fd, TAIL, &len);
	struct buf out = {0};

	buf_adds(&out, "");
	if (!text)
		return buf_steal(&out);
	len = strlen(text);
	for (char *line = last_lines(text, lines); line < text + len; line += strlen(line) + 1) {
		own_free char *shown = text_quote(line, QUOTED);

		if (*line && !text_starts(line, OURS))
			buf_addf(&out, "%s%s", before, shown);
	}
	return buf_steal(&out);
}

char *log_last_of_ours(const char *path)
{
	own_fd int fd = open_tail(path, TAIL);
	own_free char *text = fd < 0 ? NULL : fd_read_all(fd, TAIL, NULL);
	const char *found = NULL;

	for (char *line = text, *end; line && *line; line = end) {
		end = line + strcspn(line, "\n");
		if (*end)
			*end++ = '\0';
		if (text_starts(line, OURS))
			found = line + strlen(OURS);
	}
	return found ? text_quote(found, QUOTED) : NULL;
}

char *log_line_with(const char *path, const char *words)
{
	own_fd int fd = open_tail(path, TAIL);
	size_t len = 0;
	own_free char *text = fd < 0 ? NULL : fd_read_all(fd, TAIL, &len);
	char *at = text ? strstr(text, words) : NULL;

	if (!at)
		return NULL;
	at[strcspn(at, "\n")] = '\0';
	while (at > text && at[-1] != '\n')
		at--;
	return text_quote(at, QUOTED);
}
