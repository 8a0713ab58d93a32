/* The INI grammar and nothing above it: text in, sections, keys and values with their places out.
 *
 *   [section] or [section name]      starts a section
 *   key = value                      in a section
 *   # or ;                           a comment, at the start of a line or after white space
 *   "..."                            a value in double quotes, with \" \\ \n \t \xHH
 *
 * Unquoted, a value is taken as it is, without the white space around it.
 */
#ifndef PROFILE_INI_H
#define PROFILE_INI_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Where something stands: line and column count from 1, columns in characters. */
struct place {
	unsigned line;
	unsigned column;
};

/* A key with its value, or a section's header (key is NULL). */
struct ini_entry {
	char *section;
	char *name; /* of [section name], else "" */
	char *key;
	char *value;
	struct place section_at;
	struct place key_at;
	struct place value_at;
};

struct ini {
	struct ini_entry *entry;
	size_t n;
};

/* Whether s could stand in a header as a name: letters, digits, '.', '_' and '-', or nothing. */
bool ini_is_name(const char *s);

/* Parses len bytes; file is the name used in messages. Goes on after an error: *ini holds all that
 * could be understood, err all that could not, and the result says whether there was none.
 */
bool ini_parse(struct ini *ini, const char *file, const char *text, size_t len, struct error **err);
void ini_free(struct ini *ini);
#define own_ini own_with(ini_free)

#endif
