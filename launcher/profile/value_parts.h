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

/* In lower case; the caller owns it. */
char *value_lower(const char *s);

/* Names of the host's and the guest's hardware (value_hardware.c). */
parse_fn parse_usb, parse_device, parse_slots, parse_ids, parse_cpus, parse_place, parse_machine;

/* Of the network (value_network.c). */
parse_fn parse_forward;

#endif
