/* The option --notify: what a command has to say goes to the desktop, for a start by an icon. */
#ifndef COMMANDS_NOTICES_H
#define COMMANDS_NOTICES_H

#include "command.h"
#include "run/notify.h"

#define NOTIFY_OPTION                                                     \
	{                                                                 \
		"notify", NULL, "tell it by notifications of the desktop" \
	}

struct notices_of_command {
	struct notifier notifier;
	int output;    /* what the command prints, -1: goes to standard output */
	char *profile; /* the path behind a first word that is a file URI */
};

#define NO_NOTICES                                   \
	{                                            \
		.notifier = {.fd = -1}, .output = -1 \
	}

/* Where --notify was given: starts the notifier, takes standard input away, so that nobody is asked
 * on a terminal that nobody sees, and keeps what the command prints to tell it at the end. A first
 * word that is a file URI becomes its path.
 */
bool notices_open(struct notices_of_command *notices, struct arguments *args, struct error **err);

/* Tells what was printed, then err (may be NULL), and waits until it was shown. */
void notices_close(struct notices_of_command *notices, const struct error *err);

#endif
