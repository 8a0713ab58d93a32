#include "confine.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/own.h"
#include "base/say.h"
#include "base/text.h"
#include "child.h"
#include "isolation/filter.h"
#include "isolation/isolation.h"
#include "isolation/landlock.h"
#include "relay.h"

static const enum landlock_kind KIND[REACH_KINDS] = {
	[REACH_READ] = LANDLOCK_READ,	    [REACH_PROGRAM] = LANDLOCK_PROGRAM,
	[REACH_ALL] = LANDLOCK_ALL,	    [REACH_WRITE] = LANDLOCK_WRITE,
	[REACH_SOCKETS] = LANDLOCK_SOCKETS,
};

void confine_tell(const struct plan *plan)
{
	struct sandbox_means means = sandbox_means();
	const char *lacks = landlock_lacks(means.landlock);

	if (sandbox_mode() != SANDBOX_ENFORCE)
		say(SAY_WARNING,
		    "%s: --sandbox=%s: a guest that breaks out of QEMU reaches all files of yours",
		    plan->name, sandbox_word[sandbox_mode()]);
	else if (!means.landlock)
		say(SAY_WARNING,
		    "%s: this kernel lacks %s: a guest that breaks out of QEMU reaches all files of yours",
		    plan->name, lacks);
	else if (lacks)
		say(SAY_DEBUG, "%s: this kernel lacks %s", plan->name, lacks);
	if (sandbox_mode() != SANDBOX_OFF && !means.filters)
		say(SAY_WARNING,
		    "%s: this kernel lacks filters for system calls (seccomp): vmlaunch itself goes without",
		    plan->name);
}

bool confine_prepare(const struct plan *plan, struct error **err)
{
	own_free char *path = path_join(plan->runtime_dir, SCREENSHOT_FILE);
	own_fd int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		error_errno(err, ERROR_HOST, errno, "cannot make %s", path);
	return fd >= 0;
}

/* Where the binary really is, whatever link led to it. */
static void add_real(struct landlock_rule *rule, size_t *n, const char *binary, char real[PATH_MAX],
		     char **dir)
{
	if (!realpath(binary, real))
		return;
	*dir = path_dir(real);
	rule[(*n)++] = (struct landlock_rule){real, LANDLOCK_PROGRAM};
	rule[(*n)++] = (struct landlock_rule){*dir, LANDLOCK_READ};
}

bool confine_qemu(const struct plan *plan)
{
	own_free struct landlock_rule *rule = xcalloc(plan->reaches * 2 + 2, sizeof(*rule));
	own_free char **dir = xcalloc(plan->reaches + 1, sizeof(*dir));
	char real[PATH_MAX];
	size_t n = 0;

	if (sandbox_mode() != SANDBOX_ENFORCE)
		return true;
	for (size_t i = 0; i < plan->reaches; i++) {
		const struct reach *reach = &plan->reach[i];

		rule[n++] = (struct landlock_rule){reach->path, KIND[reach->kind]};
		/* A file that QEMU makes is made in its directory; a node is never made. */
		if (reach->kind != REACH_WRITE || *reach->path != '/' ||
		    access(reach->path, F_OK) == 0 || text_starts(reach->path, "/dev/"))
			continue;
		dir[i] = path_dir(reach->path);
		if (dir[i][1] && access(dir[i], W_OK) == 0)
			rule[n++] = (struct landlock_rule){dir[i], LANDLOCK_WRITE};
	}
	add_real(rule, &n, plan->binary, real, &dir[plan->reaches]);
	/* It dies or becomes QEMU: nothing is given back. */
	return landlock_restrict(
		rule, n, (struct landlock_scope){.signals = true, .abstract = !plan->has_window});
}

void confine_supervisor(const char *name)
{
	int errnum = child_give_up_privilege();

	filter_at_end(terminal_restore);
	if (!errnum && !filter_enter(FILTER_SUPERVISOR) && filter_is_known())
		errnum = errno;
	if (errnum)
		say(SAY_WARNING, "%s: vmlaunch cannot give up what it does not need: errno %d",
		    name, errnum);
}
