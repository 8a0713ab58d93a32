/* Standard error, whose reader may be slow, stopped (Ctrl-S) or never have been there. A line waits
 * for it once; while nobody reads, the next ones are lost without a wait, so that a supervisor
 * stays awake for its machine.
 */
#ifndef BASE_STANDARD_ERROR_H
#define BASE_STANDARD_ERROR_H

/* Before the first line. */
void standard_error_open(void);

/* A line, or several, with what is unsafe (text.h) made harmless, and its end. before and after are
 * written as they are.
 */
void standard_error_tell(const char *before, const char *line, const char *after);

/* Where the lines go: what is ready there takes PIPE_BUF bytes, or fewer, without a wait. */
int standard_error_fd(void);

#endif
