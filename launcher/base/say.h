/* What the user should know now: progress and warnings, one line each, to a place that main
 * chose. Failures are not told here, they are errors (error.h).
 */
#ifndef BASE_SAY_H
#define BASE_SAY_H

#include <stdarg.h>

enum say_level {
	SAY_DEBUG,
	SAY_NOTE,
	SAY_WARNING,
	SAY_NEWLINE, /* no line: a terminal's cursor stands behind what somebody else wrote */
};

typedef void say_sink(enum say_level level, const char *line);

/* Until a sink is set, nothing is told. */
void say_to(say_sink *sink);

void say(enum say_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
