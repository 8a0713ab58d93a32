/* Versions of QEMU's q35 machine, as its names have them: "pc-q35-MAJOR.MINOR". */
#ifndef BASE_Q35_VERSION_H
#define BASE_Q35_VERSION_H

#include <stdbool.h>

#define Q35_NAME 24 /* the longest, with the NUL */

struct q35_version {
	unsigned major, minor;
};

/* Reads such a name and no other: a distribution's own ("pc-q35-rhel9.2.0") and "pc-q35-4.0.1" do
 * not count. The version is untouched on failure.
 */
bool q35_version_parse(const char *name, struct q35_version *version);

/* Writes the name; returns it. */
char *q35_version_format(const struct q35_version *version, char name[Q35_NAME]);

/* Below 0, 0 or above 0, as strcmp() has it: an older one is less. */
int q35_version_compare(const struct q35_version *a, const struct q35_version *b);

#endif
