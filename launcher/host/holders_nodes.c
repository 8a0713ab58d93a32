/* The nodes of a function. The kernel's device model has all but NVIDIA's: whatever is registered
 * below the function and has a device number carries it in an attribute "dev", beside a "uevent"
 * with the node's name. So no list of subsystems is needed: DRM, sound, i2c, hidraw, input, USB,
 * NVMe, disks, VFIO's own node per device, and what is invented later.
 */
#include "holders.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"

#define DEPTH 32
#define NVIDIA_MAJOR 195 /* assigned: Linux allocated devices list */
#define NVIDIA_CTL 255
#define NVIDIA_MODESET 254

void holder_nodes_add(struct holder_nodes *nodes, const struct pci_address *function,
		      const char *path, const char *subsystem, bool block, dev_t dev)
{
	*xappend(nodes->v, nodes->n) = (struct holder_node){
		.function = *function,
		.path = xstrdup(path),
		.subsystem = xstrdup(subsystem),
		.block = block,
		.dev = dev,
	};
}

void holder_nodes_free(struct holder_nodes *nodes)
{
	for (size_t i = 0; i < nodes->n; i++) {
		free(nodes->v[i].path);
		free(nodes->v[i].subsystem);
	}
	free(nodes->v);
	*nodes = (struct holder_nodes){0};
}

/* A small attribute of an open directory; false when it cannot be read. */
static bool read_at(int dir, const char *name, char *text, size_t size)
{
	own_fd int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);

	if (n < 0)
		return false;
	text[n] = '\0';
	return true;
}

/* "MAJOR:MINOR" */
static bool parse_dev(const char *text, dev_t *dev)
{
	char *end;
	unsigned long maj = strtoul(text, &end, 10), min;

	if (end == text || *end != ':')
		return false;
	min = strtoul(end + 1, &end, 10);
	*dev = makedev((unsigned)maj, (unsigned)min);
	return maj > 0;
}

/* The value of KEY= in a uevent, a string that the caller owns, or NULL. */
static char *uevent_value(const char *uevent, const char *key)
{
	for (const char *at = uevent; *at; at += strcspn(at, "\n"), at += *at == '\n')
		if (text_starts(at, key))
			return xstrndup(at + strlen(key), strcspn(at, "\n") - strlen(key));
	return NULL;
}

/* The directory describes something with a device number. */
static void take_node(struct holder_nodes *nodes, const struct pci_function *f, int dir)
{
	char dev_text[64], uevent[4096] = "", link[256];
	own_free char *name = NULL, *path = NULL;
	const char *subsystem;
	ssize_t n;
	dev_t dev;

	if (!read_at(dir, "dev", dev_text, sizeof(dev_text)) || !parse_dev(dev_text, &dev))
		return;
	read_at(dir, "uevent", uevent, sizeof(uevent));
	name = uevent_value(uevent, "DEVNAME=");
	if (!name)
		return;
	n = readlinkat(dir, "subsystem", link, sizeof(link) - 1);
	link[n > 0 ? n : 0] = '\0';
	subsystem = path_base(link);
	path = xasprintf("/dev/%s", name);
	holder_nodes_add(nodes, &f->address, path, subsystem, strcmp(subsystem, "block") == 0, dev);
}

/* Directories without devices below them, some of them large. */
static bool is_barren(const char *name)
{
	static const char *const barren[] = {"power",	  "msi_irqs", "queues", "mq",
					     "link",	  "iommu",    "gt",	"statistics",
					     "integrity", "metrics"};

	for (size_t i = 0; i < ARRAY_SIZE(barren); i++)
		if (strcmp(name, barren[i]) == 0)
			return true;
	return text_starts(name, "ep_");
}

/* Another PCI function, or another bus of them: their nodes are theirs. */
static bool is_other_function(const char *name)
{
	struct pci_address address;

	return pci_address_parse(name, &address) || (text_starts(name, "pci") && strchr(name, ':'));
}

static bool is_directory(DIR *dir, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISDIR(st.st_mode);
}

/* Takes fd. Links are not followed, so the walk stays below the function. */
static void walk_nodes(struct holder_nodes *nodes, const struct pci_function *f, int fd, int depth)
{
	own_dir DIR *dir = root_dir(fd);
	const struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		const char *name = entry->d_name;
		int sub;

		if (strcmp(name, "dev") == 0)
			take_node(nodes, f, dirfd(dir));
		if (*name == '.' || depth >= DEPTH || !is_directory(dir, entry) ||
		    is_barren(name) || is_other_function(name))
			continue;
		sub = openat(dirfd(dir), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (sub >= 0)
			walk_nodes(nodes, f, sub, depth + 1);
	}
}

void holder_nodes_group(struct holder_nodes *nodes, const struct root *root,
			const struct pci_address *function, int group)
{
	own_free char *text = root_line(root, "/sys/class/vfio/%d/dev", group), *path = NULL;
	dev_t dev;

	if (!text || !parse_dev(text, &dev))
		return;
	path = xasprintf("/dev/vfio/%d", group);
	holder_nodes_add(nodes, function, path, "vfio", false, dev);
}

static void add_nvidia(struct holder_nodes *nodes, const struct pci_function *f, const char *name,
		       unsigned maj, unsigned min, bool shared)
{
	own_free char *path = xasprintf("/dev/%s", name);

	holder_nodes_add(nodes, &f->address, path, "nvidia", false, makedev(maj, min));
	nodes->v[nodes->n - 1].shared = shared;
}

/* The number behind "Device Minor:", -1 when the driver does not say. */
static int nvidia_minor(const struct root *root, const struct pci_function *f)
{
	char address[PCI_ADDRESS_SIZE];
	own_free char *text = root_read(root, "/proc/driver/nvidia/gpus/%s/information",
					pci_address_format(&f->address, address));
	const char *at = text ? strstr(text, "Device Minor:") : NULL;
	char *end;
	long value;

	if (!at)
		return -1;
	at += strlen("Device Minor:");
	value = strtol(at, &end, 10);
	return end > at && value >= 0 && value < NVIDIA_MODESET ? (int)value : -1;
}

/* The major number that /proc/devices gives a character driver, 0 when there is none. */
static unsigned driver_major(const struct root *root, const char *driver)
{
	own_free char *text = root_read(root, "/proc/devices");

	for (const char *at = text; at && *at; at += strcspn(at, "\n"), at += *at == '\n') {
		char *end;
		unsigned long number = strtoul(at, &end, 10);
		size_t len = strlen(driver);

		if (text_starts(at, "Block devices"))
			break;
		if (end > at && *end == ' ' && strncmp(end + 1, driver, len) == 0 &&
		    (end[1 + len] == '\n' || !end[1 + len]))
			return (unsigned)number;
	}
	return 0;
}

/* NVIDIA's nodes are made by its own helper and stand in no sysfs directory. Where the driver does
 * not tell the minor number, all its GPUs' nodes are taken to be this one's.
 */
static void take_nvidia(struct holder_nodes *nodes, const struct root *root,
			const struct pci_function *f)
{
	unsigned uvm = driver_major(root, "nvidia-uvm");
	int own = nvidia_minor(root, f);

	for (unsigned i = 0; i < 16; i++) {
		own_free char *name = xasprintf("nvidia%u", i);

		if (own == (int)i || (own < 0 && root_exists(root, "/dev/%s", name)))
			add_nvidia(nodes, f, name, NVIDIA_MAJOR, i, own < 0);
	}
	add_nvidia(nodes, f, "nvidiactl", NVIDIA_MAJOR, NVIDIA_CTL, true);
	add_nvidia(nodes, f, "nvidia-modeset", NVIDIA_MAJOR, NVIDIA_MODESET, true);
	if (uvm || !root_is_real(root)) {
		add_nvidia(nodes, f, "nvidia-uvm", uvm, 0, true);
		add_nvidia(nodes, f, "nvidia-uvm-tools", uvm, 1, true);
	}
}

void holder_nodes_of(struct holder_nodes *nodes, const struct root *root,
		     const struct pci_function *f)
{
	int fd = root_open(root, f->path, O_RDONLY | O_DIRECTORY);

	if (fd >= 0)
		walk_nodes(nodes, f, fd, 0);
	if (f->group >= 0)
		holder_nodes_group(nodes, root, &f->address, f->group);
	if (f->driver && strcmp(f->driver, "nvidia") == 0)
		take_nvidia(nodes, root, f);
}
