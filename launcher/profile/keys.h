/* THE table of profile keys. Parsing, defaults, freeing, `vmlaunch keys`, the reference in
 * profiles/KEYS.md, completion and the fuzz dictionary are loops over it; nothing else knows a
 * key's name.
 */
#ifndef PROFILE_KEYS_H
#define PROFILE_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "profile.h"

/* What a value is; value.c has one parser for each, named in words by kind_words(). */
enum kind {
	KIND_TEXT,    /* struct text: any text */
	KIND_NAME,    /* struct text: letters, digits, . _ - */
	KIND_PATH,    /* struct text: made absolute */
	KIND_PROGRAM, /* struct text: a path, or a name for PATH */
	KIND_UUID,    /* struct uuid */
	KIND_MAC,     /* struct mac */
	KIND_DEVICE,  /* struct pci_pick: by id, address, or both */
	KIND_USB,     /* struct usb_pick: by ids, port, or both */
	KIND_SLOTS,   /* struct slots: function numbers such as 0,1; all */
	KIND_PLACE,   /* struct guest_slot: bus:00 */
	KIND_STRING,  /* struct text: 1 to 64 printable characters, what firmware calls a string */
	KIND_RESOLUTION, /* struct resolution: WIDTHxHEIGHT, none */
	KIND_CPUS,	 /* struct cpus: in the kernel's list form; .choice: or a word */
	KIND_VENDOR,	 /* struct text: at most 12 printable characters */
	KIND_SERIAL,	 /* struct text: at most 20 printable characters */
	KIND_IDS, /* struct pci_ids: host, none, or vendor:device:subvendor:subdevice for each */
	KIND_MACHINE,  /* struct machine_version: pc-q35-MAJOR.MINOR */
	KIND_COUNT,    /* struct number */
	KIND_SIZE,     /* struct number: bytes */
	KIND_DURATION, /* struct number: milliseconds */
	KIND_FLAG,     /* struct flag: yes or no */
	KIND_CHOICE,   /* struct choice: a word of a list */
	KIND_TARGET,   /* struct target: terminal, socket, none or a file */
	KIND_STRINGS,  /* struct strings: one text a line */
	KIND_ORDER,    /* struct boot_order: disk/NAME or network/NAME each */
	KIND_FLAGS,    /* struct cpu_flags: +NAME or -NAME each, separated by white space */
	KIND_ENV,      /* struct strings: NAME=VALUE */
	KIND_PATHS,    /* struct strings: one path a line, made absolute */
	KIND_FORWARDS, /* struct forwards: tcp 127.0.0.1:3389-3389 */
	KINDS,
};

/* Key flags. */
#define KEY_AUTO 1U	/* "auto" is a value too */
#define KEY_REQUIRED 2U /* its section is useless without it */
#define KEY_READ 4U	/* a path that must be a readable file */
#define KEY_EXISTS 8U	/* a path that must be a file or a block device */
#define KEY_NODE 16U	/* a path that must be a character device open to this user */
#define KEY_FOLDER 128U /* a path that must be a directory open to this user */
#define KEY_LOADED 32U	/* a path whose bytes the plan looks into */
#define KEY_ROM 64U	/* they must be an option ROM */

struct key {
	const char *name;
	enum kind kind;
	unsigned flags;
	size_t offset;		   /* of the field in the section's struct */
	const char *dflt;	   /* in the profile's own words; NULL: nothing */
	const char *const *choice; /* of KIND_CHOICE: the words by value, NULL-ended; KIND_CPUS */
	uint64_t min, max;	   /* of numbers, in the unit of the field */
	const char *help;	   /* one line */
};

struct section_keys {
	const char *name;
	bool items;    /* may stand several times: [name NAME] */
	size_t offset; /* in struct profile: of the section's struct, or of struct items */
	size_t size;   /* of the section's struct */
	const struct key *key;
	size_t n;
	const char *help;
};

/* All sections, in the order in which they are documented; *n says how many. */
const struct section_keys *section_table(size_t *n);

const struct section_keys *section_find(const char *name);
const struct key *key_find(const struct section_keys *section, const char *name);

/* The items of a section that may stand several times. */
struct items *profile_items(struct profile *p, const struct section_keys *section);

#define ITEMS_LIMIT 64 /* sections of one kind */

/* Gives fn each path that an enabled section gives to a key with any of the flags, in the order of
 * the table; false when fn said so of one.
 */
typedef bool path_fn(void *context, const struct key *key, const struct text *path,
		     struct error **err);
bool profile_paths(const struct profile *p, unsigned flags, path_fn *fn, void *context,
		   struct error **err);

/* The one of this name, or NULL. */
struct item *items_find(const struct items *items, const char *name);

/* Whether all values go together; all that do not are told. Names of boot.order become the sections
 * that they are the names of.
 */
bool profile_check_together(struct profile *p, struct error **err);

/* What a value of this key looks like, in a few words. The caller owns it. */
char *key_values(const struct key *key);

/* profile_parse(), with or without a look at the files that it names. */
struct profile *profile_layers(const char *path, const char *text, size_t len, const char *variant,
			       char *const *set, size_t sets, bool files, struct error **err);

/* The reference, generated: for a terminal, as Markdown, as JSON (a json-c object's text), or as
 * part of a manual page in mdoc(7). The caller owns it. The one for a terminal can be of one
 * section alone (NULL: of all).
 */
char *reference_text(const char *section);
char *reference_markdown(void);
char *reference_json(void);
char *reference_man(void);

#endif
