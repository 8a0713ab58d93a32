/* One parser per kind of value: the whole token or nothing. */
#ifndef PROFILE_VALUE_H
#define PROFILE_VALUE_H

#include "keys.h"

/* Parses text into the field of a key, replacing what is there (list kinds append). dir is what a
 * relative path starts from. On failure the field is untouched and the result is a sentence that
 * says what is wrong and what would be right, owned by the caller; NULL on success.
 */
char *value_parse(const struct key *key, const char *text, const char *dir, struct origin at,
		  void *field);

/* What is wrong with a value, without a field for it; the caller owns it, NULL: nothing. */
char *value_problem(const struct key *key, const char *text, const char *dir);

/* What a field is before any line of a profile: its key's default, or nothing but at. */
char *value_default(const struct key *key, struct origin at, void *field);

/* Frees what a field of this kind holds and zeroes it. */
void value_clear(enum kind kind, void *field);

/* The kind in words: "a size such as 16G". */
const char *kind_words(enum kind kind);

bool kind_is_list(enum kind kind);

#endif
