/* Giving back: the journal read backwards. Each undo looks at what is there now and writes the old
 * value only where the present one is ours, so doing it twice is harmless, and what somebody else
 * changed meanwhile stays as it is. A failure is told and left in the journal; the rest goes on.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "journal_file.h"
#include "state.h"

#define UNDO_OF(kind, word, undo, function) [kind] = undo,
static bool (*const UNDO[CHANGES])(struct keeper *k, const struct change *change,
				   struct error **err) = {CHANGE_ROWS(UNDO_OF)};

/* An undo that could not look at the host, for want of descriptors, may have taken what it did not
 * see for gone: then nothing was undone.
 */
static bool undo_seeing(struct keeper *k, const struct change *change, struct error **err)
{
	unsigned long before = root_shortages();

	if (!UNDO[change->kind](k, change, err))
		return false;
	if (root_shortages() == before)
		return true;
	error_errno(err, ERROR_LEFT, EMFILE, "cannot look at the host");
	return false;
}

static bool undo_change(struct keeper *k, const struct change *change, struct error **err)
{
	char address[PCI_ADDRESS_SIZE];

	if (!(CHANGE_FUNCTION[change->kind] & CHANGE_WAITS) ||
	    !keeper_is_stuck(k, &change->address))
		return undo_seeing(k, change, err);
	/* Told once for a function, and that by its other record. */
	if (change->kind == CHANGE_OVERRIDE)
		return false;
	error_add(
		err, ERROR_LEFT,
		"%s waits in the kernel until whoever holds the device lets go; it is given back then",
		pci_address_format(&change->address, address));
	return false;
}

static bool restore_pass(struct keeper *k, size_t from, bool tells)
{
	bool whole = true;

	for (size_t i = k->journal->n; i-- > from;) {
		struct change change = k->journal->change[i];
		own_error struct error *err = NULL;

		k->undoing = i;
		if (undo_change(k, &change, &err) && journal_drop(k->journal, i, &err))
			continue;
		if (err && tells)
			keeper_report(k, REPORT_LEFT, 0, "%s", error_message(err, 0));
		whole = false;
	}
	return whole;
}

/* Twice where need be: what stood in the way of one (a process that could not be made, a device
 * that was not back yet) may be gone after the others, and only what is left in the end is told.
 */
bool restore_from(struct keeper *k, size_t from)
{
	own_error struct error *err = NULL;
	bool whole = restore_pass(k, from, false) || restore_pass(k, from, true);

	/* The last record, undone, still stands in a file that could not be removed. */
	if (k->journal->n || journal_save(k->journal, &err))
		return whole;
	keeper_report(k, REPORT_LEFT, 0, "%s", error_message(err, 0));
	return false;
}

/* ------------------------------------------------------------------ after a keeper's death */

/* One dead keeper's journal, by way of a keeper's state of its own. */
static bool recover_one(struct keeper *k, struct journal *journal)
{
	struct journal *mine = k->journal;
	bool whole;

	if (!journal_is_current(journal))
		return journal_file_remove(journal->path, NULL);
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
	k->recovered += journal->n;
	whole = restore_from(k, 0);
	k->recovered -= journal->n;
	k->journal = mine;
	return whole;
}

bool recover_dead(struct keeper *k)
{
	struct error *err = NULL;
	struct journal **all;
	bool whole = true;
	size_t n;

	journal_remove_halves();
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
