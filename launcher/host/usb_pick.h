/* USB devices as a profile names them, and which of them the host cannot spare. */
#ifndef HOST_USB_PICK_H
#define HOST_USB_PICK_H

#include <stdbool.h>
#include <stdint.h>

#include "input.h"
#include "storage.h"
#include "usb.h"

#define USB_PORT_SIZE 24 /* seven levels of hubs, with its NUL */

/* "046d:c52b", by its ids; "1-4.2", by its place, bus and ports; "001.004=046d:c52b", by the number
 * that the kernel gave it, "1-4.2=046d:c52b": at a place or number, if it is that one.
 */
struct usb_selector {
	bool has_ids;
	uint16_t vendor, product;
	unsigned bus;		  /* 0: by its ids alone */
	unsigned number;	  /* 0: by its port */
	char port[USB_PORT_SIZE]; /* "4.2" */
};

/* False for what is no selector. */
bool usb_selector_parse(const char *text, struct usb_selector *selector);

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
