/* What people have instead of an ACPI table: its source, a dump of it as text, the base64 of a wiki
 * page, the page itself. QEMU would take the bytes of some of them for a table, and end or start a
 * guest with nonsense; the words here say what a file is, and the line that makes it right.
 *
 * Forms: base64, RFC 4648; data URIs, RFC 2397; uuencode, POSIX; `acpidump` and ASL, ACPICA
 * (acpixtract and iasl read them); xxd, hexdump -C and od as they print. Everything is a pure
 * function of bytes that may come from anywhere: nothing outside of them is read, and the time
 * taken grows with their number alone.
 */
#ifndef FIRMWARE_ACPI_SNIFF_H
#define FIRMWARE_ACPI_SNIFF_H

#include <stdbool.h>
#include <stddef.h>

/* Words to stand behind a file's name: "is base64: 'base64 -d F >F.aml' makes a table of it"; NULL
 * where the len bytes may be a table. path is the file's, for the line. The caller owns them.
 */
char *acpi_other_file(const char *path, const void *data, size_t len);

/* The same for what may be a table by acpi_other_file(), and whose length is not what its header
 * says: cut off, several in one file, something behind it. NULL where it is right.
 */
char *acpi_length_words(const char *path, const void *data, size_t len);

/* "4e, and 51 would be right" for a table with another checksum than its bytes have; NULL where it
 * is right. The caller owns it.
 */
char *acpi_checksum_words(const void *data, size_t len);

#endif
