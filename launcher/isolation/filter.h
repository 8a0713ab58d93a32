/* Filters for system calls (seccomp(2)), one for each stage. What is in them stands in comments of
 * the sources, beside the code that makes the calls ("#syscalls"); compiler/filters.c says how.
 */
#ifndef ISOLATION_FILTER_H
#define ISOLATION_FILTER_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>

enum filter_stage { FILTER_SUPERVISOR, FILTER_KEEPER, FILTERS };

/* Made by the build. */
struct filter {
	const char *name;
	struct sock_fprog enforce, log;
};
extern const struct filter FILTER[FILTERS];

/* The kernel's name of a system call of this architecture, "?" for one that is newer. */
const char *filter_call_name(int number);

/* Whether this kernel has filters at all. */
bool filter_is_known(void);

/* What is still done when a call is forbidden, before the process is killed: in a signal's handler,
 * and by calls that the filter allows.
 */
void filter_at_end(void (*act)(void));

/* Who gets the line that tells of it, len bytes without an end, in place of standard error: called
 * as the above, and in a child of the process as well.
 */
void filter_tell_by(void (*tell)(const char *line, size_t len));

/* Puts all threads of this process under a filter, as sandbox_mode() says, for ever. The process
 * must have no_new_privs. Of a keeper the kernel's log names each call that is refused, where it
 * keeps one of them (audit). False with errno set, where the kernel has no filters.
 */
bool filter_enter(enum filter_stage stage);

#endif
