/* The one writer of QEMU option strings: "driver,key=value,...". A comma in a value is doubled
 * (QEMU's docs/ util/keyval.c and util/qemu-option.c agree on that), and nothing else is special.
 */
#ifndef PLAN_OPTION_H
#define PLAN_OPTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct option {
	struct buf text;
};

/* Starts with a first word that has no key (a driver, a backend), or with nothing for NULL. */
struct option option_new(const char *first);

void option_text(struct option *o, const char *key, const char *value);
void option_number(struct option *o, const char *key, uint64_t value);
void option_on(struct option *o, const char *key, bool on);
/* A PCI address on a bus: "02.1". */
void option_slot(struct option *o, const char *key, unsigned slot, unsigned function);

/* The finished string, which the caller owns. */
char *option_done(struct option *o);

/* What a finished string says behind key (NULL: its first word, that has none), which the caller
 * owns; NULL where it says nothing.
 */
char *option_read(const char *text, const char *key);

#endif
