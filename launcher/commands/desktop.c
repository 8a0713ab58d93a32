/* The one-click entries of machines in the user's own directory of applications. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/dirs.h"
#include "base/file.h"
#include "base/json.h"
#include "base/program.h"
#include "base/root.h"
#include "base/say.h"
#include "base/text.h"
#include "base/uri.h"
#include "command.h"
#include "desktop_entry.h"
#include "run/identity.h"

#define ENTRY_LIMIT (1U << 16) /* bytes of one that is read */

/* The icon that `make install` installs, and what each theme has, where that is not there. */
#define ICON "org.vmlaunch"
#define ICON_FILE "icons/hicolor/scalable/apps/" ICON ".svg"
#define ICON_OF_ALL "computer"
#define DATA_DIRS "/usr/local/share:/usr/share" /* XDG Base Directory Specification 0.8 */

/* An entry of ours. */
struct entry {
	char *path, *name, *profile, *program;
};

static void entry_free(struct entry *e)
{
	free(e->path);
	free(e->name);
	free(e->profile);
	free(e->program);
	*e = (struct entry){0};
}
#define own_entry own_with(entry_free)

/* False when there is no file of that name, or one that is nobody's machine. */
static bool entry_read(const char *dir, const char *file, struct entry *e)
{
	own_free char *path = path_join(dir, file), *text = file_read(path, ENTRY_LIMIT, NULL);
	own_free char *uri = text ? entry_value(text, ENTRY_PROFILE) : NULL;
	char *profile = uri ? uri_path(uri) : NULL;

	if (!profile)
		return false;
	*e = (struct entry){.path = steal(&path),
			    .name = entry_value(text, "Name"),
			    .profile = profile,
			    .program = entry_value(text, "TryExec")};
	return true;
}

/* What keeps an entry from starting anything, or NULL. */
static const char *entry_fault(const struct entry *e)
{
	if (access(e->profile, F_OK) < 0 && errno != EACCES)
		return "its profile is gone";
	if (e->program && program_check(e->program) != 0)
		return "its vmlaunch is gone";
	return NULL;
}

/* The directory of the user's entries, which the caller owns. */
static char *entries_dir(struct error **err)
{
	own_dirs struct dirs dirs = {0};

	if (!identity_of_caller(NULL, err) || !dirs_find(&dirs, err))
		return NULL;
	return path_join(dirs.data, "applications");
}

/* All entries of ours; the caller owns them. */
static struct entry *entries_list(const char *dir, size_t *n)
{
	struct root real = ROOT_REAL;
	struct entry *list = NULL;
	size_t files;
	char **file = root_list(&real, &files, "%s", dir);

	*n = 0;
	for (size_t i = 0; i < files; i++) {
		struct entry e;

		if (text_ends(file[i], ".desktop") && entry_read(dir, file[i], &e))
			*xappend(list, *n) = e;
	}
	names_free(file, files);
	return list;
}

static void entries_free(struct entry *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		entry_free(&list[i]);
	free(list);
}

/* The path that a profile has in its entry, whether or not there is such a file. */
static char *profile_path(const char *word)
{
	own_free char *dir = path_dir(word), *real = realpath(dir, NULL);

	return path_join(real ? real : dir, path_base(word));
}

/* ------------------------------------------------------------------ install */

static bool has_icon(const char *dirs)
{
	own_free char *copy = xstrdup(dirs);
	char *rest = copy, *dir;

	while ((dir = strsep(&rest, ":"))) {
		own_free char *path = path_join(dir, ICON_FILE);

		if (*dir == '/' && access(path, F_OK) == 0)
			return true;
	}
	return false;
}

static const char *own_icon(void)
{
	const char *dirs = getenv("XDG_DATA_DIRS");

	return has_icon(dirs && *dirs ? dirs : DATA_DIRS) ? ICON : ICON_OF_ALL;
}

static bool check_words(const struct entry_words *words, struct error **err)
{
	const char *line[] = {words->title, words->icon};

	for (size_t i = 0; i < ARRAY_SIZE(line); i++)
		if (line[i] && (!*line[i] || !text_is_printable(line[i]))) {
			error_add(err, ERROR_USAGE, "--%s is one line of text",
				  i ? "icon" : "title");
			return false;
		}
	if (!text_is_printable(words->program)) {
		error_add(
			err, ERROR_HOST,
			"the path of this program holds bytes that no desktop entry can name: install vmlaunch elsewhere");
		return false;
	}
	return true;
}

/* Whether the place is free, or this profile's, or of one that is gone. */
static bool may_write(const char *path, const struct entry *there, bool ours, const char *profile,
		      struct error **err)
{
	own_free char *other = ours ? text_word(there->profile) : NULL;

	if (!ours && access(path, F_OK) < 0)
		return true;
	if (!ours) {
		error_add(err, ERROR_HOST, "%s is there and no entry of a machine: move it away",
			  path);
		return false;
	}
	if (strcmp(there->profile, profile) == 0)
		return true;
	if (access(there->profile, F_OK) < 0) {
		say(SAY_NOTE, "the entry was for %s, which is gone", other);
		return true;
	}
	error_add(
		err, ERROR_HOST,
		"a machine of this name has an entry already, for %s: give vm.name another value, or 'vmlaunch desktop remove %s' first",
		other, other);
	return false;
}

static int install_entry(const char *word, struct entry_words *words, struct error **err)
{
	own_free char *dir = entries_dir(err), *self = realpath("/proc/self/exe", NULL);
	own_free char *path = NULL, *file = NULL, *text = NULL, *profile_at = NULL, *shown = NULL;
	own_profile struct profile *profile =
		dir ? profile_load_unchecked(word, words->variant, NULL, 0, err) : NULL;
	own_entry struct entry there = {0};

	if (!profile)
		return ERROR_FAILED;
	words->program = self ? self : "vmlaunch";
	words->profile = profile_at = path_join(profile->dir, path_base(word));
	if (!words->icon)
		words->icon = own_icon();
	if (!check_words(words, err))
		return ERROR_FAILED;
	file = entry_file(profile->vm.name.v);
	path = path_join(dir, file);
	text = entry_text(profile, words);
	if (!may_write(path, &there, entry_read(dir, file, &there), profile_at, err) ||
	    !dir_make(dir, 0755, err) || !file_write(path, text, strlen(text), 0644, DURABLE, err))
		return ERROR_FAILED;
	shown = text_word(path);
	printf("%s\n", shown);
	return 0;
}

/* ------------------------------------------------------------------ remove */

static bool is_meant(const struct entry *e, const char *word, const char *profile)
{
	own_free char *file = entry_file(word);

	return strcmp(e->profile, profile) == 0 || strcmp(path_base(e->path), file) == 0 ||
	       (e->name && strcmp(e->name, word) == 0);
}

static int remove_entry(const char *word, struct error **err)
{
	own_free char *dir = entries_dir(err), *profile = profile_path(word);
	own_free char *shown = text_quote(word, 200);
	size_t n = 0, removed = 0;
	struct entry *list = dir ? entries_list(dir, &n) : NULL;

	for (size_t i = 0; i < n; i++) {
		if (!is_meant(&list[i], word, profile))
			continue;
		if (unlink(list[i].path) == 0)
			printf("removed %s\n", list[i].path);
		else
			error_errno(err, ERROR_HOST, errno, "cannot remove %s", list[i].path);
		removed++;
	}
	if (dir && !removed)
		error_add(err, ERROR_FAILED,
			  "there is no entry for %s; 'vmlaunch desktop list' shows those that are",
			  shown);
	entries_free(list, n);
	return *err ? ERROR_FAILED : 0;
}

/* ------------------------------------------------------------------ list */

static json_object *entry_json(const struct entry *e)
{
	const char *fault = entry_fault(e);
	/* JSON is UTF-8. */
	own_free char *profile =
		text_is_printable(e->profile) ? xstrdup(e->profile) : uri_of_path(e->profile);
	json_object *o = json_object_new_object();

	json_add_text(o, "name", e->name);
	json_add_text(o, "entry", e->path);
	json_add_text(o, "profile", profile);
	json_add_text(o, "fault", fault);
	return o;
}

static void print_entry(const struct entry *e)
{
	own_free char *name = text_quote(e->name ? e->name : "", 64);
	own_free char *profile = text_word(e->profile), *path = text_word(e->path);
	const char *fault = entry_fault(e);

	printf("%-20s %s\n%-20s %s\n", name, profile, "", path);
	if (fault)
		printf("%-20s %s: vmlaunch desktop remove %s\n", "", fault, profile);
}

static int list_entries(bool json, struct error **err)
{
	own_free char *dir = entries_dir(err);
	json_object *top = json_object_new_object(), *array = json_object_new_array();
	size_t n = 0;
	struct entry *list = dir ? entries_list(dir, &n) : NULL;

	for (size_t i = 0; i < n; i++) {
		json_object_array_add(array, entry_json(&list[i]));
		if (!json)
			print_entry(&list[i]);
	}
	json_add_number(top, "version", 1);
	json_object_object_add(top, "entries", array);
	if (json && dir)
		print_document(top);
	else if (dir && !n)
		say(SAY_NOTE, "no machine has an entry");
	json_object_put(top);
	entries_free(list, n);
	return dir ? 0 : ERROR_FAILED;
}

int command_desktop(const struct arguments *args, struct error **err)
{
	const char *word = args->words > 1 ? args->word[1] : NULL;
	struct entry_words words = {
		.variant = argument_option(args, "variant"),
		.title = argument_option(args, "title"),
		.icon = argument_option(args, "icon"),
	};

	if (strcmp(args->word[0], "list") == 0 && !word)
		return list_entries(argument_option(args, "json"), err);
	if (strcmp(args->word[0], "install") == 0 && word)
		return install_entry(word, &words, err);
	if (strcmp(args->word[0], "remove") == 0 && word)
		return remove_entry(word, err);
	error_add(
		err, ERROR_USAGE,
		"usage: vmlaunch desktop install PROFILE, desktop remove PROFILE or desktop list");
	return ERROR_USAGE;
}
