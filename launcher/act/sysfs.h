/* Writes to the kernel's attribute files, each in a worker, as each may block for ever. */
#ifndef ACT_SYSFS_H
#define ACT_SYSFS_H

#include <stdbool.h>

#include "act/worker.h"
#include "base/error.h"
#include "base/root.h"

/* Writes value and a newline, by one write(2), to an existing file below /sys, /proc/sys or
 * /proc/irq. A write
 * that is not done after deadline_ms milliseconds is given up: if it was killed, it may or may not
 * have worked (read back!); if not even that was possible, *stuck (NULL: abandoned) is the child.
 * That the kernel took the value does not say that it did what was asked: read back anyway.
 */
bool sysfs_write(const struct root *root, const char *path, const char *value, int deadline_ms,
		 struct worker *stuck, struct error **err);

struct sysfs_value {
	char *path, *value;
};

/* Frees n values and the array. */
void sysfs_values_free(struct sysfs_value *values, size_t n);

/* The same for n files at once, in one worker; what the kernel refuses is passed over, so read back
 * what has become of each. False when they were not all tried in time.
 */
bool sysfs_write_each(const struct root *root, const struct sysfs_value *values, size_t n,
		      int deadline_ms, struct error **err);

#endif
