/* PCI functions as sysfs describes them. Only attributes are read that the kernel answers from
 * memory: never config space, the ROM or the link speed, which would wake a sleeping device.
 */
#ifndef HOST_PCI_H
#define HOST_PCI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/pci_address.h"
#include "base/root.h"

enum pci_bar_kind { PCI_BAR_IO, PCI_BAR_MEM32, PCI_BAR_MEM64, PCI_BAR_KINDS };

struct pci_bar {
	unsigned index;
	enum pci_bar_kind kind;
	bool prefetch;
	bool unset; /* the kernel found no address for it */
	uint64_t start, size;
};

#define PCI_BARS 6

/* Strings are NULL where the kernel does not say. */
struct pci_function {
	struct pci_address address;
	char *path; /* in /sys/devices */
	bool has_parent;
	struct pci_address parent; /* the bridge above */
	uint16_t vendor, device;
	bool has_subsystem; /* false: 0000:0000, which means that nobody filled it in */
	uint16_t subvendor, subdevice;
	uint32_t class; /* 24 bits: 0x030000 */
	uint8_t revision;
	char *driver;
	char *driver_override; /* of a list's functions alone */
	bool locked;	       /* the kernel is busy with it and does not say; the same */
	char *modalias;
	int group; /* IOMMU group, -1: none */
	int numa_node;
	struct pci_bar bar[PCI_BARS];
	size_t bars;
	bool has_rom;
	bool boot_vga;
	char *power_state;    /* "D0", "D3hot", "D3cold", "unknown" */
	char *runtime_status; /* "active", "suspended", "unsupported" */
	char *power_control;  /* "on", "auto" */
	int d3cold_allowed;   /* -1: unknown */
	char **reset;	      /* "flr", "bus", "pm", ...; nothing on kernels before 5.15 */
	size_t resets;
	bool can_reset;
	bool is_vf;
	struct pci_address physfn; /* of a virtual function */
	unsigned vfs;	   /* virtual functions that are switched on; of a list's functions alone */
	unsigned totalvfs; /* ... and that could be; 0: no SR-IOV */
	unsigned vf_offset, vf_stride; /* of their routing ids to its own; 0: not told */
	unsigned vf_shares; /* what can be said of each one's share: a set of VF_SHARE_ */
};

/* Documentation/ABI/testing/sysfs-driver-intel-xe-sriov */
#define VF_SHARE_TIME 1U   /* how long it may keep the device busy at a turn */
#define VF_SHARE_MEMORY 2U /* how much of the device's memory it has */

/* Sorted by address, so the functions of a board stand together. */
struct pci_list {
	struct pci_function *v;
	size_t n;
	unsigned kernel; /* the kernel's major version; 0: unknown */
};

/* Reads all functions; a host without PCI gives an empty list. */
void pci_list_read(struct pci_list *list, const struct root *root);
void pci_list_free(struct pci_list *list);
#define own_pci_list own_with(pci_list_free)

/* Reads one function anew; false when there is none. */
bool pci_function_read(struct pci_function *f, const struct root *root,
		       const struct pci_address *address);
void pci_function_free(struct pci_function *f);
#define own_pci_function own_with(pci_function_free)

const struct pci_function *pci_list_find(const struct pci_list *list,
					 const struct pci_address *address);

/* A choice of functions out of a list, which must live as long. */
struct pci_set {
	const struct pci_function **v;
	size_t n;
};

void pci_set_add(struct pci_set *set, const struct pci_function *f);
bool pci_set_has(const struct pci_set *set, const struct pci_function *f);
void pci_set_free(struct pci_set *set);
#define own_pci_set own_with(pci_set_free)

/* What goes along when f is passed, f itself among it: what shares slot and IOMMU group with it,
 * and of a GPU the functions by its own maker in its slot, and its sound function elsewhere on a
 * card with a switch of its own. Others in the slot (of a processor's graphics: the host's USB
 * controllers, its security processor) do not; a virtual function is a board of its own. What is in
 * f's slot comes first, in the order of addresses.
 */
void pci_board(struct pci_set *board, const struct pci_list *list, const struct pci_function *f);
/* All of f's slot that a guest can get: no bridges of any kind, no virtual functions; f itself. */
void pci_slot(struct pci_set *slot, const struct pci_list *list, const struct pci_function *f);
/* All members of an IOMMU group, bridges too. */
void pci_group(struct pci_set *members, const struct pci_list *list, int group);

/* A bridge with a bus behind it: the only kind that may stay in a group that is passed through. */
bool pci_is_bridge(const struct pci_function *f);
/* Host bridge, ISA bridge and the like: an endpoint by its header, but the host's own. */
bool pci_is_chipset(const struct pci_function *f);
bool pci_is_display(const struct pci_function *f);
/* Whether a display function is a part of the processor, and no card or chip of its own. */
bool pci_is_of_processor(const struct pci_list *list, const struct pci_function *f);
/* Whether a guest could get it where nobody says which: a display of its own chip or card, and no
 * slice of one. What a virtual machine's host has for a GPU is none.
 */
bool pci_is_guest_gpu(const struct pci_list *list, const struct pci_function *f);
/* Whether the driver of this name has it. */
bool pci_has_driver(const struct pci_function *f, const char *driver);
/* "VGA controller"; never NULL. */
const char *pci_class_words(uint32_t class);
const char *pci_bar_word(enum pci_bar_kind kind);
/* "1: 8G mem64 prefetchable", which the caller owns. */
char *pci_bar_text(const struct pci_bar *bar);

/* The one function that is meant, a pointer into list; NULL with words (ERROR_HOST) when there is
 * none, when there are several, or when something else sits at the address now.
 */
const struct pci_function *pci_find(const struct pci_list *list,
				    const struct pci_selector *selector, struct error **err);

#endif
