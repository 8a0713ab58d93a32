/* USB devices of the host that come and go while the machine runs: for `vmlaunch usb`, and for the
 * shell's word of that name.
 */
#ifndef COMMANDS_USB_H
#define COMMANDS_USB_H

#include "base/root.h"
#include "look.h"
#include "qmp/complete.h"

/* Gives the host's device that word means (its port, or its ids) to the guest, or back. A sentence
 * that tells it, which the caller owns; NULL with an error: it could not be.
 */
char *usb_change(struct looking *looking, const struct root *root, bool attaches, const char *word,
		 struct error **err);

/* What may stand where "attach DEVICE" or "detach DEVICE" has been typed up to here; from is moved
 * behind the words that are there.
 */
void usb_complete(struct session *session, const char *typed, struct qmp_candidates *found);

#endif
