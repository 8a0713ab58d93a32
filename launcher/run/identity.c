#include "identity.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "act/keeper.h"
#include "base/alloc.h"
#include "base/child.h"
#include "base/file.h"
#include "base/say.h"
#include "base/text.h"

extern char **environ;

/* The bounding set can be emptied only by who may set capabilities at all; that it stays full is no
 * harm under no_new_privs, which QEMU gets. The sets that count must be empty.
 */
static bool drop_capabilities(struct error **err)
{
	capng_clear(CAPNG_SELECT_ALL);
	if (capng_apply(CAPNG_SELECT_ALL) == 0)
		return true;
	capng_clear(CAPNG_SELECT_CAPS);
	if (capng_apply(CAPNG_SELECT_CAPS) == 0)
		return true;
	error_add(err, ERROR_HOST, "cannot drop capabilities");
	return false;
}

/* Whether path is a file of the user's of this type (S_IFDIR, ...), and nobody else's. */
static bool is_users(const char *path, uid_t uid, mode_t type)
{
	struct stat st;

	return lstat(path, &st) == 0 && st.st_uid == uid && (st.st_mode & S_IFMT) == type;
}

/* sudo and pkexec take away what leads to the user's session: its directory, and the compositor's
 * socket in it where no display is named at all. Compositors count from wayland-0 on.
 */
static void find_session(uid_t uid)
{
	own_free char *runtime = xasprintf("/run/user/%u", (unsigned)uid);
	const char *x11 = getenv("DISPLAY"), *wayland = getenv("WAYLAND_DISPLAY");

	if (!is_users(runtime, uid, S_IFDIR))
		return;
	setenv("XDG_RUNTIME_DIR", runtime, 1);
	if ((x11 && *x11) || (wayland && *wayland))
		return;
	for (int i = 0; i < 10; i++) {
		own_free char *name = xasprintf("wayland-%d", i);
		own_free char *path = path_join(runtime, name);

		if (is_users(path, uid, S_IFSOCK)) {
			setenv("WAYLAND_DISPLAY", name, 1);
			return;
		}
	}
}

/* What of root's environment may be the user's: how to speak, and to which screen. A list, as who
 * starts machines from a script of root's may have secrets in all else.
 */
static bool is_passed_on(const char *variable)
{
	static const char *const passed[] = {
		"PATH=",     "TERM=",	    "COLORTERM=", "NO_COLOR=",	      "TZ=",
		"LANG=",     "LANGUAGE=",   "DISPLAY=",	  "WAYLAND_DISPLAY=", "XAUTHORITY=",
		"SUDO_UID=", "PKEXEC_UID=",
	};

	for (size_t i = 0; i < ARRAY_SIZE(passed); i++)
		if (text_starts(variable, passed[i]))
			return true;
	return text_starts(variable, "LC_") && strchr(variable, '=');
}

/* What names the user's places must be the user's. */
static void set_environment(const struct passwd *pw)
{
	char **kept = NULL;
	size_t n = 0;

	for (size_t i = 0; environ && environ[i]; i++)
		if (is_passed_on(environ[i]))
			*xappend(kept, n) = xstrdup(environ[i]);
	clearenv();
	for (size_t i = 0; i < n; i++) {
		char *value = strchr(kept[i], '=');

		*value = '\0';
		setenv(kept[i], value + 1, 1);
		free(kept[i]);
	}
	free(kept);
	setenv("HOME", pw->pw_dir, 1);
	setenv("USER", pw->pw_name, 1);
	setenv("LOGNAME", pw->pw_name, 1);
	find_session(pw->pw_uid);
}

static bool fork_keeper(uid_t uid, int *keeper, struct error **err)
{
	if (!keeper || *keeper >= 0)
		return true;
	*keeper = keeper_fork(uid, err);
	return *keeper >= 0;
}

#define GROUPS 3 /* the descriptor that the ids are written to, in the child */

/* In the child: writes the ids of the user's groups. */
static int tell_groups(void *context)
{
	const struct passwd *pw = context;
	int n = (int)sysconf(_SC_NGROUPS_MAX) + 1;
	own_free gid_t *group = xcalloc((size_t)n, sizeof(*group));

	if (getgrouplist(pw->pw_name, pw->pw_gid, group, &n) < 0)
		return ESRCH;
	return fd_write_all(GROUPS, group, (size_t)n * sizeof(*group)) ? 0 : errno;
}

/* What initgroups(3) does, but a child asks: the name services that it loads for that (with
 * systemd's, half a megabyte) would stay in our memory for as long as the machine runs.
 */
static bool take_groups(const struct passwd *pw)
{
	own_child struct child child = CHILD_NONE;
	own_free gid_t *group = NULL;
	own_fd int ours = -1, theirs = -1;
	size_t size = 0;

	if (!child_pipe(&ours, &theirs))
		return false;
	const struct child_fd fd[] = {{theirs, GROUPS}};

	errno = child_make(&child, &(struct child_way){.function = tell_groups,
						       .context = (void *)pw,
						       .fd = fd,
						       .fds = ARRAY_SIZE(fd)});
	if (errno || (errno = child_let_go(&child)))
		return false;
	close_fd(&theirs);
	group = (gid_t *)fd_read_all(ours, 1U << 20, &size);
	child_hear(&child, true);
	child_reap(&child, NULL);
	if (!child.told || child.result || !group) {
		errno = ESRCH;
		return false;
	}
	return setgroups(size / sizeof(*group), group) == 0;
}

static bool become_user(const struct passwd *pw, int *keeper, struct error **err)
{
	uid_t real, effective, saved;

	if (!fork_keeper(pw->pw_uid, keeper, err))
		return false;

	if (!take_groups(pw) || setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) < 0 ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) < 0) {
		error_errno(err, ERROR_HOST, errno, "cannot become user %s", pw->pw_name);
		return false;
	}
	/* A step that failed without saying so would leave QEMU as root. */
	if (getresuid(&real, &effective, &saved) < 0 || real != pw->pw_uid ||
	    effective != pw->pw_uid || saved != pw->pw_uid || setuid(0) == 0) {
		error_add(err, ERROR_HOST, "becoming user %s did not last", pw->pw_name);
		return false;
	}
	set_environment(pw);
	return drop_capabilities(err);
}

static const struct passwd *caller_name(const char *variable, struct error **err)
{
	const char *text = getenv(variable);
	const struct passwd *pw;
	uint64_t uid;

	if (!text)
		return NULL;
	pw = text_u64(text, 10, &uid) && uid < (uid_t)-1 ? getpwuid((uid_t)uid) : NULL;
	if (!pw)
		error_add(err, ERROR_HOST, "%s=%s names no user of this machine", variable, text);
	return pw;
}

bool identity_of_caller(int *keeper, struct error **err)
{
	struct error *problem = NULL;
	const struct passwd *pw;

	if (geteuid() != 0)
		return true;
	pw = caller_name("SUDO_UID", &problem);
	if (!pw && !problem)
		pw = caller_name("PKEXEC_UID", &problem);
	if (problem) {
		error_merge(err, &problem);
		return false;
	}
	return !pw || pw->pw_uid == 0 || become_user(pw, keeper, err);
}

bool identity_of_profile(const char *user, bool claims_device, int *keeper, struct error **err)
{
	const struct passwd *pw;

	if (geteuid() != 0)
		return true;
	if (user && strcmp(user, "root") != 0) {
		pw = getpwnam(user);
		if (!pw) {
			error_add(err, ERROR_HOST, "vm.user = %s: this machine has no such user",
				  user);
			return false;
		}
		return become_user(pw, keeper, err);
	}
	if (!user && claims_device) {
		error_add(
			err, ERROR_HOST,
			"root started a machine with a host device, and nobody says whose it is: start it through sudo, or set vm.user");
		return false;
	}
	if (!user)
		say(SAY_WARNING,
		    "QEMU runs as root, without capabilities; vm.user names a user for it");
	return fork_keeper(0, keeper, err) && drop_capabilities(err);
}
