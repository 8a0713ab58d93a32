/* What the guest finds its disks on: a row for each bus, with what QEMU's devices of it can do. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "compose.h"

#define SATA_UNITS 6	 /* of the ICH9 controller */
#define SCSI_TARGETS 256 /* of a virtio-scsi controller (virtio specification 1.1, 5.6.4) */
#define SERIAL_BYTES 10	 /* a made serial number is twice as many digits */

struct drive;

/* Places the device: adds the bus, having made what that needs. */
typedef void place_fn(struct composer *c, struct option *o, const struct drive *drive);

static place_fn on_port, on_scsi, on_sata, on_usb;

/* The key's word, and the drivers of a disk and a CD-ROM drive (NULL: there is none). */
static const struct bus_row {
	const char *word, *disk, *cdrom;
	place_fn *place;
	/* virtio's, whose queues threads can serve: the device that has them, its property of how
	 * many, and what QEMU offers of it.
	 */
	const char *queued, *queues;
	enum qemu_offer offer;
	bool rotation;	/* it can say whether it rotates */
	bool writes;	/* it can only be written to */
	bool serial;	/* it must have a serial number */
	bool removable; /* it can say that it can be pulled out */
	bool on_vcpu;	/* the guest's writes to its registers begin requests at once, in the thread
			 * of that processor, and not by an eventfd or a bottom half in QEMU's own
			 * (hw/ide/ahci.c, hw/usb/hcd-xhci.c) */
} ROW[] = {
	[BUS_VIRTIO_BLK] = {"virtio-blk", "virtio-blk-pci", NULL, on_port,
			    .queued = "virtio-blk-pci", .queues = "num-queues", .offer = QEMU_BLK},
	[BUS_VIRTIO_SCSI] = {"virtio-scsi", "scsi-hd", "scsi-cd", on_scsi, .rotation = true,
			     .queued = "virtio-scsi-pci", .queues = "num_queues",
			     .offer = QEMU_SCSI},
	[BUS_NVME] = {"nvme", "nvme", NULL, on_port, .serial = true},
	[BUS_SATA] = {"sata", "ide-hd", "ide-cd", on_sata, .rotation = true, .writes = true,
		      .on_vcpu = true},
	[BUS_USB] = {"usb", "usb-storage", NULL, on_usb, .removable = true, .on_vcpu = true},
};

/* A disk on its way to become a device, and the ids of the threads that serve its queues. */
struct drive {
	const struct disk *disk;
	const struct bus_row *row;
	char **thread;
	size_t threads;
};

/* The property that divides queues among threads; its list can only be said in JSON. */
#define MAPPING "iothread-vq-mapping"

static enum disk_bus bus_of(const struct disk *disk)
{
	if (disk->bus.v == BUS_AUTO)
		return disk->media.v == MEDIA_CDROM ? BUS_SATA : BUS_VIRTIO_BLK;
	return (enum disk_bus)disk->bus.v;
}

static bool is_cdrom(const struct disk *disk)
{
	return disk->media.v == MEDIA_CDROM;
}

/* ------------------------------------------------------------------ queues and their threads */

unsigned compose_disk_threads(const struct disk *disk)
{
	return disk->iothreads.automatic ? disk->iothread.v : (unsigned)disk->iothreads.v;
}

bool compose_disk_on_vcpu(const struct disk *disk)
{
	return ROW[bus_of(disk)].on_vcpu;
}

/* The key that asks for threads. */
static const struct origin *threads_at(const struct disk *disk)
{
	return disk->iothreads.automatic ? &disk->iothread.at : &disk->iothreads.at;
}

/* By default there is one for each processor (QEMU 5.2 and newer). */
static uint64_t queues_of(const struct composer *c, const struct disk *disk)
{
	return disk->queues.automatic ? c->plan->placement.cores * c->plan->placement.threads
				      : disk->queues.v;
}

/* A device with these queues and threads, or on a controller that has them, in the spelling that
 * can say them: QEMU makes all devices in JSON after all others (system/vl.c,
 * qemu_create_cli_devices), so what is on one must be said in JSON as well.
 */
static struct option new_queued(const struct drive *drive, const char *driver)
{
	return drive->threads > 1 ? option_new_json(driver) : option_new(driver);
}

static void add_queues(struct option *o, const struct drive *drive)
{
	if (!drive->disk->queues.automatic)
		option_number(o, drive->row->queues, drive->disk->queues.v);
	if (drive->threads == 1)
		option_text(o, "iothread", drive->thread[0]);
	else if (drive->threads)
		option_list(o, MAPPING, "iothread", drive->thread, drive->threads);
}

/* The threads of a disk, made. */
static void add_iothreads(struct composer *c, struct drive *drive)
{
	const struct disk *disk = drive->disk;
	const char *name = *disk->item.name ? disk->item.name : disk->item.section;
	unsigned n = compose_disk_threads(disk);

	for (unsigned i = 1; i <= n; i++) {
		struct option o = option_new("iothread");
		char number[12] = "";

		if (n > 1)
			snprintf(number, sizeof(number), "%u", i);
		/* Short: the thread is called "IO ID" if that is no more than 15 bytes. */
		*xappend(drive->thread, drive->threads) = xasprintf("io%s-%s", number, name);
		option_text(&o, "id", drive->thread[i - 1]);
		compose_argument(c, "-object", option_done(&o), threads_at(disk),
				 n > 1 ? "a part of the disk's queues is served here"
				       : "what the disk has to do does not wait for anything else");
	}
}

/* ------------------------------------------------------------------ places */

static void on_port(struct composer *c, struct option *o, const struct drive *drive)
{
	own_free char *bus = compose_port(c, &drive->disk->item);

	option_text(o, "bus", bus);
	option_slot(o, "addr", 0, 0);
	if (drive->row->queued)
		add_queues(o, drive);
}

/* drive: whose controller it is alone; NULL: all others'. */
static void add_scsi(struct composer *c, const char *id, char *bus, const struct drive *drive,
		     const struct origin *at)
{
	struct option o = drive ? new_queued(drive, drive->row->queued)
				: option_new(ROW[BUS_VIRTIO_SCSI].queued);

	option_text(&o, "id", id);
	option_text(&o, "bus", bus);
	option_slot(&o, "addr", 0, 0);
	if (drive)
		add_queues(&o, drive);
	compose_argument(c, "-device", option_done(&o), at,
			 drive ? "its threads and queues serve all that is on a controller"
			       : "for all disks on this bus");
}

/* Threads and queues are the controller's: a disk that says them has a controller of its own. */
static void on_scsi(struct composer *c, struct option *o, const struct drive *drive)
{
	const struct disk *disk = drive->disk;
	bool own = drive->threads || !disk->queues.automatic;
	own_free char *port = NULL, *id = NULL, *bus = NULL;
	unsigned target = own ? 0 : c->scsi++;

	if (own) {
		own_free char *name = compose_id(&disk->item);

		id = xasprintf("scsi-%s", name);
		port = compose_port(c, &disk->item);
		add_scsi(c, id, port, drive, drive->threads ? threads_at(disk) : &disk->queues.at);
	} else {
		id = xstrdup("scsi");
		if (!target) {
			port = compose_own_port(c, "SCSI");
			add_scsi(c, id, port, NULL, &disk->bus.at);
		}
	}
	if (target >= SCSI_TARGETS)
		compose_wrong(c, disk->item.at, "more than %d disks on virtio-scsi", SCSI_TARGETS);
	bus = xasprintf("%s.0", id);
	option_text(o, "bus", bus);
	option_number(o, "scsi-id", target);
	option_number(o, "lun", 0);
}

static void on_sata(struct composer *c, struct option *o, const struct drive *drive)
{
	own_free char *bus = xasprintf("ide.%u", c->sata++);

	if (c->sata > SATA_UNITS)
		compose_wrong(c, drive->disk->item.at, "more than %d SATA drives", SATA_UNITS);
	option_text(o, "bus", bus);
}

static void on_usb(struct composer *c, struct option *o, const struct drive *drive)
{
	own_free char *name = item_text(&drive->disk->item);

	compose_usb_port(c, o, &drive->disk->item, name);
}

/* ------------------------------------------------------------------ what a bus cannot do */

static void check_bus(struct composer *c, const struct disk *disk, const struct bus_row *row)
{
	const char *bus = compose_key(c, &disk->bus.at), *word = row->word;
	const char *device = is_cdrom(disk) ? "a CD-ROM drive" : word;

	if (is_cdrom(disk) && !row->cdrom)
		compose_wrong(c, disk->bus.at,
			      "%s = %s: QEMU has no CD-ROM drive there: sata or virtio-scsi", bus,
			      word);
	if (compose_disk_threads(disk) && (!row->queued || is_cdrom(disk)))
		compose_wrong(
			c, *threads_at(disk),
			"%s: QEMU serves %s in its main thread: leave the key out; disks with bus = virtio-blk or virtio-scsi have threads",
			compose_key(c, threads_at(disk)), device);
	if (!disk->queues.automatic && (!row->queued || is_cdrom(disk)))
		compose_wrong(c, disk->queues.at,
			      "%s: only a disk on virtio-blk or virtio-scsi has several",
			      compose_key(c, &disk->queues.at));
	if (disk->rotation.v != ROTATION_AUTO && (!row->rotation || is_cdrom(disk)))
		compose_wrong(
			c, disk->rotation.at,
			"%s: %s does not say whether it rotates; a disk on virtio-scsi or sata does",
			compose_key(c, &disk->rotation.at), device);
	if (disk->removable.v && !row->removable)
		compose_wrong(c, disk->removable.at, "%s: of the disks only one on usb can be",
			      compose_key(c, &disk->removable.at));
	if (row->writes && disk->read_only.v && !is_cdrom(disk))
		compose_wrong(
			c, disk->read_only.at,
			"%s: QEMU has no SATA disk that cannot be written to: another %s, or media = cdrom",
			compose_key(c, &disk->read_only.at), bus);
}

/* A thread without a queue, which QEMU takes without a word, would have nothing to do. */
static void check_threads(struct composer *c, const struct disk *disk, const struct bus_row *row)
{
	unsigned n = compose_disk_threads(disk);

	if (n < 2 || !row->queued || is_cdrom(disk))
		return;
	if (n > queues_of(c, disk))
		compose_wrong(
			c, disk->iothreads.at,
			"%s = %u: the disk has no more than %lu queues, by its key queues or by the guest's processors",
			compose_key(c, &disk->iothreads.at), n, queues_of(c, disk));
	if (!qemu_offers(&c->facts->qemu, row->offer, MAPPING))
		compose_refuse(
			c, disk->iothreads.at,
			"%s = %u: QEMU %s cannot divide the queues of %s among threads: iothread = yes has one",
			compose_key(c, &disk->iothreads.at), n, c->facts->qemu.version, row->word);
}

/* ------------------------------------------------------------------ the device */

static void add_serial(struct composer *c, struct option *o, const struct disk *disk,
		       const struct bus_row *row)
{
	uint8_t id[SERIAL_BYTES];
	char text[2 * SERIAL_BYTES + 1];
	own_free char *name = NULL;

	if (disk->serial.v)
		option_text(o, "serial", disk->serial.v);
	if (disk->serial.v || !row->serial)
		return;
	name = compose_id(&disk->item);
	compose_identity(c, name, id, sizeof(id));
	for (size_t i = 0; i < sizeof(id); i++)
		snprintf(text + 2 * i, 3, "%02X", id[i]);
	option_text(o, "serial", text);
}

static void drive_free(struct drive *drive)
{
	names_free(drive->thread, drive->threads);
}

void compose_drive(struct composer *c, const struct disk *disk, const char *id)
{
	own_with(drive_free) struct drive drive = {.disk = disk, .row = &ROW[bus_of(disk)]};
	const struct bus_row *row = drive.row;
	const struct origin *at = disk->bus.v == BUS_AUTO ? &disk->media.at : &disk->bus.at;
	unsigned index = compose_bootindex(c, &disk->item);
	const char *driver = is_cdrom(disk) ? row->cdrom : row->disk;
	struct option o;

	check_bus(c, disk, row);
	check_threads(c, disk, row);
	if (!driver)
		return;
	if (row->queued)
		add_iothreads(c, &drive);
	o = new_queued(&drive, driver);
	option_text(&o, "id", id);
	row->place(c, &o, &drive);
	option_text(&o, "drive", id);
	add_serial(c, &o, disk, row);
	if (disk->rotation.v != ROTATION_AUTO)
		option_number(&o, "rotation_rate", disk->rotation.v == ROTATION_SSD ? 1 : 7200);
	if (disk->removable.v)
		option_on(&o, "removable", true);
	/* What only reads has nothing to cache. The property has three values, so in JSON it is no
	 * boolean.
	 */
	if (!is_cdrom(disk) &&
	    (disk->cache.v == CACHE_WRITETHROUGH || disk->cache.v == CACHE_DIRECTSYNC))
		option_text(&o, "write-cache", "off");
	if (index)
		option_number(&o, "bootindex", index);
	compose_argument(c, "-device", option_done(&o), at, NULL);
}
