/* What the guest finds its disks on: a row for each bus, with what QEMU's devices of it can do. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "compose.h"

#define SATA_UNITS 6	 /* of the ICH9 controller */
#define SCSI_TARGETS 256 /* of a virtio-scsi controller (virtio specification 1.1, 5.6.4) */
#define SERIAL_BYTES 10	 /* a made serial number is twice as many digits */

/* Places the device: adds the bus, having made what that needs. thread: the iothread, or NULL. */
typedef void place_fn(struct composer *c, struct option *o, const struct disk *disk,
		      const char *thread);

static place_fn on_port, on_scsi, on_sata, on_usb;

/* The key's word, and the drivers of a disk and a CD-ROM drive (NULL: there is none). */
static const struct bus_row {
	const char *word, *disk, *cdrom;
	place_fn *place;
	bool threads;	/* an iothread can serve it */
	bool rotation;	/* it can say whether it rotates */
	bool writes;	/* it can only be written to */
	bool serial;	/* it must have a serial number */
	bool removable; /* it can say that it can be pulled out */
} ROW[] = {
	[BUS_VIRTIO_BLK] = {"virtio-blk", "virtio-blk-pci", NULL, on_port, .threads = true},
	[BUS_VIRTIO_SCSI] = {"virtio-scsi", "scsi-hd", "scsi-cd", on_scsi, .threads = true,
			     .rotation = true},
	[BUS_NVME] = {"nvme", "nvme", NULL, on_port, .serial = true},
	[BUS_SATA] = {"sata", "ide-hd", "ide-cd", on_sata, .rotation = true, .writes = true},
	[BUS_USB] = {"usb", "usb-storage", NULL, on_usb, .removable = true},
};

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

/* ------------------------------------------------------------------ places */

static void on_port(struct composer *c, struct option *o, const struct disk *disk,
		    const char *thread)
{
	own_free char *bus = compose_port(c, &disk->item);

	option_text(o, "bus", bus);
	option_slot(o, "addr", 0, 0);
	if (thread)
		option_text(o, "iothread", thread);
}

static void add_scsi(struct composer *c, const char *id, char *bus, const char *thread,
		     const struct origin *at)
{
	struct option o = option_new("virtio-scsi-pci");

	option_text(&o, "id", id);
	option_text(&o, "bus", bus);
	option_slot(&o, "addr", 0, 0);
	if (thread)
		option_text(&o, "iothread", thread);
	compose_argument(c, "-device", option_done(&o), at,
			 thread ? "its thread serves all that is on a controller"
				: "for all disks on this bus");
}

/* The thread is the controller's: a disk with one has a controller of its own. */
static void on_scsi(struct composer *c, struct option *o, const struct disk *disk,
		    const char *thread)
{
	own_free char *port = NULL, *id = NULL, *bus = NULL;
	unsigned target = thread ? 0 : c->scsi++;

	if (thread) {
		own_free char *name = compose_id(&disk->item);

		id = xasprintf("scsi-%s", name);
		port = compose_port(c, &disk->item);
		add_scsi(c, id, port, thread, &disk->iothread.at);
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

static void on_sata(struct composer *c, struct option *o, const struct disk *disk,
		    const char *thread)
{
	own_free char *bus = xasprintf("ide.%u", c->sata++);

	(void)thread;
	if (c->sata > SATA_UNITS)
		compose_wrong(c, disk->item.at, "more than %d SATA drives", SATA_UNITS);
	option_text(o, "bus", bus);
}

static void on_usb(struct composer *c, struct option *o, const struct disk *disk,
		   const char *thread)
{
	own_free char *name = item_text(&disk->item);

	(void)thread;
	compose_usb_port(c, o, &disk->item, name);
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
	if (disk->iothread.v && (!row->threads || is_cdrom(disk)))
		compose_wrong(c, disk->iothread.at, "%s: QEMU serves %s in its main thread",
			      compose_key(c, &disk->iothread.at), device);
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

/* The thread's id, or NULL for a disk that QEMU's main thread serves. */
static char *add_iothread(struct composer *c, const struct disk *disk)
{
	own_free char *thread = NULL;
	const char *name = *disk->item.name ? disk->item.name : disk->item.section;
	struct option o;

	if (!disk->iothread.v)
		return NULL;
	/* Short: the thread is called "IO ID" if that is no more than 15 bytes. */
	thread = xasprintf("io-%s", name);
	o = option_new("iothread");
	option_text(&o, "id", thread);
	compose_argument(c, "-object", option_done(&o), &disk->iothread.at,
			 "what the disk has to do does not wait for anything else");
	return steal(&thread);
}

void compose_drive(struct composer *c, const struct disk *disk, const char *id)
{
	const struct bus_row *row = &ROW[bus_of(disk)];
	const struct origin *at = disk->bus.v == BUS_AUTO ? &disk->media.at : &disk->bus.at;
	unsigned index = compose_bootindex(c, &disk->item);
	own_free char *thread = NULL;
	struct option o;

	check_bus(c, disk, row);
	if (is_cdrom(disk) && !row->cdrom)
		return;
	if (row->threads)
		thread = add_iothread(c, disk);
	o = option_new(is_cdrom(disk) ? row->cdrom : row->disk);
	option_text(&o, "id", id);
	row->place(c, &o, disk, thread);
	option_text(&o, "drive", id);
	add_serial(c, &o, disk, row);
	if (disk->rotation.v != ROTATION_AUTO)
		option_number(&o, "rotation_rate", disk->rotation.v == ROTATION_SSD ? 1 : 7200);
	if (disk->removable.v)
		option_on(&o, "removable", true);
	/* What only reads has nothing to cache. */
	if (!is_cdrom(disk) &&
	    (disk->cache.v == CACHE_WRITETHROUGH || disk->cache.v == CACHE_DIRECTSYNC))
		option_on(&o, "write-cache", false);
	if (index)
		option_number(&o, "bootindex", index);
	compose_argument(c, "-device", option_done(&o), at, NULL);
}
