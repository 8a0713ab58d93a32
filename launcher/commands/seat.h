/* What the user sits before: the session that this process is of. */
#ifndef COMMANDS_SEAT_H
#define COMMANDS_SEAT_H

#include "base/root.h"
#include "plan/plan.h"

/* By the environment, and by which sockets are in the user's runtime directory; of a made-up host
 * there are no sound cards. Nothing is connected to. To be freed by seat_free().
 */
struct plan_seat seat_find(const struct root *root);
void seat_free(struct plan_seat *seat);

#endif
