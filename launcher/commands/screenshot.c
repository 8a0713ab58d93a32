#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/say.h"
#include "base/text.h"
#include "common.h"
#include "look.h"

/* Whether the only word, which is to be the file, is a machine's name, as of all other commands. */
static bool is_machine(const struct arguments *args)
{
	own_error struct error *ignored = NULL;
	own_run_record struct run_record record = {0};
	own_free char *dir = args->words == 1 && !strchr(args->word[0], '/')
				     ? running(args->word[0], &record, &ignored)
				     : NULL;

	return dir;
}

/* The last word is the file, and one before it the machine. */
int command_screenshot(const struct arguments *args, struct error **err)
{
	struct arguments machine = *args;
	const char *file = args->word[args->words - 1];
	own_session struct session session = {0};
	own_free char *shown = text_word(file);
	struct looking looking;
	size_t unused;

	if (is_machine(args)) {
		error_add(
			err, ERROR_USAGE,
			"%s is a machine that runs: 'vmlaunch screenshot %s FILE.png' names the file",
			file, file);
		return ERROR_USAGE;
	}
	machine.words--;
	if (!session_open(&session, &machine, &unused, err)) {
		error_set_kind(*err, ERROR_FAILED);
		return ERROR_FAILED;
	}
	looking = looking_alone(&session);
	if (!look_take_picture(&looking, file, argument_option(args, "force"), err))
		return ERROR_FAILED;
	say(SAY_NOTE, "%s: its screen is in %s", session.name, shown);
	return 0;
}
