/* A keeper whose client has hung up gives everything back by itself once QEMU is gone, and ends.
 * Its journal is root's to read; what everybody sees are its process, the drivers of the functions,
 * and whether its directory is still there: a keeper that has given everything back removes that,
 * unless another one has something in it.
 */
#include "returned.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/root.h"
#include "base/say.h"
#include "interrupt.h"

#define KEEPER_DIR "/run/vmlaunch"
#define TELL_MS 5000 /* after so long it is told that we wait */
#define SILENT_MS \
	90000 /* and so long may it do nothing: a step takes 60 s, or more on busy processors */
#define ITSELF_MS 20000 /* so long for a keeper that waits a moment for its client */
#define SLICE_MS 200	/* in which Ctrl-C is looked for */

/* There is one of that number, but /proc (hidepid) does not show whether it is the same. */
static bool is_hidden(struct process process)
{
	own_fd int fd = (int)syscall(SYS_pidfd_open, process.pid, 0);

	return fd >= 0 && process_of(process.pid).start == 0;
}

void returned_before(const struct run_record *record)
{
	if (!record->keeper.pid)
		return;
	if (is_hidden(record->keeper))
		say(SAY_NOTE,
		    "%s: whether its keeper (%d) lives cannot be seen: /proc hides the processes of others here",
		    record->name, (int)record->keeper.pid);
	else if (process_alive(record->keeper))
		say(SAY_NOTE,
		    "%s: its keeper (%d) lives, and gives back the host's devices by itself",
		    record->name, (int)record->keeper.pid);
	else
		say(SAY_WARNING,
		    "%s: its keeper (%d) has died too: 'vmlaunch recover' gives back the host's devices after the machine's end",
		    record->name, (int)record->keeper.pid);
}

bool returned_wait(const struct run_record *record, int silent_ms)
{
	own_fd int fd = (int)syscall(SYS_pidfd_open, record->keeper.pid, 0);
	struct pollfd p = {.fd = fd, .events = POLLIN};
	bool hidden = is_hidden(record->keeper);
	uint64_t progress = 0, before;
	int silent = 0;

	if (fd < 0)
		return true;
	for (int waited = 0; hidden ? poll(&p, 1, 0) == 0 : process_alive(record->keeper);
	     waited += SLICE_MS, silent += SLICE_MS) {
		before = progress;
		progress = process_progress(record->keeper.pid);
		if (progress != before)
			silent = 0;
		if (waited == TELL_MS)
			say(SAY_NOTE,
			    "%s: the keeper (%d) is still giving back the host's devices; Ctrl-C leaves it to that",
			    record->name, (int)record->keeper.pid);
		if (silent >= silent_ms || interrupt_is_pending())
			return false;
		poll(&p, 1, SLICE_MS);
	}
	return true;
}

/* Whether the functions have the drivers that they had. */
static bool look_at(const struct run_record *record, struct error **err)
{
	struct root real = ROOT_REAL;
	bool good = true;

	for (size_t i = 0; i < record->functions; i++) {
		const struct run_function *f = &record->function[i];
		own_free char *link =
			root_readlink(&real, "/sys/bus/pci/devices/%s/driver", f->address);
		const char *driver = link ? path_base(link) : "";

		if (strcmp(driver, f->driver) == 0) {
			say(SAY_NOTE, "host: %s has %s again", f->address,
			    *driver ? driver : "no driver");
			continue;
		}
		error_add(err, ERROR_LEFT,
			  "%s has %s, and had %s before: 'vmlaunch recover' tells more", f->address,
			  *driver ? driver : "no driver", *f->driver ? f->driver : "none");
		good = false;
	}
	return good;
}

static bool has_drivers(const struct run_record *record)
{
	struct root real = ROOT_REAL;
	bool good = true;

	for (size_t i = 0; i < record->functions && good; i++) {
		const struct run_function *f = &record->function[i];
		own_free char *link =
			root_readlink(&real, "/sys/bus/pci/devices/%s/driver", f->address);

		good = strcmp(link ? path_base(link) : "", f->driver) == 0;
	}
	return good;
}

bool returned_by_itself(const struct run_record *record, struct error **err)
{
	for (int waited = 0; !has_drivers(record) && waited < ITSELF_MS; waited += SLICE_MS)
		poll(NULL, 0, SLICE_MS);
	return look_at(record, err);
}

bool returned_all(void)
{
	return access(KEEPER_DIR, F_OK) < 0 && errno == ENOENT;
}

bool returned_is_explained(const char *runtime)
{
	struct root real = ROOT_REAL;
	size_t n;
	char **name = root_list(&real, &n, "%s", runtime);
	bool explained = false;

	for (size_t i = 0; i < n && !explained; i++) {
		own_run_record struct run_record record = {0};
		own_free char *dir = path_join(runtime, name[i]);

		explained = run_record_read(dir, &record) &&
			    (process_alive(record.keeper) || is_hidden(record.keeper));
	}
	names_free(name, n);
	return explained;
}

bool returned_after(const struct run_record *record, struct error **err)
{
	bool good;

	if (!record->keeper.pid)
		return true;
	if (!returned_wait(record, SILENT_MS)) {
		error_add(err, ERROR_LEFT,
			  "the keeper (%d) has not given everything back yet; it goes on by itself",
			  (int)record->keeper.pid);
		return false;
	}
	good = look_at(record, err);
	if (returned_all())
		say(SAY_NOTE, "%s: the keeper has given everything back", record->name);
	else if (good)
		say(SAY_WARNING,
		    "%s: whether the rest of the host (rights on nodes, huge pages) is as it was cannot be seen from here, as another keeper works or something was left: 'vmlaunch recover' tells",
		    record->name);
	return good;
}
