/* The plan: everything that a start will do, decided before anything is touched. Composing it is a
 * pure function of the profile, the host's facts and the firmware found; it opens no device, runs
 * no program and changes nothing. All that stands in the way is told at once.
 */
#ifndef PLAN_PLAN_H
#define PLAN_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cpu_set.h"
#include "base/dirs.h"
#include "base/error.h"
#include "firmware/find.h"
#include "guest.h"
#include "host/facts.h"
#include "profile/profile.h"
#include "step.h"

/* Why an argument is there: the key that caused it and where its value came from, and a reason. */
struct cause {
	char *key; /* "vm.memory", "disk system.path"; NULL when no key has a say */
	char *at;  /* "win11.ini:3:10", "--set ...", "default"; NULL without a key */
	char *why; /* a clause, may be NULL */
};

/* An option of QEMU with its value (NULL: it takes none), or one raw argument. */
struct argument {
	char *option;
	char *value;
	struct cause cause;
};

/* Descriptors that QEMU inherits, by their number in QEMU. All others are closed. */
enum plan_fd_role {
	FD_MONITOR, /* listening: the supervisor's monitor */
	FD_TOOLS,   /* listening: the monitor of `vmlaunch qmp` and friends */
	FD_AGENT,   /* listening: who speaks to the guest's agent */
	FD_STREAM, /* listening: who reads and writes a port of the guest's; there may be several */
	FD_SERIAL, /* connected stream: the first serial port */
	FD_DEBUG,  /* connected stream: the debug port */
	FD_OVERLAY,   /* a file without a name, of PREPARE_OVERLAY; there may be several */
	FD_COMPANION, /* a stream to a companion, which has the other end; likewise */
	FD_TAP,	      /* a queue of a tap interface; likewise */
	FD_MACVTAP,   /* a queue of a macvtap; likewise */
	FD_INHIBITOR, /* the lock that keeps the host awake, which QEMU only has */
	FD_IOMMU,     /* the node of all devices that iommufd passes */
	FD_VFIO,      /* of one of them, by its address; there may be several */
	FD_TPM,	      /* the host's TPM */
	FD_ROLES,
};

#define PLAN_FDS 61 /* of one machine, numbered from 3 */

struct plan_fd {
	enum plan_fd_role role;
	int number;
	char *path; /* of a listening one; of an overlay, the image under it; a tap's name; else the
		     * companion */
	bool multi_queue; /* of a tap */
};

/* What the user's own side prepares before QEMU starts. */
enum prepare_kind {
	PREPARE_VARS,	      /* make path from source unless it is there */
	PREPARE_VARS_RESET,   /* make path from source, keeping an old one as PATH.old */
	PREPARE_VARS_SCRATCH, /* make path from source anew, removed afterwards */
	PREPARE_SHARED,	      /* make a file of size bytes for shared memory; removed afterwards */
	PREPARE_DEVICE,	      /* hold a shared memory device of at least size bytes, once we may */
	PREPARE_BYTES,	      /* write the bytes into path in the runtime directory */
	PREPARE_RECORD,	      /* write text into path unless it is there */
	PREPARE_VARS_COPY,    /* make path anew from store, or from source where there is none */
	PREPARE_OVERLAY,      /* a file without a name in source, for what is written over path */
	PREPARE_DISK,	      /* make the image path of size bytes, which is not there */
	PREPARE_CLAIM,	      /* hold the block device against whoever would mount it */
	PREPARE_TPM,	      /* have source make a TPM's state in path unless it is there */
	PREPARE_TPM_SCRATCH,  /* make path with a copy of source's TPM, if that has one */
};

struct prepare {
	enum prepare_kind kind;
	char *path;
	char *source;  /* or the text to record, or the size in words */
	uint64_t size; /* of PREPARE_SHARED, PREPARE_DEVICE, PREPARE_BYTES, PREPARE_DISK */
	char *bytes;   /* of PREPARE_BYTES */
	char *told;    /* likewise, of an ACPI table: what stands in it, in lines */
	char *store;   /* of PREPARE_VARS_COPY */
	char *program; /* of PREPARE_OVERLAY and PREPARE_DISK: qemu-img; of PREPARE_TPM: swtpm */
	const char *format; /* likewise: the image's, as qemu-img calls it */
	int number;	    /* of PREPARE_OVERLAY: of its descriptor in QEMU */
	bool held;	    /* of PREPARE_CLAIM: to the end, else looked at only */
	bool granted;	    /* path is a node, which is opened when the keeper has given the
			       rights */
};

/* What QEMU may open. */
enum reach_kind {
	REACH_READ,
	REACH_PROGRAM, /* read and run: itself, and what loads its libraries */
	REACH_ALL,     /* whatever there is to be done with it */
	REACH_WRITE,   /* what is not there may be made, in its directory */
	REACH_SOCKETS, /* a directory in which it makes sockets */
	REACH_KINDS,
};

struct reach {
	enum reach_kind kind;
	char *path; /* absolute, or "~/..." of the user's home */
};

#define SCREENSHOT_FILE "screenshot" /* in the runtime directory, where QEMU writes pictures */

/* A change of the host that the keeper is asked for, and how a person would do it. */
struct plan_step {
	struct intent intent;
	char **line;
	size_t lines;
	bool optional; /* where it cannot be had, there is a plan without it */
	struct cause cause;
};

#define USB_PORTS 15 /* of the controller, each USB 2 and 3 (QEMU, hw/usb/hcd-xhci.h) */

/* A USB device of the host's, which may come, go, and come again while the machine runs. */
struct plan_usb {
	char *title;	    /* of its section: "usb pen" */
	char *id;	    /* in QEMU */
	char *device;	    /* a selector of base/usb_selector.h */
	unsigned port;	    /* of the controller "usb" */
	unsigned bootindex; /* 0: it is not booted from */
	bool given;	    /* it is there, and on the command line */
};

/* When a companion is started, and what its end means. */
enum companion_when {
	COMPANION_BEFORE,  /* beside QEMU's start, which fails without it; it outlives us as QEMU
			      does */
	COMPANION_RUNNING, /* as soon as the guest runs; it ends with us */
	COMPANION_WHENS,
};
enum companion_end {
	COMPANION_SPARED, /* it is told, and the machine goes on */
	COMPANION_ENDS,
};

/* How a companion of COMPANION_BEFORE is joined to QEMU. Each way needs no waiting: what one end
 * says before the other one listens is kept by the kernel.
 */
enum companion_join {
	JOIN_NONE,
	JOIN_PAIR,   /* by a connected stream, of which QEMU has the other end */
	JOIN_LISTEN, /* by a socket that we have bound and that listens; QEMU knows its path */
	JOIN_ACCEPT, /* likewise, but it becomes the program with QEMU's connection, which it has
			accepted */
	COMPANION_JOINS,
};

#define COMPANION_LIMIT 16 /* of one machine */
#define COMPANION_FD 3	   /* the number that its end, or its listening socket, has in it */

#define MACHINE_RECORD "machine"      /* in the state directory: the version, for life */
#define REMOTE_VIEWER "remote-viewer" /* the program that shows SPICE */
#define XFREERDP "xfreerdp"	      /* the one that shows a guest by RDP, and */
#define XFREERDP3 "xfreerdp3"	      /* its name where there may be an older one beside it */
#define OURSELVES "vmlaunch"	      /* which waits for the guest's port */
#define HOST_TPM "/dev/tpm0"	      /* the kernel's first, which has no other today */
#define QEMU_IMG "qemu-img"	      /* the program that makes images */
#define VIRTIOFSD "virtiofsd"	      /* the program that serves a directory */
#define SWTPM "swtpm"		      /* the program that is a TPM */
#define PASST "passt"		      /* the program that is a network behind the host's address */
#define SWTPM_SETUP "swtpm_setup"     /* the one that makes a new one's state */

/* By which QEMU has virtiofsd; so it tells as well whether it was built with vhost-user. */
#define VIRTIOFS_DEVICE "vhost-user-fs-pci"

/* A program that runs beside QEMU as the user, and ends with it. */
struct plan_companion {
	char *name;  /* for messages, and the log's */
	char **argv; /* the first one is the program's path */
	size_t args;
	char *log; /* its standard output and error */
	enum companion_when when;
	enum companion_end end;
	char *loss;	 /* a clause: what its end means for a guest that runs */
	uint32_t closed; /* exit statuses, each 1 << STATUS, that are no fault of it, beside 0 */
	enum companion_join join;
	int number;   /* of JOIN_PAIR: that of QEMU's end, there */
	char *socket; /* of JOIN_LISTEN and JOIN_ACCEPT: its path */
	struct cause cause;
};

/* Which of the host's processors do what. Where nothing is pinned all sets are empty, and the
 * scheduler is free.
 */
struct placement {
	bool pinned;
	unsigned cores, threads; /* of the guest */
	int *vcpu;		 /* the host's processor of each of the guest's; NULL: not pinned */
	size_t n;		 /* cores * threads */
	struct cpu_set vcpus;	 /* all of them */
	struct cpu_set emulator; /* of QEMU's own threads, never empty where pinned */
	struct cpu_set iothread; /* of the disks' threads, likewise */
	size_t iothreads;	 /* how many of those there are */
	int node;    /* of the guest's processors and so of its memory; -1: no matter, or several */
	char *words; /* what was chosen and why, for a reader */
};

/* Times of the way down, in milliseconds. */
struct shutdown_times {
	unsigned again, force_within, quit, terminate, kill;
};

/* What the guest's picture comes by, of which QEMU tells who looks. */
enum idle_picture { PICTURE_NONE, PICTURE_SPICE, PICTURE_VNC, PICTURES };

/* TCP ports of the host's that lead into the guest. */
struct idle_ports {
	uint32_t address; /* IPv4, in the host's byte order; 0: all of them */
	uint16_t first, n;
};

/* TCP ports of the host's, and those of the guest's that they lead to, one by one. */
struct plan_forward {
	uint32_t address; /* the host's: IPv4, in its byte order; 0: all of them */
	uint16_t host, guest, n;
};
#define PLAN_LOOPBACK 0x7f000001U /* 127.0.0.1 */

/* What becomes of a guest that has no client for so long. */
struct plan_idle {
	enum idle_action action; /* IDLE_NONE: nothing, and the rest is not set */
	unsigned after;		 /* milliseconds */
	enum idle_picture picture;
	struct idle_ports *range;
	size_t ranges;
};

struct plan {
	char *name;	/* the machine's */
	char *instance; /* what runs under a lock of its own: the name, or NAME.probe */
	char *profile_path;
	char *binary;
	struct argument *argument;
	size_t arguments;
	char **env; /* NAME=VALUE, over the caller's environment */
	size_t envs;
	struct plan_fd *fd;
	size_t fds;
	struct prepare *prepare;
	size_t prepares;
	struct reach *reach; /* files that QEMU may open; several may be for one */
	size_t reaches;
	bool has_window;	/* QEMU opens one, or speaks to the session's bus */
	struct plan_step *step; /* in the order in which they are asked for */
	size_t steps;
	struct plan_usb *usb;
	size_t usbs;
	struct plan_companion *companion;
	size_t companions; /* at most COMPANION_LIMIT */
	char **note;	   /* what the user should know before the start */
	size_t notes;
	char **warning; /* ... and what is most likely wrong */
	size_t warnings;
	char *state_dir;   /* of this machine: variable store, log */
	char *runtime_dir; /* of this instance: lock, sockets */
	char *log;	   /* QEMU's standard error */
	struct placement placement;
	bool isolate;  /* the threads of the vCPUs go into the keeper's partition */
	bool realtime; /* they become SCHED_FIFO */
	bool kvm;
	char *qemu_version;
	enum target_kind serial, debug;
	struct shutdown_times times;
	enum host_sleep sleep; /* never SLEEP_AUTO */
	struct plan_idle idle;
	struct plan_forward *forward;
	size_t forwards;
	struct guest_view guest;
};

#define PROBE_SUFFIX ".probe" /* of the instance that is a probe */

/* Why the plan is made. */
enum purpose {
	PURPOSE_RUN,
	PURPOSE_PROBE, /* the guest's-eye program in this machine: no disks, scratch variables */
};

/* A block device that the profile names. */
struct plan_block {
	const char *path;
	unsigned major, minor;
	bool accessible; /* this user may open it as the profile wants it */
	bool mapped;	 /* a volume of device-mapper's (LVM, LUKS) */
};

/* A device node of the host's, other than a block device, that the profile may want. */
struct plan_node {
	const char *path;
	bool accessible; /* this user may read and write it */
};

/* A file that the profile names, read already. */
struct plan_file {
	const char *path;
	char *data;
	size_t size;
};

/* A variable store that was looked into: the machine's own, or a template that it may get. */
struct plan_store {
	char *path;
	char *missing; /* of secure_boot_missing_in(); NULL: nothing is to be said */
};

/* A program that may run beside QEMU, as PATH has it. */
struct plan_program {
	const char *name;
	char *path;	 /* NULL: there is none that this user may run */
	bool vhost_user; /* of passt: it can be joined to QEMU by that */
};

/* What the user sits before: whether the session shows windows, has a bus, and who plays sound. */
struct plan_seat {
	bool screen, bus;
	bool sound[SOUNDS]; /* enum sound: PipeWire's, PulseAudio's and ALSA's */
	char *pulse;	    /* where PulseAudio listens, as its library has it; NULL: nowhere */
};

/* Whether what the profile wants there depends on which windows and ways for sound QEMU has. */
bool plan_wants_screens(const struct profile *profile, const struct plan_seat *seat);

struct plan_input {
	const struct profile *profile;
	const struct facts *facts;
	const struct firmware_list *firmware;
	const struct dirs *dirs;
	const char *recorded_machine; /* of the first start, or NULL */
	const struct plan_block *block;
	size_t blocks;
	const struct plan_file *file;
	size_t files;
	struct image *const *image; /* of the disks, as far as they could be looked at */
	size_t images;
	const struct plan_store *store;
	size_t stores;
	const struct plan_program *program;
	size_t programs;
	struct plan_seat seat;
	const char *glass_release; /* of Looking Glass' client at the last start; NULL: not known */
	const char *glass_owner;   /* who else has a file where its memory goes; NULL: nobody */
	const struct plan_node *node; /* of USB and input devices */
	size_t nodes;
	bool no_devices;    /* leave out the host's devices */
	bool is_root;	    /* this user is root: programs beside QEMU have no capabilities */
	bool ephemeral;	    /* what the guest writes is gone afterwards */
	bool pages_refused; /* the huge pages that an earlier plan asked for could not be had: */
	uint64_t pages_got; /* so many came */
	enum purpose purpose;
	const char *probe_program; /* of PURPOSE_PROBE: a UEFI program, and its parameters */
	const char *probe_parameters;
};

/* Whether a disk is given to QEMU as qcow2: by its key or its name, never by its bytes. */
bool plan_disk_is_qcow2(const struct disk *disk);

/* The word of host.sleep for it. */
const char *plan_sleep_word(enum host_sleep sleep);

/* The word of idle.action, and of what the picture comes by ("", "spice", "vnc"). */
const char *plan_idle_word(enum idle_action action);
const char *plan_picture_word(enum idle_picture picture);

/* The rule as the plan and the record have it in JSON; the caller puts it. */
struct json_object *plan_idle_json(const struct plan_idle *idle);

/* Whether the profile wants an emulated TPM, if there can be one. */
bool plan_wants_tpm(const struct profile *profile);

/* Whether it wants this host's. */
bool plan_wants_host_tpm(const struct profile *profile);

/* Whether a network is passt's. */
bool plan_wants_passt(const struct profile *profile);
/* Whether the keeper makes it an interface. */
bool plan_makes_interface(const struct profile *profile);

/* Adds what leads into the guest by the profile to *forward and *n; the caller owns the array. */
void plan_forwards(const struct profile *profile, struct plan_forward **forward, size_t *n);
/* What leads to that port of the guest's, which is 1 to 65535: *found has one port, and an address
 * that can be connected to. False: nothing.
 */
bool plan_forward_to(const struct plan_forward *forward, size_t n, uint16_t guest,
		     struct plan_forward *found);
/* They as the record has them; the caller puts it. */
struct json_object *plan_forwards_json(const struct plan_forward *forward, size_t n);

/* NULL when the machine cannot be started; err then holds every reason. */
struct plan *plan_compose(const struct plan_input *in, struct error **err);

/* A plan with nothing but the placement, whatever else would keep the machine from starting; of the
 * facts, those of QEMU are not needed. NULL when the placement itself is refused.
 */
struct plan *plan_place(const struct plan_input *in, struct error **err);

/* Accepts NULL. */
void plan_free(struct plan *plan);
static inline void own_plan_(struct plan **plan)
{
	plan_free(*plan);
}
#define own_plan own_with(own_plan_)

/* The argument vector as execve wants it, NULL-ended; the strings belong to the plan, the array to
 * the caller. *n (may be NULL) is its length.
 */
const char **plan_argv(const struct plan *plan, size_t *n);

/* The plan for a reader, as a JSON text, or one argument per line (end: '\n' or '\0'). The caller
 * owns them; the last one's length is *len, as it may hold NULs.
 */
char *plan_text(const struct plan *plan);
char *plan_json(const struct plan *plan);
char *plan_lines(const struct plan *plan, char end, size_t *len);

/* The plan as a page of HTML that needs nothing beside it, as people look rather than read. in is
 * what it was composed of; name has what each function of in->facts->devices.pci is called (NULL:
 * not known), and may be NULL. The caller owns it.
 */
char *plan_page(const struct plan *plan, const struct plan_input *in, const char *const *name);

/* The functions of the host that the profile claims, in the order of its sections: pointers into
 * facts. Fails with all that is wrong, and *set then holds what could be found.
 */
bool plan_claims(const struct profile *profile, const struct facts *facts, struct pci_set *set,
		 struct error **err);

/* Why a client of Looking Glass of that release (NULL: not known) does not show what today's part
 * in the guest sends; NULL: nothing is known against it. The caller owns it.
 */
char *plan_glass_old(const char *release);
/* That its memory's file is somebody else's, and what to do; the caller owns it. */
char *plan_glass_foreign(const char *path, const char *owner);

/* Bytes of shared memory for pictures of that many pixels. */
uint64_t glass_size(uint64_t width, uint64_t height);

/* Whether KVM or TCG, by the rule of the key cpu.accel, which is spelled as key has it: where a
 * host device is claimed, missing KVM is a refusal and TCG only by the profile's word. *why says
 * why it is TCG (NULL for KVM); static text.
 */
bool plan_accel(enum accel wanted, const char *key, const struct kvm_facts *kvm, bool claims_device,
		bool *use_kvm, const char **why, struct error **err);

#endif
