/* By which of VFIO's interfaces devices of the host are passed. The older one is by groups: QEMU
 * opens /dev/vfio/GROUP by itself. With iommufd (Linux 6.6, CONFIG_VFIO_DEVICE_CDEV; QEMU 9.0) each
 * device has a node of its own, which is opened for QEMU and handed over as a descriptor, so that
 * QEMU opens nothing. Distributions have groups, and some of them both: groups are what has been
 * tried for years, so iommufd comes where there is nothing else, or by the profile's word.
 */
#include "base/alloc.h"
#include "devices.h"

/* Not the name of a property: QEMU takes "iommufd" for those of the devices that came before, too,
 * and says that it does not uniquely identify an object.
 */
#define IOMMUFD_ID "iommufd0"

static bool has_mdev(const struct composer *c)
{
	struct wanted list[WANTED];
	size_t n = devices_wanted(c->p, list);

	for (size_t i = 0; i < n; i++)
		if (wants_slice(&list[i]) && !wants_vf(&list[i]))
			return true;
	return false;
}

void devices_choose_interface(struct composer *c)
{
	const struct iommu *host = &c->facts->devices.iommu;
	const struct choice *wanted = &c->p->memory.iommu;

	c->iommufd = wanted->v == IOMMU_IOMMUFD ||
		     (wanted->v == IOMMU_AUTO && host->iommufd && !host->containers);
	if (!c->iommufd) {
		if (wanted->v == IOMMU_GROUP && !host->containers)
			compose_refuse(
				c, wanted->at,
				"%s = group: this kernel has no groups of VFIO's (CONFIG_VFIO_CONTAINER)%s",
				compose_key(c, &wanted->at),
				host->iommufd ? "; it has iommufd" : "");
		return;
	}
	if (!host->iommufd)
		compose_refuse(
			c, wanted->at,
			"%s = iommufd: this kernel has no /dev/iommu (CONFIG_IOMMUFD, and CONFIG_VFIO_DEVICE_CDEV), as those of Debian have none: leave it out",
			compose_key(c, &wanted->at));
	if (!qemu_offers(&c->facts->qemu, QEMU_OBJECTS, "iommufd"))
		compose_refuse(
			c, wanted->at, "QEMU %s takes no devices by iommufd (9.0 and newer do)%s",
			c->facts->qemu.version,
			wanted->v == IOMMU_AUTO
				? ", and this kernel has no groups of VFIO's (CONFIG_VFIO_CONTAINER)"
				: "");
	if (has_mdev(c))
		compose_refuse(c, wanted->at,
			       "%s: a vGPU (mdev) is passed by VFIO's groups alone here",
			       compose_key(c, &wanted->at));
}

void devices_add_iommufd(struct composer *c)
{
	struct option o = option_new("iommufd");

	option_text(&o, "id", IOMMUFD_ID);
	option_number(&o, "fd", (uint64_t)compose_fd(c, FD_IOMMU, xstrdup("/dev/iommu")));
	compose_argument(c, "-object", option_done(&o), &c->p->memory.iommu.at,
			 "devices come as descriptors, and QEMU opens none");
}

void devices_add_source(struct composer *c, struct option *o, const struct pci_address *at)
{
	char address[PCI_ADDRESS_SIZE];

	pci_address_format(at, address);
	if (!c->iommufd) {
		option_text(o, "host", address);
		return;
	}
	option_text(o, "iommufd", IOMMUFD_ID);
	option_number(o, "fd", (uint64_t)compose_fd(c, FD_VFIO, xstrdup(address)));
}
