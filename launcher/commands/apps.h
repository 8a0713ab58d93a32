/* `vmlaunch run --wait-port`: the machine runs and its guest answers, then a command. */
#ifndef COMMANDS_APPS_H
#define COMMANDS_APPS_H

#include "command.h"

/* Starts the machine of the first word where it is down, lets it go on where it is held, waits for
 * the guest's port, and becomes the command behind --; without one it ends with 0. What was started
 * stays.
 */
int run_until_port(const struct arguments *args, struct error **err);

#endif
