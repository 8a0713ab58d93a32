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

void pci_board(struct pci_set *board, const struct pci_list *list, const struct pci_function *f)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct pci_function *other = &list->v[i];

		if (pci_same_board(&other->address, &f->address) && !pci_is_bridge(other) &&
		    !pci_is_chipset(other))
			pci_set_add(board, other);
	}
}

void pci_group(struct pci_set *members, const struct pci_list *list, int group)
{
	for (size_t i = 0; i < list->n; i++)
		if (group >= 0 && list->v[i].group == group)
			pci_set_add(members, &list->v[i]);
}

void pci_children(struct pci_set *children, const struct pci_list *list,
		  const struct pci_function *bridge)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i].has_parent &&
		    pci_address_compare(&list->v[i].parent, &bridge->address) == 0)
			pci_set_add(children, &list->v[i]);
}
