/* Input devices: which there are, what they are, and which one must not be taken away. */
#ifndef HOST_INPUT_H
#define HOST_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/root.h"
#include "pci.h"

/* What a device is, by what it can send; one device may be several things. */
enum input_kind {
	INPUT_KEYBOARD = 1,
	INPUT_MOUSE = 2,
	INPUT_TOUCHPAD = 4,
	INPUT_TOUCHSCREEN = 8,
	INPUT_TABLET = 16,
	INPUT_GAMEPAD = 32,
};

struct input_device {
	char *event; /* "event5" */
	char *node;  /* "/dev/input/event5" */
	char *path;  /* in /sys/devices, NULL: unknown; of a Bluetooth one the adapter's */
	char *name;  /* as the device says: any bytes; NULL when it says nothing */
	unsigned kinds;
	uint16_t vendor, product;
	char **link; /* /dev/input/by-id/... and by-path/..., which survive a restart */
	size_t links;
	char *usb_port; /* "1-4.2", NULL: not on USB */
	bool has_controller;
	struct pci_address controller; /* the PCI function above */
};

struct input_list {
	struct input_device *v;
	size_t n;
};

void input_list_read(struct input_list *list, const struct root *root);
void input_list_free(struct input_list *list);
#define own_input_list own_with(input_list_free)

/* "keyboard", "mouse, touchpad", ...; "other" for none. The caller owns it. */
char *input_kind_words(unsigned kinds);

/* Whether nothing to type on is left for the host without these n devices (by event name), although
 * there is something now. Keyboards that a program makes up do not count.
 */
bool input_last_keyboard(const struct input_list *list, const char *const *event, size_t n);
/* The same for all that hangs on these PCI functions (NULL: on none) and on n USB devices, by their
 * ports such as "1-4.2".
 */
bool input_last_keyboard_below(const struct input_list *list, const struct pci_set *functions,
			       const char *const *port, size_t n);

#endif
