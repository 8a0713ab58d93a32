/* ACPI tables as QEMU takes them with -acpitable file=: whole ones, with their header. QEMU sets
 * their checksum and length anew, and ends with a failed assertion when all tables together are too
 * large; what is written and checked here keeps to its limits and says so in words.
 */
#ifndef FIRMWARE_ACPI_TABLE_H
#define FIRMWARE_ACPI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

/* ACPI 6.4, 5.2.6: the header of every table. Bytes. */
#define ACPI_HEADER_SIZE 36
/* QEMU keeps a table's length in 16 bits. Bytes, header included. */
#define ACPI_TABLE_MAX 65535
/* All tables, QEMU's own among them, in the memory that QEMU gives them. Bytes. */
#define ACPI_TOTAL_MAX (2U << 20)
/* What of that QEMU's own tables may need: 9 KB are common, many CPUs and hot-plug slots take more.
 */
#define ACPI_TOTAL_QEMU (64U << 10)
/* Tables beside QEMU's: SeaBIOS was seen to fail with 111, OVMF with 131. */
#define ACPI_TABLES_MAX 49

/* What QEMU writes into its own tables unless told otherwise (machine option x-oem-id). */
#define ACPI_OEM_QEMU "BOCHS "

/* Which part of a wish a table comes from. */
enum acpi_source {
	ACPI_BATTERY,
	ACPI_NVIDIA_POWER,
	ACPI_GPU_ROM,
	ACPI_GPU_DSM,
	ACPI_OWN,
};

struct acpi_table {
	enum acpi_source source;
	size_t index;	  /* the how-manieth GPU or own table of the wish, from 0 */
	char *name;	  /* a file's name for it, no path: "battery.aml" */
	char *what;	  /* what it is for, in words */
	char *told;	  /* what stands in it: indented lines, each with its end */
	struct buf bytes; /* with the header */
};

struct acpi_tables {
	struct acpi_table *table;
	size_t n;
	char **warning; /* sentences about what was given */
	size_t warnings;
};

void acpi_tables_free(struct acpi_tables *tables);
#define own_acpi_tables own_with(acpi_tables_free)

/* An SSDT (revision 1: 32-bit integers, as in QEMU's DSDT) around a body, which it takes over. The
 * owner's id has at most 6 bytes (NULL: QEMU's), the table's at most 8; 5.2.11.2 wants the latter
 * to differ between tables. Layout: 5.2.6. Aborts when the body is larger than a table can be: who
 * makes bodies of unknown size asks acpi_body_fits() before.
 */
struct buf acpi_ssdt(const char *oem_id, const char *oem_table_id, struct buf body);
/* Whether a body of len bytes fits a table. */
bool acpi_body_fits(size_t len);

/* Whether s may be an OEM id: 1 to 6 printable ASCII characters, no quote or comma. */
bool acpi_is_oem_id(const char *s);

/* Looks at a table file of the user's, which path names (printable, as it is to be shown): size,
 * signature, the length in its header. What QEMU repairs or a guest may only stumble over is a
 * sentence in *warning, which the caller owns (NULL: nothing). False with ERROR_USAGE when QEMU or
 * the guest could not use it.
 */
bool acpi_table_check(const char *path, const void *data, size_t len, char **warning,
		      struct error **err);

/* Whether QEMU and the firmware can take all of them: each one's size, how many, the sum. False
 * with ERROR_USAGE and a message for each limit that is passed.
 */
bool acpi_tables_fit(const struct acpi_tables *tables, struct error **err);

/* The sum of all bytes of a table, 0 when its checksum is right (5.2.6). */
uint8_t acpi_sum(const void *data, size_t len);

#endif
