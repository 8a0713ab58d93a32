/* The guest's USB: one controller with as many ports as it can have. QEMU puts what names no port
 * behind a hub of 12 Mbit/s as soon as the ports are few, so each device has a port of its own. The
 * controller is there in any case: what is plugged in while the guest runs has a place.
 */
#include "base/alloc.h"
#include "compose.h"

#define USB_PORTS 15 /* of each kind, USB 2 and 3 (QEMU, hw/usb/hcd-xhci.h) */

void compose_usb(struct composer *c)
{
	own_free char *bus = NULL;
	struct option o;

	if (c->usb)
		return;
	c->usb = true;
	bus = compose_own_port(c, "USB");
	o = option_new("qemu-xhci");
	option_text(&o, "id", "usb");
	option_text(&o, "bus", bus);
	option_number(&o, "p2", USB_PORTS);
	option_number(&o, "p3", USB_PORTS);
	compose_fixed(c, "-device", option_done(&o), "ports for what may be plugged in");
}

void compose_usb_port(struct composer *c, struct option *o, const struct item *item,
		      const char *words)
{
	own_free char *port = NULL;

	compose_usb(c);
	port = xasprintf("%u", ++c->usb_ports);
	if (c->usb_ports > USB_PORTS)
		compose_wrong(c, item ? item->at : (struct origin){0},
			      "%s: more USB devices than the controller has ports (%d)", words,
			      USB_PORTS);
	option_text(o, "bus", "usb.0");
	option_text(o, "port", port);
}
