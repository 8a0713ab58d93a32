/* The one writer of QEMU option strings: "driver,key=value,...". A comma in a value is doubled
 * (QEMU's docs/ util/keyval.c and util/qemu-option.c agree on that), and nothing else is special.
 * A list in a device's properties can only be said in JSON, which -device takes since QEMU 6.2;
 * there a number is a number, and text for it is refused.
 */
#ifndef PLAN_OPTION_H
#define PLAN_OPTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct json_object;

struct option {
	struct buf text;
	struct json_object *json; /* NULL: of the other spelling */
};

/* Starts with a first word that has no key (a driver, a backend), or with nothing for NULL. */
struct option option_new(const char *first);
/* A device as JSON. */
struct option option_new_json(const char *driver);

void option_text(struct option *o, const char *key, const char *value);
void option_number(struct option *o, const char *key, uint64_t value);
void option_on(struct option *o, const char *key, bool on);
/* In JSON alone: a list of n objects with one member each, the values being text. */
void option_list(struct option *o, const char *key, const char *member, char *const *value,
		 size_t n);
/* A PCI address on a bus: "02.1". */
void option_slot(struct option *o, const char *key, unsigned slot, unsigned function);

/* The finished string, which the caller owns. */
char *option_done(struct option *o);

/* What a finished string of either spelling says behind key (NULL: its first word, that has none;
 * in JSON the driver), which the caller owns; NULL where it says nothing.
 */
char *option_read(const char *text, const char *key);

#endif
