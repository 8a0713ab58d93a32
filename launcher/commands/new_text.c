/* The text of a new profile: few keys, each with what this host has to say about it. What the
 * defaults do well is left to them.
 */
#include "new.h"

#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/text.h"
#include "profile/ini_write.h"

#define GIB (1ULL << 30)
#define RESERVE (3 * GIB) /* for the host: memory.host-reserve, and what QEMU itself needs */

uint64_t new_memory(const struct memory_facts *memory)
{
	uint64_t half = memory->total / 2, spare;

	if (!memory->total)
		return 4 * GIB;
	spare = memory->available > RESERVE ? memory->available - RESERVE : 0;
	half = half < spare ? half : spare;
	/* The firmware and the kernel have their part of each GiB that somebody bought. */
	half = (half + GIB / 4) / GIB * GIB;
	if (half > 4 * GIB)
		half -= half / GIB % 2 * GIB;
	return half < GIB ? GIB : half;
}

static bool passes_gpu(const struct new_machine *m)
{
	return m->gpu->may && !kvm_reason(&m->facts->kvm);
}

static bool has_glass(const struct new_machine *m)
{
	return passes_gpu(m) && m->client;
}

/* Whether the guest has an emulated screen from the start. */
static bool has_screen(const struct new_machine *m)
{
	return !has_glass(m) && !m->spice;
}

static void put_example(struct ini_writer *w, const char *words, const char *more, const char *what)
{
	own_free char *line = xasprintf("vmlaunch %s%s", words, more);

	ini_code(w, "%-40s # %s", line, what);
}

static void put_head(struct ini_writer *w, const struct new_machine *m)
{
	own_free char *file = text_word(m->file), *plan = xasprintf("plan %s", file);
	const char *maker = m->facts->dmi[DMI_MANUFACTURER], *product = m->facts->dmi[DMI_PRODUCT];

	ini_comment(w, "%s%s%s%s%s.", "Written by 'vmlaunch new' for this computer",
		    *maker || *product ? ": " : "", maker, *maker && *product ? " " : "", product);
	ini_code(w, "%s", "");
	if (m->iso)
		put_example(w, file, " --variant install", "from the ISO, in an emulated screen");
	put_example(w, file, "", passes_gpu(m) ? "with the GPU" : "start it");
	if (passes_gpu(m))
		put_example(w, file, " --variant no-gpu", "when the GPU is wanted on the host");
	put_example(w, plan, "", "what would happen, and why; nothing is changed");
	ini_code(w, "%s", "");
	ini_comment(
		w,
		"'vmlaunch keys' tells all keys and what they are when they are left out. File names are relative to this file.");
	ini_gap(w);
}

static void put_vm(struct ini_writer *w, const struct new_machine *m)
{
	own_free char *memory = text_size(new_memory(&m->facts->memory));

	ini_put_section(w, "vm", "");
	ini_put(w, "guest", m->windows ? "windows" : "linux");
	if (m->facts->memory.total)
		ini_comment(w, "The host has %llu GiB.%s",
			    (unsigned long long)((m->facts->memory.total + GIB / 2) / GIB),
			    passes_gpu(m)
				    ? " A machine with a GPU holds all its memory from the start."
				    : "");
	ini_put(w, "memory", memory);
	ini_gap(w);
}

static void add_kind(struct buf *words, const struct cpu_topology *t, enum cpu_kind kind,
		     const char *what)
{
	own_free char *list = cpu_set_text(&t->kind[kind]);
	size_t cores = 0;

	for (size_t i = 0; i < t->cores; i++)
		cores += cpu_set_meets(&t->core[i], &t->kind[kind]);
	if (cores)
		buf_addf(words, "%s%zu %s%s (%s)", words->len ? ", " : "", cores, what,
			 cores == 1 ? "" : "s", list);
}

static void put_cpu(struct ini_writer *w, const struct new_machine *m)
{
	const struct cpu_topology *t = &m->facts->cpu.topology;
	own_buf struct buf words = {0};
	bool hybrid = cpu_is_hybrid(t);

	add_kind(&words, t, CPU_PERFORMANCE, hybrid ? "P-core" : "core");
	add_kind(&words, t, CPU_EFFICIENCY, "E-core");
	add_kind(&words, t, CPU_LOW_POWER, "LP-E-core");
	ini_put_section(w, "cpu", "");
	if (words.len)
		ini_comment(w, "The host has %s.", words.data);
	if (passes_gpu(m)) {
		ini_comment(
			w,
			"The guest gets whole %s, siblings as siblings, all that the host can spare; 'vmlaunch cpus %s' shows which.",
			hybrid ? "P-cores" : "cores", m->file);
		ini_put_off(w, "placement", "performance");
	} else {
		ini_comment(w,
			    "The guest gets half of them, and runs where the scheduler puts it.");
		ini_put_off(w, "cores", "4");
	}
	ini_gap(w);
}

static void put_gpu_words(struct ini_writer *w, const struct new_machine *m)
{
	const struct guest_gpu *gpu = m->gpu;
	own_buf struct buf others = {0};
	char address[PCI_ADDRESS_SIZE];

	for (size_t i = 0; i < gpu->board.n; i++)
		if (gpu->board.v[i] != gpu->function)
			buf_addf(&others, "%s%s (%s)", others.len ? ", " : "",
				 pci_address_format(&gpu->board.v[i]->address, address),
				 pci_class_words(gpu->board.v[i]->class));
	ini_comment(
		w, "%s%s%s at %s%s%s.",
		m->name->vendor_name ? m->name->vendor_name : pci_class_words(gpu->function->class),
		m->name->device_name ? " " : "", m->name->device_name ? m->name->device_name : "",
		pci_address_format(&gpu->function->address, address),
		others.len ? ", and with it " : "", others.len ? others.data : "");
}

/* What stands in its way, as a plan would say it. Who has it open just now is no matter of a
 * profile's.
 */
static void put_obstacles(struct ini_writer *w, const struct new_machine *m)
{
	const struct guest_gpu *gpu = m->gpu;

	if (gpu->only)
		ini_comment(w, "The host has no other one to show its own picture with.");
	if (kvm_reason(&m->facts->kvm))
		ini_comment(w, "A host device needs KVM: %s.", kvm_reason(&m->facts->kvm));
	for (size_t i = 0; i < gpu->obstacles.n; i++) {
		own_free char *sentence = obstacle_sentence(&gpu->obstacles.v[i]);

		if (obstacle_weight(gpu->obstacles.v[i].kind) == WEIGHT_REFUSED)
			ini_comment(w, "%s.", sentence);
	}
}

/* By its id, which survives renumbering, where it is the only one of that. */
static char *device_words(const struct new_machine *m)
{
	const struct pci_function *f = m->gpu->function;
	const struct pci_list *list = &m->facts->devices.pci;
	char address[PCI_ADDRESS_SIZE];
	size_t same = 0;

	for (size_t i = 0; i < list->n; i++)
		same += list->v[i].vendor == f->vendor && list->v[i].device == f->device;
	if (same == 1)
		return xasprintf("%04x:%04x", f->vendor, f->device);
	return xasprintf("%s=%04x:%04x", pci_address_format(&f->address, address), f->vendor,
			 f->device);
}

/* A laptop's driver looks for the ids of its maker, which not every firmware leaves in the card. */
static void put_ids(struct ini_writer *w, const struct guest_gpu *gpu)
{
	const struct pci_function *first = gpu->board.v[0];
	bool all = true;

	for (size_t i = 0; i < gpu->board.n; i++)
		all &= gpu->board.v[i]->has_subsystem;
	if (all)
		return;
	if (first->has_subsystem) {
		ini_comment(w, "What has no subsystem ids of its own gets those of the board.");
		ini_putf(w, "ids", "%04x:%04x:%04x:%04x", first->vendor, first->device,
			 first->subvendor, first->subdevice);
		return;
	}
	ini_comment(
		w,
		"It has no subsystem ids here. If the guest's driver ends in Code 43: Windows on the bare machine shows them as SUBSYS, the device before the vendor; %04x:%04x:SUBVENDOR:SUBDEVICE gives them to the guest.",
		first->vendor, first->device);
	ini_put(w, "ids", "none");
}

static void put_gpu(struct ini_writer *w, const struct new_machine *m)
{
	own_free char *device = NULL;

	if (!m->gpu->function) {
		ini_comment(
			w,
			"This host has no GPU beside the processor's own, so there is no [gpu] section.");
		ini_gap(w);
		return;
	}
	device = device_words(m);
	ini_put_section(w, "gpu", "");
	put_gpu_words(w, m);
	if (!passes_gpu(m)) {
		ini_comment(w, "It cannot be given to a guest as things are:");
		put_obstacles(w, m);
		ini_put(w, "enabled", "no");
	}
	ini_put(w, "device", device);
	put_ids(w, m->gpu);
	if (passes_gpu(m)) {
		ini_comment(
			w,
			"If the guest's driver ends in Code 43 and 'vmlaunch probe %s' sees no ROM: 'vmlaunch rom dump' makes one.",
			m->file);
		ini_put_off(w, "rom", "card.rom");
	}
	ini_gap(w);
}

static void put_firmware(struct ini_writer *w, const struct new_machine *m)
{
	if (m->windows && passes_gpu(m)) {
		ini_put_section(w, "smbios", "");
		ini_comment(
			w,
			"Windows sees this computer's maker and model. A battery and a notebook's case come by themselves where the host is a laptop.");
		ini_put(w, "copy-host", "yes");
		ini_gap(w);
	}
	ini_put_section(w, "firmware", "");
	ini_comment(w, "UEFI. Some GPU drivers do not load with Secure Boot.");
	ini_put(w, "secure-boot", "no");
	ini_gap(w);
}

static void put_glass(struct ini_writer *w, const struct new_machine *m)
{
	own_free char *size =
		m->width ? xasprintf("%ux%u", m->width, m->height) : xstrdup("1920x1080");

	ini_put_section(w, "looking-glass", "");
	ini_comment(
		w,
		"The GPU's picture in a window, at most so large%s. The guest needs a monitor on the GPU (one in its socket, a dummy plug, or a virtual display driver) and the 'Looking Glass (host)'.",
		m->width ? " as this computer's screen" : "");
	if (!m->client)
		ini_comment(w, "Its client is not installed here: %s.", m->install_client);
	if (has_glass(m))
		ini_put(w, "resolution", size);
	else
		ini_put_off(w, "resolution", size);
	ini_gap(w);
}

static void put_display(struct ini_writer *w, const struct new_machine *m)
{
	if (passes_gpu(m))
		put_glass(w, m);
	if (has_glass(m))
		return;
	ini_put_section(w, "display", "");
	if (m->spice) {
		ini_comment(w, "QEMU has no SPICE here, so nothing shows a picture: %s.", m->spice);
		ini_put_off(w, "type", "spice");
		ini_gap(w);
		return;
	}
	ini_comment(
		w, "%s",
		passes_gpu(m)
			? "An emulated screen beside the GPU's, in remote-viewer, until the guest has its driver. With Looking Glass these three lines are not needed."
			: "In remote-viewer, with sound and clipboard.");
	ini_put(w, "type", "spice");
	if (passes_gpu(m))
		ini_put(w, "video", "yes");
	ini_put(w, "start-viewer", "yes");
	ini_gap(w);
}

static void put_cdrom(struct ini_writer *w, const char *name, const char *path)
{
	ini_put_section(w, "disk", name);
	ini_put(w, "path", path);
	ini_put(w, "media", "cdrom");
	ini_put(w, "enabled", "no");
	ini_gap(w);
}

/* A stick, as Windows' installer looks for answers on what can be pulled out. */
static void put_kit(struct ini_writer *w, const struct new_machine *m)
{
	ini_put_section(w, "disk", "kit");
	ini_put(w, "path", m->kit);
	ini_put(w, "format", "raw");
	ini_put(w, "bus", "usb");
	ini_put(w, "removable", "yes");
	ini_put(w, "read-only", "yes");
	ini_put(w, "enabled", "no");
	ini_gap(w);
}

static void put_disks(struct ini_writer *w, const struct new_machine *m)
{
	ini_put_section(w, "disk", "system");
	ini_put(w, "path", m->disk);
	if (m->windows && !m->drivers) {
		ini_comment(
			w,
			"Windows finds it as it is. With the driver of virtio-win.iso, virtio-blk is faster.");
		ini_put(w, "bus", "nvme");
	}
	ini_comment(w, "What the guest deletes is given back to the host's file system.");
	ini_put(w, "discard", "yes");
	ini_gap(w);
	if (!m->iso && !m->drivers)
		return;
	ini_comment(w, "In use with the variant install alone.%s",
		    m->drivers && m->windows
			    ? " Windows' installer loads the disk's driver from the second one."
			    : "");
	if (m->iso)
		put_cdrom(w, "install", m->iso);
	if (m->drivers)
		put_cdrom(w, "drivers", m->drivers);
	if (m->kit)
		put_kit(w, m);
}

static void put_network(struct ini_writer *w, const struct new_machine *m)
{
	ini_put_section(w, "network", "lan");
	ini_put(w, "mode", "user");
	if (m->windows && !m->drivers) {
		ini_comment(
			w, "Windows has a driver for it. virtio is faster, with virtio-win.iso's.");
		ini_put(w, "model", "e1000e");
	}
	if (m->kit) {
		ini_comment(w, "RDP at 127.0.0.1, which the kit has Windows answer.");
		ini_put_off(w, "forward", "tcp 3389");
	}
	ini_gap(w);
}

/* The kit installs the guest agent where the drivers' CD has it. */
static void put_console(struct ini_writer *w, const struct new_machine *m)
{
	if (!m->kit || !m->drivers)
		return;
	ini_put_section(w, "console", "");
	ini_put(w, "guest-agent", "yes");
	ini_gap(w);
}

/* The GPU stays with the host, and the picture comes from an emulated card. */
static void put_without_gpu(struct ini_writer *w, const struct new_machine *m)
{
	if (passes_gpu(m))
		ini_put_override(w, "gpu", "", "enabled", "no");
	if (has_glass(m))
		ini_put_override(w, "looking-glass", "", "resolution", "none");
	if (!has_screen(m) && !m->spice) {
		ini_put_override(w, "display", "", "type", "spice");
		ini_put_override(w, "display", "", "start-viewer", "yes");
	}
}

static void put_variants(struct ini_writer *w, const struct new_machine *m)
{
	if (m->iso || m->drivers) {
		if (m->kit)
			ini_comment(
				w,
				"The kit answers what the installer asks, all but which edition it is to be, and makes partitions on a disk without any. The installer's checks for a TPM and Secure Boot are off where the machine has none.");
		else if (m->windows)
			ini_comment(
				w,
				"The installer of Windows 11 asks for Secure Boot, and for a TPM, which the guest has where swtpm is installed: Shift+F10, regedit, and in HKLM\\SYSTEM\\Setup\\LabConfig BypassSecureBootCheck and BypassTPMCheck = 1 (dwords) say that it does without.");
		ini_put_section(w, "variant", "install");
		put_without_gpu(w, m);
		if (m->iso)
			ini_put_override(w, "disk", "install", "enabled", "yes");
		if (m->drivers)
			ini_put_override(w, "disk", "drivers", "enabled", "yes");
		if (m->kit)
			ini_put_override(w, "disk", "kit", "enabled", "yes");
		ini_put_override(w, "boot", "", "menu", "yes");
		ini_gap(w);
	}
	if (!passes_gpu(m))
		return;
	ini_put_section(w, "variant", "no-gpu");
	put_without_gpu(w, m);
}

char *new_text(const struct new_machine *m)
{
	own_ini_writer struct ini_writer w = {0};

	put_head(&w, m);
	put_vm(&w, m);
	put_cpu(&w, m);
	put_gpu(&w, m);
	put_firmware(&w, m);
	put_display(&w, m);
	put_disks(&w, m);
	put_network(&w, m);
	put_console(&w, m);
	put_variants(&w, m);
	return ini_text(&w);
}
