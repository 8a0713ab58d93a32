/* Virtual functions: slices of a device by SR-IOV, which its driver makes when a number is written
 * to sriov_numvfs (Documentation/ABI/testing/sysfs-bus-pci). That number can be changed from 0 and
 * back to 0 alone. The device itself, the physical function, stays with its driver.
 */
#ifndef HOST_VF_H
#define HOST_VF_H

#include "pci.h"

struct vf_choice {
	char *refusal; /* why there can be none, and what to do; else NULL, and: */
	const struct pci_function
		*there;		    /* one that is there and used by nobody; else NULL, and: */
	struct pci_address address; /* where the one will be that is made */
	unsigned number;	    /* in both cases: which of its GPU's it is, from 0 */
};

/* What is to be had where there is none yet. */
struct vf_wish {
	unsigned count; /* so many are made, at least 1 */
	unsigned next;	/* of these, the first that nobody else of the same start has */
};

/* Which virtual function of physical one a guest gets, that is not in `taken` (may be NULL). */
void vf_choose(struct vf_choice *choice, const struct pci_list *list,
	       const struct pci_function *physical, const struct pci_set *taken,
	       const struct vf_wish *wish);
/* Whether nobody has it, as far as its driver tells: f is one of physical's. */
bool vf_is_free(const struct pci_function *f, const struct pci_function *physical);
void vf_choice_free(struct vf_choice *choice);
#define own_vf_choice own_with(vf_choice_free)

/* Where the nth one sits, from 0: PCI Express Base Specification, 9.2.1.2 (First VF Offset, VF
 * Stride). False when that is no address.
 */
bool vf_address(const struct pci_function *physical, unsigned n, struct pci_address *address);

/* Where its driver's name says that it makes none, though the device could: what to do; else NULL.
 * The caller owns it.
 */
char *vf_driver_remedy(const struct pci_list *list, const struct pci_function *physical);

/* Why these shares (a set of VF_SHARE_) cannot be given to its virtual functions; NULL: they can.
 * The caller owns it.
 */
char *vf_share_refusal(const struct pci_function *physical, unsigned shares);

#endif
