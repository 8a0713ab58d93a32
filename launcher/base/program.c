#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "alloc.h"
#include "file.h"
#include "layout.h"
#include "own.h"

int program_check(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return errno;
	if (S_ISDIR(st.st_mode))
		return EISDIR;
	if (!S_ISREG(st.st_mode))
		return EACCES;
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0 ? errno : 0;
}

char *program_find(const char *name)
{
	const char *path = getenv("PATH");

	for (const char *at = path ? path : "/usr/local/bin:" LAYOUT_PATH; at;) {
		size_t n = strcspn(at, ":");
		own_free char *dir = xstrndup(at, n);

		if (*dir == '/') {
			own_free char *file = path_join(dir, name);

			if (program_check(file) == 0)
				return path_tidy(file);
		}
		at = at[n] ? at + n + 1 : NULL;
	}
	return NULL;
}
