/* What the keeper may do. */
#ifndef ACT_RIGHTS_H
#define ACT_RIGHTS_H

#include <stdbool.h>

#include "base/error.h"

/* Reduces this process to the capabilities that a keeper needs, and makes it a poor target: not
 * dumpable, last to be killed for want of memory.
 */
bool rights_of_keeper(struct error **err);

/* When QEMU runs: gives up what only making needs, the right over limits of processes, and without
 * networks that over network interfaces.
 */
bool rights_of_watcher(bool networks, struct error **err);

/* The last: a filter for system calls, for ever (isolation/isolation.c). True as well where the
 * kernel has none.
 */
bool rights_filtered(struct error **err);

#endif
