/* What is known about the host and about the QEMU binary before anything is planned: plain data.
 * Collecting it changes nothing; everything but the QEMU binary is read through the one root
 * (base/root.h), so a tree recorded on another machine gives that machine's facts.
 */
#ifndef HOST_FACTS_H
#define HOST_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/dirs.h"
#include "base/distribution.h"
#include "base/error.h"
#include "base/root.h"
#include "cpu_map.h"
#include "cpu_topology.h"
#include "image.h"
#include "manager.h"
#include "net.h"
#include "obstacles.h"
#include "quiet.h"
#include "reset.h"
#include "sleep.h"
#include "usb_pick.h"
#include "vf.h"

struct cpu_facts {
	char *vendor;	    /* "GenuineIntel", "AuthenticAMD", ... ; "" when unknown */
	char *model;	    /* the brand string; "" when unknown */
	unsigned online;    /* logical processors that are online, at least 1 */
	unsigned phys_bits; /* address width, 0 when unknown */
	bool vmx;	    /* Intel VT-x offered by the CPU */
	bool svm;	    /* AMD-V offered by the CPU */
	struct cpu_topology topology;
};

/* Why KVM can or cannot be used. */
enum kvm_state {
	KVM_USABLE,	   /* /dev/kvm opens read-write and the CPU offers vmx or svm */
	KVM_NO_NODE,	   /* no /dev/kvm: module not loaded, or none for this CPU */
	KVM_NOT_PERMITTED, /* the node is there and this user may not open it */
	KVM_NO_EXTENSION,  /* the node opens, but the CPU offers neither vmx nor svm: a guest hangs
			    */
	KVM_BROKEN,	   /* opening fails for another reason (errnum) */
	KVM_STATES,
};

/* What Windows knows how to use of a hypervisor, by QEMU's names behind "hv-". */
enum enlightenment {
	HV_RELAXED,
	HV_VAPIC,
	HV_TIME,
	HV_VPINDEX,
	HV_SYNIC,
	HV_STIMER,
	HV_RUNTIME,
	HV_RESET,
	HV_FREQUENCIES,
	HV_TLBFLUSH,
	HV_IPI,
	HV_XMM_INPUT,
	HV_TLBFLUSH_EXT,
	HV_STIMER_DIRECT,
	HV_EMSR_BITMAP,
	HV_TLBFLUSH_DIRECT,
	HV_REENLIGHTENMENT,
	HV_AVIC,
	HV_EVMCS,
	HV_CRASH,
	ENLIGHTENMENTS,
};

struct kvm_facts {
	enum kvm_state state;
	int errnum;	   /* of the failed open, else 0 */
	bool hyperv_known; /* KVM was asked, and said: */
	unsigned hyperv;   /* the enlightenments that it offers, 1 << enum enlightenment */
	bool apicv;	   /* its guests' interrupts come without it (APICv, AVIC) */
};

/* What the host's firmware says of its make, as far as anybody may read it. "" where it says
 * nothing. */
enum dmi_field {
	DMI_MANUFACTURER,
	DMI_PRODUCT,
	DMI_VERSION,
	DMI_SKU,
	DMI_FAMILY,
	DMI_BOARD_MANUFACTURER,
	DMI_BOARD_PRODUCT,
	DMI_BOARD_VERSION,
	DMI_CHASSIS_MANUFACTURER,
	DMI_CHASSIS_VERSION,
	DMI_CHASSIS_TYPE, /* a number of the SMBIOS specification, 7.4.1: 10 is a notebook */
	DMI_BIOS_VENDOR,
	DMI_BIOS_VERSION,
	DMI_BIOS_DATE,
	DMI_FIELDS,
};

struct memory_facts {
	uint64_t total;	    /* bytes, MemTotal */
	uint64_t available; /* bytes, MemAvailable */
	bool shmem_huge;    /* the kernel gives shared memory huge pages where it is asked to */
	bool keepers;	    /* there is a keeper, or what one left (/run/vmlaunch) */
};

/* What a QEMU binary is asked for: each is a list of names. */
enum qemu_offer {
	QEMU_MACHINES,	 /* machine types */
	QEMU_DEPRECATED, /* those machine types that a later QEMU will no longer have */
	QEMU_DEVICES,	 /* device types, also those few that -device refuses */
	QEMU_OBJECTS,	 /* types of -object */
	QEMU_OPTIONS, /* options, as "spice", and their parameters, as "name.guest"; without those
		       * parameters that are deprecated */
	QEMU_AIO,     /* values of a disk's aio= */
	QEMU_BLK,     /* properties of virtio-blk-pci; none where there is no such device */
	QEMU_SCSI,    /* properties of virtio-scsi-pci, likewise */
	/* By facts_screens() alone, and empty where that could not ask: */
	QEMU_DISPLAYS, /* backends of -display whose modules are there */
	QEMU_DRIVERS,  /* of -audiodev, likewise */
	QEMU_OFFERS,
};

struct qemu_names {
	char **name; /* of offers: sorted */
	size_t n;
};

/* Whether QEMU can have io_uring here (io_uring_setup(2); Documentation/admin-guide/sysctl/
 * kernel.rst, io_uring_disabled).
 */
enum uring_state {
	URING_UNKNOWN, /* of another computer, whose kernel has no switch for it */
	URING_USABLE,
	URING_CLOSED,  /* the switch keeps everybody from it */
	URING_GROUP,   /* it leaves it to a group that this process is not of */
	URING_REFUSED, /* the kernel made none */
	URING_OLD,     /* it did, and is too old for QEMU to be better off with it */
	URING_STATES
};

struct uring_facts {
	enum uring_state state;
	int errnum;	   /* of URING_REFUSED, what the kernel said; of URING_OLD ENOTSUP */
	bool workers_stay; /* the kernel's threads that work for it run where the one may that had
			    * them made */
};

/* What one QEMU binary can do, as it said itself. */
struct qemu_facts {
	char *path;    /* absolute, as it will be executed */
	char *version; /* "7.2.22" */
	char *package; /* the packager's suffix, may be "" */
	struct qemu_names offers[QEMU_OFFERS];
	struct qemu_names data_dirs; /* where it looks for its files, the first first */
};

/* Huge pages of one size. */
struct hugepage_facts {
	unsigned size_kb;
	uint64_t free; /* pages that nobody has or was promised */
};

/* Shared memory for Looking Glass. */
struct glass_facts {
	bool kvmfr;	     /* /dev/kvmfr0 is a character device */
	bool kvmfr_stale;    /* something else stands in its place */
	bool kvmfr_open;     /* this user may read and write it */
	uint64_t kvmfr_size; /* bytes, 0: not known */
};

/* Bytes of memory of the kvmfr device that is open at fd; 0 when it does not say (LookingGlass,
 * module/kvmfr.h: KVMFR_DMABUF_GETSIZE).
 */
uint64_t kvmfr_size(int fd);

struct net_facts {
	bool root;	       /* this process is root's, and so will be those that it starts */
	unsigned unprivileged; /* the lowest port that anybody may listen at */
	struct net_interface *interface;
	size_t interfaces;
	bool tun_open;	 /* this user may read and write /dev/net/tun */
	bool vhost_open; /* and /dev/vhost-net */
	bool vhost_there;
	bool bridge_filter; /* what crosses a bridge goes through the host's firewall (br_netfilter)
			     */
};

#define HUGEPAGE_SIZES 2 /* 2 MiB and 1 GiB, in this order; size_kb 0: the host has none */

struct facts {
	enum distribution distribution;
	enum service_manager manager;
	struct cpu_facts cpu;
	struct kvm_facts kvm;
	struct memory_facts memory;
	char *dmi[DMI_FIELDS];
	char *machine_id; /* /etc/machine-id, "" when there is none */
	char *boot_id;	  /* /proc/sys/kernel/random/boot_id, "" when unreadable */
	struct hugepage_facts hugepages[HUGEPAGE_SIZES];
	struct glass_facts glass;
	struct uring_facts uring;
	struct net_facts net;
	unsigned tpm;	    /* the version of this host's, 2 or 1; 0: there is none */
	bool userns_closed; /* the kernel lets nobody without privilege make a user namespace */
	struct qemu_facts qemu;
	char *irqchip_off;  /* why that QEMU refuses KVM without the kernel's interrupt controllers,
			     * in its own words; NULL: it does not, or is not known to */
	bool irqchip_known; /* facts_irqchip() could ask */
	struct scene devices;	  /* where devices of the host are passed; only then read */
	struct quiet_facts quiet; /* of quiet_collect() */
};

/* Collects all but the QEMU part. A machine without some file gives empty facts, not an error. */
void facts_collect(struct facts *facts, const struct root *root);

/* Finds the binary (a path, or a name looked up in PATH) and fills facts->qemu from the cache below
 * cache_dir, or by asking the binary, two short runs of it, if that is unknown to the cache or was
 * replaced (path, inode, modification time, size). A cache that cannot be written is no error.
 * Fails when there is no such binary, when it does not answer within 30 s, or answers nonsense.
 */
bool facts_qemu(struct facts *facts, const char *binary, const char *cache_dir, struct error **err);

/* Runs the QEMU of facts_qemu() once more, for a moment, with KVM and without the kernel's
 * interrupt controllers: no list of QEMU's says whether it still does that. Fills irqchip_*; asks
 * nothing where KVM cannot be had.
 */
void facts_irqchip(struct facts *facts);

/* Fills in which windows and ways for sound the binary has, of which QMP tells what it was built
 * with and not which modules are there. It costs two runs of it, unless the cache has the answer;
 * without one both lists stay empty. facts_qemu() comes first.
 */
void facts_screens(struct facts *facts, const char *cache_dir);

/* Runs this passt for a moment, and asks whether it can be joined to QEMU by vhost-user: no, where
 * it does not answer within 3 s.
 */
bool facts_passt_vhost_user(const char *path);

void facts_free(struct facts *facts);
#define own_facts own_with(facts_free)

/* Whether name is among what the binary offers of this kind. */
bool qemu_offers(const struct qemu_facts *qemu, enum qemu_offer kind, const char *name);

/* Which of two names "pc-q35-MAJOR.MINOR" is newer: below 0, 0 or above 0, as strcmp() has it. */
int q35_compare(const char *a, const char *b);

/* The newest and the oldest pc-q35-MAJOR.MINOR that the binary offers, or NULL. Pointers into qemu.
 */
const char *qemu_newest_q35(const struct qemu_facts *qemu);
const char *qemu_oldest_q35(const struct qemu_facts *qemu);

/* What the binary makes of a version. */
enum q35_standing {
	Q35_CURRENT,
	Q35_DEPRECATED, /* there, and not for long */
	Q35_GONE,	/* older than all that it offers */
	Q35_TOO_NEW,	/* newer than all that it offers: QEMU was newer once, or elsewhere */
	Q35_MISSING,	/* none of these: a build that leaves some out */
};
enum q35_standing qemu_q35_standing(const struct qemu_facts *qemu, const char *name);

/* A sentence why KVM is not used, with the remedy; NULL when it is usable. */
const char *kvm_reason(const struct kvm_facts *kvm);

/* A sentence why QEMU is not given io_uring; NULL when it may have it, or nothing is known. */
const char *uring_reason(const struct uring_facts *uring);

#endif
