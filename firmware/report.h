/* The report of the guest's-eye program, taken apart: the lines for programs as probe/FORMAT.md
 * describes them.
 *
 * Whoever is inside of the machine can write to that port what it likes, so the grammar is taken by
 * the letter: a line that breaks it is counted and left out, a value that is not of its kind is as
 * good as missing, and nothing here is larger than the text that it came from.
 */
#ifndef FIRMWARE_REPORT_H
#define FIRMWARE_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/own.h"

struct report_pair {
	char *key;
	char *value; /* with %xx undone; ends with a NUL and may hold others */
	size_t len;
};

struct report_line {
	char *kind;
	struct report_pair *pair;
	size_t pairs;
};

struct report {
	struct report_line *line;
	size_t lines;
	size_t broken;	   /* lines between the markers that are not of the grammar */
	size_t begin, end; /* where in the text the lines for programs stand, markers included */
};

/* Where a PCI function sits in the guest. */
struct report_place {
	unsigned bus, slot, function;
};
#define REPORT_PLACE_SIZE 8
/* "01:00.0" */
const char *report_place_text(char text[REPORT_PLACE_SIZE], const struct report_place *place);

/* Reads the len bytes of text. False with ERROR_FAILED when the report has no begin or no end: then
 * nothing in it is to be believed. *report must be empty; the caller owns it.
 */
bool report_parse(struct report *report, const char *text, size_t len, struct error **err);
void report_free(struct report *report);
#define own_report own_with(report_free)

/* The first line of the kind behind after (NULL: the first of all) in which key, unless that is
 * NULL, has this value; NULL when there is none.
 */
const struct report_line *report_next(const struct report *report, const struct report_line *after,
				      const char *kind, const char *key, const char *value);
/* The same where there must be one alone: NULL also when there are several. */
const struct report_line *report_one(const struct report *report, const char *kind, const char *key,
				     const char *value);

/* The value of key; NULL where it is missing or holds a NUL. */
const char *report_text(const struct report_line *line, const char *key);
/* A number, decimal or behind 0x hexadecimal; false where it is missing or something else. */
bool report_number(const struct report_line *line, const char *key, uint64_t *number);
/* "vvvv:dddd" */
bool report_ids(const struct report_line *line, const char *key, unsigned id[2]);
/* Ids of 4 digits with commas between, at most max of them; how many, 0 where there are none or the
 * value is something else.
 */
size_t report_id_list(const struct report_line *line, const char *key, uint16_t *id, size_t max);
/* "bb:dd.f" of a slot and a function that exist. */
bool report_place(const struct report_line *line, const char *key, struct report_place *place);

#endif
