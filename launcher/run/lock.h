/* One machine of a name at a time. The instance's runtime directory holds an empty file `lock` that
 * the supervisor keeps locked (flock(2)), and `run.json`, which says who runs: pid, start time and
 * boot id of supervisor and QEMU, so that a number that was given to another process since is never
 * taken for ours. QEMU outlives a killed supervisor; then the lock is free, but the machine runs.
 */
#ifndef RUN_LOCK_H
#define RUN_LOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/process.h"

/* What run.json says. */
struct run_record {
	char *name;    /* the machine's */
	char *profile; /* its profile's path */
	char *log;     /* QEMU's messages */
	char *boot_id;
	struct process supervisor, qemu;
	int64_t started; /* seconds since the epoch */
};

void run_record_free(struct run_record *record);
#define own_run_record own_with(run_record_free)

struct lock {
	int fd;	   /* -1: not held */
	char *dir; /* the instance's runtime directory */
};

#define LOCK_NONE ((struct lock){.fd = -1})

/* Makes dir (0700) and takes its lock; what a dead machine left there is removed. Refuses
 * (ERROR_HOST) while supervisor or QEMU of the same instance are alive, and names their pids.
 */
bool lock_take(struct lock *lock, const char *dir, struct error **err);

/* Writes run.json. */
bool lock_record(const struct lock *lock, const struct run_record *record, struct error **err);

/* Removes what the instance has in its directory, and the directory, and lets go. */
void lock_release(struct lock *lock);

/* Reads dir/run.json; false when there is none that makes sense. */
bool run_record_read(const char *dir, struct run_record *record);

/* Whether the record is of this boot and its QEMU lives. */
bool run_record_alive(const struct run_record *record);

#endif
