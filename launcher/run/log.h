/* Logs of the processes that run beside us: one file each in the machine's state directory, at most
 * three with what is kept of it: PATH, PATH.1 (what stood there before it grew too large) and
 * PATH.old (the last start's).
 */
#ifndef RUN_LOG_H
#define RUN_LOG_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* Opens a fresh log for appending, 0600; the one that was there is kept as PATH.old.
 * -1: failed.
 */
int log_open(const char *path, struct error **err);

/* Adds a line of ours to QEMU's log, with the time. Where that cannot be done (the disk is full),
 * there is none.
 */
void log_add(const char *path, const char *line);

/* Bytes of a log: what a guest can make grow has an end. libvirt's virtlogd has the same
 * (virtlogd.conf: max_size).
 */
#define LOG_LIMIT (2 << 20)

/* The most logs that one watches: each companion's. */
#define LOG_WATCHED 16

/* Logs that are kept below LOG_LIMIT while they are written. One grows beyond it by what is written
 * until the next log_watch_go().
 */
struct log_watch {
	int fd; /* inotify; -1: none yet */
	struct watched_log {
		char *path;
		int number;	/* inotify's of it */
		int64_t copied; /* when it was, by now_ms(); 0: not yet */
	} v[LOG_WATCHED];
	size_t n;
	bool rested;
	int64_t again; /* when it is over, by now_ms(); 0: it does not rest */
};
#define LOG_WATCH_NONE ((struct log_watch){.fd = -1})

/* Words for a log that cannot be watched: the machine, the path. */
#define LOG_ENDLESS                                                                     \
	"%s: nobody sees how large %s grows: the kernel gives no more inotify watches " \
	"(fs.inotify.max_user_instances)"

/* From now on; at once where it is too large already. False: it cannot be watched, and has no end.
 */
bool log_watch(struct log_watch *watch, const char *path);
struct pollfd log_watch_poll(const struct log_watch *watch);
void log_watch_go(struct log_watch *watch, short ready);

/* Its writer says that it ends: nothing is watched from now on. Closing waits for the kernel until
 * it has taken the last watch away, some 10 ms (fsnotify_destroy_group() in its fs/notify/group.c),
 * and not if that was asked for so long before. A word is not an end: after LOG_REST_MS it is
 * watched again, and a second word changes nothing.
 */
void log_watch_rest(struct log_watch *watch);
#define LOG_REST_MS 1000

/* Watches again where that is due at now, by now_ms(). Returns when it is to be called; 0: never.
 */
int64_t log_watch_timer(struct log_watch *watch, int64_t now);

/* Looks once more how large they are, and ends it. */
void log_watch_close(struct log_watch *watch);

/* The last lines of it that are not empty, at most so many and none of ours, each behind `before`
 * and fit for a terminal; "" when there are none. The caller owns it.
 */
char *log_last_words(const char *path, size_t lines, const char *before);

/* The last line near its end that log_add() put there, with its time: "2026-11-30 08:00:00: WORDS",
 * fit for a terminal; NULL when there is none. The caller owns it.
 */
char *log_last_of_ours(const char *path);

/* The end of a log, as much as is looked at (64 KiB); NULL: there is none. The caller owns it. */
char *log_end(const char *path);
/* Whether a line there is one of ours. */
bool log_is_ours(const char *line);

/* The last line near its end that has these words, fit for a terminal; NULL when there is none.
 * The caller owns it.
 */
char *log_line_with(const char *path, const char *words);

#endif
