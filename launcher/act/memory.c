/* Huge pages. */
#include <string.h>

#include "hugepages.h"
#include "state.h"

#define GIB (1UL << 30)

/* ------------------------------------------------------------------ huge pages */

struct record {
	struct keeper *k;
	struct change change;
};

/* Before the ask: what we are about to own, at most. */
static bool record_added(void *context, uint64_t about_to_add, struct error **err)
{
	struct record *record = context;

	record->change.number = about_to_add;
	return journal_add(record->k->journal, &record->change, err);
}

/* Pages of a pool that a living keeper has added and its QEMU does not have yet, all or some. */
static uint64_t not_taken_yet(const struct journal *journal, unsigned size_kb, int node)
{
	uint64_t added = 0, has;

	for (size_t i = 0; i < journal->n; i++) {
		const struct change *change = &journal->change[i];

		if (change->kind == CHANGE_HUGEPAGES && change->size_kb == size_kb &&
		    (node == change->node || node < 0 || change->node < 0))
			added += change->number;
	}
	if (!added || !process_alive(journal->qemu))
		return added;
	has = process_huge_kb(journal->qemu.pid) / size_kb;
	return added > has ? added - has : 0;
}

/* What can be had of a pool. A page that is promised to somebody is free only in name: to who has
 * mapped it (resv), or to a machine whose keeper has just added it, and whose QEMU comes.
 */
static uint64_t unpromised_pages(struct keeper *k, unsigned size_kb, int node,
				 const struct hugepages *now)
{
	size_t n;
	struct journal **others = journal_others(k->journal, &n);
	uint64_t promised = 0;

	for (size_t i = 0; i < n; i++)
		if (journal_is_kept(others[i]))
			promised += not_taken_yet(others[i], size_kb, node);
	journals_free(others, n);
	/* Of a QEMU that has mapped them and not touched them, both speak. */
	if (promised < now->reserved)
		promised = now->reserved;
	return now->free > promised ? now->free - promised : 0;
}

/* Leaves so much that the host can live: a sixteenth of its memory, at least 256 MiB. */
static bool host_can_spare(struct keeper *k, uint64_t bytes, struct error **err)
{
	own_free char *text = root_read(&k->root, "/proc/meminfo");
	const char *total_line = text ? strstr(text, "MemTotal:") : NULL;
	const char *free_line = text ? strstr(text, "MemAvailable:") : NULL;
	uint64_t total, available, reserve;

	if (!total_line || !free_line) {
		error_add(err, ERROR_HOST, "cannot read /proc/meminfo");
		return false;
	}
	total = strtoull(total_line + strlen("MemTotal:"), NULL, 10) << 10;
	available = strtoull(free_line + strlen("MemAvailable:"), NULL, 10) << 10;
	reserve = total / 16 > GIB / 4 ? total / 16 : GIB / 4;
	if (bytes <= total && available > reserve && bytes <= available - reserve)
		return true;
	error_add(
		err, ERROR_HOST,
		"%lu MiB of huge pages would leave the host less than %lu MiB: %lu MiB are available",
		bytes >> 20, reserve >> 20, available >> 20);
	return false;
}

bool add_hugepages(struct keeper *k, const struct intent *intent, struct error **err)
{
	unsigned size_kb = intent->hugepages.size_kb;
	int node = intent->hugepages.node;
	uint64_t want = intent->hugepages.pages, missing, added = 0;
	struct record record = {.k = k};
	struct hugepages now;

	if (size_kb != 2048 && size_kb != 1048576) {
		error_add(err, ERROR_HOST, "no huge pages of %u KiB are known", size_kb);
		return false;
	}
	if (!hugepages_read(&k->root, size_kb, node, &now, err))
		return false;
	k->answer = unpromised_pages(k, size_kb, node, &now);
	if (k->answer >= want)
		return true;
	missing = want - k->answer;
	if (want > UINT64_MAX / size_kb >> 11 || !host_can_spare(k, missing * size_kb << 10, err))
		return false;
	record.change = (struct change){
		.kind = CHANGE_HUGEPAGES,
		.size_kb = size_kb,
		.node = node,
		.pool = (now.total > now.surplus ? now.total - now.surplus : 0) + 1,
	};
	keeper_report(k, REPORT_PROGRESS, 0, "reserving %lu huge pages of %u KiB", missing,
		      size_kb);
	if (!hugepages_add(&k->root, size_kb, node, missing, intent->hugepages.compact,
			   intent->hugepages.drop, record_added, &record, &added, err))
		return false;
	record.change.number = added;
	record.change.pool = 0;
	if (!hugepages_read(&k->root, size_kb, node, &now, err) ||
	    !journal_amend(k->journal, &record.change, err))
		return false;
	k->answer = unpromised_pages(k, size_kb, node, &now);
	return true;
}

/* Subtracting twice would take somebody else's: so what the pool must not fall below is written
 * down first, and whoever does this again finds that nothing is left of ours.
 */
bool undo_hugepages(struct keeper *k, const struct change *change, struct error **err)
{
	struct change again = *change;
	struct hugepages now;
	uint64_t pool, number = change->number, left = 0;

	if (!hugepages_read(&k->root, change->size_kb, change->node, &now, err))
		return false;
	pool = now.total > now.surplus ? now.total - now.surplus : 0;
	if (change->pool) {
		uint64_t grown = pool >= change->pool ? pool - change->pool + 1 : 0;

		number = number < grown ? number : grown;
	}
	if (number == 0)
		return true;
	again.pool = pool > number ? pool - number + 1 : 1;
	again.number = number;
	if (!journal_replace(k->journal, k->undoing, &again, err))
		return false;
	keeper_report(k, REPORT_PROGRESS, 0, "giving back %lu huge pages of %u KiB", number,
		      change->size_kb);
	if (!hugepages_subtract(&k->root, change->size_kb, change->node, number, &left, err))
		return false;
	if (left == 0)
		return true;
	error_add(err, ERROR_LEFT, "%lu huge pages of %u KiB stayed in the kernel's pool", left,
		  change->size_kb);
	return false;
}
