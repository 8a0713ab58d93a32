/* USB devices as a profile names them, and which of them the host cannot spare. */
#ifndef HOST_USB_PICK_H
#define HOST_USB_PICK_H

#include <stdbool.h>

#include "base/usb_selector.h"
#include "input.h"
#include "storage.h"
#include "usb.h"

/* The first device that is meant, *matches of them in all; NULL: it is not plugged in. Hubs that
 * are part of the host's controllers are none.
 */
const struct usb_device *usb_find(const struct usb_list *list, const struct usb_selector *selector,
				  size_t *matches);

/* Why the host cannot spare it, as a sentence that the caller owns; NULL: it can. The only place
 * that has the rule: a hub, what the host types on, a disk that the host uses.
 */
char *usb_in_use(const struct usb_device *device, const struct input_list *input,
		 const struct storage *storage);

#endif
