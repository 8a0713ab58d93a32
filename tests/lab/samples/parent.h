/* Included before the kernel's sample drivers of mediated devices: their parent becomes the PCI
 * function that the parameter names, as a GPU's is, instead of a device of their own.
 */
#ifndef LAB_PARENT_H
#define LAB_PARENT_H

#include <linux/device.h>
#include <linux/module.h>
#include <linux/pci.h>

static char *parent;
module_param(parent, charp, 0444);
MODULE_PARM_DESC(parent, "address of the PCI function that makes the devices");

/* The function is never let go of: what loads this module is gone with its machine. */
static inline struct device *lab_parent(struct device *own)
{
	struct device *function =
		parent ? bus_find_device_by_name(&pci_bus_type, NULL, parent) : NULL;

	return function ? function : own;
}

#endif
