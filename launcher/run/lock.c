#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/root.h"
#include "base/text.h"
#include "companion.h"
#include "tpm.h"

/* #syscalls(supervisor) flock unlink rmdir */

#define TRIES 100

/* Opens and locks the file, and makes sure that it is still the one of that name: its last holder
 * removes it while others may be opening it.
 */
static int open_locked(const char *path)
{
	for (int tries = 0; tries < TRIES; tries++) {
		own_fd int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		struct stat held, there;

		if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
			return -1;
		if (fstat(fd, &held) == 0 && stat(path, &there) == 0 &&
		    held.st_ino == there.st_ino && held.st_dev == there.st_dev)
			return steal_fd(&fd);
	}
	errno = EBUSY;
	return -1;
}

/* All that vmlaunch and QEMU ever put there; anything else makes rmdir fail, and stays. */
static bool is_ours(const char *found)
{
	static const char *const file[] = {"run.json", "vars.fd", "vars.qcow2", "chassis.bin",
					   "screenshot"};
	size_t len = strlen(found);
	/* file_write() was killed before its rename: NAME.XXXXXX. */
	bool half = len > 7 && found[len - 7] == '.';
	own_free char *name = xstrndup(found, half ? len - 7 : len);

	for (size_t i = 0; i < ARRAY_SIZE(file); i++)
		if (strcmp(file[i], name) == 0)
			return true;
	return text_ends(name, ".aml") || text_ends(name, ".sock");
}

static void remove_contents(const char *dir)
{
	struct root real = ROOT_REAL;
	size_t n;
	char **name = root_list(&real, &n, "%s", dir);

	for (size_t i = 0; i < n; i++) {
		own_free char *path = path_join(dir, name[i]);

		if (is_ours(name[i]))
			unlink(path);
		else if (strcmp(name[i], "tpm") == 0)
			tpm_remove(path);
	}
	names_free(name, n);
}

/* Programs beside a QEMU that died when nobody watched. */
static void end_left(const char *dir)
{
	own_run_record struct run_record record = {0};

	if (run_record_read(dir, &record))
		companions_end_left(&record);
}

static bool refuse_running(const char *dir, bool held, struct error **err)
{
	own_run_record struct run_record record = {0};
	const char *name = path_base(dir);

	if (!run_record_read(dir, &record)) {
		if (held)
			error_add(err, ERROR_HOST,
				  "machine %s is being started or stopped by another vmlaunch",
				  name);
		return held;
	}
	if (held) {
		error_add(
			err, ERROR_HOST,
			"machine %s runs already (vmlaunch %d, QEMU %d); 'vmlaunch status %s' tells more",
			name, (int)record.supervisor.pid, (int)record.qemu.pid, name);
		return true;
	}
	if (!run_record_alive(&record))
		return false;
	error_add(
		err, ERROR_HOST,
		"machine %s still runs (QEMU %d), but its vmlaunch has died; 'vmlaunch attach %s' takes over, 'vmlaunch stop %s' presses its power button, 'vmlaunch kill %s' ends it at once",
		name, (int)record.qemu.pid, name, name, name);
	return true;
}

static void remove_directory(const char *dir)
{
	own_free char *base = path_dir(dir);

	rmdir(dir);
	/* Ours too, and gone with the last machine in it. */
	rmdir(base);
}

static bool check_one(const char *dir, struct error **err)
{
	own_free char *shown = text_word(dir);
	struct stat st;

	if (stat(dir, &st) < 0) {
		error_errno(err, ERROR_HOST, errno, "%s", shown);
		return false;
	}
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid()) {
		error_add(
			err, ERROR_HOST,
			"%s is not a directory of yours: move it away, as sockets and records of your machines would be in it",
			shown);
		return false;
	}
	if (st.st_mode & 0022) {
		error_add(
			err, ERROR_HOST,
			"others may write to %s (mode %o), so what is in it may be theirs: end what runs from it, remove it, and start again",
			shown, (unsigned)st.st_mode & 0777);
		return false;
	}
	/* To look at it was all that others could do. */
	if ((st.st_mode & 0077) && chmod(dir, 0700) < 0) {
		error_errno(err, ERROR_HOST, errno, "cannot close %s to others", shown);
		return false;
	}
	return true;
}

bool lock_check_dir(const char *dir, struct error **err)
{
	own_free char *base = path_dir(dir);

	return check_one(base, err) && check_one(dir, err);
}

bool lock_take(struct lock *lock, const char *dir, struct error **err)
{
	own_free char *path = path_join(dir, "lock");
	own_fd int fd = -1;

	/* The directory and the one above vanish when other instances end just now. */
	for (int tries = 0; fd < 0 && tries < TRIES; tries++) {
		own_error struct error *problem = NULL;

		if (!dir_make(dir, 0700, &problem) || !lock_check_dir(dir, &problem)) {
			if (tries + 1 < TRIES)
				continue;
			error_merge(err, &problem);
			return false;
		}
		fd = open_locked(path);
		if (fd < 0 && errno != ENOENT)
			break;
	}
	if (fd < 0 && errno != EWOULDBLOCK) {
		error_errno(err, ERROR_HOST, errno, "cannot lock %s", path);
		remove_directory(dir);
		return false;
	}
	if (refuse_running(dir, fd < 0, err))
		return false;
	end_left(dir);
	remove_contents(dir);
	lock->fd = steal_fd(&fd);
	lock->dir = xstrdup(dir);
	return true;
}

bool lock_look(const char *dir, struct error **err)
{
	own_run_record struct run_record record = {0};

	if (!run_record_read(dir, &record) || !run_record_alive(&record))
		return true;
	/* A record that others could have written is not believed. */
	return lock_check_dir(dir, err) &&
	       !refuse_running(dir, process_alive(record.supervisor), err);
}

void lock_release(struct lock *lock)
{
	own_free char *dir = steal(&lock->dir);
	own_free char *path = NULL;

	if (lock->fd < 0)
		return;
	remove_contents(dir);
	path = path_join(dir, "lock");
	unlink(path);
	remove_directory(dir);
	close_fd(&lock->fd);
}

bool lock_adopt(struct lock *lock, const char *dir, struct run_record *record, struct error **err)
{
	own_run_record struct run_record found = {0};
	own_free char *path = path_join(dir, "lock");
	const char *name = path_base(dir);
	own_fd int fd = -1;
	bool held;

	if (!lock_check_dir(dir, err))
		return false;
	fd = open_locked(path);
	held = fd < 0 && errno == EWOULDBLOCK;
	if (fd < 0 && !held) {
		error_errno(err, ERROR_HOST, errno, "cannot lock %s", path);
		return false;
	}
	if (!run_record_read(dir, &found)) {
		error_add(err, ERROR_FAILED, "machine %s is being started or stopped just now",
			  name);
		return false;
	}
	if (held && process_alive(found.supervisor))
		error_add(err, ERROR_FAILED,
			  "machine %s has its vmlaunch (%d): there is nothing to take over", name,
			  (int)found.supervisor.pid);
	else if (held)
		error_add(err, ERROR_FAILED,
			  "another vmlaunch is taking over machine %s just now, or puts it away",
			  name);
	else if (!run_record_alive(&found))
		error_add(
			err, ERROR_FAILED,
			"QEMU of machine %s is gone already: there is nothing to take over. Its next start puts away what it left, and so does 'vmlaunch recover', which also gives back what a keeper that died could not",
			name);
	else {
		lock->fd = steal_fd(&fd);
		lock->dir = xstrdup(dir);
		*record = found;
		found = (struct run_record){0};
	}
	return lock->fd >= 0;
}

void lock_leave(struct lock *lock)
{
	close_fd(&lock->fd);
	free(steal(&lock->dir));
}
