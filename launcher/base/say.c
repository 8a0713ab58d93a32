#include "say.h"

#include "alloc.h"
#include "own.h"
#include "tongue.h"

static say_sink *sink_in_use;

void say_to(say_sink *sink)
{
	sink_in_use = sink;
}

void say(enum say_level level, const char *fmt, ...)
{
	own_free char *line = NULL;
	va_list args;

	if (!sink_in_use)
		return;
	va_start(args, fmt);
	line = xvasprintf(tongue(fmt), args);
	va_end(args);
	sink_in_use(level, line);
}
