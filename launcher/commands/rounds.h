/* `vmlaunch probe --rounds N`: the probe again and again, and what differs. */
#ifndef COMMANDS_ROUNDS_H
#define COMMANDS_ROUNDS_H

#include "command.h"

#define ROUNDS_MAX 1000

int probe_rounds(const struct arguments *args, unsigned rounds, struct error **err);

#endif
