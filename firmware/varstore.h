/* What a variable store holds: UEFI's variables as edk2 keeps them in flash. Reads only.
 *
 * Layout: a firmware volume (UEFI Platform Initialization Specification, volume 3, 3.2.1) of the
 * type gEfiSystemNvDataFvGuid, in it a variable store, in it variables one behind the other (edk2,
 * MdeModulePkg/Include/Guid/VariableFormat.h).
 */
#ifndef FIRMWARE_VARSTORE_H
#define FIRMWARE_VARSTORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/own.h"

/* No store that is known has more bytes (OVMF's have 128 and 528 KiB). */
#define VARSTORE_MOST (16U << 20)

/* A GUID as it lies in memory: the first three fields in little-endian order. */
struct guid {
	unsigned char byte[16];
};

struct variable {
	struct guid vendor;
	char *name; /* UTF-8 */
	uint32_t attributes;
	const unsigned char *data; /* size bytes inside the store */
	size_t size;
};

struct varstore {
	unsigned char *bytes; /* of the flash */
	size_t len;
	struct variable *variable; /* those that are valid, in the order in which they lie there */
	size_t n;
};

/* Takes over bytes (made by malloc) and finds the variables in them; false, with the store empty
 * and bytes freed, with the reason in *why, which the caller owns.
 */
bool varstore_parse(struct varstore *store, unsigned char *bytes, size_t len, char **why);

/* Reads the store in a raw or qcow2 image that may be in use; fd stays the caller's. */
bool varstore_read(struct varstore *store, int fd, char **why);

void varstore_free(struct varstore *store);
#define own_varstore own_with(varstore_free)

/* The variable, or NULL; vendor: one of those below. */
const struct variable *varstore_find(const struct varstore *store, const struct guid *vendor,
				     const char *name);

/* EFI_GLOBAL_VARIABLE, EFI_IMAGE_SECURITY_DATABASE_GUID (UEFI 2.10, 3.3 and 32.6.1), and edk2's
 * gEfiSecureBootEnableDisableGuid and gEfiCustomModeEnableGuid.
 */
extern const struct guid GUID_GLOBAL, GUID_DATABASE, GUID_SECURE_BOOT_ENABLE, GUID_CUSTOM_MODE;

bool guid_is(const struct guid *a, const struct guid *b);

/* Little-endian numbers. */
static inline uint16_t le16(const unsigned char *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t le32(const unsigned char *p)
{
	return le16(p) | (uint32_t)le16(p + 2) << 16;
}

static inline uint64_t le64(const unsigned char *p)
{
	return le32(p) | (uint64_t)le32(p + 4) << 32;
}

#endif
