/* All PCI functions, and the choices out of them: board, group, children. */
#include "pci.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "pci_parts.h"

static int by_address(const void *a, const void *b)
{
	return pci_address_compare(&((const struct pci_function *)a)->address,
				   &((const struct pci_function *)b)->address);
}

/* "6.12.117-amd64" */
static unsigned kernel_major(const struct root *root)
{
	own_free char *release = root_line(root, "/proc/sys/kernel/osrelease");

	return release ? (unsigned)strtoul(release, NULL, 10) : 0;
}

void pci_list_read(struct pci_list *list, const struct root *root)
{
	size_t n;
	char **names = root_list(root, &n, "/sys/bus/pci/devices");

	*list = (struct pci_list){0};
	for (size_t i = 0; i < n; i++) {
		struct pci_address address;
		struct pci_function f;

		/* One that is unplugged at this moment has no ids any more. */
		if (pci_address_parse(names[i], &address) && pci_function_read(&f, root, &address))
			*xappend(list->v, list->n) = f;
	}
	names_free(names, n);
	if (list->n)
		qsort(list->v, list->n, sizeof(*list->v), by_address);
	pci_overrides_read(list, root);
	list->kernel = kernel_major(root);
}

void pci_list_free(struct pci_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		pci_function_free(&list->v[i]);
	free(list->v);
	*list = (struct pci_list){0};
}

const struct pci_function *pci_list_find(const struct pci_list *list,
					 const struct pci_address *address)
{
	struct pci_function key = {.address = *address};

	return list->n ? bsearch(&key, list->v, list->n, sizeof(key), by_address) : NULL;
}

void pci_set_add(struct pci_set *set, const struct pci_function *f)
{
	*xappend(set->v, set->n) = f;
}

bool pci_set_has(const struct pci_set *set, const struct pci_function *f)
{
	for (size_t i = 0; i < set->n; i++)
		if (set->v[i] == f)
			return true;
	return false;
}

void pci_set_free(struct pci_set *set)
{
	free(set->v);
	*set = (struct pci_set){0};
}

static bool is_passive(const struct pci_function *f)
{
	return pci_is_bridge(f) || pci_is_chipset(f);
}

/* The upstream port of the switch that a card brings along: its ports are by the card's maker, and
 * the computer's own root port stands above. NULL: it has none.
 */
static const struct pci_function *card_switch(const struct pci_list *list,
					      const struct pci_function *f)
{
	const struct pci_function *above = f;

	for (int level = 0; level < 2; level++) {
		above = above->has_parent ? pci_list_find(list, &above->parent) : NULL;
		if (!above || !pci_is_bridge(above) || above->vendor != f->vendor)
			return NULL;
	}
	return above->has_parent ? above : NULL;
}

static bool is_of_card(const struct pci_list *list, const struct pci_function *f,
		       const struct pci_function *other)
{
	const struct pci_function *port = card_switch(list, f);

	return port && other->class >> 16 == 0x04 && pci_path_below(other->path, &port->address);
}

static bool is_on_board(const struct pci_list *list, const struct pci_function *f,
			const struct pci_function *other)
{
	bool near = pci_same_slot(&other->address, &f->address);

	if (other == f)
		return true;
	if (is_passive(f) || is_passive(other) || f->is_vf || other->is_vf)
		return false;
	if (near && f->group >= 0 && other->group == f->group)
		return true;
	return pci_is_display(f) && other->vendor == f->vendor &&
	       (near || is_of_card(list, f, other));
}

void pci_board(struct pci_set *board, const struct pci_list *list, const struct pci_function *f)
{
	for (int near = 1; near >= 0; near--)
		for (size_t i = 0; i < list->n; i++)
			if (pci_same_slot(&list->v[i].address, &f->address) == near &&
			    is_on_board(list, f, &list->v[i]))
				pci_set_add(board, &list->v[i]);
}

void pci_slot(struct pci_set *slot, const struct pci_list *list, const struct pci_function *f)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct pci_function *other = &list->v[i];

		if (other == f || (pci_same_slot(&other->address, &f->address) &&
				   !is_passive(other) && !f->is_vf && !other->is_vf))
			pci_set_add(slot, other);
	}
}

void pci_group(struct pci_set *members, const struct pci_list *list, int group)
{
	for (size_t i = 0; i < list->n; i++)
		if (group >= 0 && list->v[i].group == group)
			pci_set_add(members, &list->v[i]);
}
