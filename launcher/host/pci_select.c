/* Choosing a function by what a profile says. */
#include "pci.h"

#include "base/alloc.h"
#include "base/buf.h"

static bool id_matches(const struct pci_function *f, const struct pci_selector *sel)
{
	return f->vendor == sel->vendor && f->device == sel->device &&
	       (!sel->has_subsystem ||
		(f->subvendor == sel->subvendor && f->subdevice == sel->subdevice));
}

/* "0000:01:00.0 [10de:2820@1043:1e6c]" and, where it helps, what it is. */
static void add_function(struct buf *out, const struct pci_function *f)
{
	char address[PCI_ADDRESS_SIZE];

	buf_addf(out, "%s [%04x:%04x", pci_address_format(&f->address, address), f->vendor,
		 f->device);
	if (f->has_subsystem)
		buf_addf(out, "@%04x:%04x", f->subvendor, f->subdevice);
	buf_addf(out, "] %s", pci_class_words(f->class));
}

static const struct pci_function *at_address(const struct pci_list *list,
					     const struct pci_selector *sel, struct error **err)
{
	const struct pci_function *f = pci_list_find(list, &sel->address);
	own_free char *wanted = pci_selector_text(sel);
	own_buf struct buf now = {0}, where = {0};

	if (f && (!sel->has_id || id_matches(f, sel)))
		return f;
	for (size_t i = 0; sel->has_id && i < list->n; i++) {
		if (!id_matches(&list->v[i], sel))
			continue;
		buf_adds(&where, where.len ? ", and at " : "; that id sits at ");
		add_function(&where, &list->v[i]);
	}
	if (f) {
		buf_adds(&now, "there sits ");
		add_function(&now, f);
	}
	error_add(err, ERROR_HOST, "%s: %s now%s", wanted,
		  f ? now.data : "there is no device at this address", where.len ? where.data : "");
	return NULL;
}

/* The devices of the same vendor, for somebody who mistyped: the first few. */
static void add_same_vendor(struct buf *out, const struct pci_list *list,
			    const struct pci_selector *sel)
{
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++) {
		const struct pci_function *f = &list->v[i];

		if (f->vendor != sel->vendor || pci_is_bridge(f) || pci_is_chipset(f) || n++ >= 4)
			continue;
		buf_adds(out, n == 1 ? "; of this vendor there is " : ", ");
		add_function(out, f);
	}
}

const struct pci_function *pci_find(const struct pci_list *list,
				    const struct pci_selector *selector, struct error **err)
{
	own_free char *wanted = pci_selector_text(selector);
	const struct pci_function *found = NULL;
	own_buf struct buf all = {0};
	const struct pci_function *last = NULL;
	bool subsystems_differ = false;
	size_t n = 0;

	if (selector->has_address)
		return at_address(list, selector, err);
	for (size_t i = 0; i < list->n; i++) {
		if (!id_matches(&list->v[i], selector))
			continue;
		n++;
		if (!selector->nth || n == selector->nth)
			found = &list->v[i];
		subsystems_differ |= last && (last->subvendor != list->v[i].subvendor ||
					      last->subdevice != list->v[i].subdevice);
		last = &list->v[i];
		buf_adds(&all, n > 1 ? ", " : "");
		add_function(&all, &list->v[i]);
	}
	if (found && (n == 1 || selector->nth))
		return found;
	if (n == 0) {
		add_same_vendor(&all, list, selector);
		error_add(err, ERROR_HOST, "%s: this host has no such device%s", wanted,
			  all.len ? all.data : "");
	} else if (selector->nth) {
		error_add(err, ERROR_HOST, "%s: there %s only %zu: %s", wanted,
			  n == 1 ? "is" : "are", n, all.data);
	} else {
		error_add(
			err, ERROR_HOST,
			"%s: there are %zu of them: %s; tell them apart by #1, #2, ...%s or by address",
			wanted, n, all.data, subsystems_differ ? ", by @subsystem" : "");
	}
	return NULL;
}
