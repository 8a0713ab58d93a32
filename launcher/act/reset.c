/* How a function is reset between two guests, and whether it lives afterwards.
 *
 * reset_method is written before the function leaves its driver and put back after it has that
 * again: all resets between, VFIO's and ours, are then of the chosen way. One that kills the card
 * would else come last.
 *
 * A card that no reset brought back reads as all ones, or its BARs have lost their addresses. Its
 * driver is kept from it: some hang on such a card.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "bind.h"
#include "host/reset.h"

#define ONLY_AFTER \
	"another start only after a sleep of the computer (systemctl suspend) or a restart"
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
static int ask_for_reset(void *context)
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

	end = worker_run(ask_for_reset, &q, QUICK_MS, &errnum, &stuck);
	keeper_keep_stuck(k, &stuck, address);
	return end == WORKER_DONE || (end == WORKER_FAILED && errnum != ENODEV);
}

/* What a reset has to leave behind: the kernel puts the addresses of BARs back after it, and a card
 * that is not well keeps none, or answers with ones alone where its registers are.
 */
#define HEAD 64	    /* bytes of config space: PCI Local Bus Specification 3.0, 6.1 */
#define COMMAND 4   /* ... bit 1: it answers to addresses of memory */
#define HEADER 0x0e /* ... 0 in the low bits: a device's */
#define FIRST_BAR 0x10
#define REGISTER_BYTES 4096
#define BAR_DEAD 1000 /* behind the numbers of errors */

struct bars_question {
	const struct keeper *k;
	const struct pci_function *f;
	const char *dir;
};

static uint32_t word_of(const unsigned char *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static bool has_address(const unsigned char *head, const struct pci_bar *bar)
{
	const unsigned char *at = head + FIRST_BAR + (size_t)4 * bar->index;
	uint64_t address = word_of(at) & ~0xfU;

	if (bar->kind == PCI_BAR_MEM64 && bar->index < PCI_BARS - 1)
		address |= (uint64_t)word_of(at + 4) << 32;
	return address == bar->start;
}

/* One that sleeps answers nothing, and is none of those. */
static bool is_active(const struct root *root, const char *dir)
{
	own_free char *status = root_line(root, "%s/power/runtime_status", dir);

	return status && strcmp(status, "active") == 0;
}

static bool registers_answer(const struct root *root, const char *dir, const struct pci_bar *bar)
{
	own_free char *path = xasprintf("%s/resource%u", dir, bar->index);
	own_fd int fd = root_open(root, path, O_RDONLY);
	const volatile uint32_t *at;
	bool answer;

	/* A locked-down kernel lets nobody look. */
	at = fd < 0 ? MAP_FAILED : mmap(NULL, REGISTER_BYTES, PROT_READ, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return true;
	answer = *at != UINT32_MAX;
	munmap((void *)at, REGISTER_BYTES);
	return answer;
}

/* 0, or BAR_DEAD and the number of the first BAR that is not well. Memory that holds pictures may
 * read as anything; a display's registers begin with what is never all ones.
 */
static int ask_bars(void *context)
{
	const struct bars_question *q = context;
	own_free char *path = xasprintf("%s/config", q->dir);
	struct root again = ROOT_REAL;
	unsigned char head[HEAD];
	own_fd int fd = -1;
	ssize_t n;

	if (!root_is_real(&q->k->root) && !root_init(&again, q->k->root.path, NULL))
		return 0;
	fd = root_open(&again, path, O_RDONLY);
	n = fd < 0 ? 0 : read(fd, head, sizeof(head));
	if (n != HEAD || head[HEADER] & 0x7f)
		return 0;
	for (size_t i = 0; i < q->f->bars; i++) {
		const struct pci_bar *bar = &q->f->bar[i];
		bool registers = pci_is_display(q->f) && !bar->prefetch && head[COMMAND] & 2 &&
				 bar->size >= REGISTER_BYTES && is_active(&again, q->dir);

		if (bar->kind == PCI_BAR_IO || bar->unset)
			continue;
		if (!has_address(head, bar))
			return BAR_DEAD + (int)bar->index;
		if (registers && !registers_answer(&again, q->dir, bar) &&
		    is_active(&again, q->dir))
			return BAR_DEAD + (int)bar->index;
	}
	return 0;
}

/* The BAR that is not well, -1: none. Behind a VMD (domains from 0x10000 on) buses have addresses
 * of their own; a virtual function's BARs stand with its maker.
 */
static int dead_bar(struct keeper *k, const struct pci_function *f)
{
	char text[PCI_ADDRESS_SIZE];
	own_free char *dir =
		xasprintf("/sys/bus/pci/devices/%s", pci_address_format(&f->address, text));
	struct bars_question q = {k, f, dir};
	struct worker stuck = WORKER_NONE;
	int number = 0;

	if (f->is_vf || f->address.domain > 0xffff ||
	    worker_run(ask_bars, &q, QUICK_MS, &number, &stuck) != WORKER_FAILED)
		number = 0;
	keeper_keep_stuck(k, &stuck, &f->address);
	return number >= BAR_DEAD ? number - BAR_DEAD : -1;
}

/* A driver of the host's that took it has tried it better than we can. */
static bool has_own_driver(const struct pci_function *f)
{
	return f->driver && strcmp(f->driver, VFIO) != 0;
}

char *verdict_of(struct keeper *k, const struct pci_address *address)
{
	own_pci_function struct pci_function f = {0};
	const char *known = NULL;
	int bar = -1;

	if (!function_answers(k, address))
		return xasprintf("it does not answer any more: %s", ONLY_AFTER);
	if (pci_function_read(&f, &k->root, address)) {
		known = reset_known_bad(&f);
		bar = has_own_driver(&f) ? -1 : dead_bar(k, &f);
	}
	if (bar >= 0)
		return xasprintf("its BAR %d does not answer any more: %s", bar, ONLY_AFTER);
	return known ? xasprintf("it answers, but is %s", known)
		     : xstrdup("it answers: ready for another start");
}
