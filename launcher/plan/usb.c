/* The guest's USB: one controller with as many ports as it can have, and what of the host's is
 * plugged into it. QEMU puts what names no port behind a hub of 12 Mbit/s as soon as the ports are
 * few, so each device has a port of its own. The controller is there in any case: what is plugged
 * in while the guest runs has a place.
 *
 * One that is not there never stops a start, and is on no command line: QEMU would look for it
 * every other second. It has its port all the same, and is plugged into it when it comes
 * (run/plug.h).
 */
#include <string.h>

#include "base/alloc.h"
#include "compose.h"

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

/* ------------------------------------------------------------------ the host's */

/* Whether an earlier section means the same one. */
static bool is_twice(struct composer *c, const struct usb *usb, const struct usb_device *d)
{
	for (size_t i = 0; i < c->usb_places; i++) {
		const struct usb_place *other = &c->usb_place[i];
		own_free char *name = item_text(&other->usb->item);

		if (!usb_selector_equal(&other->usb->device.v, &usb->device.v) &&
		    (!d || other->device != d))
			continue;
		compose_wrong(
			c, usb->device.at,
			"%s: is the device of [%s] already; of two that are alike, each is named by its port, such as 1-4.2",
			compose_key(c, &usb->device.at), name);
		return true;
	}
	return false;
}

/* Two keyboards can be spared one by one, and not together; one may hang on a controller that is
 * passed.
 */
static bool takes_last_keyboard(struct composer *c, const struct usb_device *d)
{
	const struct input_list *input = &c->facts->devices.input;
	const char *port[ARRAY_SIZE(c->usb_place) + 1];
	size_t n = 0;

	for (size_t i = 0; i < c->usb_places; i++)
		if (c->usb_place[i].device)
			port[n++] = c->usb_place[i].device->port;
	if (input_last_keyboard_below(input, &c->claimed, port, n))
		return false;
	port[n++] = d->port;
	return input_last_keyboard_below(input, &c->claimed, port, n);
}

static void check_device(struct composer *c, const struct usb *usb, const struct usb_device *d,
			 size_t found)
{
	const struct scene *scene = &c->facts->devices;
	const char *key = compose_key(c, &usb->device.at);
	own_free char *use = d ? usb_in_use(d, &scene->input, &scene->storage) : NULL;
	own_free char *name = item_text(&usb->item), *device = usb_selector_text(&usb->device.v);

	if (use)
		compose_refuse(c, usb->device.at, "%s: %s at port %s %s", key, device, d->port,
			       use);
	else if (d && takes_last_keyboard(c, d))
		compose_refuse(
			c, usb->device.at,
			"%s: %s at port %s is the last of the host's keyboards, as other sections take the rest: plug in another one",
			key, device, d->port);
	else if (!d)
		compose_note(c, "%s: %s is not plugged in: the guest gets it when it is", name,
			     device);
	else if (found > 1)
		compose_note(c, "%s: %zu devices are %s, and the guest gets the one at port %s",
			     name, found, device, d->port);
}

/* Of several that are alike the first one, and no other. */
static char *device_text(const struct usb *usb, const struct usb_device *d, size_t found)
{
	return found > 1 ? xasprintf("%s=%04x:%04x", d->port, (unsigned)d->vendor,
				     (unsigned)d->product)
			 : usb_selector_text(&usb->device.v);
}

/* Gives it a name in QEMU and a port. */
static void add_place(struct composer *c, const struct usb *usb, const struct usb_device *d,
		      size_t found, struct option *o)
{
	/* "usb" alone is the controller. */
	own_free char *section = compose_id(&usb->item), *id = xasprintf("host-%s", section);
	own_free char *name = item_text(&usb->item);
	struct plan_usb *place = xappend(c->plan->usb, c->plan->usbs);

	place->title = xstrdup(name);
	place->device = device_text(usb, d, found);
	place->given = d;
	place->id = steal(&id);
	option_text(o, "id", place->id);
	compose_usb_port(c, o, &usb->item, name);
	place->port = c->usb_ports;
	place->bootindex = compose_bootindex(c, &usb->item);
}

static void add_host_device(struct composer *c, const struct usb *usb, const struct usb_device *d,
			    size_t found)
{
	struct option o = option_new("usb-host");
	const struct usb_selector *selector = &usb->device.v;
	const char *port = selector->port;

	add_place(c, usb, d, found, &o);
	if (found > 1)
		port = strchr(d->port, '-') + 1;
	if (selector->bus || found > 1)
		option_number(&o, "hostbus", found > 1 ? d->bus : selector->bus);
	if (selector->number && found <= 1)
		option_number(&o, "hostaddr", selector->number);
	else if (*port)
		option_text(&o, "hostport", port);
	if (selector->has_ids) {
		option_number(&o, "vendorid", selector->vendor);
		option_number(&o, "productid", selector->product);
	}
	if (compose_bootindex(c, &usb->item))
		option_number(&o, "bootindex", compose_bootindex(c, &usb->item));
	if (d)
		compose_argument(c, "-device", option_done(&o), &usb->device.at, NULL);
	else
		free(option_done(&o));
}

static void add_section(struct composer *c, const struct usb *usb)
{
	size_t found;
	const struct usb_device *d = usb_find(&c->facts->devices.usb, &usb->device.v, &found);

	if (is_twice(c, usb, d))
		return;
	check_device(c, usb, d, found);
	c->usb_place[c->usb_places++] = (struct usb_place){usb, d};
	/* A number that nobody has stops QEMU, and never comes back. */
	if (d || !usb->device.v.number)
		add_host_device(c, usb, d, found);
}

void compose_usb_devices(struct composer *c)
{
	bool any = false;

	if (c->in->purpose == PURPOSE_PROBE || c->in->no_devices)
		return;
	for (size_t i = 0; i < c->p->usb.n; i++) {
		const struct usb *usb = (const struct usb *)c->p->usb.v[i];

		if (!usb->item.enabled.v)
			continue;
		if (!any && !qemu_offers(&c->facts->qemu, QEMU_DEVICES, "usb-host"))
			compose_refuse(
				c, usb->item.at,
				"QEMU %s is built without usb-host, which passes USB devices",
				c->facts->qemu.version);
		any = true;
		add_section(c, usb);
	}
}
