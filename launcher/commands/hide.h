/* What tells who somebody is, and nothing about what is wrong with a computer: found in texts, and
 * replaced in all of them by the same stand-ins.
 */
#ifndef COMMANDS_HIDE_H
#define COMMANDS_HIDE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/own.h"

enum hidden_kind {
	HIDDEN_MACHINE_ID,
	HIDDEN_UUID,
	HIDDEN_MAC,
	HIDDEN_CARD,   /* a network card that is called by its address, enxa036bc1d2e3f */
	HIDDEN_VOLUME, /* identifiers of file systems that are no UUIDs */
	HIDDEN_SERIAL,
	HIDDEN_USER,
	HIDDEN_HOST,
	HIDDEN_KINDS
};

struct hidden {
	enum hidden_kind kind;
	char *from, *to;
};

struct hiding {
	struct hidden *v;
	size_t n;
	size_t of[HIDDEN_KINDS]; /* how many of each */
};

/* Adds one word, unless it is known or too short to be replaced safely. */
void hide_word(struct hiding *hiding, enum hidden_kind kind, const char *word, size_t len);
/* Adds all UUIDs and MAC addresses in a text. Those that UEFI gives to its own variables stay. */
void hide_found(struct hiding *hiding, const char *text, size_t len);
/* Adds what is a serial number in the name of a link in /dev/disk/by-id or /dev/input/by-id. */
void hide_in_id(struct hiding *hiding, const char *name);

/* The text with all replaced, as a string that the caller owns; *len is its length. Words count
 * only where no letter or digit stands beside them. people: names of users and of the host as well,
 * which can be anything ("intel") and so are left where a tree's own words stand.
 */
char *hide_in(const struct hiding *hiding, const char *text, size_t *len, bool people);

void hiding_free(struct hiding *hiding);
#define own_hiding own_with(hiding_free)

/* "MAC address", "MAC addresses" */
const char *hidden_words(enum hidden_kind kind, size_t n);

#endif
