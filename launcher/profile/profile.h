/* The typed profile: what the INI file, a variant and --set say together, with the place that each
 * value came from. The sections below are plain data; launcher/profile/keys.c says which key fills
 * which field.
 */
#ifndef PROFILE_PROFILE_H
#define PROFILE_PROFILE_H

#include "values.h"

enum guest { GUEST_OTHER, GUEST_LINUX, GUEST_WINDOWS };
enum placement_word {
	PLACEMENT_PERFORMANCE,
	PLACEMENT_EFFICIENCY,
	PLACEMENT_ANY,
	PLACEMENT_NONE,
};
enum accel { ACCEL_AUTO, ACCEL_KVM, ACCEL_TCG };
enum display {
	DISPLAY_AUTO,
	DISPLAY_NONE,
	DISPLAY_SPICE,
	DISPLAY_VNC,
	DISPLAY_GTK,
	DISPLAY_SDL,
	DISPLAY_DBUS,
	DISPLAY_EGL,
};
enum viewer { VIEWER_AUTO, VIEWER_RDP };
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
enum tpm { TPM_AUTO, TPM_EMULATED, TPM_HOST, TPM_NONE };
enum network_mode {
	NETWORK_AUTO,
	NETWORK_USER,
	NETWORK_PASST,
	NETWORK_BRIDGE,
	NETWORK_MACVTAP,
	NETWORK_TAP,
	NETWORK_NONE,
};
enum sound {
	SOUND_AUTO,
	SOUND_NONE,
	SOUND_SPICE,
	SOUND_DBUS,
	SOUND_PIPEWIRE,
	SOUND_PULSE,
	SOUND_ALSA,
	SOUNDS,
};
enum sound_model { SOUND_HDA, SOUND_USB, SOUND_VIRTIO };
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
	SLEEP_QUIT, /* and what has not ended in time is ended */
	SLEEP_IGNORE,
	SLEEPS,
};
enum idle_action { IDLE_NONE, IDLE_PAUSE, IDLE_SHUTDOWN, IDLE_ACTIONS };
enum network_model { MODEL_VIRTIO, MODEL_E1000E };

struct vm_section {
	struct text name;
	struct choice guest;
	struct number memory;
	struct text user;
	struct uuid uuid;
	struct machine_version machine;
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
	struct choice cpu_pm;
	struct flag isolate;
	struct flag move_irqs;
	struct text governor; /* NULL: as it is */
	struct text preference;
	struct cpu_flags flags;
	struct flag realtime;
};

struct hyperv_section {
	struct choice enabled;
	struct text vendor_id;
	struct flag relaxed, vapic, time, vpindex, synic, stimer, runtime, reset, frequencies,
		tlbflush, ipi, xmm_input, tlbflush_ext, stimer_direct, emsr_bitmap, tlbflush_direct,
		reenlightenment, evmcs, crash;
	struct choice avic, no_nonarch_coresharing;
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
	struct choice shared;
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
	struct boot_order order;
	struct flag menu;
};

struct tpm_section {
	struct choice type;
};

struct console_section {
	struct target serial;
	struct target virtio;
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
	struct choice viewer;
	struct text rdp_user;
	struct number usb_redirect;
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

struct idle_section {
	struct choice action;
	struct number after;
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
	struct number iothreads; /* automatic: as iothread says */
	struct number queues;
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
	struct mac mac;
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
	struct idle_section idle;
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

/* "disk system", or "disk" for one without a name; the caller owns it. */
char *item_text(const struct item *item);

#endif
