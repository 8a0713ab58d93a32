/* What a guest writes in a throw-away start: for each of its disks a qcow2 overlay in a file
 * without a name, so that it is gone with the last process that has it open, whoever dies and
 * however.
 */
#ifndef RUN_OVERLAY_H
#define RUN_OVERLAY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "plan/plan.h"

struct overlays {
	struct overlay {
		int number; /* of its descriptor in QEMU */
		int fd;	    /* -1: taken */
	} * v;
	size_t n;
};

/* Has qemu-img make the overlay that a PREPARE_OVERLAY describes, which only reads the image.
 * Fails (ERROR_HOST) with qemu-img's words.
 */
bool overlay_make(struct overlays *overlays, const struct prepare *p, struct error **err);

/* The descriptor that is to have the number, which the caller owns from then on; -1: none. */
int overlay_take(struct overlays *overlays, int number);

/* Closes those that nobody took. */
void overlays_close(struct overlays *overlays);

#endif
