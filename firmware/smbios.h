/* The chassis record of SMBIOS (type 3) as a file for QEMU's -smbios file=. QEMU's own words for
 * type 3 have none for the kind of chassis, so a machine that is to look like a laptop needs the
 * whole record; QEMU then makes none itself, and refuses -smbios type=3 beside it.
 */
#ifndef FIRMWARE_SMBIOS_H
#define FIRMWARE_SMBIOS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"

/* DMTF DSP0134 3.3, table 17. */
#define SMBIOS_CHASSIS_LAPTOP 9
#define SMBIOS_CHASSIS_NOTEBOOK 10
#define SMBIOS_CHASSIS_LAST 36 /* the last kind that is defined */

/* NULL and "": the record does not say. */
struct smbios_chassis {
	unsigned type; /* 1 to SMBIOS_CHASSIS_LAST; 0: SMBIOS_CHASSIS_NOTEBOOK */
	const char *manufacturer;
	const char *version;
	const char *serial;
	const char *asset;
	const char *sku;
};

/* What a kind of chassis is called, in small letters ("notebook"); NULL for one that is not
 * defined. */
const char *smbios_chassis_word(unsigned type);

/* Writes the record into *record, which is the caller's. False with ERROR_USAGE when there is no
 * such type, or a string has control characters, is no UTF-8, or has more than 255 bytes.
 */
bool smbios_chassis(const struct smbios_chassis *chassis, struct buf *record, struct error **err);

#endif
