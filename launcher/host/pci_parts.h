/* Private to this room: what is behind pci.h. */
#ifndef HOST_PCI_PARTS_H
#define HOST_PCI_PARTS_H

#include "pci.h"

/* Fills in driver_override and locked. */
void pci_overrides_read(struct pci_list *list, const struct root *root);

#endif
