#include "q35_version.h"

#include <stdio.h>
#include <string.h>

#include "alloc.h"
#include "own.h"
#include "text.h"

#define PREFIX "pc-q35-"
#define HIGHEST 9999U
_Static_assert(sizeof(PREFIX "9999.9999") <= Q35_NAME, "the longest name has room");

bool q35_version_parse(const char *name, struct q35_version *version)
{
	own_free char *major = NULL;
	uint64_t found[2];
	const char *dot;

	if (!text_starts(name, PREFIX))
		return false;
	name += strlen(PREFIX);
	dot = strchr(name, '.');
	if (!dot)
		return false;
	major = xstrndup(name, (size_t)(dot - name));
	if (!text_u64(major, 10, &found[0]) || !text_u64(dot + 1, 10, &found[1]) ||
	    found[0] > HIGHEST || found[1] > HIGHEST)
		return false;
	*version = (struct q35_version){(unsigned)found[0], (unsigned)found[1]};
	return true;
}

char *q35_version_format(const struct q35_version *version, char name[Q35_NAME])
{
	snprintf(name, Q35_NAME, PREFIX "%u.%u", version->major, version->minor);
	return name;
}

int q35_version_compare(const struct q35_version *a, const struct q35_version *b)
{
	if (a->major != b->major)
		return a->major < b->major ? -1 : 1;
	return a->minor < b->minor ? -1 : a->minor > b->minor;
}
