/* Logs of the processes that run beside us: one file each in the machine's state directory. */
#ifndef RUN_LOG_H
#define RUN_LOG_H

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/* Opens a fresh log for appending, 0600; the one that was there is kept as PATH.old. -1: failed. */
int log_open(const char *path, struct error **err);

/* Adds a line of ours to QEMU's log, with the time. Where that cannot be done (the disk is full),
 * there is none.
 */
void log_add(const char *path, const char *line);

/* Makes a log begin anew that has grown beyond limit, in bytes; whoever appends to it goes on. */
void log_bound(const char *path, off_t limit);

/* The last lines of it that are not empty, at most so many and none of ours, each behind `before`
 * and fit for a terminal; "" when there are none. The caller owns it.
 */
char *log_last_words(const char *path, size_t lines, const char *before);

/* The last line near its end that log_add() put there, with its time: "2026-11-30 08:00:00: WORDS",
 * fit for a terminal; NULL when there is none. The caller owns it.
 */
char *log_last_of_ours(const char *path);

/* The first line near its end that has these words, fit for a terminal; NULL when there is none.
 * The caller owns it.
 */
char *log_line_with(const char *path, const char *words);

#endif
