#include "patience.h"

#include <limits.h>

#include "clock.h"
#include "process.h"

#define STRETCH 10 /* limits that are waited at most */

int patience_most(int ms)
{
	return ms <= INT_MAX / STRETCH ? ms * STRETCH : INT_MAX;
}

struct patience patience_with(pid_t pid, int ms)
{
	int64_t now = now_ms();

	return (struct patience){
		.pid = pid,
		.until = now + ms,
		.last = now + patience_most(ms),
		.in_line = process_in_line_ms(pid),
	};
}

int patience_left(struct patience *patience)
{
	int64_t now = now_ms(), in_line, until;

	if (patience->until <= now) {
		in_line = process_in_line_ms(patience->pid);
		/* One that is gone stands nowhere. */
		if (in_line > patience->in_line)
			patience->until += in_line - patience->in_line;
		patience->in_line = in_line;
	}
	until = patience->until < patience->last ? patience->until : patience->last;
	return until > now ? (int)(until - now) : 0;
}
