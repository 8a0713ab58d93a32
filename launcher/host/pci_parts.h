/* Private to this room: what is behind pci.h. Of the small parsers each moves *at over what it
 * read; *at and the result are untouched on failure.
 */
#ifndef HOST_PCI_PARTS_H
#define HOST_PCI_PARTS_H

#include "pci.h"

/* A run of min to max hexadecimal digits, all of the run. */
bool pci_take_hex(const char **at, size_t min, size_t max, uint32_t *value);
bool pci_take_char(const char **at, char c);
bool pci_take_address(const char **at, struct pci_address *address);

/* Fills in driver_override and locked. */
void pci_overrides_read(struct pci_list *list, const struct root *root);

#endif
