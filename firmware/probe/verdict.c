/*
 * Conclusions: what the findings of the other files mean together.
 *
 * A verdict names a thing that is wrong for every guest. What depends on the profile's intentions
 * (which ids were wanted, which tables) is for whoever reads the lines.
 *
 * Each kind is a row: a test of one PCI function, and its words in both languages. What concerns
 * the machine as a whole is tested once.
 */
#include "out.h"
#include "pci.h"
#include "probe.h"

/* Seen with OVMF: a BAR too large on the root bus costs all functions their resources. */
static bool window_too_small(void)
{
	if (pci_known_count())
		return false;
	for (size_t i = 0; i < pci_function_count; i++) {
		if (pci_has_memory_bar(&pci_functions[i]))
			return true;
	}
	return false;
}

static const struct pci_bar *largest_bar(const struct pci_function *f)
{
	const struct pci_bar *largest = &f->bars[0];

	for (int i = 1; i < PCI_BARS; i++) {
		if (f->bars[i].size > largest->size)
			largest = &f->bars[i];
	}
	return largest;
}

/* Behind a root port the same mistake costs only the function with the large BAR. */
static bool is_dropped(const struct pci_function *f)
{
	return pci_known_count() && !f->known && largest_bar(f)->size;
}

static void dropped_people(const struct pci_function *f, const char *address)
{
	char size[TEXT_SHORT];

	people("  The firmware had no room for %s (largest BAR %s) and left it without resources.\n",
	       address, text_size(size, largest_bar(f)->size));
}

static void dropped_line(const struct pci_function *f)
{
	line_value("largest-bar", "%lu", largest_bar(f)->size);
}

static bool is_unnumbered(const struct pci_function *f)
{
	return pci_is_bridge(f) && !f->secondary;
}

static void unnumbered_people(const struct pci_function *f, const char *address)
{
	(void)f;
	people("  The bridge %s has no bus number: what is behind it is missing here.\n", address);
}

static const struct {
	const char *kind;
	bool (*applies)(const struct pci_function *f);
	void (*people)(const struct pci_function *f, const char *address);
	void (*line)(const struct pci_function *f); /* further keys, or NULL */
} verdicts[] = {
	{"function-dropped", is_dropped, dropped_people, dropped_line},
	{"bus-unassigned", is_unnumbered, unnumbered_people, NULL},
};

void verdict_people(void)
{
	const char *title = "\nVerdict\n";
	char address[TEXT_SHORT];

	if (window_too_small()) {
		people("%s  The firmware gave up on every PCI device: their memory does not fit into\n"
		       "  its address window. Give it a larger one, or the devices smaller BARs.\n",
		       title);
		title = "";
	}
	for (size_t i = 0; i < COUNT_OF(verdicts); i++) {
		for (size_t j = 0; j < pci_function_count; j++) {
			const struct pci_function *f = &pci_functions[j];

			if (!verdicts[i].applies(f))
				continue;
			people("%s", title);
			title = "";
			verdicts[i].people(f, pci_address_text(address, f->address));
		}
	}
}

static void function_verdict(size_t which, const struct pci_function *f)
{
	char address[TEXT_SHORT];

	line_begin("verdict");
	line_value("kind", "%s", verdicts[which].kind);
	line_value("address", "%s", pci_address_text(address, f->address));
	if (verdicts[which].line)
		verdicts[which].line(f);
	line_end();
}

void verdict_lines(void)
{
	if (window_too_small()) {
		line_begin("verdict");
		line_value("kind", "window-too-small");
		line_end();
	}
	for (size_t i = 0; i < COUNT_OF(verdicts); i++) {
		for (size_t j = 0; j < pci_function_count; j++) {
			if (verdicts[i].applies(&pci_functions[j]))
				function_verdict(i, &pci_functions[j]);
		}
	}
}
