/* Who holds a device: its nodes, the processes that have one of them open or mapped, and what the
 * kernel itself shows on it.
 *
 * An empty list is advice, not proof: descriptors in flight between processes, in io_uring or in a
 * thread's own table are in no list, and the next process may open the node a moment later. Nodes
 * are never opened here, that alone could wake a sleeping device.
 */
#ifndef HOST_HOLDERS_H
#define HOST_HOLDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/root.h"
#include "pci.h"

/* A device node that leads to a function. */
struct holder_node {
	struct pci_address function;
	char *path;	 /* "/dev/dri/card1", its usual name */
	char *subsystem; /* "drm", "sound", "usb", "block", "nvidia", "vfio", ... */
	bool block;
	dev_t dev;
	bool shared; /* a node of the driver, not of this one device: nvidiactl and the like */
	/* For /proc/PID/maps, which shows the node's own inode; set by holders_scan(). */
	dev_t fs;
	ino_t inode;
};

struct holder_nodes {
	struct holder_node *v;
	size_t n;
};

/* Appends all nodes that lead to the function: what the kernel registered below it (all that sysfs
 * gives a device number), its VFIO group, and those of NVIDIA's driver, which sysfs does not know.
 */
void holder_nodes_of(struct holder_nodes *nodes, const struct root *root,
		     const struct pci_function *f);
/* Appends one node. */
void holder_nodes_add(struct holder_nodes *nodes, const struct pci_address *function,
		      const char *path, const char *subsystem, bool block, dev_t dev);
/* Appends the node of a VFIO group, if it has one now. */
void holder_nodes_group(struct holder_nodes *nodes, const struct root *root,
			const struct pci_address *function, int group);
void holder_nodes_free(struct holder_nodes *nodes);
#define own_holder_nodes own_with(holder_nodes_free)

/* A process and one node that it holds. */
struct holder {
	size_t node; /* index into the nodes */
	pid_t pid;
	uint64_t start; /* clock ticks after boot: with the pid, the same process and no other */
	char *comm;	/* any bytes: every process chooses its own */
	uid_t uid;
	char *user;  /* NULL: not in /etc/passwd */
	bool mapped; /* it has no descriptor any more, but a mapping */
};

struct holders {
	struct holder *v; /* in the order of pids, then nodes */
	size_t n;
	size_t seen;   /* processes looked into */
	size_t unseen; /* processes of others that we may not look into; kernel threads aside */
	bool hidden;   /* there are more that we are not even shown (hidepid, a PID namespace) */
};

/* Looks through all processes once, for all nodes. On the machine's own root nodes are compared by
 * device number, so one by another name is found too; in another tree by path.
 */
void holders_scan(struct holders *holders, const struct root *root, struct holder_nodes *nodes);
void holders_free(struct holders *holders);
#define own_holders own_with(holders_free)

/* "game (pid 3000, user anna, /dev/nvidia0)", which the caller owns. */
char *holder_text(const struct holder *holder, const struct holder_node *node);
/* What a person can do about a process of this name; NULL when we know nothing. */
const char *holder_remedy(const char *comm);

/* What holds a function without being a process. */
enum soft_kind {
	SOFT_CONSOLE,	/* the kernel's console is drawn on it */
	SOFT_BOOT_VGA,	/* the firmware used it for the boot screen */
	SOFT_ENABLED,	/* a connector shows a picture */
	SOFT_CONNECTED, /* a screen is plugged in, but dark */
	SOFT_NETWORK,	/* a network interface is up */
	SOFT_KINDS
};

struct soft_holder {
	enum soft_kind kind;
	char *what; /* "HDMI-A-1", "fb0", "wlan0"; "" */
};

struct soft_holders {
	struct soft_holder *v;
	size_t n;
};

void soft_holders_of(struct soft_holders *soft, const struct root *root,
		     const struct pci_function *f);
void soft_holders_free(struct soft_holders *soft);
#define own_soft_holders own_with(soft_holders_free)

/* "connector", for scripts. */
const char *soft_kind_word(enum soft_kind kind);
/* What a person can do about it, where the host has another GPU; NULL when we know nothing. */
const char *soft_remedy(const struct soft_holder *soft);
/* Whether a connector ("eDP-1", "card1-eDP-1") is of the panel that is built into a computer. */
bool connector_is_built_in(const char *connector);
/* "connector HDMI-A-1 shows a picture", which the caller owns. */
char *soft_holder_text(const struct soft_holder *soft);

#endif
