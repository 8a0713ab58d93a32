/* Private to launcher/plan: the sections that name a device of the host. */
#ifndef PLAN_DEVICES_H
#define PLAN_DEVICES_H

#include "compose.h"

struct wanted {
	const struct item *item;
	const struct text *device;
	const char *functions; /* "all" or numbers; NULL: only the one that is named */
	const struct gpu *gpu; /* NULL: a [pci] section */
};

#define WANTED 128 /* of all sections together: 64 of each kind at most */

/* The enabled ones, in the order of the profile; list has room for WANTED. */
size_t devices_wanted(const struct profile *p, struct wanted *list);

/* The functions that one section means; false with words, and whatever could be found. */
bool devices_find(const struct profile *p, const struct facts *facts, const struct wanted *w,
		  struct pci_set *found, struct error **err);

#endif
