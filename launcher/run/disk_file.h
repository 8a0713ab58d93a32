/* The disks' own files and devices, before QEMU has them. */
#ifndef RUN_DISK_FILE_H
#define RUN_DISK_FILE_H

#include <stdbool.h>

#include "base/error.h"
#include "plan/plan.h"

/* Has qemu-img make the image that a PREPARE_DISK describes. It gets its name when it is whole, and
 * never that of a file that is there: then it fails (ERROR_HOST), as where it cannot be made.
 */
bool disk_make(const struct prepare *p, struct error **err);

/* Claims the block device of a PREPARE_CLAIM, as a mount does: until the descriptor is closed,
 * which the caller owns, the kernel lets nobody mount it or use it otherwise, and QEMU, which
 * claims nothing, opens it. -1 with words (ERROR_HOST) where the kernel says that it is in use.
 */
int disk_claim(const struct prepare *p, struct error **err);

#endif
