#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/root.h"
#include "base/text.h"
#include "journal_file.h"

/* #syscalls(keeper) mkdir unlink rmdir */

#define JOURNAL_LIMIT (1U << 20)

bool journal_dir(struct error **err)
{
	struct stat st;

	if (mkdir(JOURNAL_DIR, 0700) < 0 && errno != EEXIST) {
		error_errno(err, ERROR_HOST, errno, "cannot make %s", JOURNAL_DIR);
		return false;
	}
	if (lstat(JOURNAL_DIR, &st) < 0 || !S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & 0077)) {
		error_add(err, ERROR_HOST, "%s is not a directory of root's with mode 0700",
			  JOURNAL_DIR);
		return false;
	}
	return true;
}

struct journal *journal_new(uid_t uid)
{
	struct journal *journal = xcalloc(1, sizeof(*journal));

	journal->uid = uid;
	journal->keeper = process_of(getpid());
	journal->boot_id = process_boot_id();
	journal->namespaces = process_namespaces();
	journal->path = xasprintf("%s/%d.journal", JOURNAL_DIR, (int)getpid());
	/* A dead keeper of the same number may have left one that cannot be worked off yet. */
	for (unsigned n = 1; access(journal->path, F_OK) == 0; n++) {
		free(journal->path);
		journal->path = xasprintf("%s/%d-%u.journal", JOURNAL_DIR, (int)getpid(), n);
	}
	return journal;
}

void journal_free(struct journal *journal)
{
	if (!journal)
		return;
	free(journal->path);
	free(journal->boot_id);
	free(journal->namespaces);
	free(journal->change);
	free(journal->irq);
	free(journal);
}

bool journal_save(struct journal *journal, struct error **err)
{
	own_free char *text = NULL;

	if (journal->n == 0)
		return journal_file_remove(journal->path, err);
	text = journal_text(journal);
	return journal_file_write(journal->path, text, err);
}

bool journal_add(struct journal *journal, const struct change *change, struct error **err)
{
	if (journal->n >= JOURNAL_CHANGES) {
		error_add(err, ERROR_HOST, "more than %d changes of the host", JOURNAL_CHANGES);
		return false;
	}
	*xappend(journal->change, journal->n) = *change;
	if (journal_save(journal, err))
		return true;
	journal->n--;
	return false;
}

bool journal_amend(struct journal *journal, const struct change *change, struct error **err)
{
	journal->change[journal->n - 1] = *change;
	return journal_save(journal, err);
}

bool journal_replace(struct journal *journal, size_t i, const struct change *change,
		     struct error **err)
{
	journal->change[i] = *change;
	return journal_save(journal, err);
}

static void forget_irqs(struct journal *journal)
{
	free(steal(&journal->irq));
	journal->irqs = 0;
}

bool journal_add_irqs(struct journal *journal, const struct change *change,
		      const struct irq_saved *irq, size_t n, struct error **err)
{
	forget_irqs(journal);
	for (size_t i = 0; i < n; i++)
		*xappend(journal->irq, journal->irqs) = irq[i];
	if (journal_add(journal, change, err))
		return true;
	forget_irqs(journal);
	return false;
}

bool journal_drop(struct journal *journal, size_t i, struct error **err)
{
	if (journal->change[i].kind == CHANGE_IRQS)
		forget_irqs(journal);
	memmove(&journal->change[i], &journal->change[i + 1],
		(journal->n - i - 1) * sizeof(*journal->change));
	journal->n--;
	return journal_save(journal, err);
}

bool journal_watch(struct journal *journal, struct process qemu, struct error **err)
{
	journal->qemu = qemu;
	return journal->n == 0 || journal_save(journal, err);
}

struct journal *journal_read(const char *path, struct error **err)
{
	own_free char *text = file_read(path, JOURNAL_LIMIT, NULL);
	struct journal *journal;

	if (!text) {
		error_errno(err, ERROR_LEFT, errno, "cannot read %s", path);
		return NULL;
	}
	journal = journal_parse(text, NULL);
	if (journal)
		journal->path = xstrdup(path);
	else
		error_add(
			err, ERROR_LEFT,
			"%s is no journal of this vmlaunch's, so what stands in it is not given back: the vmlaunch that wrote it could ('vmlaunch recover'), else remove it and start this computer anew",
			path);
	return journal;
}

/* The keeper that wrote NAME.journal or what is beside it: its number; 0 where there is none. */
static pid_t writer_of(const char *name)
{
	own_free char *digits = xstrndup(name, strspn(name, "0123456789"));
	uint64_t pid;

	return text_u64(digits, 10, &pid) && pid <= INT32_MAX ? (pid_t)pid : 0;
}

void journal_remove_halves(void)
{
	struct root real = ROOT_REAL;
	size_t n;
	char **name = root_list(&real, &n, "%s", JOURNAL_DIR);

	for (size_t i = 0; i < n; i++) {
		const char *half = strstr(name[i], ".journal.");
		own_free char *path = path_join(JOURNAL_DIR, name[i]), *whole = NULL;
		pid_t writer = writer_of(name[i]);

		if (!half || !writer || process_of(writer).start)
			continue;
		whole = xstrndup(path, strlen(path) - strlen(half) + strlen(".journal"));
		/* The room that a journal has goes with the journal. */
		if (!text_ends(path, JOURNAL_ROOM) || access(whole, F_OK) < 0)
			unlink(path);
	}
	names_free(name, n);
}

struct journal **journal_all(size_t *n, struct error **err)
{
	struct root real = ROOT_REAL;
	struct journal **all = NULL;
	size_t names;
	char **name = root_list(&real, &names, "%s", JOURNAL_DIR);

	*n = 0;
	for (size_t i = 0; i < names; i++) {
		own_free char *path = path_join(JOURNAL_DIR, name[i]);
		struct journal *journal;

		if (!text_ends(name[i], ".journal"))
			continue;
		journal = journal_read(path, err);
		if (journal)
			*xappend(all, *n) = journal;
	}
	names_free(name, names);
	return all;
}

bool journal_is_current(const struct journal *journal)
{
	own_free char *now = process_boot_id();

	return strcmp(now, journal->boot_id) == 0;
}

bool journal_same(const struct journal *a, const struct journal *b)
{
	return a->keeper.pid == b->keeper.pid && a->keeper.start == b->keeper.start;
}

bool journal_is_here(const struct journal *journal)
{
	own_free char *ours = process_namespaces();

	/* Without a word of it, it is of a vmlaunch that did not look. */
	return !journal->namespaces || strcmp(journal->namespaces, ours) == 0;
}

bool journal_is_kept(const struct journal *journal)
{
	return journal_is_current(journal) &&
	       (!journal_is_here(journal) || process_alive(journal->keeper));
}

#define FUNCTION_OF(kind, word, undo, function) [kind] = function,
const unsigned CHANGE_FUNCTION[CHANGES] = {CHANGE_ROWS(FUNCTION_OF)};

bool change_claims(const struct change *change, struct pci_address address)
{
	return (CHANGE_FUNCTION[change->kind] & CHANGE_CLAIMS) &&
	       pci_address_compare(&change->address, &address) == 0;
}

bool journal_claims(const struct journal *journal, struct pci_address address)
{
	for (size_t i = 0; i < journal->n; i++)
		if (change_claims(&journal->change[i], address))
			return true;
	return false;
}

const struct change *journal_find(const struct journal *journal, enum change_kind kind)
{
	for (size_t i = 0; i < journal->n; i++)
		if (journal->change[i].kind == kind)
			return &journal->change[i];
	return NULL;
}

struct journal **journal_others(const struct journal *mine, size_t *n)
{
	size_t all, others = 0;
	struct journal **journals = journal_all(&all, NULL);

	for (size_t i = 0; i < all; i++) {
		if (journal_is_current(journals[i]) && !journal_same(journals[i], mine))
			journals[others++] = journals[i];
		else
			journal_free(journals[i]);
	}
	*n = others;
	return journals;
}

void journals_free(struct journal **journals, size_t n)
{
	for (size_t i = 0; i < n; i++)
		journal_free(journals[i]);
	free(journals);
}
