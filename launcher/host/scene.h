/* What a hand-over is judged by: the host's devices, and what the host does with each. Once it is
 * read it is plain data, and judging it (obstacles.h) looks at nothing else. Whoever must be sure
 * reads it anew.
 */
#ifndef HOST_SCENE_H
#define HOST_SCENE_H

#include "base/root.h"
#include "holders.h"
#include "input.h"
#include "iommu.h"
#include "kmodule.h"
#include "mdev.h"
#include "pci.h"
#include "storage.h"
#include "usb.h"

/* What is known of a function that was looked at. */
struct scene_function {
	struct pci_address address;
	struct soft_holders soft;
	char **others; /* in its IOMMU group, no PCI functions, with a driver */
	size_t n_others;
	bool direct; /* the firmware keeps memory mapped for its group */
};

struct scene {
	struct pci_list pci;
	struct iommu iommu;
	enum kmodule vfio; /* vfio-pci: there if it is loaded as well */
	char *unloadable;  /* why root may not load it, where it is to be loaded */
	struct storage storage;
	struct input_list input;
	struct usb_list usb;
	struct mdev_list mdev;
	struct gvt gvt;
	char *sleepless; /* why the host cannot sleep for a moment; NULL: it can */
	/* Of the functions that were looked at: */
	struct scene_function *seen;
	size_t n_seen;
	struct holder_nodes nodes;
	struct holders holders; /* of these nodes, once the processes were looked through */
};

/* Reads all but what is known of single functions. */
void scene_read(struct scene *scene, const struct root *root);

/* Looks closer at the n functions, which are of scene->pci: what the host shows on them, their
 * groups, their nodes. Who has these open is for holders_scan() to find, which costs more than all
 * the rest.
 */
void scene_look(struct scene *scene, const struct root *root, const struct pci_function *const *f,
		size_t n);

/* Adds the nodes of the mediated devices that are there. */
void scene_look_mdevs(struct scene *scene, const struct root *root);

/* NULL for a function that was not looked at. */
const struct scene_function *scene_seen(const struct scene *scene, const struct pci_function *f);

void scene_free(struct scene *scene);
#define own_scene own_with(scene_free)

#endif
