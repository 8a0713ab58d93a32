/* UEFI firmware from the descriptors that distributions install (QEMU's
 * docs/interop/firmware.json): never from a path known to us. Directories, the more specific first:
 *
 *   $XDG_CONFIG_HOME/qemu/firmware, /etc/qemu/firmware   of the specification
 *   DATA/firmware     where DATA are the data directories of the QEMU that will run
 *   /usr/local/share/qemu/firmware
 *   /usr/share/qemu/firmware                             of the specification
 *   /run/current-system/sw/share/qemu/firmware           NixOS' system profile
 *   $XDG_DATA_DIRS/qemu/firmware                         all of them, in order
 *
 * A file hides those of the same name in less specific directories; an empty one hides them and
 * offers nothing. Lowest name first.
 */
#ifndef FIRMWARE_FIND_H
#define FIRMWARE_FIND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/distribution.h"
#include "base/error.h"
#include "base/root.h"

enum firmware_format { FIRMWARE_RAW, FIRMWARE_QCOW2 };

/* A CODE file and the template of its variable store, of one descriptor. */
struct firmware {
	char *descriptor; /* where it was read; NULL for files that the profile named */
	char *code;
	char *vars; /* the template */
	enum firmware_format code_format, vars_format;
	uint64_t code_size,
		vars_size; /* bytes that a guest sees (qcow2: not the file's), 0: unknown */
	bool secure_boot;  /* able to */
	bool enrolled;	   /* the template holds keys already */
	bool needs_smm;
	char **machine; /* globs of the machine types that it is for, 0: any */
	size_t machines;
	char **feature; /* all that the descriptor lists */
	size_t features;
};

/* Where descriptors are looked for, beside the directories that are the same everywhere. */
struct firmware_places {
	const struct root *root;
	const char *config_dir; /* the user's real XDG_CONFIG_HOME, NULL: none */
	char *const *qemu_dir;	/* QEMU's data directories ("/usr/share/qemu"), the first first */
	size_t qemu_dirs;
	const char *data_dirs; /* XDG_DATA_DIRS, NULL: none */
};

struct firmware_list {
	struct firmware *item;
	size_t n;
	char **skipped; /* a line per descriptor that was passed over, with the reason */
	size_t skips;
	char *looked_in; /* the directories of descriptors that are there, with commas; "": none */
	enum distribution distribution; /* for the remedy where nothing fits */
};

/* Reads all descriptors that describe split UEFI flash for x86_64 machines (interface uefi, device
 * flash, mode split or absent), in order of preference. All but the user's own are read through the
 * root, and paths are told without its prefix. A descriptor that is broken, hidden or for something
 * else is passed over with a line, never an error.
 */
void firmware_find(struct firmware_list *list, const struct firmware_places *places);
void firmware_list_free(struct firmware_list *list);
#define own_firmware_list own_with(firmware_list_free)

/* Whether the firmware is for a machine type ("pc-q35-10.0"). */
bool firmware_fits_machine(const struct firmware *fw, const char *machine);

/* The one for a machine of this type without Secure Boot (no secure-boot, enrolled-keys or
 * requires-smm feature wanted), or with it (secure-boot and, where there is a choice, enrolled
 * keys). Raw 4 MiB pairs are preferred among equals. NULL with words that list what was found and
 * which package has it.
 */
const struct firmware *firmware_choose(const struct firmware_list *list, const char *machine,
				       bool secure_boot, struct error **err);

/* The un-enrolled template that fits the same CODE file by size, for a program that is not signed;
 * NULL when there is none.
 */
const struct firmware *firmware_unenrolled(const struct firmware_list *list,
					   const struct firmware *like);

#endif
