/* The changes of the host that a start needs, as intents: plain data of fixed size that say what is
 * wanted and what is expected to be there now, never a path and never a value to write. The plan
 * makes them, the supervisor sends them, the keeper looks at the host again by itself and decides.
 */
#ifndef PLAN_STEP_H
#define PLAN_STEP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cpu_set.h"

#define STEP_FUNCTIONS 16 /* functions of one claim */
#define STEP_DRIVER 32	  /* bytes of a driver's name, with its NUL */
#define STEP_WORD 32	  /* bytes of a governor's name, with its NUL */
#define STEP_MDEV_TYPE 64 /* bytes of a type's name, with its NUL */
#define STEP_IFNAME 16	  /* bytes of an interface's name, with its NUL: IFNAMSIZ */

/* The kinds of step, a row each: the kind, its word in a plan's JSON, and the function that serves
 * it (launcher/act/state.h). Both tables are made of these rows, so that none can be forgotten.
 */
#define STEP_ROWS(ROW)                                                       \
	/* have so many free huge pages */                                   \
	ROW(STEP_HUGEPAGES, "hugepages", add_hugepages)                      \
	/* raise the supervisor's RLIMIT_MEMLOCK */                          \
	ROW(STEP_MEMLOCK, "memlock", raise_memlock)                          \
	/* PCI functions to vfio-pci, their groups to the user */            \
	ROW(STEP_CLAIM, "claim", claim_functions)                            \
	/* one device node to the user */                                    \
	ROW(STEP_GRANT, "grant", grant_node)                                 \
	/* a partition of processors that nothing of the host's runs on */   \
	ROW(STEP_ISOLATE, "isolate", isolate_cpus)                           \
	/* the host's interrupts away from processors */                     \
	ROW(STEP_IRQS, "irqs", move_irqs)                                    \
	/* governor and energy preference of processors */                   \
	ROW(STEP_FREQUENCY, "frequency", set_frequency)                      \
	/* let the supervisor schedule its threads SCHED_FIFO, priority 1 */ \
	ROW(STEP_REALTIME, "realtime", allow_realtime)                       \
	/* a mediated device, its group to the user */                       \
	ROW(STEP_MDEV, "mdev", create_mdev)                                  \
	/* a virtual function, its group to the user */                      \
	ROW(STEP_VF, "vf", take_vf)                                          \
	/* a network interface of the user's for the machine's life */       \
	ROW(STEP_TAP, "tap", make_tap)

#define STEP_KIND(kind, word, serve) kind,
enum step_kind { STEP_ROWS(STEP_KIND) STEP_KINDS };
#undef STEP_KIND

/* Nodes that can be granted, by what identifies them. None that no plan asks for. */
enum step_node {
	NODE_KVM,   /* /dev/kvm */
	NODE_BLOCK, /* a disk or partition: major, minor */
	NODE_KVMFR, /* /dev/kvmfrNUMBER */
	NODE_USB,   /* a USB device: bus, number */
	NODE_EVENT, /* /dev/input/eventNUMBER */
	NODE_VHOST, /* /dev/vhost-net */
	NODE_TPM,   /* /dev/tpm0 */
	NODE_KINDS,
};

/* What the interface is, and where. */
enum step_tap {
	TAP_BRIDGE,  /* a tap, a port of a bridge that is there */
	TAP_MACVTAP, /* a macvtap on a card that is there */
	TAP_WAYS,
};

struct step_function {
	uint32_t domain;
	uint8_t bus, slot, function;
	uint8_t keep_awake; /* vfio-pci is not to switch it off while it is idle */
	uint8_t reset;	    /* enum reset_way: how it is reset between two guests */
	uint8_t unused[3];
	uint16_t vendor, device;  /* expected there */
	char driver[STEP_DRIVER]; /* expected to be bound now, "" for none */
};

struct intent {
	uint32_t kind; /* enum step_kind */
	union {
		struct {
			uint32_t size_kb; /* of one page */
			int32_t node;	  /* NUMA node, -1: any */
			uint64_t pages;	  /* that must be free, in all */
			uint8_t compact;  /* compact memory once when short */
			uint8_t drop;	  /* then drop caches as well */
			uint8_t unused[6];
		} hugepages;
		struct {
			uint64_t bytes;
		} memlock;
		struct {
			uint32_t functions;
			uint32_t iommufd; /* the user gets the functions' own nodes, not groups' */
			struct step_function function[STEP_FUNCTIONS];
		} claim;
		struct {
			uint32_t node; /* enum step_node */
			uint32_t a, b; /* its numbers */
			uint32_t ids; /* of USB and input: vendor << 16 | product, expected there */
		} grant;
		struct {
			struct cpu_set cpus; /* the vCPUs' */
			uint8_t balanced; /* several vCPUs share some of them: the kernel balances
					   */
			uint8_t unused[7];
		} isolate;
		struct {
			struct cpu_set cpus; /* that no interrupt of the host's is to go to */
		} irqs;
		struct {
			struct cpu_set cpus;
			char governor[STEP_WORD];   /* "": as it is */
			char preference[STEP_WORD]; /* "": as it is */
		} frequency;
		struct {
			struct step_function parent; /* its driver is that which must offer it */
			uint8_t uuid[16];	     /* as it is written */
			char type[STEP_MDEV_TYPE];   /* letters, digits, _ and - */
		} mdev;
		struct {
			struct step_function physical; /* its driver is that which makes it */
			uint16_t number;	       /* which of its virtual ones, from 0 */
			uint16_t count;		       /* so many are made where there is none */
			uint32_t time;	  /* at a turn, milliseconds; 0: its driver's */
			uint64_t memory;  /* of its own, bytes; 0: its driver's */
			uint32_t iommufd; /* as of a claim */
			uint32_t unused;
		} vf;
		struct {
			uint32_t way;	     /* enum step_tap */
			uint8_t multi_queue; /* made for several queues (of a bridge's) */
			uint8_t unused;
			uint8_t mac[6];		 /* its own address; of a macvtap the guest's */
			char name[STEP_IFNAME];	 /* which begins with NET_MADE */
			char lower[STEP_IFNAME]; /* the bridge, or the card under the macvtap */
		} tap;
	};
};

#endif
