/* A write to nr_hugepages never fails for want of memory, it just gets less; what came is the
 * difference between before and after. Asking again asks for the rest on top of what is there by
 * then, so that others may change the pool between our steps (not within one: the kernel's
 * interface has only absolute numbers).
 *
 * Numbers are counted without surplus, because that is how a write counts: pages in use when the
 * pool shrinks become surplus and go when they are let go, and a growing pool turns surplus into
 * pages of its own first. Hence free pages may have grown by less than came: callers look again.
 */
#include "hugepages.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/text.h"
#include "sysfs.h"

/* #syscalls(keeper) sync */

/* Thousands of pages of scattered memory take seconds, more on an old machine. */
#define STEP_MS 60000

/* The directory of a pool. The caller owns it. */
static char *pool_path(unsigned size_kb, int node)
{
	if (node == HUGEPAGES_ANYWHERE)
		return xasprintf("/sys/kernel/mm/hugepages/hugepages-%ukB", size_kb);
	return xasprintf("/sys/devices/system/node/node%d/hugepages/hugepages-%ukB", node, size_kb);
}

static bool read_number(const struct root *root, const char *dir, const char *name, uint64_t *value,
			struct error **err)
{
	unsigned long long number;

	if (!root_number(root, &number, "%s/%s", dir, name)) {
		error_errno(err, ERROR_HOST, errno, "cannot read %s/%s", dir, name);
		return false;
	}
	*value = number;
	return true;
}

bool hugepages_read(const struct root *root, unsigned size_kb, int node,
		    struct hugepages *hugepages, struct error **err)
{
	own_free char *dir = pool_path(size_kb, node);
	struct hugepages now = {0};

	if (!root_exists(root, "%s", dir)) {
		if (node == HUGEPAGES_ANYWHERE)
			error_add(err, ERROR_HOST, "this machine has no huge pages of %u KiB",
				  size_kb);
		else
			error_add(err, ERROR_HOST, "node %d has no huge pages of %u KiB", node,
				  size_kb);
		return false;
	}
	if (!read_number(root, dir, "nr_hugepages", &now.total, err) ||
	    !read_number(root, dir, "free_hugepages", &now.free, err) ||
	    !read_number(root, dir, "surplus_hugepages", &now.surplus, err))
		return false;
	if (node == HUGEPAGES_ANYWHERE &&
	    !read_number(root, dir, "resv_hugepages", &now.reserved, err))
		return false;
	*hugepages = now;
	return true;
}

/* ------------------------------------------------------------------ changing a pool */

/* What a write to nr_hugepages counts. */
static bool read_own(const struct root *root, unsigned size_kb, int node, uint64_t *own,
		     struct error **err)
{
	struct hugepages now;

	if (!hugepages_read(root, size_kb, node, &now, err))
		return false;
	/* Read one after the other, so they need not fit together. */
	*own = now.total > now.surplus ? now.total - now.surplus : 0;
	return true;
}

static bool write_own(const struct root *root, unsigned size_kb, int node, uint64_t number,
		      struct error **err)
{
	own_free char *dir = pool_path(size_kb, node), *path = xasprintf("%s/nr_hugepages", dir);
	char value[24];

	snprintf(value, sizeof(value), "%llu", (unsigned long long)number);
	return sysfs_write(root, path, value, STEP_MS, NULL, err);
}

/* Asks for pages more than there are and adds to *added what came, also when it fails. */
static bool ask_pool(const struct root *root, unsigned size_kb, int node, uint64_t pages,
		     uint64_t *added, struct error **err)
{
	uint64_t before, after;
	bool good;

	if (!read_own(root, size_kb, node, &before, err))
		return false;
	if (pages > UINT64_MAX - before) {
		error_add(err, ERROR_HOST, "cannot ask for %llu huge pages",
			  (unsigned long long)pages);
		return false;
	}
	good = write_own(root, size_kb, node, before + pages, err);
	if (!read_own(root, size_kb, node, &after, err))
		return false;
	if (after > before)
		*added += after - before < pages ? after - before : pages;
	return good;
}

static int write_out(void *context)
{
	(void)context;
	sync();
	return 0;
}

/* Both are done for what they may bring. If one fails, the next ask shows what it is worth. */
static void compact_memory(const struct root *root)
{
	own_error struct error *ignored = NULL;

	sysfs_write(root, "/proc/sys/vm/compact_memory", "1", STEP_MS, NULL, &ignored);
}

static void drop_cache(const struct root *root)
{
	own_error struct error *ignored = NULL;
	int errnum;

	worker_run(write_out, NULL, STEP_MS, &errnum, NULL);
	sysfs_write(root, "/proc/sys/vm/drop_caches", "3", STEP_MS, NULL, &ignored);
}

bool hugepages_add(const struct root *root, unsigned size_kb, int node, uint64_t pages,
		   bool compact, bool drop_caches, hugepages_record *record, void *context,
		   uint64_t *added, struct error **err)
{
	struct hugepages now;

	*added = 0;
	if (pages == 0)
		return true;
	/* Nothing is written down for a pool that is not there. */
	if (!hugepages_read(root, size_kb, node, &now, err))
		return false;
	if (record && !record(context, pages, err))
		return false;
	if (!ask_pool(root, size_kb, node, pages, added, err))
		return false;
	if (*added < pages && compact) {
		compact_memory(root);
		if (!ask_pool(root, size_kb, node, pages - *added, added, err))
			return false;
	}
	if (*added < pages && drop_caches) {
		drop_cache(root);
		if (!ask_pool(root, size_kb, node, pages - *added, added, err))
			return false;
	}
	return true;
}

bool hugepages_subtract(const struct root *root, unsigned size_kb, int node, uint64_t pages,
			uint64_t *left, struct error **err)
{
	uint64_t before, wanted, after;

	if (!read_own(root, size_kb, node, &before, err))
		return false;
	wanted = before > pages ? before - pages : 0;
	if (wanted != before && !write_own(root, size_kb, node, wanted, err))
		return false;
	if (!read_own(root, size_kb, node, &after, err))
		return false;
	if (left)
		*left = after > wanted ? after - wanted : 0;
	return true;
}
