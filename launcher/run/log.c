/* What writes into a log holds it open for the machine's life, with O_APPEND: so a log that is too
 * large cannot be renamed, but it can be cut under the writer, who goes on at its new end. inotify
 * tells that it grows, so nobody wakes up for a log that does not. What is written between the copy
 * and the cut is lost.
 *
 * A writer without end would have us copy without end: within a minute of a copy a log is only cut.
 * So PATH.1 holds how a flood began, and the log itself how it goes on.
 */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <time.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/own.h"
#include "base/text.h"

/* #syscalls(supervisor) inotify_init1 inotify_add_watch inotify_rm_watch sendfile ftruncate unlink
 */

#define TAIL (1U << 16) /* bytes of a log that are looked at */
#define QUOTED 400	/* of a line */
#define OUR_QUOTED 2000 /* of a line of ours, which has a remedy in it */

#define COPY_MS 60000 /* between two copies of one log */

#define OURS "vmlaunch: "					      /* begins a line of ours */
#define ANEW "the log had grown beyond 2 MiB, and begins anew here; " /* in the first of those */
_Static_assert(LOG_LIMIT == 2097152, "the words tell the limit");

int log_open(const char *path, struct error **err)
{
	own_free char *old = xasprintf("%s.old", path), *before = xasprintf("%s.1", path);
	int fd;

	rename(path, old);
	unlink(before);
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

/* ------------------------------------------------------------------ while it grows */

/* The end of a log of this size, in place of what PATH.1 held before. */
static bool copy_end(int from, off_t size, const char *path)
{
	own_free char *before = xasprintf("%s.1", path);
	own_fd int to = open(
		before, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	off_t at = size - LOG_LIMIT;

	while (to >= 0 && at < size)
		if (sendfile(to, from, &at, (size_t)(size - at)) <= 0)
			break;
	if (to >= 0 && at >= size)
		return true;
	unlink(before);
	return false;
}

static void bound(const char *path, int64_t *copied)
{
	own_fd int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	bool due = !*copied || now_ms() - *copied >= COPY_MS, kept;
	own_free char *line = NULL;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= LOG_LIMIT)
		return;
	kept = due && copy_end(fd, st.st_size, path);
	if (ftruncate(fd, 0) < 0)
		return;
	if (kept)
		*copied = now_ms();
	line = kept ? xasprintf(ANEW "what was there before is in %s.1", path_base(path))
		    : xstrdup(ANEW "what was there before is lost");
	log_add(path, line);
}

bool log_watch(struct log_watch *watch, const char *path)
{
	if (watch->fd < 0)
		watch->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (watch->fd < 0 || watch->n == LOG_WATCHED)
		return false;
	watch->v[watch->n] = (struct watched_log){
		.number = inotify_add_watch(watch->fd, path, IN_MODIFY),
	};
	if (watch->v[watch->n].number < 0)
		return false;
	watch->v[watch->n++].path = xstrdup(path);
	/* What it is by now, where it has grown while nobody watched. */
	bound(path, &watch->v[watch->n - 1].copied);
	return true;
}

void log_watch_rest(struct log_watch *watch)
{
	if (watch->rested)
		return;
	for (size_t i = 0; i < watch->n; i++)
		inotify_rm_watch(watch->fd, watch->v[i].number);
	watch->rested = true;
	watch->again = now_ms() + LOG_REST_MS;
}

int64_t log_watch_timer(struct log_watch *watch, int64_t now)
{
	if (!watch->again || now < watch->again)
		return watch->again;
	watch->again = 0;
	for (size_t i = 0; watch->fd >= 0 && i < watch->n; i++) {
		watch->v[i].number = inotify_add_watch(watch->fd, watch->v[i].path, IN_MODIFY);
		bound(watch->v[i].path, &watch->v[i].copied);
	}
	return 0;
}

struct pollfd log_watch_poll(const struct log_watch *watch)
{
	return (struct pollfd){.fd = watch->fd, .events = POLLIN};
}

void log_watch_go(struct log_watch *watch, short ready)
{
	char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));

	if (!ready)
		return;
	/* One read: whoever writes faster than we look does not keep us here. */
	if (read(watch->fd, events, sizeof(events)) < 0 && errno != EAGAIN)
		close_fd(&watch->fd);
	for (size_t i = 0; i < watch->n; i++)
		bound(watch->v[i].path, &watch->v[i].copied);
}

void log_watch_close(struct log_watch *watch)
{
	/* The last of what was written. */
	for (size_t i = 0; i < watch->n; i++)
		bound(watch->v[i].path, &watch->v[i].copied);
	for (size_t i = 0; i < watch->n; i++)
		free(watch->v[i].path);
	watch->n = 0;
	close_fd(&watch->fd);
}

/* ------------------------------------------------------------------ looking at it */

/* The end of one file: at most so many bytes, NULL: there is none. */
static char *read_tail(const char *path, size_t tail, size_t *len)
{
	own_fd int fd = open_tail(path, tail);

	/* It grows while it is read: what is new by then does not count. */
	own_free char *text = fd < 0 ? NULL : xcalloc(tail + 1, 1);
	ssize_t n = text ? read(fd, text, tail) : -1;

	*len = n > 0 ? (size_t)n : 0;
	return n < 0 ? NULL : steal(&text);
}

/* Whether this log was cut, and all since then is here. A fast writer may be before our words. */
static bool is_cut(const char *text, size_t len)
{
	return len < TAIL && memmem(text, len, ANEW, strlen(ANEW));
}

/* The end of a log, with what stood there before it was cut; NULL: there is none. A NUL in it is as
 * good as its end to those who read a text.
 */
static char *read_log(const char *path, size_t *len)
{
	own_free char *text = read_tail(path, TAIL, len), *before = NULL, *earlier = NULL;
	own_free char *joined = NULL;
	size_t n;

	if (!text || !is_cut(text, *len))
		return steal(&text);
	before = xasprintf("%s.1", path);
	earlier = read_tail(before, TAIL - *len, &n);
	if (!earlier)
		return steal(&text);
	joined = xcalloc(n + *len + 1, 1);
	memcpy(joined, earlier, n);
	memcpy(joined + n, text, *len);
	*len += n;
	return steal(&joined);
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
	size_t len = 0;
	own_free char *text = read_log(path, &len);
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
	size_t len = 0;
	own_free char *text = read_log(path, &len);
	const char *found = NULL;

	for (char *line = text, *end; line && *line; line = end) {
		end = line + strcspn(line, "\n");
		if (*end)
			*end++ = '\0';
		if (text_starts(line, OURS))
			found = line + strlen(OURS);
	}
	return found ? text_quote(found, OUR_QUOTED) : NULL;
}

char *log_end(const char *path)
{
	size_t len;

	return read_log(path, &len);
}

bool log_is_ours(const char *line)
{
	return text_starts(line, OURS);
}

char *log_line_with(const char *path, const char *words)
{
	size_t len = 0;
	own_free char *text = read_log(path, &len);
	char *at = text ? strstr(text, words) : NULL, *later;

	if (!at)
		return NULL;
	while ((later = strstr(at + 1, words)))
		at = later;
	at[strcspn(at, "\n")] = '\0';
	while (at > text && at[-1] != '\n')
		at--;
	return text_quote(at, QUOTED);
}
