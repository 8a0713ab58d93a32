#include "kmodule.h"

#include <fcntl.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/layout.h"
#include "base/text.h"
#include "base/trusted.h"

/* Bytes; a distribution's list with all drivers has not much less than 1 MiB. */
#define LIST_LIMIT (16U << 20)

static char *read_list(const struct root *root, const char *dir, const char *name)
{
	own_free char *path = path_join(dir, name);
	own_fd int fd = root_open(root, path, O_RDONLY);

	return fd < 0 ? NULL : fd_read_all(fd, LIST_LIMIT, NULL);
}

/* Whether file, a path of len bytes, is that of the module called name. */
static bool is_named(const char *file, size_t len, const char *name)
{
	const char *slash = memrchr(file, '/', len);
	const char *at = slash ? slash + 1 : file, *end = file + len;
	size_t n = strlen(name);

	if ((size_t)(end - at) < n + strlen(".ko") || !text_starts(at + n, ".ko"))
		return false;
	for (size_t i = 0; i < n; i++)
		if ((at[i] == '-' ? '_' : at[i]) != (name[i] == '-' ? '_' : name[i]))
			return false;
	return true;
}

/* Lines of "PATH" or "PATH: PATHS". */
static bool is_listed(const char *list, const char *name)
{
	for (const char *line = list; *line;) {
		if (is_named(line, strcspn(line, ":\n"), name))
			return true;
		line = strchrnul(line, '\n');
		line += *line == '\n';
	}
	return false;
}

static bool is_file(const struct root *root, const char *modules, const char *path)
{
	own_free char *dir = path_dir(path);
	size_t n;
	char **name = root_list(root, &n, "%s/%s", modules, dir);
	bool found = false;

	for (size_t i = 0; i < n; i++)
		found = found || is_named(name[i], strlen(name[i]), path_base(path));
	names_free(name, n);
	return found;
}

enum kmodule kmodule_look(const struct root *root, const char *path)
{
	own_free char *modules = layout_modules(root), *dep = NULL, *builtin = NULL;

	if (!modules)
		return KMODULE_UNKNOWN;
	dep = read_list(root, modules, "modules.dep");
	builtin = read_list(root, modules, "modules.builtin");
	if ((dep && is_listed(dep, path_base(path))) ||
	    (builtin && is_listed(builtin, path_base(path))))
		return KMODULE_THERE;
	if (dep && builtin)
		return KMODULE_NONE;
	return is_file(root, modules, path) ? KMODULE_THERE : KMODULE_UNKNOWN;
}

char *kmodule_modprobe(const struct root *root, struct error **err)
{
	own_free char *word = root_line(root, "/proc/sys/kernel/modprobe"), *why = NULL;

	if (word && text_ends(word, "/modprobe") && trusted_path(root, word, &why))
		return steal(&word);
	return trusted_program(root, "modprobe", err);
}
