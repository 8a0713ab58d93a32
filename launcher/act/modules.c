/* The kernel says which modules are loaded in /proc/modules, the newest first, and for each a
 * directory in /sys/module, which some built-in ones have as well: those are without "initstate".
 * Names have '_' there wherever '-' was in the file's name.
 *
 * Loading is left to modprobe, who knows what a module needs and what the administrator said about
 * it. Removing is one system call that does nothing at all while anything uses the module, and says
 * so: that is what makes it a proof.
 */
#include "modules.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/text.h"
#include "host/kmodule.h"

/* #syscalls(keeper) delete_module */

/* With its NUL: MODULE_NAME_LEN of linux/moduleparam.h on 64 bits. */
#define NAME_ROOM 56

#define LOAD_MS 60000
#define UNLOAD_MS 10000

struct name {
	char text[NAME_ROOM];
};

/* The kernel's spelling; false for what is no module's name. */
static bool spell_module(const char *name, struct name *spelled)
{
	size_t len = strlen(name);

	if (len == 0 || len >= NAME_ROOM || *name == '-')
		return false;
	for (size_t i = 0; i <= len; i++) {
		char c = name[i];

		if (c && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    !(c >= '0' && c <= '9') && c != '_' && c != '-')
			return false;
		spelled->text[i] = c == '-' ? '_' : c;
	}
	return true;
}

static bool is_name(const char *name, struct name *spelled, struct error **err)
{
	own_free char *shown = NULL;

	if (spell_module(name, spelled))
		return true;
	shown = text_quote(name, NAME_ROOM);
	error_add(err, ERROR_HOST, "\"%s\" is no name of a kernel module", shown);
	return false;
}

/* ------------------------------------------------------------------ /proc/modules */

/* A line of it: NAME SIZE COUNT HOLDERS STATE ADDRESS, holders "-" or each with a comma behind it.
 */
struct line {
	char *name, *count, *holders;
};

/* Cuts the next line out of *at; false at the end. Lines that are too short are passed over. */
static bool next_line(char **at, struct line *line)
{
	while (**at) {
		char *rest = *at, *end = strchrnul(rest, '\n');

		*at = *end ? end + 1 : end;
		*end = '\0';
		line->name = strsep(&rest, " ");
		strsep(&rest, " ");
		line->count = strsep(&rest, " ");
		line->holders = strsep(&rest, " ");
		if (*line->name && line->count && line->holders)
			return true;
	}
	return false;
}

char **modules_list(const struct root *root, size_t *n)
{
	own_free char *text = root_read(root, "/proc/modules");
	char *at = text, **names = NULL;
	struct line line;

	*n = 0;
	while (text && next_line(&at, &line))
		*xappend(names, *n) = xstrdup(line.name);
	for (size_t i = 0; i < *n / 2; i++) {
		char *newer = names[i];

		names[i] = names[*n - 1 - i];
		names[*n - 1 - i] = newer;
	}
	return names;
}

static bool is_among(const char *name, char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

char **modules_since(const struct root *root, char *const *before, size_t before_n, size_t *n)
{
	size_t all_n;
	char **all = modules_list(root, &all_n), **names = NULL;

	*n = 0;
	for (size_t i = 0; i < all_n; i++)
		if (!is_among(all[i], before, before_n))
			*xappend(names, *n) = steal(&all[i]);
	names_free(all, all_n);
	return names;
}

static bool read_users(struct line *line, struct module_users *users)
{
	char *at = line->holders, *holder;
	uint64_t count = 0;

	/* A kernel that cannot remove modules does not count either. */
	users->permanent = strcmp(line->count, "-") == 0;
	if (!users->permanent && (!text_u64(line->count, 10, &count) || count > UINT32_MAX))
		return false;
	users->count = (unsigned)count;
	while ((holder = strsep(&at, ","))) {
		if (strcmp(holder, "[permanent]") == 0)
			users->permanent = true;
		else if (*holder && strcmp(holder, "-") != 0)
			*xappend(users->holder, users->holders) = xstrdup(holder);
	}
	return true;
}

bool module_users(const struct root *root, const char *name, struct module_users *users,
		  struct error **err)
{
	own_free char *text = root_read(root, "/proc/modules");
	struct module_users found = {0};
	struct name spelled;
	struct line line;
	char *at = text;

	if (!is_name(name, &spelled, err))
		return false;
	while (text && next_line(&at, &line)) {
		if (strcmp(line.name, spelled.text) != 0)
			continue;
		if (!read_users(&line, &found)) {
			error_add(err, ERROR_HOST, "cannot understand /proc/modules at %s", name);
			return false;
		}
		*users = found;
		return true;
	}
	error_add(err, ERROR_HOST, "the module %s is not loaded", name);
	return false;
}

void module_users_free(struct module_users *users)
{
	names_free(users->holder, users->holders);
	*users = (struct module_users){0};
}

/* ------------------------------------------------------------------ is it there */

static bool is_in_list(const struct root *root, const char *spelled)
{
	size_t n;
	char **names = modules_list(root, &n);
	bool found = is_among(spelled, names, n);

	names_free(names, n);
	return found;
}

enum module_state module_state(const struct root *root, const char *name)
{
	struct name spelled;

	if (!spell_module(name, &spelled))
		return MODULE_NOT_THERE;
	if (root_exists(root, "/sys/module/%s/initstate", spelled.text) ||
	    is_in_list(root, spelled.text))
		return MODULE_LOADED;
	return root_exists(root, "/sys/module/%s", spelled.text) ? MODULE_BUILT_IN
								 : MODULE_NOT_THERE;
}

bool module_is_loaded(const struct root *root, const char *name)
{
	return module_state(root, name) == MODULE_LOADED;
}

/* ------------------------------------------------------------------ loading, removing */

bool modules_load(const char *name, char ***new_names, size_t *n, struct error **err)
{
	own_free char *modprobe = NULL;
	size_t before_n;
	char **before;
	struct name spelled;
	bool good;

	*new_names = NULL;
	*n = 0;
	if (!is_name(name, &spelled, err))
		return false;
	modprobe = kmodule_modprobe(&ROOT_REAL, err);
	if (!modprobe) {
		error_context(err, "cannot load the module %s", name);
		return false;
	}
	before = modules_list(&ROOT_REAL, &before_n);
	good = worker_exec((const char *const[]){modprobe, "--", name, NULL}, LOAD_MS, NULL, err);
	*new_names = modules_since(&ROOT_REAL, before, before_n, n);
	names_free(before, before_n);
	return good;
}

/* What the worker returns beside an errno; EAGAIN alone could as well be that of a fork. */
#define IS_HELD (-1)

static int remove_module(void *context)
{
	const struct name *name = context;

	if (syscall(SYS_delete_module, name->text, O_NONBLOCK) == 0)
		return 0;
	return errno == EWOULDBLOCK || errno == EBUSY ? IS_HELD : errno;
}

bool module_unload(const char *name, enum module_removed *how, struct worker *stuck,
		   struct error **err)
{
	struct worker held = WORKER_NONE;
	struct name spelled;
	enum worker_end end;
	int errnum;

	if (!is_name(name, &spelled, err))
		return false;
	end = worker_run(remove_module, &spelled, UNLOAD_MS, &errnum, &held);
	if (end == WORKER_STUCK) {
		error_add(err, ERROR_HOST,
			  "removing the module %s is stuck in the kernel (process %d)", name,
			  (int)held.pid);
		if (stuck)
			*stuck = held;
		else
			worker_abandon(&held);
		return false;
	}
	if (end == WORKER_DONE)
		*how = MODULE_REMOVED;
	else if (errnum == IS_HELD)
		*how = MODULE_IN_USE;
	else if (errnum == ENOENT)
		*how = MODULE_ABSENT;
	else {
		error_errno(err, ERROR_HOST, errnum, "cannot remove the module %s", name);
		return false;
	}
	return true;
}
