/* The profile's own file, and when the files that it names are looked at. */
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/root.h"
#include "base/text.h"
#include "keys.h"
#include "profile.h"

#define FILE_LIMIT (1U << 20)

struct profile *profile_parse(const char *path, const char *text, size_t len, const char *variant,
			      char *const *set, size_t sets, struct error **err)
{
	return profile_layers(path, text, len, variant, set, sets, true, err);
}

/* A profile beside it of nearly that name, with its directory as path has it, which the caller
 * owns; NULL: there is none.
 */
static char *nearest_profile(const char *path)
{
	own_free char *dir = path_dir(path);
	struct root real = ROOT_REAL;
	const char *nearest;
	size_t n, profiles = 0;
	char **name = root_list(&real, &n, "%s", dir);
	own_free const char **profile = xcalloc(n + 1, sizeof(*profile));
	char *found = NULL;

	for (size_t i = 0; i < n; i++)
		if (text_ends(name[i], ".ini"))
			profile[profiles++] = name[i];
	nearest = text_nearest(path_base(path), profile, profiles);
	if (nearest)
		found = xasprintf("%.*s%s", (int)(path_base(path) - path), path, nearest);
	names_free(name, n);
	return found;
}

static struct profile *load_profile(const char *path, const char *variant, char *const *set,
				    size_t sets, bool files, struct error **err)
{
	size_t len;
	own_free char *text = file_read(path, FILE_LIMIT, &len), *near = NULL;
	int errnum;

	if (text)
		return profile_layers(path, text, len, variant, set, sets, files, err);
	errnum = errno;
	near = errnum == ENOENT ? nearest_profile(path) : NULL;
	if (errnum == EFBIG)
		error_add(err, ERROR_USAGE, "%s: larger than 1 MiB; that is no profile", path);
	else if (errnum == EINVAL)
		error_add(err, ERROR_USAGE, "%s: not a regular file; that is no profile", path);
	else if (near)
		error_add(err, ERROR_USAGE, "cannot read profile %s: %s; did you mean %s?", path,
			  strerror(errnum), near);
	else
		error_errno(err, ERROR_USAGE, errnum, "cannot read profile %s", path);
	return NULL;
}

struct profile *profile_load(const char *path, const char *variant, char *const *set, size_t sets,
			     struct error **err)
{
	return load_profile(path, variant, set, sets, true, err);
}

struct profile *profile_load_unchecked(const char *path, const char *variant, char *const *set,
				       size_t sets, struct error **err)
{
	return load_profile(path, variant, set, sets, false, err);
}
