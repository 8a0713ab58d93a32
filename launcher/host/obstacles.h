/* What stands against handing devices of the host to a guest: the one place for these rules. A plan
 * refuses by them, `vmlaunch devices` shows them, and the keeper asks again, of a scene that it has
 * just read.
 */
#ifndef HOST_OBSTACLES_H
#define HOST_OBSTACLES_H

#include "scene.h"

enum obstacle_kind {
	OBSTACLE_NO_IOMMU,   /* of the host: none that is used for devices */
	OBSTACLE_NO_VFIO,    /* of the host: no vfio-pci */
	OBSTACLE_MAYBE_VFIO, /* of the host: a note that it cannot be told */
	OBSTACLE_BRIDGE,     /* a bridge stays where it is */
	OBSTACLE_CHIPSET,    /* so does the host's own logic */
	OBSTACLE_BUSY,	     /* the kernel is still moving it between drivers */
	OBSTACLE_NO_GROUP,   /* no IOMMU over this function */
	OBSTACLE_FOREIGN,    /* the group holds others, which are not in the set */
	OBSTACLE_RESERVED,   /* the firmware keeps memory mapped for it */
	OBSTACLE_BAR,	     /* the kernel had no address for a BAR */
	OBSTACLE_VIRTUAL,    /* its virtual functions are switched on */
	OBSTACLE_HOLDER,     /* a process has it open */
	OBSTACLE_MDEV,	     /* a mediated device is made of it */
	OBSTACLE_STORAGE,    /* the host uses a disk on it */
	OBSTACLE_CONSOLE,    /* the kernel's console or the boot screen is on it */
	OBSTACLE_SCREEN,     /* it shows a picture */
	OBSTACLE_NVIDIA,     /* its driver cannot be unloaded, and does not let go otherwise */
	OBSTACLE_KEYBOARD,   /* the host's last keyboard hangs on it */
	OBSTACLE_SHOWN,	     /* a note: what the host loses */
	OBSTACLE_COMPANION,  /* for `vmlaunch devices`: of one that goes along */
	OBSTACLE_KINDS
};

enum obstacle_weight {
	WEIGHT_NOTE, /* to be told, and no more */
	WEIGHT_HELD, /* whoever holds it can let go */
	WEIGHT_REFUSED,
};

struct obstacle {
	enum obstacle_kind kind;
	const struct pci_function *function; /* of the scene; NULL: the host as a whole */
	char *text;
	char *remedy; /* NULL: we know none */
};

struct obstacles {
	struct obstacle *v;
	size_t n;
};

/* Appends all that stands in the way of giving the functions of the set, which were looked at
 * (scene_look()), to one guest; first what is the host's, then function by function.
 */
void obstacles_of(struct obstacles *obstacles, const struct scene *scene,
		  const struct pci_set *set);

/* Of these only what may have begun a moment ago: processes that have f open, and disks in use.
 * The scene needs no more than the holders of its nodes, and its storage.
 */
void obstacles_in_use(struct obstacles *obstacles, const struct scene *scene,
		      const struct pci_function *f);

void obstacles_add(struct obstacles *obstacles, enum obstacle_kind kind,
		   const struct pci_function *f, const char *remedy, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
void obstacles_free(struct obstacles *obstacles);
#define own_obstacles own_with(obstacles_free)

const char *obstacle_word(enum obstacle_kind kind);
enum obstacle_weight obstacle_weight(enum obstacle_kind kind);
/* What stands in the way and what helps, without and with the function's address, as the plan and
 * the keeper say it. The caller owns them.
 */
char *obstacle_clause(const struct obstacle *obstacle);
char *obstacle_sentence(const struct obstacle *obstacle);

#endif
