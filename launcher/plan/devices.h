/* Private to launcher/plan: the sections that name a device of the host. */
#ifndef PLAN_DEVICES_H
#define PLAN_DEVICES_H

#include "compose.h"

struct wanted {
	const struct item *item;
	const struct pci_pick *device;
	const struct slots *functions; /* NULL: only the one that is named */
	const struct gpu *gpu;	       /* NULL: a [pci] section */
};

/* A vGPU: the function that it names stays the host's. */
static inline bool wants_vf(const struct wanted *w)
{
	return w->gpu && w->gpu->vf.v && !w->gpu->mdev.v;
}

static inline bool wants_mdev(const struct wanted *w)
{
	return w->gpu && w->gpu->mdev.v;
}

/* A part of a GPU that stays with the host's driver. */
static inline bool wants_slice(const struct wanted *w)
{
	return wants_mdev(w) || wants_vf(w);
}

#define WANTED 128 /* of all sections together: 64 of each kind at most */

/* The enabled ones, in the order of the profile; list has room for WANTED. */
size_t devices_wanted(const struct profile *p, struct wanted *list);

/* The functions that one section means, or the parent of its vGPU; false with words, and whatever
 * could be found. */
bool devices_find(const struct profile *p, const struct facts *facts, const struct wanted *w,
		  struct pci_set *found, struct error **err);

/* The bus for the nth function (from 0) of a GPU, behind a root port of its own; the caller owns
 * it.
 */
char *devices_gpu_bus(struct composer *c, const struct wanted *w, size_t n);

/* The four ids that a guest reads, from the from-th on: vendor, device, and the subsystem's two. */
void devices_add_ids(struct option *o, const unsigned id[4], unsigned from);

/* Intel's OpRegion, for a function of that vendor or where it is asked for: what QEMU does without
 * a word differs between versions.
 */
void devices_add_opregion(struct option *o, const struct gpu *gpu, uint16_t vendor);

/* The option ROM of a function, by its number in the guest, and what is wrong with it for the ids
 * that the guest reads there (NULL: not known).
 */
void devices_add_rom(struct composer *c, struct option *o, const struct gpu *gpu, unsigned function,
		     const unsigned *id);
/* functions: a bit for each that the guest has. Refuses a ROM for another. */
void devices_check_roms(struct composer *c, const struct gpu *gpu, unsigned functions);

/* Adds a section's vGPU, or its virtual function, if it can be had. */
void devices_add_mdev(struct composer *c, const struct wanted *w);
void devices_add_vf(struct composer *c, const struct wanted *w);

/* What only a vGPU has, and no whole card and no virtual function, is refused. */
void devices_check_whole(struct composer *c, const struct gpu *gpu);
/* The object that all of them share, before the first of them. */
void devices_add_iommufd(struct composer *c);
/* Says which function of the host a vfio-pci device is. */
void devices_add_source(struct composer *c, struct option *o, const struct pci_address *at);
/* Decides by which of VFIO's interfaces devices are passed, once it is known that some are. */
void devices_choose_interface(struct composer *c);
/* What only a virtual function has, where it is none. */
void devices_check_vf_keys(struct composer *c, const struct gpu *gpu);

#endif
