/* One keeper looks at the host and changes it at a time. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "state.h"

/* #syscalls(keeper) flock rmdir unlink */

#define LOCK_PATH JOURNAL_DIR "/lock"

/* So long may nothing be written down by whoever holds it: longer than his longest step (a module's
 * load, a driver's probe: 60 s, and what of that the processors were busy for half a minute more).
 */
#define LOCK_SILENT_MS 90000
#define LOCK_LOOK_MS 50

/* The lock's file and its directory go with the last keeper that has nothing in it: a lock on a
 * file that is gone is none.
 */
static bool is_there(int fd, const char *path)
{
	struct stat held, there;

	return fstat(fd, &held) == 0 && stat(path, &there) == 0 && held.st_ino == there.st_ino &&
	       held.st_dev == there.st_dev;
}

/* Whether a journal was written since the last call: each change of one is a rename in their
 * directory. */
static bool journals_moved(struct timespec *last)
{
	struct stat dir;

	if (stat(JOURNAL_DIR, &dir) < 0 ||
	    (dir.st_mtim.tv_sec == last->tv_sec && dir.st_mtim.tv_nsec == last->tv_nsec))
		return false;
	*last = dir.st_mtim;
	return true;
}

/* Says who may hold it. */
static void tell_holder(struct keeper *k, struct error **err)
{
	size_t n;
	struct journal **others = journal_others(k->journal, &n);
	own_free char *words = NULL;

	for (size_t i = 0; i < n && !words; i++)
		if (journal_is_kept(others[i]) && process_stopped(others[i]->keeper))
			words = journal_standing(others[i], &(bool){0});
	journals_free(others, n);
	error_add(err, ERROR_HOST, "another keeper holds %s%s%s", LOCK_PATH, words ? ": " : "",
		  words ? words : "");
}

bool keeper_lock(struct keeper *k, struct error **err)
{
	return keeper_lock_within(k, LOCK_SILENT_MS, err);
}

bool keeper_lock_within(struct keeper *k, int silent_ms, struct error **err)
{
	const struct timespec pause = {.tv_nsec = LOCK_LOOK_MS * 1000000};
	struct timespec moved = {0};

	/* Looks are counted, not the clock: where we get no processor, neither does the other one.
	 */
	for (int silent = 0; silent < silent_ms; silent += LOCK_LOOK_MS) {
		if (!journal_dir(err))
			return false;
		k->lock = open(LOCK_PATH, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		/* Its directory may have gone in this moment; anything else does not pass. */
		if (k->lock < 0 && errno != ENOENT) {
			error_errno(err, ERROR_HOST, errno, "cannot make %s", LOCK_PATH);
			return false;
		}
		if (k->lock >= 0 && flock(k->lock, LOCK_EX | LOCK_NB) == 0 &&
		    is_there(k->lock, LOCK_PATH))
			return true;
		close_fd(&k->lock);
		if (journals_moved(&moved))
			silent = 0;
		nanosleep(&pause, NULL);
	}
	tell_holder(k, err);
	return false;
}

/* Leaves no trace where nothing is left to do. Other keepers' journals make rmdir fail, and a
 * keeper that is waiting makes a new lock.
 */
void keeper_tidy_up(struct keeper *k)
{
	size_t n;
	char **name = root_list(&k->root, &n, "%s", JOURNAL_DIR);

	if (k->lock >= 0 && n == 1 && strcmp(name[0], "lock") == 0) {
		unlink(LOCK_PATH);
		rmdir(JOURNAL_DIR);
	}
	names_free(name, n);
	close_fd(&k->lock);
}
