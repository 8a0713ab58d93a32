#include "last_end.h"

#include <string.h>

#include "base/alloc.h"
#include "base/dirs.h"
#include "base/own.h"
#include "base/say.h"
#include "run/held.h"
#include "run/log.h"

/* The last line of ours with these words, unless the machine's last sentence holds it. */
static void tell_before(const char *name, const char *log, const char *words, const char *last)
{
	own_free char *line = log_line_with(log, words);
	const char *told = line ? strstr(line, words) : NULL;

	if (told && log_is_ours(line) && !strstr(last, told))
		say(SAY_NOTE, "%s: before that: %s", name, strstr(line, ": ") + 2);
}

void last_end_tell(const char *name)
{
	static const char *const before[] = {HELD_CRASH, HELD_RESETS, HELD_MEMORY};
	own_error struct error *unused = NULL;
	own_dirs struct dirs dirs = {0};
	own_free char *path = NULL, *last = NULL;

	if (!*name || *name == '.' || strchr(name, '/') || !dirs_find(&dirs, &unused))
		return;
	path = xasprintf("%s/%s/qemu.log", dirs.state, name);
	last = log_last_of_ours(path);
	if (!last)
		return;
	say(SAY_NOTE, "%s: its last start ended so: %s", name, last);
	for (size_t i = 0; i < ARRAY_SIZE(before); i++)
		tell_before(name, path, before[i], last);
}
