#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/root.h"
#include "base/text.h"

#define RECORD_LIMIT 65536
#define TRIES 100

bool run_record_alive(const struct run_record *record)
{
	own_free char *now = process_boot_id();

	return strcmp(now, record->boot_id) == 0 && process_alive(record->qemu);
}

/* ------------------------------------------------------------------ run.json */

void run_record_free(struct run_record *record)
{
	free(record->name);
	free(record->profile);
	free(record->log);
	free(record->boot_id);
	*record = (struct run_record){0};
}

static json_object *process_json(struct process process)
{
	json_object *o = json_object_new_object();

	json_object_object_add(o, "pid", json_object_new_int(process.pid));
	json_object_object_add(o, "start", json_object_new_uint64(process.start));
	return o;
}

bool lock_record(const struct lock *lock, const struct run_record *record, struct error **err)
{
	own_free char *path = path_join(lock->dir, "run.json"), *boot = process_boot_id();
	json_object *o = json_object_new_object();
	const char *text;
	bool good;

	json_object_object_add(o, "version", json_object_new_int(1));
	json_object_object_add(o, "name", json_object_new_string(record->name));
	json_object_object_add(o, "profile", json_object_new_string(record->profile));
	json_object_object_add(o, "log", json_object_new_string(record->log));
	json_object_object_add(o, "boot-id", json_object_new_string(boot));
	json_object_object_add(o, "started", json_object_new_int64(record->started));
	json_object_object_add(o, "supervisor", process_json(record->supervisor));
	json_object_object_add(o, "qemu", process_json(record->qemu));
	text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_NOSLASHESCAPE);
	good = file_write(path, text, strlen(text), 0600, VOLATILE, err);
	json_object_put(o);
	return good;
}

static char *member_text(json_object *o, const char *key)
{
	json_object *value;

	if (!json_object_object_get_ex(o, key, &value) ||
	    !json_object_is_type(value, json_type_string))
		return xstrdup("");
	return xstrdup(json_object_get_string(value));
}

static struct process member_process(json_object *o, const char *key)
{
	struct process process = {0};
	json_object *value, *part;

	if (!json_object_object_get_ex(o, key, &value))
		return process;
	if (json_object_object_get_ex(value, "pid", &part))
		process.pid = json_object_get_int(part);
	if (json_object_object_get_ex(value, "start", &part))
		process.start = json_object_get_uint64(part);
	return process;
}

bool run_record_read(const char *dir, struct run_record *record)
{
	own_free char *path = path_join(dir, "run.json");
	own_free char *text = file_read(path, RECORD_LIMIT, NULL);
	json_object *o = text ? json_tokener_parse(text) : NULL, *started;

	if (!json_object_is_type(o, json_type_object)) {
		json_object_put(o);
		return false;
	}
	*record = (struct run_record){
		.name = member_text(o, "name"),
		.profile = member_text(o, "profile"),
		.log = member_text(o, "log"),
		.boot_id = member_text(o, "boot-id"),
		.supervisor = member_process(o, "supervisor"),
		.qemu = member_process(o, "qemu"),
	};
	if (json_object_object_get_ex(o, "started", &started))
		record->started = json_object_get_int64(started);
	json_object_put(o);
	return true;
}

/* ------------------------------------------------------------------ the lock */

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
static bool is_ours(const char *name)
{
	static const char *const file[] = {"monitor.sock", "qmp.sock",	 "run.json",   "vars.fd",
					   "vars.qcow2",   "spice.sock", "chassis.bin"};

	for (size_t i = 0; i < ARRAY_SIZE(file); i++)
		if (strcmp(file[i], name) == 0)
			return true;
	return text_ends(name, ".aml");
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
	}
	names_free(name, n);
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
		error_add(err, ERROR_HOST,
			  "machine %s runs already (vmlaunch %d, QEMU %d); 'vmlaunch status %s' "
			  "tells more",
			  name, (int)record.supervisor.pid, (int)record.qemu.pid, name);
		return true;
	}
	if (!run_record_alive(&record))
		return false;
	error_add(err, ERROR_HOST,
		  "machine %s still runs (QEMU %d), but its vmlaunch has died; 'vmlaunch stop %s' "
		  "presses "
		  "its power button, 'vmlaunch kill %s' ends it at once",
		  name, (int)record.qemu.pid, name, name);
	return true;
}

static void remove_directory(const char *dir)
{
	own_free char *base = path_dir(dir);

	rmdir(dir);
	/* Ours too, and gone with the last machine in it. */
	rmdir(base);
}

bool lock_take(struct lock *lock, const char *dir, struct error **err)
{
	own_free char *path = path_join(dir, "lock");
	own_fd int fd = -1;

	/* The directory and the one above vanish when other instances end just now. */
	for (int tries = 0; fd < 0 && tries < TRIES; tries++) {
		own_error struct error *problem = NULL;

		if (!dir_make(dir, 0700, &problem)) {
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
	remove_contents(dir);
	lock->fd = steal_fd(&fd);
	lock->dir = xstrdup(dir);
	return true;
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
