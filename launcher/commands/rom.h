/* Between rom.c, which takes the words apart and writes files, rom_dump.c, which reads a device,
 * and the files that print.
 */
#ifndef COMMANDS_ROM_H
#define COMMANDS_ROM_H

#include "base/root.h"
#include "firmware/rom.h"
#include "host/pci.h"

/* A ROM and what there is to say about it. */
struct rom_view {
	const char *path; /* of the file */
	struct rom_report report;
	struct rom_problems problems;
};

/* For people, at most 100 columns wide where the path allows it; and for programs. The caller owns
 * them. The text wants a ROM that was not refused.
 */
char *rom_text(const struct rom_view *view);
char *rom_json(const struct rom_view *view);

/* The ROM of a function, through the kernel (sysfs), which must let us: root. It is switched on for
 * reading and off again in every case, with no signal taken meanwhile. The caller owns the *len
 * bytes. NULL with words (ERROR_HOST; ERROR_LEFT if it could not be switched off).
 */
char *rom_dump(const struct root *root, const struct pci_function *f, size_t *len,
	       struct error **err);

#endif
