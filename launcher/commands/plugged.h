/* Which of the host's USB devices a machine that runs is meant to have. */
#ifndef COMMANDS_PLUGGED_H
#define COMMANDS_PLUGGED_H

#include "run/plug.h"

/* Looks at the host as it is now (plug_find). */
void plugged_find(const char *device, struct plugged *found);

#endif
