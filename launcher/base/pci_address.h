/* PCI functions by name: the address that the kernel gives them, and what a profile calls them. */
#ifndef BASE_PCI_ADDRESS_H
#define BASE_PCI_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

/* The domain has more than 16 bits behind an Intel VMD: "10000:e1:00.0". */
struct pci_address {
	uint32_t domain;
	uint8_t bus, slot, function;
};

#define PCI_ADDRESS_SIZE 24

/* Reads the whole of "0000:01:00.0" or "01:00.0" (domain 0); *address is untouched on failure. */
bool pci_address_parse(const char *s, struct pci_address *address);
/* The kernel's form, with the domain; returns text. */
char *pci_address_format(const struct pci_address *address, char text[PCI_ADDRESS_SIZE]);
/* Less than, equal to or greater than 0, in the order of lspci. */
int pci_address_compare(const struct pci_address *a, const struct pci_address *b);
/* Whether they are functions of one slot. */
bool pci_same_slot(const struct pci_address *a, const struct pci_address *b);

/* Whether a sysfs path lies below the function, and which function is the nearest above a path. */
bool pci_path_below(const char *path, const struct pci_address *address);
bool pci_path_nearest(const char *path, struct pci_address *address);

/* How a profile names a device:
 *
 *	10de:2820			by id, where there is only one
 *	10de:2820@1043:1e6c		by id and subsystem
 *	10de:2820#2			the second of several, in the order of addresses
 *	0000:01:00.0			by address
 *	0000:01:00.0=10de:2820		by address, if this id sits there
 */
struct pci_selector {
	bool has_address, has_id, has_subsystem;
	struct pci_address address;
	uint16_t vendor, device, subvendor, subdevice;
	unsigned nth; /* from 1; 0: there must be only one */
};

/* Reads the whole of s; on failure adds what is wrong with it (ERROR_USAGE). */
bool pci_selector_parse(const char *s, struct pci_selector *selector, struct error **err);
/* The canonical form, which the caller owns. */
char *pci_selector_text(const struct pci_selector *selector);

#endif
