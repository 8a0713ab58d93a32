/* Block devices, and which of them the host itself uses. The kernel does not protect them: it takes
 * the driver away from under a mounted NVMe disk without a word, and all later access fails.
 */
#ifndef HOST_STORAGE_H
#define HOST_STORAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/root.h"
#include "pci.h"

enum storage_why {
	STORAGE_MOUNTED,  /* in any process's mount namespace that we can see */
	STORAGE_SWAP,	  /* /proc/swaps */
	STORAGE_MAPPED,	  /* under device mapper, MD RAID, bcache, ... */
	STORAGE_BTRFS,	  /* a member of a mounted btrfs */
	STORAGE_FSTAB,	  /* in /etc/fstab */
	STORAGE_CRYPTTAB, /* in /etc/crypttab */
	STORAGE_BOOT,	  /* named by a boot option: root=, resume= */
	STORAGE_LOADER,	  /* the firmware started this host from it */
	STORAGE_LOADERS,  /* it is of a type that firmware starts hosts from */
	STORAGE_HELD,	  /* the kernel does not give it out for exclusive use */
	STORAGE_MEMBER,	  /* bears the mark of LVM, RAID, bcache or ZFS, in use or not */
	STORAGE_UNKNOWN,  /* what is mounted could not be read */
	STORAGE_WHYS
};

struct storage_use {
	enum storage_why why;
	char *what; /* mount point, upper device, line of the file, ... */
};

struct block {
	char *name; /* "nvme0n1p2" */
	char *node; /* "/dev/nvme0n1p2" */
	char *path; /* in /sys/devices */
	char *disk; /* of a partition: the name of its disk */
	dev_t dev;
	uint64_t size; /* bytes */
	bool loaders;  /* an EFI system or BIOS boot partition, whosever */
	char **holder; /* block devices that the kernel has built upon it */
	size_t holders;
	char *mapping; /* the name that device mapper gave, NULL: it is none */
	struct storage_use *use;
	size_t uses;
	/* The PCI functions it hangs on: several for an NVMe with more than one controller. */
	struct pci_address *function;
	size_t functions;
};

struct storage {
	struct block *v;
	size_t n;
};

/* Reads all block devices and what the host does with each. */
void storage_read(struct storage *storage, const struct root *root);
void storage_free(struct storage *storage);
#define own_storage own_with(storage_free)

/* The block device that a path names, through links ("/dev/disk/by-id/..."), or NULL. */
const struct block *storage_find(const struct storage *storage, const struct root *root,
				 const char *path);
/* Whether it hangs on the function, maybe behind bridges, hubs and multipath. */
bool storage_is_below(const struct block *block, const struct pci_address *function);

/* One reason not to touch a device. */
struct storage_claim {
	const struct block *block; /* the one in use: the device itself or one made of it */
	const struct storage_use *use;
};

struct storage_claims {
	struct storage_claim *v;
	size_t n;
};

/* Notes that the kernel refused the block's exclusive use, which one sees who may open it: the
 * kernel holds a device for what is mounted in whatever namespace, for swap, and for who asked
 * likewise.
 */
void storage_add_held(struct storage *storage, const struct block *block);

/* Appends all that the host does with a block device: with itself, its partitions, its disk as a
 * whole, and upward all that is built upon them. A partition for loaders is nobody's disk, even if
 * no use of it is seen; a disk that has one may be another system's.
 */
void storage_claims_of(struct storage_claims *claims, const struct storage *storage,
		       const struct block *block);
/* The same for all that hangs on a PCI function. */
void storage_claims_below(struct storage_claims *claims, const struct storage *storage,
			  const struct pci_address *function);
void storage_claims_free(struct storage_claims *claims);
#define own_storage_claims own_with(storage_claims_free)

const char *storage_why_word(enum storage_why why);
/* "nvme0n1p2 is mounted at /", which the caller owns. */
char *storage_claim_text(const struct storage_claim *claim);

#endif
