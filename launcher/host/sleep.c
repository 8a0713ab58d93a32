#include "sleep.h"

#include <string.h>

#include "base/alloc.h"
#include "base/own.h"
#include "base/text.h"

/* Documentation/ABI/testing/sysfs-power: the words stand with spaces between them. */
static bool has_word(const char *words, const char *word)
{
	own_free char *copy = xstrdup(words);
	char *rest = copy, *one;

	while ((one = strsep(&rest, " ")))
		if (strcmp(one, word) == 0)
			return true;
	return false;
}

char *sleep_reason(const struct root *root)
{
	own_free char *state = root_line(root, SLEEP_STATE);
	own_free char *alarm = root_line(root, SLEEP_ALARM);

	if (!state || !has_word(state, "mem"))
		return xstrdup("the kernel offers no sleep (mem in " SLEEP_STATE ")");
	if (!root_exists(root, SLEEP_ALARM))
		return xstrdup("its clock cannot wake it (there is no " SLEEP_ALARM ")");
	if (alarm && *alarm)
		return xstrdup("its clock is to wake it for somebody else already (" SLEEP_ALARM
			       ", rtcwake)");
	return NULL;
}

char *sleep_refusal(const char *reason)
{
	return xasprintf("this computer cannot be put to sleep for a moment (reset = sleep): %s",
			 reason);
}
