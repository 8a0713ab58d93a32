/* Recorded answers of _DSM methods (ACPI 6.4, 9.1.1), and a _DSM that gives them again. A laptop's
 * own firmware answers from its embedded controller; what it said once on the host can be replayed
 * to a guest, as far as it does not change. The file is text, a line an answer: a UUID, the number
 * of the function, and the answer's bytes, all in hex.
 *
 * a486d8f8-0bda-471b-a72b-6042a6b5bee0 1a 41 00 00 05 # as an example
 *
 * The function's number is hex because it is so in NVIDIA's headers; 0x before it may be left out.
 * A comment begins with # or ; at the start of a line or behind white space. The revision that a
 * driver asks for is not looked at. What was not recorded is answered with 0x80000002,
 * "unsupported" in NVIDIA's terms.
 */
#ifndef FIRMWARE_ACPI_DSM_H
#define FIRMWARE_ACPI_DSM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

/* NVPCF's answers are the only ones that don't stand on the GPU's node, but on \_SB.NPCF. */
#define ACPI_UUID_NVPCF "36b49710-2483-11e7-9598-0800200c9a66"

struct acpi_dsm {
	struct acpi_dsm_answer {
		char uuid[37]; /* in small letters */
		unsigned function;
		struct buf bytes;
	} * answer;
	size_t n;
};

/* Reads len bytes of text, which file names in messages. All that is wrong is reported, each with
 * file:line:column (ERROR_USAGE); *dsm is then left empty. A file without answers is an error.
 */
bool acpi_dsm_parse(struct acpi_dsm *dsm, const char *file, const char *text, size_t len,
		    struct error **err);
void acpi_dsm_free(struct acpi_dsm *dsm);
#define own_acpi_dsm own_with(acpi_dsm_free)

/* How many of the answers are NVPCF's (npcf), or all the others. */
size_t acpi_dsm_count(const struct acpi_dsm *dsm, bool npcf);
/* Method _DSM with these answers. The caller owns the AML. */
struct buf acpi_dsm_method(const struct acpi_dsm *dsm, bool npcf);
/* The same for a reader: indented lines, each with its end. The caller owns them. */
char *acpi_dsm_words(const struct acpi_dsm *dsm, bool npcf);

#endif
