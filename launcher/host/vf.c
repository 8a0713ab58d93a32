#include "vf.h"

#include <stdlib.h>
#include <string.h>

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

/* Those of the 11th to 13th generation, of which xe makes some where it is told to take the GPU
 * (drivers/gpu/drm/xe/xe_pci.c: has_sriov and require_force_probe; the ids in
 * include/drm/intel/pciids.h).
 */
static bool is_forced(uint16_t device)
{
	static const uint16_t range[][2] = {
		{0x9a40, 0x9a7f}, {0x9ac0, 0x9aff},		      /* Tiger Lake */
		{0x4626, 0x462a}, {0x4680, 0x4693}, {0x46a0, 0x46d4}, /* Alder Lake */
		{0xa720, 0xa721}, {0xa780, 0xa7ad},		      /* Raptor Lake */
	};

	for (size_t i = 0; i < ARRAY_SIZE(range); i++)
		if (device >= range[i][0] && device <= range[i][1])
			return true;
	return false;
}

#define DKMS "i915-sriov-dkms (and boot with i915.enable_guc=3 i915.max_vfs=7)"
#define XE_KERNEL 7 /* the first whose xe makes them */

char *vf_driver_remedy(const struct pci_list *list, const struct pci_function *physical)
{
	bool old = list->kernel && list->kernel < XE_KERNEL;

	if (pci_has_driver(physical, "i915") && is_forced(physical->device))
		return xasprintf(
			"the kernel's own i915 makes none: the driver xe of Linux 7 does%s (boot with xe.force_probe=%04x i915.force_probe=!%04x), or " DKMS,
			old ? ", and this kernel is older: have a newer one" : "", physical->device,
			physical->device);
	if (pci_has_driver(physical, "i915"))
		return xstrdup("the kernel's own i915 makes none: of this GPU " DKMS " does");
	if (pci_has_driver(physical, "xe"))
		return xasprintf(
			"xe makes them of Tiger Lake to Raptor Lake, Panther Lake, Arc B and ATS-M, from Linux 7 on%s",
			old ? ", and this kernel is older: have a newer one" : "");
	return NULL;
}

char *vf_share_refusal(const struct pci_function *physical, unsigned shares)
{
	char text[PCI_ADDRESS_SIZE];

	if ((shares & physical->vf_shares) == shares)
		return NULL;
	return xasprintf(
		"the driver of %s lets nobody say what %s a virtual function has (sriov_admin, of xe from Linux %s on): leave it out",
		pci_address_format(&physical->address, text),
		shares & ~physical->vf_shares & VF_SHARE_TIME ? "time" : "memory",
		shares & ~physical->vf_shares & VF_SHARE_TIME ? "6.19" : "7, on cards");
}

bool vf_is_free(const struct pci_function *f, const struct pci_function *physical)
{
	return f->is_vf && pci_address_compare(&f->physfn, &physical->address) == 0 &&
	       (!f->driver || pci_has_driver(f, "vfio-pci"));
}

/* vfio-pci lets what nobody has open fall asleep. */
static bool is_idle(const struct pci_function *f)
{
	return f->runtime_status && strcmp(f->runtime_status, "suspended") == 0;
}

/* The first free one; rather one without a driver than on vfio-pci, where another guest may have
 * it, and there rather one that sleeps.
 */
static const struct pci_function *find_free(const struct pci_list *list,
					    const struct pci_function *physical,
					    const struct pci_set *taken)
{
	const struct pci_function *best = NULL;

	for (size_t i = 0; i < list->n; i++) {
		const struct pci_function *f = &list->v[i];

		if (!vf_is_free(f, physical) || (taken && pci_set_has(taken, f)))
			continue;
		if (!f->driver)
			return f;
		if (!best || (is_idle(f) && !is_idle(best)))
			best = f;
	}
	return best;
}

static unsigned number_of(const struct pci_function *f, const struct pci_function *physical)
{
	struct pci_address at;

	for (unsigned n = 0; n < physical->vfs; n++)
		if (vf_address(physical, n, &at) && pci_address_compare(&at, &f->address) == 0)
			return n;
	return 0;
}

#define MAKER_ON_VFIO \
	"can make no virtual functions: vfio-pci has it, and only its own driver makes them: take its id out of the boot options (vfio-pci.ids), and start the computer anew"

/* All that will be made have to have room. */
static char *refuse_new(const struct pci_list *list, const struct pci_function *f,
			const struct vf_wish *wish)
{
	own_free char *remedy = vf_driver_remedy(list, f);
	char text[PCI_ADDRESS_SIZE];

	if (f->is_vf)
		return xstrdup("is a virtual function itself: leave vf out, and it is passed");
	if (pci_has_driver(f, "vfio-pci"))
		return xstrdup(MAKER_ON_VFIO);
	if (!f->driver)
		return xstrdup(
			"can make no virtual functions: no driver has it, and only its own driver makes them");
	if (!f->totalvfs)
		return xasprintf("can make no virtual functions (SR-IOV) here%s%s",
				 remedy ? ": " : "", remedy ? remedy : "");
	if (wish->count > f->totalvfs)
		return xasprintf("can make %u virtual functions, and vf-count asks for %u",
				 f->totalvfs, wish->count);
	if (wish->next >= wish->count)
		return xasprintf(
			"is to make %u virtual functions, and this start needs more: say vf-count = %u",
			wish->count, wish->next + 1);
	for (unsigned n = 0; n < wish->count; n++) {
		struct pci_address at = {0};

		if (!vf_address(f, n, &at) || pci_list_find(list, &at))
			return xasprintf(
				"can make no virtual functions: where one would be, %s, is no room",
				pci_address_format(&at, text));
	}
	return NULL;
}

void vf_choose(struct vf_choice *choice, const struct pci_list *list,
	       const struct pci_function *physical, const struct pci_set *taken,
	       const struct vf_wish *wish)
{
	*choice = (struct vf_choice){0};
	if (!physical->vfs) {
		choice->refusal = refuse_new(list, physical, wish);
		choice->number = wish->next;
		vf_address(physical, wish->next, &choice->address);
		return;
	}
	/* VFIO wants a token then: obstacles.c. */
	if (pci_has_driver(physical, "vfio-pci")) {
		choice->refusal = xstrdup(MAKER_ON_VFIO);
		return;
	}
	choice->there = find_free(list, physical, taken);
	if (choice->there)
		choice->number = number_of(choice->there, physical);
	else
		choice->refusal = xasprintf(
			"has %u virtual functions, and all are in use: their number can be changed only when all are gone, so end who uses them (echo 0 > sriov_numvfs), or have the first start make more (vf-count)",
			physical->vfs);
}

void vf_choice_free(struct vf_choice *choice)
{
	free(choice->refusal);
	*choice = (struct vf_choice){0};
}
