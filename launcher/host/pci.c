/* One PCI function out of sysfs. */
#include "pci.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"

#define DEVICES "/sys/bus/pci/devices"

/* The kernel's resource flags (linux/ioport.h), which sysfs shows as they are. */
#define FLAG_IO 0x100U
#define FLAG_MEM 0x200U
#define FLAG_PREFETCH 0x2000U
#define FLAG_MEM64 0x100000U
#define FLAG_UNSET 0x20000000U

/* Where to look: the function's directory, as a root of its own. There are dozens of functions with
 * two dozen files each, and the way to the directory, links and all, is longer than all else.
 */
struct place {
	const struct root *root;
	struct root dir;
	char name[PCI_ADDRESS_SIZE];
};

static char *attribute_line(const struct place *at, const char *attribute)
{
	return root_line(&at->dir, "/%s", attribute);
}

/* A number, or what stands for "unknown". */
static long attribute_number(const struct place *at, const char *attribute, long unknown)
{
	own_free char *text = attribute_line(at, attribute);
	char *end;
	long value;

	if (!text)
		return unknown;
	errno = 0;
	value = strtol(text, &end, 0);
	return errno || end == text || *end ? unknown : value;
}

static char *link_base(const struct place *at, const char *attribute)
{
	own_free char *target = root_readlink(&at->dir, "/%s", attribute);

	return target ? xstrdup(path_base(target)) : NULL;
}

/* Lines of "start end flags": six BARs, the ROM, then what a bridge forwards. */
static void read_bars(struct pci_function *f, const struct place *at)
{
	own_free char *text = root_read(&at->dir, "/resource");
	char *s = text;

	for (unsigned i = 0; s && i < PCI_BARS; i++) {
		uint64_t start = strtoull(s, &s, 16), last = strtoull(s, &s, 16);
		uint64_t flags = strtoull(s, &s, 16);

		if (!(flags & (FLAG_IO | FLAG_MEM)) || last <= start || pci_is_bridge(f))
			continue;
		f->bar[f->bars++] = (struct pci_bar){
			.index = i,
			.kind = flags & FLAG_IO	     ? PCI_BAR_IO
				: flags & FLAG_MEM64 ? PCI_BAR_MEM64
						     : PCI_BAR_MEM32,
			.prefetch = flags & FLAG_PREFETCH,
			.unset = flags & FLAG_UNSET,
			.start = start,
			.size = last - start + 1,
		};
	}
}

/* Configuration space (PCI Local Bus 3.0, 6.2.5.1). */
#define CONFIG_BARS 0x10
#define CONFIG_READABLE 64 /* by everybody */

static uint32_t register_of(const char *config, unsigned bar)
{
	const unsigned char *p = (const unsigned char *)config + CONFIG_BARS + (size_t)bar * 4;

	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static bool has_bar(const struct pci_function *f, unsigned index)
{
	for (size_t i = 0; i < f->bars; i++)
		if (f->bar[i].index == index ||
		    (f->bar[i].kind == PCI_BAR_MEM64 && f->bar[i].index + 1 == index))
			return true;
	return false;
}

/* A GPU's memory, or a window into it: 128 MiB and more since 2006. */
#define APERTURE (64U << 20)

static bool has_aperture(const struct pci_function *f)
{
	for (size_t i = 0; i < f->bars; i++)
		if (f->bar[i].prefetch && f->bar[i].size >= APERTURE)
			return true;
	return false;
}

/* The kernel forgets a BAR that it found no room for (reset_resource() in its
 * drivers/pci/setup-bus.c): only the register says still that it is one, if of memory with 64 bits.
 * Configuration space stays closed but for a GPU that lacks its largest BAR, and is awake.
 */
static void find_lost_bars(struct pci_function *f, const struct place *at)
{
	own_fd int fd = -1;
	char config[CONFIG_READABLE];

	if (!pci_is_display(f) || f->is_vf || has_aperture(f) || !f->power_state ||
	    strcmp(f->power_state, "D0") != 0)
		return;
	fd = root_open(&at->dir, "/config", O_RDONLY);
	if (fd < 0 || read(fd, config, sizeof(config)) != sizeof(config))
		return;
	for (unsigned i = 0; i < PCI_BARS; i++) {
		uint32_t value = register_of(config, i);

		if ((value & 7) == 4 && !has_bar(f, i) && f->bars < PCI_BARS)
			f->bar[f->bars++] = (struct pci_bar){.index = i,
							     .kind = PCI_BAR_MEM64,
							     .prefetch = value & 8,
							     .unset = true};
	}
}

static void read_reset(struct pci_function *f, const struct place *at)
{
	own_free char *methods = attribute_line(at, "reset_method");
	char *rest = methods, *word;

	while (rest && (word = strsep(&rest, " \t")))
		if (*word)
			*xappend(f->reset, f->resets) = xstrdup(word);
	f->can_reset = f->resets || (!methods && root_exists(&at->dir, "/reset"));
}

static void read_power(struct pci_function *f, const struct place *at)
{
	f->power_state = attribute_line(at, "power_state");
	f->runtime_status = attribute_line(at, "power/runtime_status");
	f->power_control = attribute_line(at, "power/control");
	f->d3cold_allowed = (int)attribute_number(at, "d3cold_allowed", -1);
}

/* The function's place in the tree: what the link in /sys/bus/pci points at. */
static void read_path(struct pci_function *f, const struct place *at)
{
	own_free char *target = root_readlink(at->root, DEVICES "/%s", at->name), *above = NULL;
	const char *s = target;

	while (s && text_starts(s, "../"))
		s += 3;
	f->path = s && text_starts(s, "devices/") ? xasprintf("/sys/%s", s)
						  : xasprintf(DEVICES "/%s", at->name);
	above = path_dir(f->path);
	f->has_parent = pci_path_nearest(above, &f->parent);
}

static void read_driver(struct pci_function *f, const struct place *at)
{
	f->driver = link_base(at, "driver");
}

static void read_group(struct pci_function *f, const struct place *at)
{
	own_free char *base = link_base(at, "iommu_group");
	uint64_t group;

	f->group = base && text_u64(base, 10, &group) && group < 1U << 24 ? (int)group : -1;
}

static void read_virtual(struct pci_function *f, const struct place *at)
{
	own_free char *physfn = link_base(at, "physfn");

	f->is_vf = physfn && pci_address_parse(physfn, &f->physfn);
	f->totalvfs = (unsigned)attribute_number(at, "sriov_totalvfs", 0);
	f->vf_offset = (unsigned)attribute_number(at, "sriov_offset", 0) & 0xffff;
	f->vf_stride = (unsigned)attribute_number(at, "sriov_stride", 0) & 0xffff;
	if (!f->totalvfs)
		return;
	if (root_exists(at->root, DEVICES "/%s/sriov_admin/vf1/profile/exec_quantum_ms", at->name))
		f->vf_shares |= VF_SHARE_TIME;
	if (root_exists(at->root, DEVICES "/%s/sriov_admin/vf1/profile/vram_quota", at->name))
		f->vf_shares |= VF_SHARE_MEMORY;
}

static bool read_ids(struct pci_function *f, const struct place *at)
{
	long vendor = attribute_number(at, "vendor", -1),
	     device = attribute_number(at, "device", -1);
	long subvendor = attribute_number(at, "subsystem_vendor", 0);
	long subdevice = attribute_number(at, "subsystem_device", 0);

	if (vendor < 0 || device < 0)
		return false;
	f->vendor = (uint16_t)vendor;
	f->device = (uint16_t)device;
	f->subvendor = (uint16_t)subvendor;
	f->subdevice = (uint16_t)subdevice;
	f->has_subsystem = f->subvendor || f->subdevice;
	f->class = (uint32_t)attribute_number(at, "class", 0xff0000) & 0xffffff;
	f->revision = (uint8_t)attribute_number(at, "revision", 0);
	return true;
}

static bool read_all(struct pci_function *f, const struct place *at)
{
	if (!read_ids(f, at))
		return false;
	read_path(f, at);
	read_driver(f, at);
	f->modalias = attribute_line(at, "modalias");
	read_group(f, at);
	f->numa_node = (int)attribute_number(at, "numa_node", -1);
	read_bars(f, at);
	f->has_rom = root_exists(&at->dir, "/rom");
	f->boot_vga = attribute_number(at, "boot_vga", 0) == 1;
	read_power(f, at);
	read_reset(f, at);
	read_virtual(f, at);
	find_lost_bars(f, at);
	return true;
}

bool pci_function_read(struct pci_function *f, const struct root *root,
		       const struct pci_address *address)
{
	struct place at = {.root = root, .dir = {.fd = -1}};
	own_free char *path = NULL;
	bool good;

	*f = (struct pci_function){.address = *address, .group = -1};
	pci_address_format(address, at.name);
	path = xasprintf(DEVICES "/%s", at.name);
	at.dir.fd = root_open(root, path, O_PATH | O_DIRECTORY);
	good = at.dir.fd >= 0 && read_all(f, &at);
	root_done(&at.dir);
	return good;
}

void pci_function_free(struct pci_function *f)
{
	free(f->path);
	free(f->driver);
	free(f->driver_override);
	free(f->modalias);
	free(f->power_state);
	free(f->runtime_status);
	free(f->power_control);
	names_free(f->reset, f->resets);
	*f = (struct pci_function){.group = -1};
}
