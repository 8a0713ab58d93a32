/* Whether a function can be given to a guest, and all reasons why not. Processes that hold it are
 * no such reason: they can let go (holders.h).
 */
#ifndef HOST_PCI_VERDICT_H
#define HOST_PCI_VERDICT_H

#include "base/root.h"
#include "input.h"
#include "iommu.h"
#include "mdev.h"
#include "pci.h"
#include "storage.h"

/* What a verdict is made from. Whoever must be sure reads it anew. */
struct pci_scene {
	const struct root *root;
	struct pci_list list;
	struct iommu iommu;
	struct storage storage;
	struct input_list input;
	struct mdev_list mdev;
};

void pci_scene_read(struct pci_scene *scene, const struct root *root);
void pci_scene_free(struct pci_scene *scene);
#define own_pci_scene own_with(pci_scene_free)

enum pci_obstacle_kind {
	OBSTACLE_BRIDGE,    /* a bridge stays where it is */
	OBSTACLE_CHIPSET,   /* so does the host's own logic */
	OBSTACLE_NO_IOMMU,  /* none on this host */
	OBSTACLE_NO_GROUP,  /* none over this function */
	OBSTACLE_FOREIGN,   /* the group holds others, which are not in the set */
	OBSTACLE_STORAGE,   /* the host uses a disk on it */
	OBSTACLE_CONSOLE,   /* the kernel's console or the boot screen is on it */
	OBSTACLE_SCREEN,    /* it shows a picture */
	OBSTACLE_KEYBOARD,  /* the host's last keyboard hangs on it */
	OBSTACLE_VIRTUAL,   /* its virtual functions are switched on */
	OBSTACLE_MDEV,	    /* a mediated device is made of it */
	OBSTACLE_COMPANION, /* another function of the set and group has an obstacle */
	OBSTACLE_KINDS
};

struct pci_obstacle {
	enum pci_obstacle_kind kind;
	char *text; /* a clause: what and, where there is one, the remedy */
};

struct pci_obstacles {
	struct pci_obstacle *v;
	size_t n;
};

/* Appends all that stands in the way of giving f to a guest together with the set, which should
 * hold f and all else that the same guest gets.
 */
void pci_obstacles_of(struct pci_obstacles *obstacles, const struct pci_scene *scene,
		      const struct pci_function *f, const struct pci_set *set);
void pci_obstacles_free(struct pci_obstacles *obstacles);
#define own_pci_obstacles own_with(pci_obstacles_free)

const char *pci_obstacle_word(enum pci_obstacle_kind kind);

#endif
