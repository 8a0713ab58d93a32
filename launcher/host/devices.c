/* The device part of the facts: collected only for plans that pass a device, as reading /proc of
 * every process costs more than all the rest.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "facts.h"
#include "parts.h"

static const unsigned SIZE_KB[HUGEPAGE_SIZES] = {2048, 1048576};

void hugepage_facts_collect(struct hugepage_facts *facts, const struct root *root)
{
	for (size_t i = 0; i < HUGEPAGE_SIZES; i++) {
		unsigned long long free_pages, reserved;
		const char *dir = "/sys/kernel/mm/hugepages/hugepages";

		if (!root_number(root, &free_pages, "%s-%ukB/free_hugepages", dir, SIZE_KB[i]) ||
		    !root_number(root, &reserved, "%s-%ukB/resv_hugepages", dir, SIZE_KB[i]))
			continue;
		facts[i].size_kb = SIZE_KB[i];
		facts[i].free = free_pages > reserved ? free_pages - reserved : 0;
	}
}

static enum kmodule look_for_vfio(const struct root *root)
{
	return root_exists(root, "/sys/bus/pci/drivers/vfio-pci")
		       ? KMODULE_THERE
		       : kmodule_look(root, "kernel/drivers/vfio/pci/vfio-pci");
}

void facts_devices(struct facts *facts, const struct root *root)
{
	struct device_facts *d = &facts->devices;

	d->collected = true;
	pci_list_read(&d->pci, root);
	iommu_read(&d->iommu, root);
	storage_read(&d->storage, root);
	d->vfio = look_for_vfio(root);
	mdev_list_read(&d->mdev, root, &d->pci);
	gvt_read(&d->gvt, root);
}

void facts_holders(struct facts *facts, const struct root *root, const struct pci_address *address,
		   size_t n)
{
	struct device_facts *d = &facts->devices;

	for (size_t i = 0; i < n; i++) {
		const struct pci_function *f = pci_list_find(&d->pci, &address[i]);
		struct soft *soft;

		if (!f)
			continue;
		holder_nodes_of(&d->nodes, root, f);
		soft = xappend(d->soft, d->softs);
		soft->address = address[i];
		soft_holders_of(&soft->holders, root, f);
	}
	for (size_t i = 0; i < d->mdev.n; i++)
		holder_nodes_group(&d->nodes, root, &d->mdev.v[i].parent, d->mdev.v[i].group);
	if (n || d->nodes.n)
		holders_scan(&d->holders, root, &d->nodes);
}

void device_facts_free(struct device_facts *d)
{
	for (size_t i = 0; i < d->softs; i++)
		soft_holders_free(&d->soft[i].holders);
	free(d->soft);
	holders_free(&d->holders);
	holder_nodes_free(&d->nodes);
	storage_free(&d->storage);
	mdev_list_free(&d->mdev);
	iommu_free(&d->iommu);
	pci_list_free(&d->pci);
	*d = (struct device_facts){0};
}
