/* The version of the machine that a guest was first started with, for life: one line in the file
 * MACHINE_RECORD of the machine's state directory. Only version_replace() ever changes it.
 */
#ifndef RUN_VERSION_H
#define RUN_VERSION_H

#include <stdbool.h>

#include "base/error.h"

/* What the record in state_dir says ("pc-q35-7.2"), which the caller owns; NULL where there is
 * none. *odd says that there is one that holds no version, which is as good as none.
 */
char *version_recorded(const char *state_dir, bool *odd);

/* Writes the record at path, so that it outlives a power failure. */
bool version_record(const char *path, const char *version, struct error **err);

/* Puts another version into the record. The one that was there becomes a line of the record's
 * history, with the day: *history is that file's path, which the caller owns.
 */
bool version_replace(const char *state_dir, const char *version, char **history,
		     struct error **err);

#endif
