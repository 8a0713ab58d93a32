/* The part of `vmlaunch status` about the host. */
#ifndef COMMANDS_STATUS_TEXT_H
#define COMMANDS_STATUS_TEXT_H

#include <json-c/json.h>

/* Prints what the machine uses, the host's functions that it has, and the programs beside it, each
 * of status's own object.
 */
void status_print_use(json_object *status);

#endif
