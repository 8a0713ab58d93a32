/* The QMP shell: a person at a terminal. */
#ifndef COMMANDS_SHELL_H
#define COMMANDS_SHELL_H

#include "session.h"

/* Runs until the person leaves or the machine ends; the exit status where no error is set. */
int shell_run(struct session *session, const struct arguments *args, struct error **err);

#endif
