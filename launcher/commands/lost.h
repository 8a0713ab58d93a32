/* Machines that run and cannot be found: the runtime directory with their records was removed, as
 * logind does at a user's last logout.
 */
#ifndef COMMANDS_LOST_H
#define COMMANDS_LOST_H

#include <json-c/json.h>

#include "host/peer.h"

/* QEMUs of ours that no record names, each an object with name, qemu and supervisor (pids, null for
 * none): known by their log, which they hold open. The n known ones are the machines that were
 * found by their records. Every process is looked at for that, and so only where somebody listens
 * at a tools' monitor that is none of theirs.
 */
json_object *lost_machines(const char *state_dir, const char *runtime_dir,
			   const struct socket_table *sockets, const char *const *known, size_t n);

/* Says so of each, and what reaches it all the same. */
void lost_tell(json_object *lost);

#endif
