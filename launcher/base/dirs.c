#include "dirs.h"

#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>

#include "alloc.h"
#include "file.h"

static char *home_of_user(struct error **err)
{
	const char *env = getenv("HOME");
	const struct passwd *pw;

	if (env && *env == '/')
		return path_tidy(env);
	pw = getpwuid(getuid());
	if (pw && pw->pw_dir && *pw->pw_dir == '/')
		return path_tidy(pw->pw_dir);
	error_add(err, ERROR_HOST, "no home directory: set HOME to an absolute path");
	return NULL;
}

static char *xdg_dir(const char *variable, const char *home_dir, const char *fallback)
{
	const char *env = getenv(variable);

	return env && *env == '/' ? path_tidy(env) : path_join(home_dir, fallback);
}

/* A directory that is ours and closed to others: what the specification asks of a runtime dir. */
static bool usable_runtime(const char *path)
{
	struct stat st;

	return path && *path == '/' && stat(path, &st) == 0 && S_ISDIR(st.st_mode) &&
	       st.st_uid == getuid() && (st.st_mode & 0077) == 0;
}

static char *runtime_dir(const char *state)
{
	own_free char *usual = xasprintf("/run/user/%u", (unsigned)getuid());
	const char *env = getenv("XDG_RUNTIME_DIR");
	own_free char *tidy = NULL;

	if (usable_runtime(env)) {
		tidy = path_tidy(env);
		return path_join(tidy, "vmlaunch");
	}
	if (usable_runtime(usual))
		return path_join(usual, "vmlaunch");
	return path_join(state, "run");
}

bool dirs_find(struct dirs *dirs, struct error **err)
{
	own_free char *home_dir = home_of_user(err);
	own_free char *state = NULL, *cache = NULL;

	if (!home_dir)
		return false;
	state = xdg_dir("XDG_STATE_HOME", home_dir, ".local/state");
	cache = xdg_dir("XDG_CACHE_HOME", home_dir, ".cache");
	dirs->config = xdg_dir("XDG_CONFIG_HOME", home_dir, ".config");
	dirs->data = xdg_dir("XDG_DATA_HOME", home_dir, ".local/share");
	dirs->state = path_join(state, "vmlaunch");
	dirs->cache = path_join(cache, "vmlaunch");
	dirs->runtime = runtime_dir(dirs->state);
	return true;
}

void dirs_free(struct dirs *dirs)
{
	free(dirs->config);
	free(dirs->data);
	free(dirs->state);
	free(dirs->cache);
	free(dirs->runtime);
	*dirs = (struct dirs){0};
}
