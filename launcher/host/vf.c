#include "vf.h"

#include <stdlib.h>

#include "base/alloc.h"

bool vf_address(const struct pci_function *physical, unsigned n, struct pci_address *address)
{
	const struct pci_address *pf = &physical->address;
	unsigned routing = (unsigned)pf->bus << 8 | (unsigned)pf->slot << 3 | pf->function;

	if (!physical->vf_offset)
		return false;
	routing += physical->vf_offset + n * physical->vf_stride;
	if (routing > 0xffff)
		return false;
	*address = (struct pci_address){pf->domain, (uint8_t)(routing >> 8),
					(uint8_t)(routing >> 3 & 31), (uint8_t)(routing & 7)};
	return true;
}

/* Which generations: drivers/gpu/drm/xe/xe_pci.c (has_sriov), and i915-sriov-dkms' README. */
char *vf_driver_remedy(const struct pci_function *physical)
{
	if (pci_has_driver(physical, "i915"))
		return xasprintf(
			"the kernel's own i915 makes none: of the 11th to 13th generation the driver xe of Linux 7 does (boot with xe.force_probe=%04x i915.force_probe=!%04x), of others i915-sriov-dkms",
			physical->device, physical->device);
	if (pci_has_driver(physical, "xe"))
		return xstrdup(
			"xe makes them of Tiger Lake to Raptor Lake, Panther Lake, Arc B and ATS-M, from Linux 7 on");
	return NULL;
}

/* The first free one; rather one without a driver than on vfio-pci, where another guest may have
 * it.
 */
static const struct pci_function *find_free(const struct pci_list *list,
					    const struct pci_function *physical,
					    const struct pci_set *taken)
{
	const struct pci_function *idle = NULL;

	for (size_t i = 0; i < list->n; i++) {
		const struct pci_function *f = &list->v[i];

		if (!f->is_vf || pci_address_compare(&f->physfn, &physical->address) != 0 ||
		    (taken && pci_set_has(taken, f)))
			continue;
		if (!f->driver)
			return f;
		if (!idle && pci_has_driver(f, "vfio-pci"))
			idle = f;
	}
	return idle;
}

static char *refuse_new(const struct pci_list *list, const struct pci_function *f,
			struct pci_address *address)
{
	own_free char *remedy = vf_driver_remedy(f);
	char text[PCI_ADDRESS_SIZE];

	if (f->is_vf)
		return xstrdup("is a virtual function itself: leave vf out, and it is passed");
	if (!f->driver || pci_has_driver(f, "vfio-pci"))
		return xasprintf(
			"can make no virtual functions: %s, and only its own driver makes them",
			f->driver ? "vfio-pci has it" : "no driver has it");
	if (!f->totalvfs)
		return xasprintf("can make no virtual functions (SR-IOV) here%s%s",
				 remedy ? ": " : "", remedy ? remedy : "");
	if (!vf_address(f, 0, address) || pci_list_find(list, address))
		return xasprintf(
			"can make no virtual functions: where the first one would be, %s, is no room",
			pci_address_format(address, text));
	return NULL;
}

void vf_choose(struct vf_choice *choice, const struct pci_list *list,
	       const struct pci_function *physical, const struct pci_set *taken)
{
	*choice = (struct vf_choice){0};
	if (!physical->vfs) {
		choice->refusal = refuse_new(list, physical, &choice->address);
		return;
	}
	choice->there = find_free(list, physical, taken);
	if (!choice->there)
		choice->refusal = xasprintf(
			"has %u virtual functions, and all are in use: their number can be changed only when all are gone, so end who uses them (echo 0 > sriov_numvfs), or make more of them at boot",
			physical->vfs);
}

void vf_choice_free(struct vf_choice *choice)
{
	free(choice->refusal);
	*choice = (struct vf_choice){0};
}
