/* The kernel's pools of huge pages: asking for more at run time, and giving back just those.
 *
 * Sources: Documentation/admin-guide/mm/hugetlbpage.rst, and mm/hugetlb.c for what a write means:
 * the number wanted without the surplus pages, which processes got beyond the pool.
 */
#ifndef ACT_HUGEPAGES_H
#define ACT_HUGEPAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/root.h"

#define HUGEPAGES_ANYWHERE (-1) /* in place of a NUMA node */

/* Numbers of pages. */
struct hugepages {
	uint64_t total;	   /* with surplus */
	uint64_t free;	   /* with reserved: free - reserved is what can be had */
	uint64_t reserved; /* promised and not touched yet; 0 for a node, the kernel does not say */
	uint64_t surplus;
};

/* Reads the pool of pages of size_kb KiB, of one NUMA node or of all (HUGEPAGES_ANYWHERE). */
bool hugepages_read(const struct root *root, unsigned size_kb, int node,
		    struct hugepages *hugepages, struct error **err);

/* Writes down, before the pool is changed, that at most so many pages will be added; false with
 * words: then nothing is changed.
 */
typedef bool hugepages_record(void *context, uint64_t about_to_add, struct error **err);

/* Adds pages to the pool: asks; if it got too few and compact is set, compacts memory and asks
 * again; if they are still too few and drop_caches is set, writes out and drops the page cache and
 * asks once more. record (may be NULL) is called once, before the first write. *added is how many
 * came, perhaps none, which is no failure; it is set on failure too, as far as it can be known
 * then, since it has to be given back. Waits up to a minute for each of the steps.
 */
bool hugepages_add(const struct root *root, unsigned size_kb, int node, uint64_t pages,
		   bool compact, bool drop_caches, hugepages_record *record, void *context,
		   uint64_t *added, struct error **err);

/* Makes the pool smaller by pages, from whatever it is now and not below 0. *left (may be NULL) is
 * how many of them the kernel kept in the pool, normally 0. Pages in use become surplus: the kernel
 * takes those back when they are let go.
 */
bool hugepages_subtract(const struct root *root, unsigned size_kb, int node, uint64_t pages,
			uint64_t *left, struct error **err);

#endif
