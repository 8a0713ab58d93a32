#include "tongue.h"

#include <errno.h>
#include <libintl.h>
#include <locale.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "file.h"

#define DOMAIN "vmlaunch"

static bool speaks;

/* The catalogues, below which a language has its directory; the caller owns it. */
static char *find_catalogues(void)
{
	static const char *const beside[] = {"build/locale", "../locale"};
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	own_free char *dir = NULL;

	self[n > 0 ? n : 0] = '\0';
	dir = path_dir(self);
	for (size_t i = 0; i < ARRAY_SIZE(beside); i++) {
		char *place = path_join(dir, beside[i]);

		if (access(place, X_OK) == 0)
			return place;
		free(place);
	}
	/* PREFIX/lib/vmlaunch, as it was installed. */
	return xstrdup(VMLAUNCH_LIBDIR "/../../share/locale");
}

/* gettext takes a language's name for a part of a path. */
static bool is_path(const char *variable)
{
	const char *value = getenv(variable);

	return value && strchr(value, '/');
}

void tongue_init(void)
{
	own_free char *catalogues = NULL;

	if (is_path("LANGUAGE") || is_path("LC_ALL") || is_path("LC_MESSAGES") || is_path("LANG") ||
	    !setlocale(LC_MESSAGES, ""))
		return;
	catalogues = find_catalogues();
	bindtextdomain(DOMAIN, catalogues);
	/* Whatever LC_CTYPE says: all that we print is UTF-8. */
	bind_textdomain_codeset(DOMAIN, "UTF-8");
	/* ... and so are the C library's own words, of strerror(). */
	bind_textdomain_codeset("libc", "UTF-8");
	textdomain(DOMAIN);
	speaks = true;
	/* A text that no language has: it opens all catalogues now, as a process that has locked
	 * itself in cannot do so later.
	 */
	tongue("\n");
	(void)strerror(EPERM);
}

const char *tongue(const char *text)
{
	return speaks && *text ? gettext(text) : text;
}
