/* One machine of a name at a time. The instance's runtime directory holds an empty file `lock` that
 * the supervisor keeps locked (flock(2)), and `run.json`, which says who runs (record.h). QEMU
 * outlives a killed supervisor; then the lock is free, but the machine runs.
 */
#ifndef RUN_LOCK_H
#define RUN_LOCK_H

#include <stdbool.h>

#include "base/error.h"
#include "record.h"

struct lock {
	int fd;	   /* -1: not held */
	char *dir; /* the instance's runtime directory */
};

#define LOCK_NONE ((struct lock){.fd = -1})

/* Makes dir (0700) and takes its lock; what a dead machine left there is removed. Refuses
 * (ERROR_HOST) while supervisor or QEMU of the same instance are alive, and names their pids.
 */
bool lock_take(struct lock *lock, const char *dir, struct error **err);

/* Looks whether the instance runs already, as lock_take() would, and changes nothing: to say so
 * before all else is said of a start. False (ERROR_HOST) when it does.
 */
bool lock_look(const char *dir, struct error **err);

/* Removes what the instance has in its directory, and the directory, and lets go. */
void lock_release(struct lock *lock);

/* Whether an instance's directory and the one above it are ours and nobody else's to write to: what
 * lies there is believed. Closes them to lookers.
 */
bool lock_check_dir(const char *dir, struct error **err);

/* For a machine whose supervisor has died: takes the lock, leaves everything as it is and fills
 * *record. Refuses (ERROR_FAILED) where a supervisor lives, which it names, and where QEMU is gone.
 */
bool lock_adopt(struct lock *lock, const char *dir, struct run_record *record, struct error **err);

/* Lets go of a machine that goes on. */
void lock_leave(struct lock *lock);

#endif
