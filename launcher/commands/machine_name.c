/* Which machine is meant: by its name or what that begins with, by its profile's path, or
 * because no other one runs. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/text.h"
#include "common.h"

/* A profile's path, and no instance's name. */
static bool is_profile(const char *base, const char *word)
{
	own_free char *dir = strchr(word, '/') ? NULL : path_join(base, word);
	struct stat st;

	if (dir && access(dir, F_OK) == 0)
		return false;
	return (strchr(word, '/') || text_ends(word, ".ini")) && stat(word, &st) == 0 &&
	       S_ISREG(st.st_mode);
}

static char *name_in(const char *path, struct error **err)
{
	struct profile *profile = profile_load_unchecked(path, NULL, NULL, 0, err);
	char *name = profile ? xstrdup(profile->vm.name.v) : NULL;

	profile_free(profile);
	return name;
}

static char *only_one(char **names, size_t n, const char *base, struct error **err)
{
	own_buf struct buf list = {0};
	const char *name = NULL;
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		own_run_record struct run_record record = {0};
		own_free char *dir = path_join(base, names[i]);

		if (!run_record_read(dir, &record) || !run_record_alive(&record))
			continue;
		own_free char *shown = text_quote(names[i], 64);

		buf_addf(&list, "%s%s", found++ ? ", " : "", shown);
		name = names[i];
	}
	if (found == 1)
		return xstrdup(name);
	if (!found)
		error_add(err, ERROR_FAILED, "no machine is running");
	else
		error_add(err, ERROR_USAGE, "%zu machines are running, say which: %s", found,
			  list.data);
	return NULL;
}

/* Whether a machine has that whole name and was started once. */
static bool has_run(const char *word)
{
	own_error struct error *unused = NULL;
	own_dirs struct dirs dirs = {0};
	own_free char *path = NULL;

	if (!*word || *word == '.' || strchr(word, '/') || !dirs_find(&dirs, &unused))
		return false;
	path = path_join(dirs.state, word);
	return access(path, F_OK) == 0;
}

/* The running machine whose name begins with word, where no machine has word for its name: an
 * instance of that name, or NULL. With an error where several do.
 */
static char *by_prefix(char **names, size_t n, const char *base, const char *word,
		       struct error **err)
{
	own_buf struct buf list = {0};
	own_free char *shown = text_quote(word, 64);
	const char *name = NULL;
	size_t found = 0;

	if (has_run(word))
		return NULL;
	for (size_t i = 0; i < n; i++) {
		own_run_record struct run_record record = {0};
		own_free char *dir = path_join(base, names[i]);

		if (strcmp(names[i], word) == 0)
			return NULL;
		if (!*word || !text_starts(names[i], word) || !run_record_read(dir, &record) ||
		    !run_record_alive(&record))
			continue;
		own_free char *one = text_quote(names[i], 64);

		buf_addf(&list, "%s%s", found++ ? ", " : "", one);
		name = names[i];
	}
	if (found > 1)
		error_add(err, ERROR_USAGE, "%zu machines' names begin with %s, say which: %s",
			  found, shown, list.data);
	return found == 1 ? xstrdup(name) : NULL;
}

char *machine_named(const struct arguments *args, struct error **err)
{
	struct error *problem = NULL;
	own_free char *base = NULL;
	char *name = NULL;
	size_t n;
	char **names = instances(&n, &base, &problem);

	/* The profile is read as the user, who is known now. */
	if (problem)
		name = NULL;
	else if (!args->words)
		name = only_one(names, n, base, err);
	else if (is_profile(base, args->word[0]))
		name = name_in(args->word[0], err);
	else
		name = by_prefix(names, n, base, args->word[0], &problem);
	error_merge(err, &problem);
	if (!name && args->words && !*err)
		name = xstrdup(args->word[0]);
	names_free(names, n);
	return name;
}
