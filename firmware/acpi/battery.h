/* A battery and an AC adapter, plugged in and full for ever. NVIDIA's driver for laptop GPUs takes
 * a machine for a laptop when it finds a battery whose technology is "rechargeable" (or a laptop's
 * chassis in SMBIOS), and refuses some GPUs on anything else (Code 43).
 *
 * The methods are those of ACPI 6.4, 10.2.2 (battery) and 10.3 (power source).
 */
#ifndef FIRMWARE_ACPI_BATTERY_H
#define FIRMWARE_ACPI_BATTERY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

#define ACPI_BATTERY_CAPACITY 50000 /* mWh */
#define ACPI_BATTERY_VOLTAGE 15000  /* mV */

/* Zero and NULL stand for the defaults, which are given behind each field. */
struct acpi_battery {
	uint32_t capacity;  /* mWh, ACPI_BATTERY_CAPACITY; at most 2^31 - 1 */
	uint32_t voltage;   /* mV, ACPI_BATTERY_VOLTAGE; at most 2^31 - 1 */
	const char *device; /* BAT0; a name segment */
	/* Shown to the guest's user; printable ASCII, may be empty. */
	const char *model;  /* "Primary" */
	const char *serial; /* "00001" */
	const char *type;   /* "LION" */
	const char *maker;  /* "OEM" */
};

/* False with ERROR_USAGE when a field cannot be said in ACPI. */
bool acpi_battery_check(const struct acpi_battery *battery, struct error **err);

/* \_SB.BAT0 with _BIF, _BIX and _BST, of a battery that was checked. The caller owns the AML. */
struct buf acpi_battery_device(const struct acpi_battery *battery);
/* \_SB.ADP0: mains power, always there. The caller owns the AML. */
struct buf acpi_adapter_device(void);

/* Both for a reader: indented lines, each with its end. The caller owns them. */
char *acpi_battery_words(const struct acpi_battery *battery);
char *acpi_adapter_words(void);

#endif
