/* The node of its own that a device of VFIO's has (Documentation/driver-api/vfio.rst, "VFIO Device
 * cdev"). Its number is given when the driver takes the device.
 */
#ifndef BASE_VFIO_NODE_H
#define BASE_VFIO_NODE_H

#include "root.h"

#define VFIO_NO_NODE \
	"this kernel gives devices no nodes of their own (CONFIG_VFIO_DEVICE_CDEV): say iommu = group"

/* "/dev/vfio/devices/vfio0" of the PCI function at that address, which the caller owns; NULL where
 * it has none.
 */
char *vfio_node(const struct root *root, const char *address);

#endif
