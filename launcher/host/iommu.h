/* The IOMMU: whether there is one, and what else hangs in a device's group. */
#ifndef HOST_IOMMU_H
#define HOST_IOMMU_H

#include "base/root.h"
#include "pci.h"

enum iommu_state {
	IOMMU_READY,	 /* the kernel has made groups */
	IOMMU_NONE,	 /* no unit: switched off in the firmware setup, or by a boot option */
	IOMMU_NO_GROUPS, /* a unit, but not used for devices */
	IOMMU_STATES
};

struct iommu {
	enum iommu_state state;
	char *kind;	/* "Intel VT-d", "AMD-Vi", or the unit's own name; NULL without units */
	size_t units;	/* /sys/class/iommu */
	unsigned width; /* address bits that all units can translate, 0: unknown (AMD) */
	size_t groups;
	bool iommufd;	 /* the kernel has the newer way to VFIO's devices (/dev/iommu) ... */
	bool containers; /* ... and the older one by groups; true where that cannot be told */
};

void iommu_read(struct iommu *iommu, const struct root *root);
void iommu_free(struct iommu *iommu);
#define own_iommu own_with(iommu_free)

/* A sentence why nothing can be passed through, with the remedy; NULL when it can. */
const char *iommu_reason(const struct iommu *iommu);

/* The members of f's group that neither stand in the set nor may stay where they are: endpoints,
 * and parts of the chipset that have a driver. VFIO would refuse the group, or the guest could
 * reach them.
 */
void iommu_foreign(struct pci_set *foreign, const struct pci_list *list,
		   const struct pci_function *f, const struct pci_set *set);

/* Members of a group that are no PCI functions and have a driver, by their sysfs names; the caller
 * frees them with names_free().
 */
char **iommu_others(const struct root *root, int group, size_t *n);

/* Whether the firmware asks for memory that a group's devices always reach: a region of the type
 * "direct" (Documentation/ABI/testing/sysfs-kernel-iommu_groups).
 */
bool iommu_is_direct(const struct root *root, int group);

#endif
