#include <signal.h>
#include <unistd.h>

#include "act/keeper.h"
#include "base/file.h"
#include "base/root.h"
#include "base/say.h"
#include "common.h"
#include "run/identity.h"
#include "run/link.h"
#include "run/returned.h"

/* What dead machines of this user left in the runtime directory: a lock that can be had belongs to
 * nobody any more.
 */
static void tidy_instances(void)
{
	own_error struct error *ignored = NULL;
	own_free char *base = NULL;
	size_t n;
	char **names = instances(&n, &base, &ignored);

	for (size_t i = 0; i < n; i++) {
		own_error struct error *running = NULL;
		own_free char *dir = path_join(base, names[i]);
		struct lock lock = LOCK_NONE;

		if (lock_take(&lock, dir, &running))
			lock_release(&lock);
	}
	names_free(names, n);
}

int command_recover(const struct arguments *args, struct error **err)
{
	struct link link = LINK_NONE;
	struct error *left = NULL;
	int forked = -1;
	bool good;

	(void)args;
	signal(SIGPIPE, SIG_IGN);
	if (!identity_of_caller(&forked, err))
		return ERROR_HOST;
	if (returned_all()) {
		tidy_instances();
		say(SAY_NOTE, "nothing is left to give back");
		return 0;
	}
	if (geteuid() == 0) {
		forked = keeper_fork(0, err);
		if (forked < 0)
			return ERROR_HOST;
	}
	/* The greeting is all that it takes. */
	if (!link_open(&link, forked, "to give the host's devices back", &left, err))
		return ERROR_HOST;
	good = link_close(&link, &left);
	tidy_instances();
	if (good && !left)
		say(SAY_NOTE, "nothing is left to give back");
	error_merge(err, &left);
	return 0;
}
