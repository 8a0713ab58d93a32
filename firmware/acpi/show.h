/* An ACPI table told in words: its header, then, for a table of AML, a tree of scopes, devices,
 * names and methods with what they mean. It is for people who want to know what a guest gets, not
 * for compilers.
 *
 * Tables may come from anywhere. Nothing in them can make this read outside them, run for long or
 * print control characters; what is not understood is counted and stepped over.
 */
#ifndef FIRMWARE_ACPI_SHOW_H
#define FIRMWARE_ACPI_SHOW_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

/* The largest file that a table is looked for in. Bytes. */
#define ACPI_SHOW_MAX (2U << 20)

enum acpi_detail {
	ACPI_NAMES, /* a method's code is only counted */
	ACPI_CODE,
};

/* Adds the text for a table of len bytes. path is what it is called, printable, as it is to be
 * shown. False with ERROR_FAILED when it is no table, with what it is; where several stand in it,
 * or something stands behind it, the first is told and that is said.
 */
bool acpi_show(struct buf *out, const char *path, const void *data, size_t len,
	       enum acpi_detail detail, struct error **err);

#endif
