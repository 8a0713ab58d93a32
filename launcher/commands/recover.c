#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "act/keeper.h"
#include "base/alloc.h"
#include "base/file.h"
#include "base/root.h"
#include "base/say.h"
#include "base/tongue.h"
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

/* What living keepers hold. A machine that has just ended is given back in a moment, which is
 * waited for: only what stays is told, as a failure.
 */
#define MOMENT_MS 10000
#define LOOK_MS 250

static bool tell_of_keepers(struct link *link, struct error **err)
{
	struct error *odd = NULL, *held = NULL;
	const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
	bool good = link_keepers(link, &held, &odd, err);

	for (int waited = 0; good && odd && waited < MOMENT_MS; waited += LOOK_MS) {
		nanosleep(&pause, NULL);
		error_free(steal(&held));
		error_free(steal(&odd));
		good = link_keepers(link, &held, &odd, err);
	}
	for (size_t i = 0; i < error_count(held); i++)
		say(SAY_NOTE, "%s", error_message(held, i));
	error_free(held);
	good = good && !odd;
	error_merge(err, &odd);
	return good;
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
	/* The greeting gives back what dead keepers left. */
	if (!link_open(&link, forked, N_("to give the host's devices back"), &left, err))
		return ERROR_HOST;
	good = tell_of_keepers(&link, &left);
	good = link_close(&link, &left) && good;
	tidy_instances();
	if (good && !left)
		say(SAY_NOTE, "nothing is left to give back");
	error_merge(err, &left);
	return 0;
}
