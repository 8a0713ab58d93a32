/* What a variable store says about what the firmware starts. */
#ifndef FIRMWARE_BOOT_ENTRY_H
#define FIRMWARE_BOOT_ENTRY_H

#include <stdbool.h>
#include <stddef.h>

#include "varstore.h"

struct boot_entry {
	unsigned number; /* of Boot#### */
	char *name;
	char *file;   /* path of the program on its disk, "" where the entry names none */
	bool active;  /* LOAD_OPTION_ACTIVE */
	bool ordered; /* stands in BootOrder */
};

/* The entries in BootOrder's order, then those that do not stand in it. *n says how many; free with
 * boot_entries_free().
 */
struct boot_entry *boot_entries_read(const struct varstore *store, size_t *n);
void boot_entries_free(struct boot_entry *entry, size_t n);

#endif
