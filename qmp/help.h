/* What the schema says of a command, for a person. */
#ifndef QMP_HELP_H
#define QMP_HELP_H

#include "schema.h"

/* The arguments of the command that line begins with, given what stands behind it (a union's tag,
 * a device's driver, whose properties(what, DRIVER) are listed as well: an answer to
 * device-list-properties that stays the callee's, or NULL). NULL where there is no such command.
 * The caller owns it.
 */
char *qmp_help(const struct schema *schema, const char *line,
	       json_object *(*properties)(void *what, const char *driver), void *what);

/* The commands, events, members and words of enums that hold pattern, a line each; "" for none. */
char *qmp_search(const struct schema *schema, const char *pattern);

#endif
