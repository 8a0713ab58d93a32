/* What a function and the port above it may do while nobody uses them, for a machine's life. A card
 * that is switched off wholly (D3cold) between two guests does not always come back; what people
 * found to help is to forbid that, and to keep all of it and its port awake (gnif/vendor-reset 76).
 *
 * vfio-pci says "auto" when it binds, so this comes after that, and goes before it is undone.
 */
#include <string.h>

#include "base/alloc.h"
#include "bind.h"

#define QUICK_MS 5000

/* The journal has their numbers. */
enum attribute { CONTROL, D3COLD, ATTRIBUTES };
static const char *const ATTRIBUTE[] = {
	[CONTROL] = "power/control",
	[D3COLD] = "d3cold_allowed",
};
_Static_assert(ARRAY_SIZE(ATTRIBUTE) == ATTRIBUTES, "each has a file");

static char *value_of(const struct keeper *k, const struct pci_address *address, uint64_t attribute)
{
	char text[PCI_ADDRESS_SIZE];
	char *value = root_line(&k->root, "/sys/bus/pci/devices/%s/%s",
				pci_address_format(address, text), ATTRIBUTE[attribute]);

	return value ? value : xstrdup("");
}

/* Two functions have one port, and what stood there first is what goes back. */
static bool is_recorded(const struct journal *journal, const struct change *change)
{
	for (size_t i = 0; i < journal->n; i++) {
		const struct change *old = &journal->change[i];

		if (old->kind == CHANGE_POWER &&
		    pci_address_compare(&old->address, &change->address) == 0 &&
		    old->number == change->number)
			return true;
	}
	return false;
}

/* What the kernel does not have, or has as is wanted, is no change. */
static bool set_power(struct keeper *k, const struct pci_address *address, enum attribute attribute,
		      const char *value, struct error **err)
{
	struct change change = {.kind = CHANGE_POWER, .address = *address, .number = attribute};
	own_free char *before = value_of(k, address, attribute), *now = NULL;
	char text[PCI_ADDRESS_SIZE];

	if (!*before || strcmp(before, value) == 0)
		return true;
	if (!change_name(&change, value) || !change_name(&change, before)) {
		error_add(err, ERROR_HOST, "%s: its %s could not be put back",
			  pci_address_format(address, text), ATTRIBUTE[attribute]);
		return false;
	}
	if ((!is_recorded(k->journal, &change) && !journal_add(k->journal, &change, err)) ||
	    !function_write(k, address, ATTRIBUTE[attribute], value, QUICK_MS, err))
		return false;
	now = value_of(k, address, attribute);
	if (strcmp(now, value) == 0)
		return true;
	error_add(err, ERROR_HOST, "%s: %s is '%s' after '%s' was written",
		  pci_address_format(address, text), ATTRIBUTE[attribute], now, value);
	return false;
}

static bool stay_on(struct keeper *k, const struct pci_address *address, struct error **err)
{
	return set_power(k, address, CONTROL, "on", err) && set_power(k, address, D3COLD, "0", err);
}

bool keep_awake(struct keeper *k, const struct pci_function *f, struct error **err)
{
	return (!f->has_parent || stay_on(k, &f->parent, err)) && stay_on(k, &f->address, err);
}

/* What somebody else has written there since is theirs. */
bool undo_power(struct keeper *k, const struct change *change, struct error **err)
{
	own_free char *now = NULL;

	if (change->names != 2 || change->number >= ATTRIBUTES)
		return true;
	now = value_of(k, &change->address, change->number);
	return strcmp(now, change->name[0]) != 0 ||
	       function_write(k, &change->address, ATTRIBUTE[change->number], change->name[1],
			      QUICK_MS, err);
}
