/* USB devices as sysfs describes them. */
#ifndef HOST_USB_H
#define HOST_USB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/root.h"
#include "pci.h"

/* Strings are NULL where the device does not say. Serial numbers are left out: this is printed and
 * sent around.
 */
struct usb_device {
	char *port; /* "1-4.2", the place in the tree of hubs; "usb1" is a root hub */
	char *path; /* in /sys/devices */
	char *node; /* "/dev/bus/usb/001/004" */
	unsigned bus, number;
	uint16_t vendor, product;
	char *manufacturer, *product_name; /* as the device itself says: any bytes */
	uint8_t class;
	char *speed; /* in Mbit/s: "1.5", "12", "480", "5000" */
	bool hub;
	uint8_t *interface_class; /* of each interface of the configuration in use */
	char **driver;		  /* of each interface, NULL: none */
	size_t interfaces;
	bool has_controller;
	struct pci_address controller;
};

/* In the order of ports. */
struct usb_list {
	struct usb_device *v;
	size_t n;
};

void usb_list_read(struct usb_list *list, const struct root *root);
void usb_list_free(struct usb_list *list);
#define own_usb_list own_with(usb_list_free)

/* "keyboard or mouse", "camera", "storage", ...: from the device's class, else its first telling
 * interface's. Never NULL.
 */
const char *usb_kind(const struct usb_device *device);

#endif
