#include "usb.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "base/tongue.h"

#define DEVICES "/sys/bus/usb/devices"
#define CLASS_HUB 9

static uint64_t usb_attribute(const struct root *root, const char *name, const char *what,
			      unsigned base)
{
	own_free char *text = root_line(root, DEVICES "/%s/%s", name, what);
	const char *s = text ? text + strspn(text, " ") : "";
	uint64_t value;

	return text_u64(s, base, &value) ? value : 0;
}

/* Where a link in /sys/bus or /sys/class points, from "/sys" on; NULL when it is none. */
static char *device_path(const struct root *root, const char *name)
{
	own_free char *target = root_readlink(root, DEVICES "/%s", name);
	const char *s = target;

	while (s && text_starts(s, "../"))
		s += 3;
	return s ? xasprintf("/sys/%s", s) : NULL;
}

/* An interface of the device is called PORT:CONFIGURATION.INTERFACE and stands in the same list. */
static void take_interface(struct usb_list *list, const struct root *root, const char *name)
{
	own_free char *link = NULL;
	size_t len = strcspn(name, ":");

	for (size_t i = 0; i < list->n; i++) {
		struct usb_device *d = &list->v[i];
		size_t n = d->interfaces;

		if (strlen(d->port) != len || strncmp(d->port, name, len) != 0)
			continue;
		link = root_readlink(root, DEVICES "/%s/driver", name);
		*xappend(d->driver, d->interfaces) = link ? xstrdup(path_base(link)) : NULL;
		*xappend(d->interface_class, n) =
			(uint8_t)usb_attribute(root, name, "bInterfaceClass", 16);
		return;
	}
}

static void take_device(struct usb_list *list, const struct root *root, const char *name)
{
	struct usb_device d = {
		.port = xstrdup(name),
		.path = device_path(root, name),
		.bus = (unsigned)usb_attribute(root, name, "busnum", 10),
		.number = (unsigned)usb_attribute(root, name, "devnum", 10),
		.vendor = (uint16_t)usb_attribute(root, name, "idVendor", 16),
		.product = (uint16_t)usb_attribute(root, name, "idProduct", 16),
		.manufacturer = root_line(root, DEVICES "/%s/manufacturer", name),
		.product_name = root_line(root, DEVICES "/%s/product", name),
		.class = (uint8_t)usb_attribute(root, name, "bDeviceClass", 16),
		.speed = root_line(root, DEVICES "/%s/speed", name),
	};

	d.hub = d.class == CLASS_HUB;
	d.node = xasprintf("/dev/bus/usb/%03u/%03u", d.bus, d.number);
	d.has_controller = d.path && pci_path_nearest(d.path, &d.controller);
	*xappend(list->v, list->n) = d;
}

void usb_list_read(struct usb_list *list, const struct root *root)
{
	size_t n;
	char **names = root_list(root, &n, DEVICES);

	*list = (struct usb_list){0};
	for (size_t i = 0; i < n; i++)
		if (!strchr(names[i], ':'))
			take_device(list, root, names[i]);
	for (size_t i = 0; i < n; i++)
		if (strchr(names[i], ':'))
			take_interface(list, root, names[i]);
	names_free(names, n);
}

void usb_list_free(struct usb_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		struct usb_device *d = &list->v[i];

		free(d->port);
		free(d->path);
		free(d->node);
		free(d->manufacturer);
		free(d->product_name);
		free(d->speed);
		free(d->interface_class);
		names_free(d->driver, d->interfaces);
	}
	free(list->v);
	*list = (struct usb_list){0};
}

/* The USB-IF's class codes. */
static const char *class_words(uint8_t class)
{
	static const struct {
		uint8_t class;
		const char *words;
	} row[] = {
		{0x01, N_("audio")},
		{0x03, N_("keyboard, mouse or other input")},
		{0x06, N_("camera (still)")},
		{0x07, N_("printer")},
		{0x08, N_("storage")},
		{CLASS_HUB, N_("hub")},
		{0x0b, N_("smart card reader")},
		{0x0d, N_("content security")},
		{0x0e, N_("camera")},
		{0x10, N_("audio and video")},
		{0x11, N_("billboard")},
		{0x02, N_("modem or network")},
		{0xe0, N_("Bluetooth or wireless")},
	};

	for (size_t i = 0; i < ARRAY_SIZE(row); i++)
		if (row[i].class == class)
			return row[i].words;
	return NULL;
}

const char *usb_kind(const struct usb_device *device)
{
	/* 0 and ef: the interfaces say. */
	const char *words = class_words(device->class);

	for (size_t i = 0; !words && i < device->interfaces; i++)
		words = class_words(device->interface_class[i]);
	return words ? tongue(words) : _("device of its maker's class");
}
