/* How a function is reset between two guests, and whether it lives afterwards.
 *
 * reset_method is written before the function leaves its driver and put back after it has that
 * again: all resets between, VFIO's and ours, are then of the chosen way. One that kills the card
 * would else come last.
 *
 * A card that no reset brought back reads as all ones. Its driver is kept from it: some hang on
 * such a card.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "bind.h"
#include "host/reset.h"

#define QUICK_MS 5000
#define RESET_MS 10000
/* What a read without an answer gives. The first ids alone are so of virtual functions that live
 * (PCI Express Base Specification, 9.3.4.1.1); their class is not.
 */
#define DEAD 0xff

/* ------------------------------------------------------------------ the way */

static char *methods_of(const struct keeper *k, const struct pci_address *address)
{
	char text[PCI_ADDRESS_SIZE];
	char *value = root_line(&k->root, "/sys/bus/pci/devices/%s/reset_method",
				pci_address_format(address, text));

	return value ? value : xstrdup("");
}

static bool write_methods(struct keeper *k, const struct pci_address *address, const char *methods,
			  struct error **err)
{
	own_free char *now = NULL;
	char text[PCI_ADDRESS_SIZE];

	if (!function_write(k, address, "reset_method", methods, QUICK_MS, err))
		return false;
	now = methods_of(k, address);
	if (strcmp(now, methods) == 0)
		return true;
	error_add(err, ERROR_HOST, "%s: reset_method is '%s' after '%s' was written",
		  pci_address_format(address, text), now, methods);
	return false;
}

/* A record that was another keeper's says how it was before everybody. */
static bool is_recorded(const struct journal *journal, const struct pci_address *address)
{
	for (size_t i = 0; i < journal->n; i++)
		if (journal->change[i].kind == CHANGE_RESET &&
		    pci_address_compare(&journal->change[i].address, address) == 0)
			return true;
	return false;
}

static bool write_down(struct keeper *k, const struct pci_function *f, const char *method,
		       struct error **err)
{
	struct change change = {.kind = CHANGE_RESET, .address = f->address};
	bool good = change_name(&change, method);
	char text[PCI_ADDRESS_SIZE];

	for (size_t i = 0; i < f->resets; i++)
		good = good && change_name(&change, f->reset[i]);
	if (good)
		return journal_add(k->journal, &change, err);
	error_add(err, ERROR_HOST, "%s: its reset methods could not be put back",
		  pci_address_format(&f->address, text));
	return false;
}

bool choose_reset(struct keeper *k, const struct pci_list *list, const struct pci_set *set,
		  const struct pci_function *f, enum reset_way way, struct error **err)
{
	own_reset_choice struct reset_choice choice = {0};

	reset_choose(&choice, list, set, f, way);
	if (choice.answer == RESET_IMPOSSIBLE) {
		own_free char *words = reset_refusal(&choice, f, way);

		error_add(err, ERROR_HOST, "%s", words);
		return false;
	}
	if (choice.answer == RESET_KEPT)
		return true;
	return (is_recorded(k->journal, &f->address) || write_down(k, f, choice.method, err)) &&
	       write_methods(k, &f->address, choice.method, err);
}

/* What somebody else has written there since is theirs. */
bool undo_reset(struct keeper *k, const struct change *change, struct error **err)
{
	own_free char *now = methods_of(k, &change->address);
	own_buf struct buf before = {0};
	char text[PCI_ADDRESS_SIZE];

	if (!change->names || strcmp(now, change->name[0]) != 0 ||
	    !root_exists(&k->root, "/sys/bus/pci/devices/%s/reset_method",
			 pci_address_format(&change->address, text)))
		return true;
	buf_adds(&before, "");
	for (size_t i = 1; i < change->names; i++)
		buf_addf(&before, "%s%s", i > 1 ? " " : "", change->name[i]);
	return write_methods(k, &change->address, before.data, err);
}

/* ------------------------------------------------------------------ whether it lives */

void function_reset(struct keeper *k, const struct pci_address *address)
{
	char text[PCI_ADDRESS_SIZE];

	if (root_exists(&k->root, "/sys/bus/pci/devices/%s/reset",
			pci_address_format(address, text)) &&
	    !function_write(k, address, "reset", "1", RESET_MS, NULL))
		keeper_report(k, REPORT_PROGRESS, 0, "%s: not reset", text);
}

struct question {
	const struct keeper *k;
	const char *path;
};

/* Reading wakes a function that is asleep, which may take its time. */
static int ask(void *context)
{
	const struct question *q = context;
	struct root again = ROOT_REAL;
	unsigned char head[16];
	ssize_t n;
	int fd;

	if (!root_is_real(&q->k->root) && !root_init(&again, q->k->root.path, NULL))
		return 0;
	fd = root_open(&again, q->path, O_RDONLY);
	n = fd < 0 ? 0 : read(fd, head, sizeof(head));
	for (ssize_t i = 0; i < n; i++)
		if (head[i] != DEAD)
			return 0;
	return n > 0 ? ENODEV : 0;
}

bool function_answers(struct keeper *k, const struct pci_address *address)
{
	char text[PCI_ADDRESS_SIZE];
	own_free char *path =
		xasprintf("/sys/bus/pci/devices/%s/config", pci_address_format(address, text));
	struct question q = {k, path};
	struct worker stuck = WORKER_NONE;
	enum worker_end end;
	int errnum;

	end = worker_run(ask, &q, QUICK_MS, &errnum, &stuck);
	keeper_keep_stuck(k, &stuck, address);
	return end == WORKER_DONE || (end == WORKER_FAILED && errnum != ENODEV);
}

char *verdict_of(struct keeper *k, const struct pci_address *address)
{
	own_pci_function struct pci_function f = {0};
	const char *known = NULL;

	if (!function_answers(k, address))
		return xstrdup(
			"it does not answer any more: another start only after a sleep of the computer (systemctl suspend) or a restart");
	if (pci_function_read(&f, &k->root, address))
		known = reset_known_bad(&f);
	return known ? xasprintf("it answers, but is %s", known)
		     : xstrdup("it answers: ready for another start");
}
