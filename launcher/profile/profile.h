/* The typed profile: what the INI file, a variant and --set say together, with the place that each
 * value came from. The sections below are plain data; launcher/profile/keys.c says which key fills
 * which field.
 */
#ifndef PROFILE_PROFILE_H
#define PROFILE_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cpu_set.h"
#include "base/error.h"
#include "base/pci_address.h"
#include "base/usb_selector.h"
#include "base/uuid.h"

struct section_keys;
struct key;
struct item;

/* Where a value came from. A later kind overrides an earlier one. */
enum origin_kind { ORIGIN_DEFAULT, ORIGIN_FILE, ORIGIN_VARIANT, ORIGIN_SET };

/* Each value of the profile, given or not, knows which key it is the value of: the rows of keys.c,
 * and where the section may stand several times, which of them.
 */
struct origin {
	enum origin_kind kind;
	unsigned line; /* of the file, from 1; of --set: its number among them, from 1 */
	unsigned column;
	const struct section_keys *section; /* NULL: of no key */
	const struct key *key;		    /* NULL: of the section as a whole */
	const struct item *item;	    /* NULL: its section stands once */
};

/* A value is "automatic" when the profile says (or defaults to) auto. */
struct text {
	char *v; /* NULL when not given, or automatic */
	bool automatic;
	struct origin at;
};

struct number {
	uint64_t v; /* in the unit of its kind: count, bytes or milliseconds */
	bool automatic;
	struct origin at;
};

struct flag {
	bool v;
	struct origin at;
};

struct choice {
	int v; /* an enumerator of the key's own list */
	struct origin at;
};

struct strings {
	char **v;
	struct origin *at; /* one for each */
	size_t n;
};

/* Devices of the host's. */
struct pci_pick {
	struct pci_selector v;
	bool given;
	struct origin at;
};

struct usb_pick {
	struct usb_selector v;
	bool given;
	struct origin at;
};

/* Functions of a slot of the host's. */
struct slots {
	bool all;   /* that go along by the rules of host/pci.h */
	unsigned v; /* else a bit for each */
	struct origin at;
};

/* "0,1", or "all"; the caller owns it. */
char *slots_text(const struct slots *slots);

/* A slot of the guest behind a root port. */
struct guest_slot {
	unsigned bus; /* from 1; 0: the next one */
	struct origin at;
};

/* Vendor, device, and the subsystem's two. */
enum ids_kind { IDS_GIVEN, IDS_HOST, IDS_NONE };

#define GPU_FUNCTIONS 8 /* of a slot */

struct pci_ids {
	enum ids_kind kind;
	unsigned v[GPU_FUNCTIONS][4];
	size_t n; /* of IDS_GIVEN */
	struct origin at;
};

/* Processors of the host's. */
struct cpus {
	bool given; /* false: automatic */
	int word;   /* an enumerator of the key's own list; CPUS_LISTED: what v has */
	struct cpu_set v;
	struct origin at;
};

#define CPUS_LISTED (-1)

struct uuid {
	uint8_t v[UUID_BYTES];
	bool given;
	struct origin at;
};

/* Of a screen, in pixels. */
struct resolution {
	unsigned width, height; /* 0: none */
	struct origin at;
};

/* Where a stream of bytes from the guest goes. */
enum target_kind { TARGET_NONE, TARGET_TERMINAL, TARGET_FILE };

struct target {
	enum target_kind kind;
	char *path; /* of TARGET_FILE */
	struct origin at;
};

/* Ports of the host whose connections or packets go to the guest. */
enum forward_protocol { FORWARD_TCP, FORWARD_UDP };

struct forward {
	enum forward_protocol protocol;
	uint32_t address;     /* of the host, IPv4, in the host's byte order; 0: all of them */
	uint16_t host, guest; /* the first port on either side, never 0 */
	uint16_t ports;	      /* how many, from there on */
	struct origin at;
};

struct forwards {
	struct forward *v;
	size_t n;
};

#define FORWARD_PORTS 256 /* of one value */

enum guest { GUEST_OTHER, GUEST_LINUX, GUEST_WINDOWS };
enum placement_word {
	PLACEMENT_PERFORMANCE,
	PLACEMENT_EFFICIENCY,
	PLACEMENT_ANY,
	PLACEMENT_NONE,
};
enum accel { ACCEL_AUTO, ACCEL_KVM, ACCEL_TCG };
enum display { DISPLAY_AUTO, DISPLAY_NONE, DISPLAY_SPICE, DISPLAY_VNC };
enum glass { GLASS_AUTO, GLASS_KVMFR, GLASS_SHM };
enum when { WHEN_AUTO, WHEN_YES, WHEN_NO };
enum disk_format { DISK_AUTO, DISK_RAW, DISK_QCOW2, DISK_VMDK, DISK_VHDX };
enum disk_media { MEDIA_DISK, MEDIA_CDROM };
enum disk_bus { BUS_AUTO, BUS_VIRTIO_BLK, BUS_VIRTIO_SCSI, BUS_NVME, BUS_SATA, BUS_USB };
enum disk_rotation { ROTATION_AUTO, ROTATION_SSD, ROTATION_HDD };
enum disk_cache {
	CACHE_WRITEBACK,
	CACHE_NONE,
	CACHE_WRITETHROUGH,
	CACHE_DIRECTSYNC,
	CACHE_UNSAFE,
};
enum disk_io { IO_AUTO, IO_THREADS, IO_NATIVE, IO_URING };
enum on_off { ONOFF_AUTO, ONOFF_ON, ONOFF_OFF };
enum layout { LAYOUT_ONE_SLOT, LAYOUT_SEPARATE };
enum hugepages { HUGEPAGES_AUTO, HUGEPAGES_OFF, HUGEPAGES_2M, HUGEPAGES_1G };
enum irqchip { IRQCHIP_AUTO, IRQCHIP_KERNEL, IRQCHIP_SPLIT, IRQCHIP_OFF };
enum rtc_base { RTC_AUTO, RTC_UTC, RTC_LOCALTIME };
enum lost_ticks { TICKS_AUTO, TICKS_DELAY, TICKS_DISCARD };
enum watchdog { WATCHDOG_NONE, WATCHDOG_RESET, WATCHDOG_POWEROFF };
enum share_type { SHARE_AUTO, SHARE_VIRTIOFS, SHARE_9P };
enum tpm { TPM_AUTO, TPM_EMULATED, TPM_NONE };
enum network_mode {
	NETWORK_AUTO,
	NETWORK_USER,
	NETWORK_PASST,
	NETWORK_BRIDGE,
	NETWORK_MACVTAP,
	NETWORK_TAP,
	NETWORK_NONE,
};
enum sound { SOUND_AUTO, SOUND_NONE, SOUND_SPICE, SOUND_PIPEWIRE, SOUND_PULSE, SOUND_ALSA };
enum sound_model { SOUND_HDA, SOUND_USB };
enum grab_toggle {
	TOGGLE_CTRL_CTRL,
	TOGGLE_ALT_ALT,
	TOGGLE_SHIFT_SHIFT,
	TOGGLE_META_META,
	TOGGLE_SCROLLLOCK,
	TOGGLE_CTRL_SCROLLLOCK,
};
enum host_sleep {
	SLEEP_AUTO,
	SLEEP_BLOCK,
	SLEEP_PAUSE,
	SLEEP_SHUTDOWN,
	SLEEP_IGNORE,
	SLEEPS,
};
enum network_model { MODEL_VIRTIO, MODEL_E1000E };

struct vm_section {
	struct text name;
	struct choice guest;
	struct number memory;
	struct text user;
	struct uuid uuid;
	struct text machine;
};

struct cpu_section {
	struct number cores;
	struct number threads;
	struct cpus placement; /* enum placement_word */
	struct cpus emulator;
	struct cpus iothread;
	struct text model;
	struct choice accel;
	struct choice irqchip;
	struct number phys_bits;
	struct choice hide_hypervisor;
	struct flag hypervisor_bit;
	struct flag isolate;
	struct flag move_irqs;
	struct text governor; /* NULL: as it is */
	struct text preference;
	struct strings flags; /* "+invtsc", "-vmx" */
	struct flag realtime;
};

struct hyperv_section {
	struct choice enabled;
	struct text vendor_id;
	struct flag relaxed, vapic, time, vpindex, synic, stimer, runtime, reset, frequencies,
		tlbflush, ipi;
	struct number spinlocks;
};

struct machine_section {
	struct choice rtc;
	struct flag rtc_drift_fix;
	struct choice pit_lost_ticks;
	struct choice hpet;
	struct choice smm;
	struct flag vmport;
	struct choice s3, s4;
	struct choice watchdog;
	struct flag pvpanic, vmcoreinfo;
};

struct smbios_section {
	struct flag copy_host;
	struct text manufacturer, product, version, serial, sku, family;
	struct text board_manufacturer, board_product, board_version, board_serial;
	struct number chassis_type;
	struct text chassis_manufacturer, chassis_version, chassis_serial;
	struct text bios_vendor, bios_version, bios_date;
	struct strings oem_strings;
};

enum iommu_way { IOMMU_AUTO, IOMMU_GROUP, IOMMU_IOMMUFD };

struct memory_section {
	struct choice hugepages;
	struct number host_reserve;
	struct flag drop_caches;
	struct flag lock;
	struct choice iommu;
};

struct firmware_section {
	struct flag uefi;
	struct flag secure_boot;
	struct text code;
	struct text vars;
	struct flag reset_vars;
	struct number mmio64;
};

struct boot_section {
	struct text kernel;
	struct text initrd;
	struct text append;
	struct strings order;
	struct flag menu;
};

struct tpm_section {
	struct choice type;
};

struct console_section {
	struct target serial;
	struct target debug_port;
	struct flag guest_agent;
};

struct battery_section {
	struct choice present;
	struct number capacity;
	struct flag nvidia_power;
};

struct display_section {
	struct choice type;
	struct choice video;
	struct flag usb_mouse;
	struct flag start_viewer;
	struct choice gl;
	struct text render_node;
};

struct glass_section {
	struct resolution resolution;
	struct choice backend;
	struct number size;
	struct text file;
	struct flag start_client;
	struct text client;
};

struct sound_section {
	struct choice type;
	struct choice model;
};

struct host_section {
	struct choice sleep;
};

struct shutdown_section {
	struct number again;
	struct number force_within;
	struct number quit;
	struct number terminate;
	struct number kill;
};

struct qemu_section {
	struct text binary;
	struct strings arg;
	struct strings env;
	struct strings may_open;
};

/* What every section that may stand several times begins with. */
struct item {
	const char *section; /* "disk" */
	char *name;	     /* "system"; "" for a section without a name */
	struct origin at;    /* its header */
	struct flag enabled;
};

struct disk {
	struct item item;
	struct text path;
	struct choice format;
	struct number create; /* 0: never */
	struct choice media;
	struct choice bus;
	struct text serial;
	struct choice rotation;
	struct flag removable;
	struct flag read_only;
	struct choice cache;
	struct choice io;
	struct flag discard;
	struct flag detect_zeroes;
	struct flag iothread;
};

/* A USB device of the host's. */
struct usb {
	struct item item;
	struct usb_pick device;
};

/* A keyboard or mouse of the host's, by its events. */
struct input {
	struct item item;
	struct text device;
	struct choice grab_toggle;
	struct flag grab_all;
	struct flag repeat;
};

/* A text or a file that the guest reads from QEMU's fw_cfg. */
struct fw_cfg {
	struct item item;
	struct text name;
	struct text string;
	struct text file;
};

/* A table of the user's own. */
struct acpi_item {
	struct item item;
	struct text file;
};

/* A board with its functions. */
struct gpu {
	struct item item;
	struct pci_pick device;
	struct slots functions;
	struct pci_ids ids;
	struct guest_slot guest_slot;
	struct choice layout;
	struct text rom[GPU_FUNCTIONS]; /* by the function's number in the guest */
	struct flag rom_bar;
	struct choice rom_acpi;
	struct text dsm;
	struct flag x_vga;
	struct flag igd_opregion;
	struct flag keep_awake;
	struct choice reset; /* enum reset_way */
	struct flag vf;	     /* device is the physical function, which stays the host's */
	struct number vf_count;
	struct number vf_time; /* milliseconds */
	struct number vf_memory;
	struct text mdev; /* a type: then device is the parent, which stays the host's */
	struct uuid uuid;
	struct choice display;
	struct flag ramfb;
	struct number xres, yres;
};

/* Any other function of the host's. */
struct pci {
	struct item item;
	struct pci_pick device;
};

/* A directory of the host's that the guest mounts. */
struct share {
	struct item item;
	struct text path;
	struct text tag;
	struct flag read_only;
	struct choice type;
};

struct network {
	struct item item;
	struct choice mode;
	struct text mac;
	struct choice model;
	struct forwards forward;
	struct text tap;
	struct text bridge;
	struct text interface;
	struct number queues;
};

/* The sections of one kind in the order in which the profile first names them. */
struct items {
	struct item **v;
	size_t n;
};

struct profile {
	char *path; /* as it was given: the "file" of messages */
	char *dir;  /* absolute directory that relative paths are resolved against */
	char *variant;
	char **set; /* the --set words, for messages */
	size_t sets;
	char **known; /* the variants that the file has */
	size_t knowns;

	struct vm_section vm;
	struct cpu_section cpu;
	struct hyperv_section hyperv;
	struct machine_section machine;
	struct memory_section memory;
	struct smbios_section smbios;
	struct firmware_section firmware;
	struct boot_section boot;
	struct tpm_section tpm;
	struct console_section console;
	struct battery_section battery;
	struct display_section display;
	struct sound_section sound;
	struct glass_section glass;
	struct host_section host;
	struct shutdown_section shutdown;
	struct qemu_section qemu;
	struct items disk;
	struct items network;
	struct items share;
	struct items acpi;
	struct items fw_cfg;
	struct items gpu;
	struct items pci;
	struct items usb;
	struct items input;
};

/* Reads the profile at path, the variant (NULL: none) over it, and the n --set words SECTION[/NAME]
 * .KEY=VALUE over that. All that is wrong is told at once (ERROR_USAGE), missing files included;
 * then NULL. Relative paths are resolved against the file's directory, in --set words against the
 * current one.
 */
struct profile *profile_load(const char *path, const char *variant, char *const *set, size_t sets,
			     struct error **err);

/* The same without a look at the files that it names: for root, who will be somebody else when they
 * are used, and calls profile_check_files() then.
 */
struct profile *profile_load_unchecked(const char *path, const char *variant, char *const *set,
				       size_t sets, struct error **err);

/* The same from text that was read already; path is only a name for messages and the directory. */
struct profile *profile_parse(const char *path, const char *text, size_t len, const char *variant,
			      char *const *set, size_t sets, struct error **err);

/* Whether all files that the enabled sections name are there, of a usable kind and open to this
 * user, and none is the disk of two sections of which one writes.
 */
bool profile_check_files(const struct profile *p, struct error **err);

/* Accepts NULL. */
void profile_free(struct profile *p);
static inline void own_profile_(struct profile **p)
{
	profile_free(*p);
}
#define own_profile own_with(own_profile_)

/* "win11.ini:3:10", "--set vm.memory=4G" or "default"; the caller owns it. */
char *origin_text(const struct profile *p, struct origin at);

/* "vm.memory", "disk system.path", or "smbios" for a section as a whole: a key as every message
 * spells it; the caller owns it.
 */
char *key_text(const struct origin *at);

/* "tcp 127.0.0.1:3389-3389", as a profile may have it; the caller owns it. */
char *forward_text(const struct forward *forward);

/* "disk system", or "disk" for one without a name; the caller owns it. */
char *item_text(const struct item *item);

#endif
