/* The two halves of what tells AML in words: term.c has what stands in lists (scopes, devices,
 * names, methods, statements), expression.c what has a value. Private to show.c.
 */
#ifndef FIRMWARE_ACPI_TERM_H
#define FIRMWARE_ACPI_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reader.h"
#include "show.h"

/* What a name that the table declares needs when it is called, by its last segment. */
struct known {
	uint32_t segment;
	uint8_t args;
	bool ambiguous; /* declared several times, not alike */
};

struct telling {
	struct buf *out;
	const uint8_t *start; /* of the table, for offsets in messages */
	enum acpi_detail detail;
	bool collecting; /* the first pass: find declarations, tell nothing */
	struct known *known;
	size_t n;
	const char *trouble; /* what was not understood last */
	size_t trouble_at;   /* and where, bytes from the table's start */
	char object[5];	     /* the last segment of the name or method at hand, "_STA" */
	unsigned indent;
};

/* No term of a real table is nested so deep. */
#define DEPTH_MAX 48

/* Remembers what was not understood at s; false, so that it may be returned. */
bool trouble(struct telling *t, const struct span *s, const char *what);

/* A declaration for the second pass, and what was declared (NULL: nothing by that name). */
void known_add(struct telling *t, uint32_t segment, unsigned args);
void known_sort(struct telling *t);
const struct known *known_find(const struct telling *t, uint32_t segment);

/* Adds the text of the expression or statement at s and steps over it. */
bool expression(struct telling *t, struct span *s, struct buf *out, unsigned depth);
/* Reads an integer constant (20.2.3), if there is one; all ones is UINT64_MAX. */
bool constant(struct span *s, uint64_t *value);
void add_integer(struct buf *out, uint64_t value);

/* Tells all terms of a list, as far as they are understood. */
void term_list(struct telling *t, struct span list, unsigned depth);

#endif
