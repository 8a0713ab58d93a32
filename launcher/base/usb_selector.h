/* USB devices as a profile names them. */
#ifndef BASE_USB_SELECTOR_H
#define BASE_USB_SELECTOR_H

#include <stdbool.h>
#include <stdint.h>

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
/* As it is written, which the caller owns. */
char *usb_selector_text(const struct usb_selector *selector);
bool usb_selector_equal(const struct usb_selector *a, const struct usb_selector *b);

#endif
