/* QEMU outlives its supervisor, and its monitor still listens: whoever connects there is greeted.
 * QEMU is not our child, so its pidfd tells that it is gone, and nothing tells with what status.
 * What the profile said about the way down stands in the record; the keeper needs nobody. The
 * programs that show the guest died with the supervisor and are started again; those that QEMU is
 * joined to live, and are watched anew. Not regained is what lived
 * in that alone: the other ends of the guest's ports.
 */
#include "attach.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/say.h"
#include "base/text.h"
#include "lock.h"
#include "machine.h"
#include "qmp/client.h"
#include "returned.h"

/* The shared memory, with the lock on it that died with the supervisor; -1 when it is no longer the
 * machine's.
 */
static int hold_shared(const struct run_file *file)
{
	own_fd int fd = -1;
	struct stat st;

	if (!file->path)
		return -1;
	fd = open(file->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0 || st.st_dev != file->device || st.st_ino != file->inode ||
	    (S_ISREG(st.st_mode) && st.st_uid != geteuid()) || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return -1;
	return steal_fd(&fd);
}

static void remove_shared(const struct run_file *file, int held)
{
	struct stat st;

	if (held >= 0 && lstat(file->path, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_dev == file->device && st.st_ino == file->inode)
		unlink(file->path);
}

/* Whether the record has what a supervisor needs; it was read from a file. */
static bool is_sound(const struct run_record *record, struct error **err)
{
	if (*record->name && text_is_printable(record->name) && *record->log == '/' &&
	    record->times.quit)
		return true;
	error_add(
		err, ERROR_FAILED,
		"QEMU %d was started by another version of vmlaunch, or its record is damaged, so it cannot be taken over; 'vmlaunch stop' and 'vmlaunch kill' end it",
		(int)record->qemu.pid);
	return false;
}

static bool take_over(const struct lock *lock, struct run_record *record, const char *monitor,
		      struct launched *launched, struct error **err)
{
	*launched = LAUNCHED_NONE;
	launched->adopted = true;
	launched->pid = record->qemu.pid;
	launched->pidfd = (int)syscall(SYS_pidfd_open, record->qemu.pid, 0);
	/* The number could have been given away before the open. */
	if (launched->pidfd < 0 || !process_alive(record->qemu)) {
		error_add(err, ERROR_FAILED, "QEMU of machine %s has just ended", record->name);
		return false;
	}
	launched->monitor = qmp_connect(monitor, err);
	if (launched->monitor < 0)
		return false;
	record->supervisor = process_of(getpid());
	record->down = (struct run_down){0};
	return run_record_write(lock->dir, record, err);
}

static void tell_beginning(const struct run_record *record)
{
	say(SAY_NOTE, "%s: taking over QEMU %d", record->name, (int)record->qemu.pid);
	if (record->terminal)
		say(SAY_WARNING,
		    "%s: the guest's port that was on the terminal of the dead vmlaunch is lost to the machine's end",
		    record->name);
	returned_before(record);
}

/* What outlives the start of the plan is what a supervisor needs of it. */
static bool be_supervisor(const char *dir, const struct run_record *record, char *monitor,
			  plug_find *find_usb, struct launched *launched, struct ending *ending,
			  struct error **err)
{
	struct plan_fd fd = {.role = FD_MONITOR, .path = monitor};
	struct plan plan = {
		.name = record->name,
		.log = record->log,
		.times = record->times,
		.idle = record->idle,
		.fd = &fd,
		.fds = 1,
		.companion = record->companion,
		.companions = record->companions,
		.usb = record->usb,
		.usbs = record->usbs,
		.placement = record->placement,
	};
	struct companions companions = COMPANIONS_NONE;
	struct inhibit inhibit;
	bool good;

	inhibit_open(&inhibit, record->name, record->sleep);
	companions_adopt(&companions, &plan, record);
	good = supervise(&plan, launched,
			 &(struct supervise_options){.dir = dir,
						     .companions = &companions,
						     .inhibit = &inhibit,
						     .find_usb = find_usb,
						     .let_go = record->let_go,
						     .idle_paused = record->idle_paused,
						     .disturbed = record->quiet},
			 ending, err);
	companions_finish(&companions);
	inhibit_close(&inhibit);
	if (!good)
		return false;
	machine_tell_end(&plan, ending, err);
	return ending_is_good(ending);
}

bool machine_attach(const char *dir, plug_find *find_usb, struct ending *ending, struct error **err)
{
	own_run_record struct run_record record = {0};
	own_free char *monitor = path_join(dir, "monitor.sock");
	struct launched launched = LAUNCHED_NONE;
	struct lock lock = LOCK_NONE;
	own_fd int shared = -1;
	bool good, returned;

	machine_hold_signals();
	if (!lock_adopt(&lock, dir, &record, err))
		return false;
	if (!is_sound(&record, err) || !take_over(&lock, &record, monitor, &launched, err)) {
		launched_close(&launched);
		lock_leave(&lock);
		return false;
	}
	tell_beginning(&record);
	shared = hold_shared(&record.shared);
	good = be_supervisor(dir, &record, monitor, find_usb, &launched, ending, err);
	remove_shared(&record.shared, shared);
	returned = returned_after(&record, err);
	lock_release(&lock);
	return good && returned;
}
