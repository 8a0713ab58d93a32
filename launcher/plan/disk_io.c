/* By which of the kernel's ways QEMU reads and writes a disk's image. Of those that can be had the
 * cheapest is taken: native for what passes by the page cache, else io_uring, else threads, which
 * is what QEMU does when nothing is said. tests/bench/run --only disk shows what each costs.
 *
 * Requests that io_uring cannot do at once (flushes, most writes into the page cache) are done by
 * threads that the kernel makes inside QEMU. They begin where the thread is that had the request;
 * where processors are the guest's alone, none of them may be on these.
 */
#include <string.h>

#include "base/tongue.h"
#include "compose.h"

bool compose_is_direct(const struct disk *disk)
{
	return disk->cache.v == CACHE_NONE || disk->cache.v == CACHE_DIRECTSYNC;
}

const struct plan_block *compose_block(const struct composer *c, const char *path)
{
	for (size_t i = 0; i < c->in->blocks; i++)
		if (strcmp(c->in->block[i].path, path) == 0)
			return &c->in->block[i];
	return NULL;
}

static bool qemu_has_uring(const struct composer *c)
{
	return qemu_offers(&c->facts->qemu, QEMU_AIO, "io_uring");
}

/* Where io_uring is closed, QEMU 7.2 and 11 end with words of their own, and 10 reads by threads.
 */
static void check_uring(struct composer *c, const struct disk *disk, const char *name)
{
	const struct uring_facts *uring = &c->facts->uring;

	if (!qemu_has_uring(c))
		compose_refuse(c, disk->io.at, "%s = io_uring: QEMU %s is built without it", name,
			       c->facts->qemu.version);
	else if (uring_reason(uring) && uring->state != URING_OLD)
		compose_refuse(c, disk->io.at, "%s = io_uring: %s; choose native or threads", name,
			       tongue(uring_reason(uring)));
}

/* Why io_uring is not taken by itself where it is known what the kernel has; NULL: it is.
 *
 * Storages that it is not used on are Proxmox VE's (qemu-server, storage_allows_io_uring_default):
 * years of many users' reports of guests that hang, or get errors, there.
 */
static const char *obstacle(const struct composer *c, const struct disk *disk)
{
	const struct uring_facts *uring = &c->facts->uring;
	const struct plan_block *block = compose_block(c, disk->path.v);

	if (uring_reason(uring))
		return uring_reason(uring);
	if (!qemu_has_uring(c))
		return N_("this QEMU is built without io_uring");
	if (block && block->mapped)
		return N_(
			"not by io_uring, with which guests have hung on volumes of device-mapper (LVM's)");
	if (compose_image_is_smb(c, disk))
		return N_("not by io_uring, with which reads and writes have failed on SMB");
	if (!c->plan->placement.pinned)
		return NULL;
	if (!uring->workers_stay)
		return N_(
			"not by io_uring, whose threads this kernel would let run on the guest's processors");
	if (compose_disk_on_vcpu(disk))
		return N_(
			"not by io_uring, whose threads would run on the guest's processors with a disk on this bus");
	return NULL;
}

/* What QEMU does when nothing is said is threads. */
static const char *automatic(const struct composer *c, const struct disk *disk, const char **why)
{
	bool known = c->facts->uring.state != URING_UNKNOWN;

	if (compose_is_direct(disk))
		return "native";
	*why = known ? obstacle(c, disk) : NULL;
	if (known && !*why) {
		*why = N_("by io_uring, which this kernel and this QEMU have");
		return "io_uring";
	}
	return NULL;
}

/* QEMU, block/file-posix.c: native I/O blocks on the page cache, and so is refused with it. */
const char *compose_disk_io(struct composer *c, const struct disk *disk, const char **why)
{
	const char *name = compose_key(c, &disk->io.at);

	*why = NULL;
	switch ((enum disk_io)disk->io.v) {
	case IO_THREADS:
		return "threads";
	case IO_NATIVE:
		if (!compose_is_direct(disk))
			compose_wrong(c, disk->io.at,
				      "%s = native needs cache = none or cache = directsync", name);
		return "native";
	case IO_URING:
		check_uring(c, disk, name);
		return "io_uring";
	case IO_AUTO:
		break;
	}
	return automatic(c, disk, why);
}
