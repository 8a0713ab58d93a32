#include <signal.h>
#include <unistd.h>

#include "act/keeper.h"
#include "base/say.h"
#include "command.h"
#include "run/link.h"

int command_recover(const struct arguments *args, struct error **err)
{
	struct link link = LINK_NONE;
	struct error *left = NULL;
	int forked = -1;
	bool good;

	(void)args;
	signal(SIGPIPE, SIG_IGN);
	if (geteuid() == 0) {
		forked = keeper_fork(0, err);
		if (forked < 0)
			return ERROR_HOST;
	}
	/* The greeting is all that it takes. */
	if (!link_open(&link, forked, &left, err))
		return ERROR_HOST;
	good = link_close(&link, &left);
	if (good && !left)
		say(SAY_NOTE, "nothing is left to give back");
	error_merge(err, &left);
	return 0;
}
