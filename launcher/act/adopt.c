/* A function that a dead keeper could not give back, as its driver does not take it, has no driver
 * and stands in a journal that nobody works on. It may be handed to a guest all the same: then what
 * the dead keeper wrote of it moves into the journal of the one who takes it, as it says how the
 * function was before everybody, and as whoever worked off the dead journal meanwhile would take
 * the function out of the guest's hands.
 */
#include "state.h"

bool journal_is_given_up(const struct journal *journal, const struct pci_function *f)
{
	return !f->driver && journal_is_current(journal) && !journal_is_kept(journal) &&
	       !process_alive(journal->qemu);
}

/* The modules that came with the function go when it has gone. */
static bool moves_along(const struct change *change, const struct pci_function *f)
{
	return change->kind == CHANGE_LOADED || change_claims(change, f->address);
}

/* Written down here first: what stands in both is undone twice at worst, which is harmless. */
static bool move_records(struct keeper *k, struct journal *from, const struct pci_function *f,
			 struct error **err)
{
	for (size_t i = 0; i < from->n; i++)
		if (moves_along(&from->change[i], f) &&
		    !journal_add(k->journal, &from->change[i], err))
			return false;
	for (size_t i = from->n; i-- > 0;)
		if (moves_along(&from->change[i], f) && !journal_drop(from, i, err))
			return false;
	return true;
}

bool adopt_records(struct keeper *k, const struct pci_function *f, struct error **err)
{
	size_t n;
	struct journal **others = journal_others(k->journal, &n);
	bool good = true;

	for (size_t i = 0; i < n && good; i++)
		if (journal_claims(others[i], f->address) && journal_is_given_up(others[i], f))
			good = move_records(k, others[i], f, err);
	journals_free(others, n);
	return good;
}
