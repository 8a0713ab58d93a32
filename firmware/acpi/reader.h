/* Reads AML that nobody has checked: every function looks at what is left before it takes a byte,
 * takes nothing when it fails, and never looks outside its span. Grammar: ACPI 6.4, 20.2.
 */
#ifndef FIRMWARE_ACPI_READER_H
#define FIRMWARE_ACPI_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct span {
	const uint8_t *at, *end;
};

static inline size_t span_left(const struct span *s)
{
	return (size_t)(s->end - s->at);
}

/* The first byte, or -1 at the end. */
int span_peek(const struct span *s);
/* The opcode at the start, 0x5b00 | its second byte for one behind an ExtOpPrefix; -1 at the end.
 */
int span_opcode(const struct span *s);
/* Steps over the opcode that span_opcode() told. */
void span_skip_opcode(struct span *s);

/* An unsigned little-endian number of 1, 2, 4 or 8 bytes. */
bool span_number(struct span *s, unsigned bytes, uint64_t *value);
/* A length without what it counts: what a field's width is written in (20.2.4). */
bool span_length(struct span *s, size_t *value);
/* A length and what it counts: *inside is the content, s goes on behind it. */
bool span_package(struct span *s, struct span *inside);

/* A name (20.2.2) as text behind what out holds, "\_SB.PCI0" without the padding; *last, if not
 * NULL, gets the four bytes of its last segment, or 0 for a name without one.
 */
bool span_name(struct span *s, struct buf *out, uint32_t *last);
/* Whether the next byte begins a name; NullName does not count. */
bool span_at_name(const struct span *s);

#endif
