#include <stdio.h>

#include "base/alloc.h"
#include "base/say.h"
#include "base/text.h"
#include "common.h"
#include "look.h"

/* The last word is the file, and one before it the machine. */
int command_screenshot(const struct arguments *args, struct error **err)
{
	struct arguments machine = *args;
	const char *file = args->word[args->words - 1];
	own_session struct session session = {0};
	own_free char *shown = text_word(file);
	struct looking looking;
	size_t unused;

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
