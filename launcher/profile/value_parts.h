/* Private to launcher/profile: what the parsers of values share. */
#ifndef PROFILE_VALUE_PARTS_H
#define PROFILE_VALUE_PARTS_H

#include "value.h"

/* What is parsed, for which key, and from where. */
struct token {
	const struct key *key;
	const char *text;
	const char *dir;
	struct origin at;
};

/* Writes a fresh value into *out and returns NULL, or leaves it alone and returns the sentence for
 * the message, which the caller owns.
 */
typedef char *parse_fn(const struct token *t, void *out);

/* "'TEXT' is not RIGHT", and auto where the key knows it. */
char *value_wrong(const struct token *t, const char *right);

/* Replaces a text by a value that is taken over. */
void value_set(struct text *out, char *value);

/* Whether s is a pattern of hex digits (x) and other characters. */
bool value_matches(const char *s, const char *pattern);

/* What stands between the words of a list. */
#define WORD_ENDS " \t,"

/* Whether s is what KIND_NAME takes. */
bool value_is_name(const char *s);

/* The path, from the token's directory; the caller owns it. */
char *value_absolute(const struct token *t);

/* Frees what a field holds, and leaves the zeroing to value_clear(). */
typedef void clear_fn(void *field);

/* Lists (value_list.c). */
parse_fn parse_strings, parse_order, parse_flags, parse_env, parse_paths;
clear_fn clear_strings, clear_order, clear_flags;

/* Names of the host's and the guest's hardware (value_hardware.c). */
parse_fn parse_usb, parse_device, parse_slots, parse_ids, parse_cpus, parse_place, parse_machine;

/* Of the network (value_network.c). */
parse_fn parse_forward;
clear_fn clear_forwards;

#endif
