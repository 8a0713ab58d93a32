#include "iommu.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "base/tongue.h"
#include "kmodule.h"

#define UNITS "/sys/class/iommu"
#define GROUPS "/sys/kernel/iommu_groups"

/* MGAW, bits 21 to 16 of the capability register, is the width less one (VT-d specification,
 * 11.4.2). sysfs prints the register in hexadecimal without a prefix.
 */
static unsigned intel_width(const struct root *root, const char *unit)
{
	own_free char *cap = root_line(root, UNITS "/%s/intel-iommu/cap", unit);
	uint64_t value;

	return cap && text_u64(cap, 16, &value) ? (unsigned)(value >> 16 & 0x3f) + 1 : 0;
}

static const char *unit_kind(const char *unit)
{
	return text_starts(unit, "dmar")     ? "Intel VT-d"
	       : text_starts(unit, "ivhd")   ? "AMD-Vi"
	       : text_starts(unit, "virtio") ? "virtio-iommu"
					     : unit;
}

/* A driver that offers VFIO without an IOMMU makes groups too, of this name. */
static size_t count_groups(const struct root *root)
{
	size_t n, real = 0;
	char **names = root_list(root, &n, GROUPS);

	for (size_t i = 0; i < n; i++) {
		own_free char *name = root_line(root, GROUPS "/%s/name", names[i]);

		real += !name || strcmp(name, "vfio-noiommu") != 0;
	}
	names_free(names, n);
	return real;
}

/* A kernel without CONFIG_VFIO_CONTAINER has no such module; iommufd's makes /dev/iommu. */
static void read_interfaces(struct iommu *iommu, const struct root *root)
{
	iommu->iommufd =
		root_exists(root, "/dev/iommu") ||
		kmodule_look(root, "kernel/drivers/iommu/iommufd/iommufd") == KMODULE_THERE;
	iommu->containers =
		root_exists(root, "/sys/module/vfio_iommu_type1") ||
		kmodule_look(root, "kernel/drivers/vfio/vfio_iommu_type1") != KMODULE_NONE;
}

void iommu_read(struct iommu *iommu, const struct root *root)
{
	size_t n;
	char **units = root_list(root, &n, UNITS);

	*iommu = (struct iommu){.units = n, .groups = count_groups(root)};
	for (size_t i = 0; i < n; i++) {
		unsigned width = intel_width(root, units[i]);

		if (i == 0) {
			iommu->kind = xstrdup(unit_kind(units[i]));
			iommu->width = width;
		} else if (width < iommu->width) {
			iommu->width = width;
		}
	}
	names_free(units, n);
	iommu->state = iommu->groups ? IOMMU_READY : n ? IOMMU_NO_GROUPS : IOMMU_NONE;
	read_interfaces(iommu, root);
}

void iommu_free(struct iommu *iommu)
{
	free(iommu->kind);
	*iommu = (struct iommu){0};
}

const char *iommu_reason(const struct iommu *iommu)
{
	static const char *const reason[] = {
		[IOMMU_READY] = NULL,
		[IOMMU_NONE] = N_(
			"this host has no IOMMU switched on: enable VT-d or AMD-Vi in the firmware setup; on an Intel machine the kernel may also want intel_iommu=on as a boot option"),
		[IOMMU_NO_GROUPS] = N_(
			"this host has an IOMMU, but the kernel does not use it for devices: remove iommu=off and the like from the boot options; on an Intel machine add intel_iommu=on"),
	};

	_Static_assert(ARRAY_SIZE(reason) == IOMMU_STATES, "one sentence for each state");
	return (unsigned)iommu->state < IOMMU_STATES && reason[iommu->state]
		       ? tongue(reason[iommu->state])
		       : NULL;
}

void iommu_foreign(struct pci_set *foreign, const struct pci_list *list,
		   const struct pci_function *f, const struct pci_set *set)
{
	own_pci_set struct pci_set members = {0};

	pci_group(&members, list, f->group);
	for (size_t i = 0; i < members.n; i++) {
		const struct pci_function *other = members.v[i];

		if (other == f || pci_set_has(set, other) || pci_is_bridge(other) ||
		    (pci_is_chipset(other) && !other->driver))
			continue;
		pci_set_add(foreign, other);
	}
}

char **iommu_others(const struct root *root, int group, size_t *n)
{
	char **others = NULL, **names;
	size_t all;

	*n = 0;
	if (group < 0)
		return NULL;
	names = root_list(root, &all, GROUPS "/%d/devices", group);
	for (size_t i = 0; i < all; i++) {
		struct pci_address address;

		if (!pci_address_parse(names[i], &address) &&
		    root_exists(root, GROUPS "/%d/devices/%s/driver", group, names[i]))
			*xappend(others, *n) = xstrdup(names[i]);
	}
	names_free(names, all);
	return others;
}

bool iommu_is_direct(const struct root *root, int group)
{
	own_free char *text =
		group < 0 ? NULL : root_read(root, GROUPS "/%d/reserved_regions", group);
	char *rest = text, *line;

	while (rest && (line = strsep(&rest, "\n")))
		if (text_ends(line, " direct"))
			return true;
	return false;
}
