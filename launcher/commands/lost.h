/* Machines that run and cannot be found: the runtime directory with their records was removed, as
 * logind does at a user's last logout.
 */
#ifndef COMMANDS_LOST_H
#define COMMANDS_LOST_H

#include <json-c/json.h>

/* QEMUs of ours that no record names, each an object with name, qemu and supervisor (pids, null for
 * none): known by their log, which they hold open.
 */
json_object *lost_machines(const char *state_dir, const char *runtime_dir);

/* Says so of each, and what reaches it all the same. */
void lost_tell(json_object *lost);

#endif
