/* The profile as it is made: values by section and key, in whatever order the domain has them. What
 * the table of keys does not take is told, and never written: so what is written can be read.
 */
#ifndef IMPORT_DRAFT_H
#define IMPORT_DRAFT_H

#include <stdbool.h>
#include <stddef.h>

#include "host/pci.h"

struct draft {
	struct draft_line {
		char *section, *name, *key, *value; /* key NULL: value is a comment */
		bool off;
	} * line;
	size_t n;
	char **left; /* what could not be mapped, a sentence each */
	size_t lefts;
	char **note; /* what was mapped to something else, a sentence each */
	size_t notes;
	/* What is booted from, with libvirt's number for it. */
	struct draft_boot {
		char *item; /* SECTION/NAME */
		unsigned long order;
	} * boot;
	size_t boots;
	/* The host's devices, if it is the one that the domain ran on. */
	struct pci_list pci;
};

/* Gives the key of a section (name: of [section name], "" for none) a value; a later one takes its
 * place, but for list keys. A value that the key does not take is listed as left.
 */
void draft_put(struct draft *d, const char *section, const char *name, const char *key,
	       const char *value);
void draft_putf(struct draft *d, const char *section, const char *name, const char *key,
		const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* As a comment to be uncommented. */
void draft_put_off(struct draft *d, const char *section, const char *name, const char *key,
		   const char *value);
/* Whether such a key is there at all. */
bool draft_knows(const char *section, const char *key);
/* Whether it takes the value. */
bool draft_takes(const char *section, const char *key, const char *value);
/* The value that a key has by now, or NULL. */
const char *draft_value(const struct draft *d, const char *section, const char *name,
			const char *key);
/* A comment before the keys of a section. */
void draft_comment(struct draft *d, const char *section, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* What of the domain has no place in a profile, and what is another thing here. */
void draft_left(struct draft *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void draft_note(struct draft *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The profile's text, which the caller owns. from: where the domain came from. */
char *draft_text(const struct draft *d, const char *from);
void draft_free(struct draft *d);
#define own_draft own_with(draft_free)

#endif
