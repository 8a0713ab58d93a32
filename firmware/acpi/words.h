/* What names, ids and numbers of ACPI mean, in a few words each. NULL, or nothing added, where we
 * don't know.
 */
#ifndef FIRMWARE_ACPI_WORDS_H
#define FIRMWARE_ACPI_WORDS_H

#include <stdint.h>

#include "base/buf.h"

/* "_STA": "status" */
const char *acpi_name_word(const char *name);
/* "PNP0C0A": "battery" */
const char *acpi_id_word(const char *id);
/* Of a UUID in small letters: "NVPCF" */
const char *acpi_uuid_word(const char *uuid);
/* "MCFG": "PCI Express configuration space" */
const char *acpi_signature_word(const char signature[4]);

/* What element i of the package that method name returns is: "voltage, mV". */
const char *acpi_element_word(const char *name, unsigned i);
/* Adds what value means in that place, or as the result of that method (i < 0): " (mWh)". */
void acpi_add_value_word(struct buf *out, const char *name, int i, uint64_t value);

#endif
