/* The profile's own file, and when the files that it names are looked at. */
#include <errno.h>

#include "base/alloc.h"
#include "base/file.h"
#include "keys.h"
#include "profile.h"

#define FILE_LIMIT (1U << 20)

struct profile *profile_parse(const char *path, const char *text, size_t len, const char *variant,
			      char *const *set, size_t sets, struct error **err)
{
	return profile_layers(path, text, len, variant, set, sets, true, err);
}

static struct profile *load(const char *path, const char *variant, char *const *set, size_t sets,
			    bool files, struct error **err)
{
	size_t len;
	own_free char *text = file_read(path, FILE_LIMIT, &len);

	if (text)
		return profile_layers(path, text, len, variant, set, sets, files, err);
	if (errno == EFBIG)
		error_add(err, ERROR_USAGE, "%s: larger than 1 MiB; that is no profile", path);
	else if (errno == EINVAL)
		error_add(err, ERROR_USAGE, "%s: not a regular file; that is no profile", path);
	else
		error_errno(err, ERROR_USAGE, errno, "cannot read profile %s", path);
	return NULL;
}

struct profile *profile_load(const char *path, const char *variant, char *const *set, size_t sets,
			     struct error **err)
{
	return load(path, variant, set, sets, true, err);
}

struct profile *profile_load_unchecked(const char *path, const char *variant, char *const *set,
				       size_t sets, struct error **err)
{
	return load(path, variant, set, sets, false, err);
}
