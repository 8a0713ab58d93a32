/* A limit on another process that a busy computer does not reach for it: the time in which the
 * process stands in line for a processor does not count. All the same nobody waits longer than ten
 * times the limit, as a processor that somebody keeps for himself is no reason to wait for ever.
 */
#ifndef BASE_PATIENCE_H
#define BASE_PATIENCE_H

#include <stdint.h>
#include <sys/types.h>

struct patience {
	pid_t pid;
	int64_t until, last; /* as now_ms() */
	int64_t in_line;     /* process_in_line_ms(), which is in until already */
};

/* From now on, for ms milliseconds. What counts is the process' first thread. */
struct patience patience_with(pid_t pid, int ms);

/* Milliseconds that are left, 0 when it is over; it may say more than it did before. */
int patience_left(struct patience *patience);

/* The longest that patience_left() has with a limit of ms milliseconds, 0 or more, whatever the
 * processors do: INT_MAX, 24 days, at most.
 */
int patience_most(int ms);

#endif
