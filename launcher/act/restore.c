/* Giving back: the journal read backwards. Each undo looks at what is there now and writes the old
 * value only where the present one is ours, so doing it twice is harmless, and what somebody else
 * changed meanwhile stays as it is. A failure is told and left in the journal; the rest goes on.
 */
#include <fcntl.h>
#include <poll.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "state.h"

static bool (*const UNDO[CHANGES])(struct keeper *k, const struct change *change,
				   struct error **err) = {
	[CHANGE_CLAIMED] = undo_claimed,   [CHANGE_LOADED] = undo_loaded,
	[CHANGE_OVERRIDE] = undo_override, [CHANGE_BOUND] = undo_bound,
	[CHANGE_UNLOADED] = undo_unloaded, [CHANGE_SERVICE] = undo_service,
	[CHANGE_ACL] = undo_acl,	   [CHANGE_HUGEPAGES] = undo_hugepages,
	[CHANGE_ISOLATED] = undo_isolated, [CHANGE_IRQS] = undo_irqs,
	[CHANGE_GOVERNOR] = undo_governor, [CHANGE_PREFERENCE] = undo_preference,
	[CHANGE_MDEV] = undo_mdev,
};

static bool is_of_function(const struct change *change)
{
	return change->kind == CHANGE_OVERRIDE || change->kind == CHANGE_BOUND ||
	       change->kind == CHANGE_MDEV;
}

static bool undo(struct keeper *k, const struct change *change, struct error **err)
{
	char address[PCI_ADDRESS_SIZE];

	if (!is_of_function(change) || !keeper_is_stuck(k, &change->address))
		return UNDO[change->kind](k, change, err);
	/* Told once for a function, and that by its other record. */
	if (change->kind == CHANGE_OVERRIDE)
		return false;
	error_add(
		err, ERROR_LEFT,
		"%s waits in the kernel until whoever holds the device lets go; it is given back then",
		pci_address_format(&change->address, address));
	return false;
}

bool restore_from(struct keeper *k, size_t from)
{
	bool whole = true;

	for (size_t i = k->journal->n; i-- > from;) {
		struct change change = k->journal->change[i];
		own_error struct error *err = NULL;

		k->undoing = i;
		if (undo(k, &change, &err) && journal_drop(k->journal, i, &err))
			continue;
		if (err)
			keeper_report(k, REPORT_LEFT, 0, "%s", error_message(err, 0));
		whole = false;
	}
	return whole;
}

/* ------------------------------------------------------------------ after a keeper's death */

/* What a keeper that died while writing left beside its journal. */
static void remove_halves(void)
{
	struct root real = ROOT_REAL;
	size_t n;
	char **name = root_list(&real, &n, "%s", JOURNAL_DIR);

	for (size_t i = 0; i < n; i++) {
		const char *half = strstr(name[i], ".journal.");
		own_free char *digits = half ? xstrndup(name[i], (size_t)(half - name[i])) : NULL;
		own_free char *path = path_join(JOURNAL_DIR, name[i]);
		uint64_t pid;

		if (digits && text_u64(digits, 10, &pid) && process_of((pid_t)pid).start == 0)
			unlink(path);
	}
	names_free(name, n);
}

/* One dead keeper's journal, by way of a keeper's state of its own. */
static bool recover_one(struct keeper *k, struct journal *journal)
{
	struct journal *mine = k->journal;
	bool whole;

	if (!journal_is_current(journal))
		return unlink(journal->path) == 0;
	if (process_alive(journal->qemu)) {
		keeper_report(
			k, REPORT_LEFT, 0,
			"QEMU %d still runs with devices whose keeper has died; end it, then 'vmlaunch recover' gives them back",
			(int)journal->qemu.pid);
		return false;
	}
	keeper_report(k, REPORT_PROGRESS, 0, "giving back what keeper %d could not",
		      (int)journal->keeper.pid);
	/* From now on it is ours: if we die, the next one finds it as it is then. */
	k->journal = journal;
	whole = restore_from(k, 0);
	k->journal = mine;
	return whole;
}

bool recover_dead(struct keeper *k)
{
	struct error *err = NULL;
	struct journal **all;
	bool whole = true;
	size_t n;

	remove_halves();
	all = journal_all(&n, &err);
	for (size_t i = 0; i < n; i++) {
		if (!journal_is_kept(all[i]))
			whole = recover_one(k, all[i]) && whole;
		journal_free(all[i]);
	}
	free(all);
	for (size_t i = 0; i < error_count(err); i++, whole = false)
		keeper_report(k, REPORT_LEFT, 0, "%s", error_message(err, i));
	error_free(err);
	return whole;
}
