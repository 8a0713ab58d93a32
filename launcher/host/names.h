/* Names for ids, from hwdata's pci.ids and usb.ids. They are decoration: without the files there
 * are no names, and nothing depends on one.
 */
#ifndef HOST_NAMES_H
#define HOST_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/root.h"

/* What is asked for, and the answers: NULL where the file says nothing. */
struct id_name {
	uint16_t vendor, device, subvendor, subdevice;
	char *vendor_name, *device_name;
	char *subvendor_name;
	char *subsystem_name; /* what the file calls this very board, rarely known */
};

/* Fills the names of n ids in one pass over the file; false where there is none. */
bool names_pci(struct id_name *v, size_t n, const struct root *root);
/* The same for USB ids, which have no subsystem. */
bool names_usb(struct id_name *v, size_t n, const struct root *root);

/* Frees the names, not the array. */
void id_names_free(struct id_name *v, size_t n);

#endif
