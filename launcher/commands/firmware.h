/* Between firmware.c, which looks, and the files that print. */
#ifndef COMMANDS_FIRMWARE_H
#define COMMANDS_FIRMWARE_H

#include "firmware/boot_entry.h"
#include "firmware/find.h"
#include "firmware/secure_boot.h"

/* A variable store, and what is in it. */
struct store_view {
	const char
		*whose; /* the machine's name; NULL: a template, which the next new machine gets */
	char *path;
	char *why; /* it cannot be read; NULL: it was */
	struct secure_boot secure_boot;
	struct boot_entry *entry;
	size_t entries;
	const char **missing; /* see secure_boot_missing() */
	size_t missings;
	int64_t ended;
};

/* What is chosen for a value of firmware.secure-boot, and why. */
struct choice_view {
	bool secure_boot;
	const struct firmware *firmware; /* NULL: nothing fits */
	char *why;
};

struct firmware_view {
	bool found; /* descriptors were looked for */
	const char *profile, *machine, *qemu, *qemu_version;
	const struct firmware_list *list;
	struct choice_view choice[2];
	size_t choices;
	struct store_view store;
	bool has_store;
	int64_t now; /* seconds since the epoch */
};

/* For people, and for programs. The caller owns them. */
char *firmware_text(const struct firmware_view *view);
char *firmware_json(const struct firmware_view *view);

#endif
