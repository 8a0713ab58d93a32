/* Whether the kernel holds a disk for somebody. What stands in files (host/storage.h) is evidence,
 * and there are uses that no file tells: a file system mounted where we cannot look, or mounted
 * nowhere yet (fsmount), a program that has the disk for itself. The kernel gives a block device to
 * one exclusive user at a time (open(2), O_EXCL), and a whole disk to none while a partition of it
 * has one.
 *
 * An open can wait for the device, so a worker does it, and tells through memory that both share.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/own.h"
#include "state.h"

#define LOOK_MS 15000

struct held_look {
	const struct storage *storage;
	bool *asked, *held; /* of each block; held is in memory that is shared */
};

static bool block_is_held(const struct block *block)
{
	own_fd int node = open(block->node, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	own_free char *path = xasprintf("/proc/self/fd/%d", node);
	own_fd int fd = -1;
	struct stat st;

	if (node < 0 || fstat(node, &st) < 0 || !S_ISBLK(st.st_mode) || st.st_rdev != block->dev)
		return false;
	fd = open(path, O_RDONLY | O_EXCL | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 && errno == EBUSY;
}

static int look_at_blocks(void *context)
{
	struct held_look *look = context;

	for (size_t i = 0; i < look->storage->n; i++)
		if (look->asked[i])
			look->held[i] = block_is_held(&look->storage->v[i]);
	return 0;
}

/* What files tell has better words. */
static bool is_told(const struct storage *storage, const struct block *block)
{
	own_storage_claims struct storage_claims claims = {0};

	storage_claims_of(&claims, storage, block);
	return claims.n;
}

/* Partitions before disks, which are held along with them. */
static void note_held(struct storage *storage, const bool *held, bool partitions)
{
	for (size_t i = 0; i < storage->n; i++)
		if (held[i] && !storage->v[i].disk == !partitions &&
		    !is_told(storage, &storage->v[i]))
			storage_add_held(storage, &storage->v[i]);
}

static bool ask_for_blocks(struct storage *storage, bool *asked, struct error **err)
{
	size_t size = storage->n * sizeof(bool);
	struct held_look look = {.storage = storage, .asked = asked};
	enum worker_end end;
	int errnum;
	void *shared;

	if (!size || !memchr(asked, 1, size))
		return true;
	shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED) {
		error_errno(err, ERROR_HOST, errno, "cannot ask whether a disk is in use");
		return false;
	}
	look.held = shared;
	end = worker_run(look_at_blocks, &look, LOOK_MS, &errnum, NULL);
	if (end == WORKER_DONE) {
		note_held(storage, look.held, true);
		note_held(storage, look.held, false);
	}
	if (end != WORKER_DONE)
		error_errno(err, ERROR_HOST, errnum, "cannot ask whether a disk is in use");
	munmap(shared, size);
	return end == WORKER_DONE;
}

bool look_for_held_block(const struct keeper *k, struct storage *storage, const struct block *block,
			 struct error **err)
{
	own_free bool *asked = xcalloc(storage->n + 1, sizeof(bool));

	if (!root_is_real(&k->root))
		return true;
	asked[block - storage->v] = true;
	return ask_for_blocks(storage, asked, err);
}

bool look_for_held_blocks(const struct keeper *k, struct storage *storage,
			  const struct pci_function *const *f, size_t n, struct error **err)
{
	own_free bool *asked = xcalloc(storage->n + 1, sizeof(bool));

	if (!root_is_real(&k->root))
		return true;
	for (size_t i = 0; i < storage->n; i++)
		for (size_t j = 0; j < n; j++)
			asked[i] |= storage_is_below(&storage->v[i], &f[j]->address);
	return ask_for_blocks(storage, asked, err);
}
