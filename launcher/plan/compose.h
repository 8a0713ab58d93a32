/* Private to launcher/plan: what the composing functions share. Each device family has a file with
 * one compose_* function that appends arguments; plan.c calls them, compose.c has what they share.
 */
#ifndef PLAN_COMPOSE_H
#define PLAN_COMPOSE_H

#include "base/uuid.h"
#include "option.h"
#include "plan.h"

/* Longest path of a unix socket, without its NUL (unix(7)). */
#define SOCKET_PATH_LIMIT 107

struct composer {
	const struct plan_input *in;
	const struct profile *p;
	const struct facts *facts;
	struct plan *plan;
	struct error **err;
	bool good;
	struct compose_names { /* keys in words, for messages */
		char **v;
		size_t n;
	} * names;
	const char *machine; /* the version chosen, NULL: there is none */
	const char *machine_why;
	const char *accel_why;
	const struct firmware *firmware; /* chosen, or NULL for SeaBIOS */
	struct firmware named;		 /* where the profile names the files: points into it */
	unsigned ports;			 /* root ports handed out */
	unsigned sata;			 /* units of the built-in controller handed out */
	unsigned scsi;			 /* targets of the common SCSI controller handed out */
	bool serial_bus;		 /* the controller of agents' ports is there */
	bool usb;			 /* the USB controller is there */
	unsigned usb_ports;		 /* its ports handed out */
	struct usb_place {
		const struct usb *usb;
		const struct usb_device *device; /* NULL: not plugged in */
	} usb_place[64];			 /* of the enabled sections */
	size_t usb_places;
	struct input_place {
		const struct input *input;
		const struct input_device *device;
	} input[64]; /* of the enabled sections; device NULL: not plugged in */
	size_t inputs;
	bool claims_device;	/* the profile wants one */
	struct pci_set claimed; /* those that were found */
	unsigned gpu_ports;	/* root ports for GPUs handed out */
	unsigned guest_bits;	/* width of the guest\'s addresses, 0: not known */
	struct gpu_place {
		const struct gpu *gpu;
		const struct pci_function *f;
		unsigned port, function; /* port: the how-manieth of the GPUs', from 0 */
	} gpu[16];			 /* first functions of the GPUs, where they were put */
	size_t gpus;
	struct mdev_place {
		const struct gpu *gpu;
		const struct pci_function *parent;
		uint8_t id[UUID_BYTES];
		char uuid[UUID_TEXT];
		const struct mdev *there; /* it exists already */
	} mdev[16];			  /* vGPUs, in the order of their sections */
	size_t mdevs;
	struct vf_place {
		const struct gpu *gpu;
		const struct pci_function *physical;
		const struct pci_function *there; /* exists already, else NULL */
		struct pci_address address;
		unsigned number; /* of its GPU's, from 0 */
	} vf[16];		 /* virtual functions, in the order of their sections */
	size_t vfs;
	bool igd;     /* a GPU sits in slot 02 of the root bus */
	bool iommufd; /* devices are handed over as descriptors */
	struct made_place {
		const struct network *network;
		const struct net_interface *lower; /* the bridge or card under it */
		char name[IFNAMSIZ];
		uint8_t mac[MAC_BYTES]; /* the guest's */
		unsigned queues;
	} made[16]; /* interfaces that the keeper makes */
	size_t mades;
	bool wants_gl;		/* a picture is there that only OpenGL shows */
	const char *glass_file; /* Looking Glass' memory, NULL: none */
	uint64_t shared_bytes;	/* memory beside the guest\'s that devices can reach */
	struct {
		unsigned size_kb;
		uint64_t pages;
		bool optional;
		uint64_t missing; /* bytes that are not in the pool yet */
		bool ask;	  /* a step is needed */
	} huge;
	bool fits_host;	     /* vm.memory is less than this host has in all */
	uint64_t shared_new; /* of shared_bytes: what is made for this start */
};

/* Appends an option. value is taken over (NULL: the option has none). at: of the key that has
 * caused it; NULL: by the design and not by the profile. why may be NULL and is copied.
 */
void compose_argument(struct composer *c, const char *option, char *value, const struct origin *at,
		      const char *why);
/* The same for what no key decides. */
void compose_fixed(struct composer *c, const char *option, char *value, const char *why);

/* Writes down a key, where its value comes from, and why. */
void compose_cause(const struct composer *c, struct cause *cause, const struct origin *at,
		   const char *why);

/* The key as messages spell it: "disk system.path". It lives as long as the composer. */
const char *compose_key(const struct composer *c, const struct origin *at);

/* A reason why this host cannot start it, and one why no host can. */
void compose_refuse(struct composer *c, struct origin at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void compose_wrong(struct composer *c, struct origin at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void compose_note(struct composer *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* What the machine starts with, and will most likely not do what it is there for. */
void compose_warn(struct composer *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A root port of its own for a device that item asks for; returns the bus's name, which the caller
 * owns.
 */
char *compose_port(struct composer *c, const struct item *item);

/* Has bytes, which are taken over, written to a file of the runtime directory; returns its path,
 * which belongs to the plan.
 */
const char *compose_bytes(struct composer *c, const char *name, struct buf *bytes,
			  const char *words);

/* What QEMU may open, by its finished command line. */
void compose_reach(struct composer *c);

/* Whether a GPU is claimed as a whole. */
bool compose_has_gpu(const struct composer *c);

/* Whether the machine is to look like a laptop. */
bool compose_is_laptop(const struct composer *c);

/* The same for what is no item; words say what for. */
char *compose_own_port(struct composer *c, const char *words);

/* Has memory of so many bytes, that guest and host share, made (PREPARE_SHARED) or held
 * (PREPARE_DEVICE).
 */
void compose_prepare_shared(struct composer *c, enum prepare_kind kind, const char *path,
			    uint64_t size);

/* The item's id in QEMU: "disk-system", or "disk". The caller owns it. */
char *compose_id(const struct item *item);

/* The bootindex of an item, or 0 for none. 0 itself is never given: -kernel takes it. */
unsigned compose_bootindex(const struct composer *c, const struct item *item);

/* Hands a descriptor to QEMU; returns its number there. path may be NULL. */
int compose_fd(struct composer *c, enum plan_fd_role role, char *path);

/* An identity of n bytes that is the same on every start: from word, the machine's name and the
 * host's machine-id. n is at most 32.
 */
void compose_identity(const struct composer *c, const char *word, uint8_t *id, size_t n);

/* The same as a UUID. */
void compose_uuid(const struct composer *c, const char *word, uint8_t id[UUID_BYTES]);
/* A step for the keeper, whose intent the caller fills in, and how a person would do it. at as for
 * an argument.
 */
struct plan_step *compose_step(struct composer *c, enum step_kind kind, const struct origin *at,
			       const char *why);
void compose_line(struct plan_step *step, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* A shell's comment, in the tongue: behind the step's last line, or one that stands alone. */
void compose_remark(struct plan_step *step, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void compose_comment(struct plan_step *step, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* A program that runs beside QEMU: its name in messages, its path, and a clause on what its end
 * means for a guest that runs. Its log is FILE.log; at and why as for an argument. The caller adds
 * arguments, each of which is taken over, and joins it to QEMU. The pointer is good until the next
 * one is added.
 */
struct plan_companion *compose_companion(struct composer *c, const char *name, const char *file,
					 const char *program, const char *loss,
					 const struct origin *at, const char *why);
void compose_companion_arg(struct plan_companion *companion, char *arg);
/* By a stream: returns the number of QEMU's end. The companion's is COMPANION_FD. */
int compose_companion_pair(struct composer *c, struct plan_companion *companion);
/* By a socket of FILE.sock that listens as its COMPANION_FD: returns the path for QEMU, which
 * belongs to the plan.
 */
const char *compose_companion_socket(struct composer *c, struct plan_companion *companion,
				     const char *file);
/* The same for one that knows connections and no sockets: its COMPANION_FD is QEMU's. */
const char *compose_companion_accept(struct composer *c, struct plan_companion *companion,
				     const char *file);

/* The families; plan.c says in which order they are called, and why. */
void compose_version(struct composer *c);  /* chooses c->machine, which may be refused */
void compose_firmware(struct composer *c); /* chooses; its arguments come with the machine */
void compose_machine(struct composer *c);
void compose_placement(struct composer *c); /* before processors and memory */
void compose_cpu(struct composer *c);
void compose_memory(struct composer *c);
/* Huge pages that are missing, as a step for the keeper. */
void compose_hugepages_step(struct composer *c);
void compose_spare(struct composer *c); /* behind all that needs memory: can the host spare it */
void compose_smbios(struct composer *c);
void compose_boot(struct composer *c);
void compose_claims(struct composer *c); /* first of all: KVM depends on it */
void compose_mdevs(struct composer *c);	 /* with the claims: which vGPUs, and can they be had */
void compose_vfs(struct composer *c);	 /* likewise, which virtual functions */
void compose_devices(struct composer *c);
void compose_acpi(struct composer *c);	 /* after the devices: their places are in its paths */
void compose_window(struct composer *c); /* for large BARs, when all ports are handed out */
/* Whether Looking Glass' client is known to be one that has mouse, keyboard and clipboard without
 * SPICE, and nothing else needs that.
 */
bool compose_glass_is_whole(const struct composer *c);
bool compose_kvmfr_closed(const struct composer *c); /* used, and to be opened to this user */
void compose_steps(struct composer *c);		     /* last of all */
void compose_quiet(struct composer *c);		     /* steps for the guest's processors */
void compose_disks(struct composer *c);
/* The device that the guest finds a disk as; id is the disk's and its block node's. */
void compose_drive(struct composer *c, const struct disk *disk, const char *id);
/* Threads of its own; 0: QEMU's main thread serves it. */
unsigned compose_disk_threads(const struct disk *disk);
/* Whether it may happen that a guest's processor's own thread begins what the disk has to do. */
bool compose_disk_on_vcpu(const struct disk *disk);
/* The value of aio= of the file below; NULL: as QEMU does by itself, which is by threads. *why is
 * static, the reason where it was chosen, or NULL.
 */
const char *compose_disk_io(struct composer *c, const struct disk *disk, const char **why);
/* Whether it goes past the host's page cache: the caller's own memory to the disk. */
bool compose_is_direct(const struct disk *disk);
/* The block device of this path; NULL: it is none. */
const struct plan_block *compose_block(const struct composer *c, const char *path);
/* Whether the guest may write to a disk that is enabled. */
bool compose_is_written(const struct disk *disk);
void compose_ephemeral(struct composer *c); /* says what a throw-away start throws away */
void compose_image(struct composer *c, const struct disk *disk); /* can it be meant? */
/* Whether its file was looked for and is not there. */
bool compose_image_missing(const struct composer *c, const struct disk *disk);
/* Whether the disk's image lies on another computer's file system, by SMB. */
bool compose_image_is_smb(const struct composer *c, const struct disk *disk);
void compose_usb(struct composer *c);	      /* the controller, whoever may need it */
void compose_usb_devices(struct composer *c); /* the host's */
void compose_inputs(struct composer *c);
/* Whether keyboard and mouse of the guest are driven by the host's. */
bool compose_has_input(const struct composer *c);
/* A port of its own on the USB controller, written into a device's option; item asks for it (NULL:
 * the display), and words say what for.
 */
void compose_usb_port(struct composer *c, struct option *o, const struct item *item,
		      const char *words);
void compose_networks(struct composer *c);
void compose_network_steps(struct composer *c);
void compose_rng(struct composer *c);
void compose_shares(struct composer *c);
bool compose_has_virtiofs(const struct composer *c);   /* then memory is shared with it */
bool compose_has_vhost_user(const struct composer *c); /* likewise with a passt */
/* Why memory that a passt would have is not to be shared with it, which the caller owns; NULL: it
 * can. To be asked when the pages are chosen.
 */
char *compose_sharing_cost(const struct composer *c);
/* Whether memory-backend-ram can be given to another process. */
bool compose_shares_plain_memory(const struct composer *c);
void compose_tpm(struct composer *c);
void compose_console(struct composer *c);
void compose_serial_bus(struct composer *c); /* the controller "agentbus", once */
void compose_fw_cfg(struct composer *c);
void compose_sound(struct composer *c); /* behind the display */
void compose_display(struct composer *c);
void compose_glass(struct composer *c);
void compose_viewers(struct composer *c); /* behind display and Looking Glass */
void compose_sleep(struct composer *c);	  /* of the host; behind all that claims */
void compose_idle(struct composer *c);
void compose_monitors(struct composer *c);
void compose_raw(struct composer *c); /* behind all of ours */

/* The file that the profile names by this path (NULL: none), if it was read. */
const struct plan_file *compose_file(const struct composer *c, const char *path);

/* The path of a program that was looked up for the plan; NULL: there is none. */
const char *compose_program(const struct composer *c, const char *name);
/* The same with what is known of it. */
const struct plan_program *compose_program_known(const struct composer *c, const char *name);

/* Whether it is shown by QEMU itself: in a window, on a bus, or to nobody (egl-headless). */
bool compose_has_window(const struct composer *c);
void compose_screen(struct composer *c); /* then: says so to QEMU */

/* Whether the guest's sound goes to the viewer on the bus. */
bool compose_sound_is_dbus(const struct composer *c);

/* Whether the guest is shown by SPICE. */
bool compose_has_spice(const struct composer *c);

/* Whether QEMU draws with OpenGL. */
bool compose_has_gl(const struct composer *c);

/* The path of SPICE's socket, which the caller owns; NULL without SPICE. */
char *compose_spice_socket(const struct composer *c);

#endif
