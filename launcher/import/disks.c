/* Disks and drives. */
#include "parts.h"

#include <string.h>

#include "base/alloc.h"

/* Which queue goes to which thread is QEMU's choice here, in turn. */
static void import_queues(struct draft *d, xmlNode *driver, const char *name)
{
	own_free char *queues = xml_attr(driver, "queues"), *number = NULL;
	xmlNode *list = xml_child(driver, "iothreads");
	unsigned threads = 0;

	for (xmlNode *t = xml_child(list, "iothread"); t; t = xml_next(t))
		threads++;
	xml_take(list);
	if (queues)
		draft_put(d, "disk", name, "queues", queues);
	if (!threads)
		return;
	number = xasprintf("%u", threads);
	draft_put(d, "disk", name, "iothreads", number);
}

static void import_driver(struct draft *d, xmlNode *disk, const char *name, bool cdrom)
{
	xmlNode *driver = xml_child(disk, "driver");
	own_free char *type = xml_attr(driver, "type"), *cache = xml_attr(driver, "cache");
	own_free char *io = xml_attr(driver, "io"), *discard = xml_attr(driver, "discard");
	own_free char *thread = xml_attr(driver, "iothread");
	own_free char *zeroes = xml_attr(driver, "detect_zeroes");
	own_free char *bus = xml_peek(xml_child(disk, "target"), "bus");

	xml_has(driver, "name", "qemu");
	if (type && !(cdrom && strcmp(type, "raw") == 0))
		draft_put(d, "disk", name, "format", type);
	if (cdrom) {
		xml_take(driver);
		return;
	}
	if (cache && strcmp(cache, "default") != 0)
		draft_put(d, "disk", name, "cache", cache);
	if (io)
		draft_put(d, "disk", name, "io", io);
	if (discard)
		draft_put(d, "disk", name, "discard", strcmp(discard, "unmap") == 0 ? "yes" : "no");
	if (thread)
		draft_put(d, "disk", name, "iothread", "yes");
	if (bus && strcmp(bus, "virtio") == 0)
		import_queues(d, driver, name);
	if (zeroes && draft_knows("disk", "detect-zeroes"))
		draft_put(d, "disk", name, "detect-zeroes",
			  strcmp(zeroes, "off") == 0 ? "no" : "yes");
}

static void import_bus(struct draft *d, xmlNode *disk, const char *name, bool cdrom)
{
	static const char *const bus[][2] = {{"virtio", "virtio-blk"}, {"scsi", "virtio-scsi"},
					     {"sata", "sata"},	       {"ide", "sata"},
					     {"usb", "usb"},	       {"nvme", "nvme"}};
	xmlNode *target = xml_child(disk, "target");
	own_free char *kind = xml_attr(target, "bus"), *rate = xml_attr(target, "rotation_rate");
	own_free char *serial = xml_text(xml_child(disk, "serial"));
	own_free char *removable = xml_attr(target, "removable");

	xml_take(target);
	for (size_t i = 0; kind && i < ARRAY_SIZE(bus); i++)
		if (strcmp(bus[i][0], kind) == 0 && strcmp(kind, "virtio") != 0 &&
		    !(cdrom && strcmp(bus[i][1], "sata") == 0))
			draft_put(d, "disk", name, "bus", bus[i][1]);
	if (kind && strcmp(kind, "ide") == 0 && !cdrom)
		draft_note(d, "disk %s is on SATA, as a q35 has no IDE", name);
	if (kind && (strcmp(kind, "fdc") == 0 || strcmp(kind, "sd") == 0))
		draft_left(d, "disk %s on %s", name, kind);
	if (serial)
		draft_put(d, "disk", name, "serial", serial);
	if (removable && kind && strcmp(kind, "usb") == 0)
		draft_put(d, "disk", name, "removable",
			  strcmp(removable, "on") == 0 ? "yes" : "no");
	if (rate && draft_knows("disk", "rotation"))
		draft_put(d, "disk", name, "rotation", strcmp(rate, "1") == 0 ? "ssd" : "hdd");
}

/* A source that a disk cannot have here. */
static void leave_source(struct draft *d, xmlNode *disk, const char *name)
{
	own_free char *type = xml_attr(disk, "type");
	struct pci_address address;
	char text[PCI_ADDRESS_SIZE];

	if (type && strcmp(type, "nvme") == 0 &&
	    import_pci_address(xml_at(disk, "source/address"), &address))
		draft_left(
			d,
			"disk %s: an NVMe drive by its controller; a [pci] section with device = %s passes that whole, and pci/NAME in boot.order starts from it",
			name, pci_address_format(&address, text));
	else
		draft_left(d, "disk %s: its source, type=%s; a file or a block device can be one",
			   name, type ? type : "?");
}

static void import_disk(struct draft *d, xmlNode *disk, size_t number)
{
	xmlNode *source = xml_child(disk, "source"), *target = xml_child(disk, "target");
	own_free char *file = xml_attr(source, "file"), *dev = xml_attr(source, "dev");
	own_free char *kind = xml_attr(disk, "device"), *target_dev = xml_attr(target, "dev");
	own_free char *name = target_dev ? xstrdup(target_dev) : xasprintf("disk%zu", number);
	bool cdrom = kind && strcmp(kind, "cdrom") == 0;
	bool is_file = xml_has(disk, "type", "file") || xml_has(disk, "type", "block");

	if (kind && !cdrom && strcmp(kind, "disk") != 0) {
		draft_left(d, "disk %s: device=%s", name, kind);
		xml_take(disk);
		return;
	}
	if (cdrom && is_file && !file && !dev) {
		draft_note(d, "the empty CD-ROM drive %s is left out", name);
		xml_take(disk);
		return;
	}
	if (!is_file || (!file && !dev)) {
		leave_source(d, disk, name);
		xml_take(disk);
		return;
	}
	draft_put(d, "disk", name, "path", file ? file : dev);
	if (cdrom)
		draft_put(d, "disk", name, "media", "cdrom");
	import_driver(d, disk, name, cdrom);
	import_bus(d, disk, name, cdrom);
	if (xml_child(disk, "readonly") && !cdrom)
		draft_put(d, "disk", name, "read-only", "yes");
	import_take_run_time(disk);
	import_boot(d, disk, "disk", name);
}

void import_disks(struct draft *d, xmlNode *devices)
{
	size_t number = 0;

	for (xmlNode *disk = xml_child(devices, "disk"); disk; disk = xml_next(disk))
		import_disk(d, disk, number++);
}
