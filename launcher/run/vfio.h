/* Devices that are handed to QEMU as descriptors. */
#ifndef RUN_VFIO_H
#define RUN_VFIO_H

#include "base/error.h"

/* /dev/iommu, or -1. */
int iommu_open(const char *path, struct error **err);
/* The node of its own that VFIO has for the PCI function at address, once vfio-pci has it; or -1.
 */
int vfio_open(const char *address, struct error **err);

#endif
