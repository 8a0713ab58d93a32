/* What disks and CD-ROM drives are on the host: the image, and the node that QEMU has of it. How
 * that is read and written is disk_io.c's, what the guest finds it on disk_bus.c's.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "compose.h"

bool compose_is_written(const struct disk *disk)
{
	return disk->media.v == MEDIA_DISK && !disk->read_only.v;
}

static const char *file_driver(const struct composer *c, const struct disk *disk)
{
	return compose_block(c, disk->path.v) ? "host_device" : "file";
}

/* By the name, never by the content: a guest can write a qcow2 header into its raw disk, and a
 * backing file in it would then be read from the host.
 */
bool plan_disk_is_qcow2(const struct disk *disk)
{
	if (disk->format.v == DISK_AUTO)
		return text_ends(disk->path.v, ".qcow2");
	return disk->format.v == DISK_QCOW2;
}

static const char *format_of(const struct disk *disk)
{
	if (disk->format.v == DISK_VMDK || disk->format.v == DISK_VHDX)
		return disk->format.v == DISK_VMDK ? "vmdk" : "vhdx";
	return plan_disk_is_qcow2(disk) ? "qcow2" : "raw";
}

/* ------------------------------------------------------------------ before QEMU has it */

/* An image that is not there yet. */
static void add_creation(struct composer *c, const struct disk *disk)
{
	const char *program = compose_program(c, QEMU_IMG);
	struct prepare *prepare;

	if (c->in->ephemeral) {
		compose_wrong(
			c, disk->path.at,
			"%s: there is no %s, and a throw-away start makes none that stays: start it once without --ephemeral",
			compose_key(c, &disk->path.at), disk->path.v);
		return;
	}
	if (!program) {
		own_free char *install =
			distribution_install(c->facts->distribution, PACKAGE_QEMU_IMG);

		compose_refuse(c, disk->create.at,
			       "%s needs " QEMU_IMG ", which is not in PATH: %s",
			       compose_key(c, &disk->create.at), install);
		return;
	}
	prepare = xappend(c->plan->prepare, c->plan->prepares);
	prepare->kind = PREPARE_DISK;
	prepare->path = xstrdup(disk->path.v);
	prepare->program = xstrdup(program);
	prepare->format = format_of(disk);
	prepare->size = disk->create.v;
	prepare->source = text_size(disk->create.v);
}

/* What the guest writes to is the machine's alone; what it reads it may share with others that
 * read.
 */
static void add_claim(struct composer *c, const struct disk *disk)
{
	struct prepare *prepare = xappend(c->plan->prepare, c->plan->prepares);

	prepare->kind = PREPARE_CLAIM;
	prepare->path = xstrdup(disk->path.v);
	prepare->held = compose_is_written(disk) && !c->in->ephemeral;
	prepare->source = xstrdup(prepare->held ? "write" : "read");
	prepare->granted = true;
}

/* ------------------------------------------------------------------ block nodes */

/* The part of a cache mode that is a node's business; the other one is the device's. The file below
 * has it from the format above.
 */
static void add_access(struct option *o, const struct disk *disk, const char *io)
{
	if (compose_is_direct(disk))
		option_on(o, "cache.direct", true);
	if (disk->cache.v == CACHE_UNSAFE)
		option_on(o, "cache.no-flush", true);
	if (disk->discard.v)
		option_text(o, "discard", "unmap");
	if (disk->detect_zeroes.v)
		option_text(o, "detect-zeroes", disk->discard.v ? "unmap" : "on");
	if (io)
		option_text(o, "file.aio", io);
	if (disk->discard.v)
		option_text(o, "file.discard", "unmap");
}

/* What the guest writes goes to a file that the image lies under, read-only. The file is lost in
 * any case, so nothing waits for it to reach the disk; reading the image is as the profile wants
 * it. The set has the descriptor's number.
 */
static void add_overlay(struct composer *c, const struct disk *disk, const char *id)
{
	struct prepare *prepare = xappend(c->plan->prepare, c->plan->prepares);
	const char *qemu_img = compose_program(c, QEMU_IMG);
	const char *why, *io = compose_disk_io(c, disk, &why);
	own_free char *node = NULL;
	struct option o = option_new(NULL);

	prepare->kind = PREPARE_OVERLAY;
	prepare->path = xstrdup(disk->path.v);
	prepare->source = xstrdup(c->plan->state_dir);
	prepare->program = qemu_img ? xstrdup(qemu_img) : NULL;
	prepare->format = format_of(disk);
	prepare->granted = compose_block(c, disk->path.v) != NULL;
	prepare->number = compose_fd(c, FD_OVERLAY, xstrdup(disk->path.v));
	node = xasprintf("/dev/fdset/%d", prepare->number);
	option_number(&o, "fd", (uint64_t)prepare->number);
	option_number(&o, "set", (uint64_t)prepare->number);
	compose_fixed(c, "-add-fd", option_done(&o), "where this throw-away start writes");
	o = option_new(NULL);
	option_text(&o, "driver", "qcow2");
	option_text(&o, "node-name", id);
	option_on(&o, "read-only", false);
	option_text(&o, "file.driver", "file");
	option_text(&o, "file.filename", node);
	option_on(&o, "cache.no-flush", true);
	if (disk->discard.v) {
		option_text(&o, "discard", "unmap");
		option_text(&o, "file.discard", "unmap");
	}
	if (disk->detect_zeroes.v)
		option_text(&o, "detect-zeroes", disk->discard.v ? "unmap" : "on");
	option_text(&o, "backing.driver", format_of(disk));
	option_on(&o, "backing.read-only", true);
	option_text(&o, "backing.file.driver", file_driver(c, disk));
	option_text(&o, "backing.file.filename", disk->path.v);
	if (compose_is_direct(disk))
		option_on(&o, "backing.cache.direct", true);
	if (io)
		option_text(&o, "backing.file.aio", io);
	compose_argument(c, "-blockdev", option_done(&o), &disk->path.at,
			 "the image under what is thrown away");
}

static void add_node(struct composer *c, const struct disk *disk, const char *id)
{
	const char *why, *io = compose_disk_io(c, disk, &why);
	struct option o = option_new(NULL);

	option_text(&o, "driver", format_of(disk));
	option_text(&o, "node-name", id);
	option_on(&o, "read-only", !compose_is_written(disk));
	option_text(&o, "file.driver", file_driver(c, disk));
	option_text(&o, "file.filename", disk->path.v);
	add_access(&o, disk, io);
	compose_argument(c, "-blockdev", option_done(&o), &disk->path.at, why);
}

void compose_disks(struct composer *c)
{
	if (c->in->purpose == PURPOSE_PROBE)
		return;
	for (size_t i = 0; i < c->p->disk.n; i++) {
		const struct disk *disk = (const struct disk *)c->p->disk.v[i];
		own_free char *id = compose_id(&disk->item);

		if (!disk->item.enabled.v)
			continue;
		compose_image(c, disk);
		if (disk->create.v && compose_image_missing(c, disk))
			add_creation(c, disk);
		if (compose_block(c, disk->path.v))
			add_claim(c, disk);
		if (c->in->ephemeral && compose_is_written(disk))
			add_overlay(c, disk, id);
		else
			add_node(c, disk, id);
		compose_drive(c, disk, id);
	}
}
