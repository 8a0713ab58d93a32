/* Interfaces of the host's for QEMU: a tap, or a macvtap. */
#ifndef RUN_TAP_H
#define RUN_TAP_H

#include <stdbool.h>

#include "base/error.h"

/* A queue of the interface, with headers of virtio-net before the packets; -1 with words
 * (ERROR_HOST) where it is gone, or not ours, or somebody's by now. Never makes one. The caller
 * owns the descriptor.
 */
int tap_open(const char *name, bool multi_queue, struct error **err);

/* The same of a macvtap, whose node's number is that of the interface. */
int macvtap_open(const char *name, bool multi_queue, struct error **err);

#endif
