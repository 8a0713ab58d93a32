/* An ACPI table's header told in words: what it is, and what is wrong with it. The code of a table
 * is for iasl to tell; what stands in those that are made here is told by whoever makes them
 * (compose.h).
 *
 * Tables may come from anywhere: nothing outside of them is read, and control characters are not
 * printed.
 */
#ifndef FIRMWARE_ACPI_SHOW_H
#define FIRMWARE_ACPI_SHOW_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

/* The largest file that a table is looked for in. Bytes. */
#define ACPI_SHOW_MAX (2U << 20)

/* Adds the line for a table of len bytes, and one on its length where that is wrong. path is what
 * it is called, printable, as it is to be shown. False with ERROR_FAILED when it is no table, with
 * what it is; where several stand in it, or something stands behind it, the first is told and that
 * is said.
 */
bool acpi_show(struct buf *out, const char *path, const void *data, size_t len, struct error **err);

/* Whether a table, by its first 4 bytes, holds AML, which iasl reads. */
bool acpi_has_code(const void *data);

#endif
