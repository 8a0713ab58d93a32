/* Who the machine belongs to. vmlaunch, QEMU and its companions run as the user; when root started
 * vmlaunch on a user's behalf (sudo, pkexec, vm.user), the process becomes that user for good.
 */
#ifndef RUN_IDENTITY_H
#define RUN_IDENTITY_H

#include <stdbool.h>

#include "base/error.h"

/* Both functions: where root is given up is the last chance to have a keeper without asking
 * anybody. Unless keeper is NULL one is forked just before, and *keeper becomes our end of its
 * socket.
 */

/* For root called through sudo or pkexec: becomes the user who called, with that user's groups,
 * home and runtime directory, and no capability. Anybody else: nothing happens. Must come before
 * the first file of the user's is read.
 */
bool identity_of_caller(int *keeper, struct error **err);

/* For a process that is still root: becomes `user` (NULL: none given; "root": stays). Without one
 * it is refused where a host device is claimed, else it goes on as root with one warning.
 * Capabilities are dropped in every case.
 */
bool identity_of_profile(const char *user, bool claims_device, int *keeper, struct error **err);

#endif
