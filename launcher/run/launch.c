/* The order, and why: the listening sockets are bound and connected to before the fork, so that the
 * supervisor's monitor is never anybody else's and nothing has to be polled for; the child then
 * waits until its pid stands in the record. Our copies of the listening sockets are closed at once,
 * or the end of QEMU would never show as the end of the stream.
 */
#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "base/alloc.h"
#include "base/child.h"
#include "child.h"
#include "confine.h"
#include "listen.h"
#include "log.h"
#include "pin.h"
#include "tap.h"
#include "vfio.h"

void launched_close(struct launched *launched)
{
	close_fd(&launched->pidfd);
	close_fd(&launched->monitor);
	close_fd(&launched->serial);
	close_fd(&launched->debug);
}

/* ------------------------------------------------------------------ descriptors */

static int connect_to(const char *path, struct error **err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	own_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		error_errno(err, ERROR_HOST, errno, "cannot connect to %s", path);
		return -1;
	}
	return steal_fd(&fd);
}

/* QEMU's end of each descriptor of the plan; ours go into launched. */
struct handed {
	int fd[PLAN_FDS]; /* in the order of the plan */
	int log;
};

static void handed_none(struct handed *handed)
{
	for (size_t i = 0; i < PLAN_FDS; i++)
		handed->fd[i] = -1;
	handed->log = -1;
}

static void handed_close(struct handed *handed)
{
	for (size_t i = 0; i < PLAN_FDS; i++)
		close_fd(&handed->fd[i]);
	close_fd(&handed->log);
}

static bool open_stream(int *ours, int *theirs, struct error **err)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
		error_errno(err, ERROR_HOST, errno, "cannot make a socket pair");
		return false;
	}
	*ours = pair[0];
	*theirs = pair[1];
	return true;
}

/* A lock that could not be had was told, and is no reason not to start. */
static int copy_lock(const struct inhibit *inhibit)
{
	return inhibit && inhibit->sleep >= 0 ? fcntl(inhibit->sleep, F_DUPFD_CLOEXEC, 0)
					      : open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* The kernel lets one have it at a time, beside those who share it (/dev/tpmrm0). */
static int open_tpm(const char *path, struct error **err)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0 && errno == EBUSY)
		error_add(
			err, ERROR_HOST,
			"%s is in use, by another machine or a service such as tcsd: 'sudo fuser -v %s' tells",
			path, path);
	else if (fd < 0)
		error_errno(err, ERROR_HOST, errno, "cannot open %s", path);
	return fd;
}

static bool open_role(const struct plan_fd *fd, int *theirs, const struct beside *beside,
		      struct launched *launched, struct error **err)
{
	switch (fd->role) {
	case FD_SERIAL:
		return open_stream(&launched->serial, theirs, err);
	case FD_DEBUG:
		return open_stream(&launched->debug, theirs, err);
	case FD_AGENT:
	case FD_STREAM:
	case FD_TOOLS:
		*theirs = listen_at(fd->path, err);
		return *theirs >= 0;
	case FD_MONITOR:
		*theirs = listen_at(fd->path, err);
		if (*theirs >= 0)
			launched->monitor = connect_to(fd->path, err);
		return launched->monitor >= 0;
	case FD_OVERLAY:
		*theirs = overlay_take(beside->overlays, fd->number);
		return *theirs >= 0;
	case FD_COMPANION:
		*theirs = companions_take(beside->companions, fd->number);
		return *theirs >= 0;
	case FD_IOMMU:
		*theirs = iommu_open(fd->path, err);
		return *theirs >= 0;
	case FD_VFIO:
		*theirs = vfio_open(fd->path, err);
		return *theirs >= 0;
	case FD_TPM:
		*theirs = open_tpm(fd->path, err);
		return *theirs >= 0;
	case FD_TAP:
	case FD_MACVTAP:
		*theirs = (fd->role == FD_TAP ? tap_open : macvtap_open)(fd->path, fd->multi_queue,
									 err);
		return *theirs >= 0;
	case FD_INHIBITOR:
		*theirs = copy_lock(beside->inhibit);
		return *theirs >= 0;
	default:
		return false;
	}
}

static bool open_all(const struct plan *plan, const struct beside *beside, struct handed *handed,
		     struct launched *launched, struct error **err)
{
	handed->log = log_open(plan->log, err);
	for (size_t i = 0; handed->log >= 0 && i < plan->fds; i++)
		if (!open_role(&plan->fd[i], &handed->fd[i], beside, launched, err))
			return false;
	return handed->log >= 0;
}

/* ------------------------------------------------------------------ the child */

/* Whether an argument names a disk that QEMU reaches by ssh, whose keys the user's agent has. */
static bool reads_by_ssh(const struct plan *plan)
{
	static const char *const word[] = {"ssh://", "driver=ssh", "\"ssh\""};
	bool found = false;

	for (size_t i = 0; i < plan->arguments; i++) {
		const struct argument *a = &plan->argument[i];

		for (size_t j = 0; j < ARRAY_SIZE(word); j++)
			found = found || strstr(a->value ? a->value : a->option, word[j]);
	}
	return found;
}

/* What leads to the user's desktop is for a QEMU that shows something there; profiles that want one
 * of these nevertheless say so (qemu.env).
 */
static void leave_desktop(const struct plan *plan)
{
	static const char *const way[] = {
		"DISPLAY",	   "WAYLAND_DISPLAY", "WAYLAND_SOCKET",		  "XAUTHORITY",
		"SESSION_MANAGER", "ICEAUTHORITY",    "DBUS_SESSION_BUS_ADDRESS", "SSH_AUTH_SOCK",
	};

	for (size_t i = 0; i < ARRAY_SIZE(way); i++)
		if (strcmp(way[i], "SSH_AUTH_SOCK") != 0 || !reads_by_ssh(plan))
			unsetenv(way[i]);
}

static int become_qemu(void *context)
{
	const struct plan *plan = context;

	int errnum;

	pin_self(&plan->placement);
	child_set_limits(OOM_NEEDED);
	errnum = child_give_up_privilege();
	if (errnum)
		return errnum;
	/* Whatever errno is: nothing that is not confined goes on. */
	if (!confine_qemu(plan))
		return errno ? errno : EPERM;
	if (!plan->has_window)
		leave_desktop(plan);
	for (size_t i = 0; i < plan->envs; i++)
		putenv(plan->env[i]);
	return 0;
}

/* It waits to be let go. Returns 0 or an errno. */
static int make_child(struct child *child, const struct plan *plan, const struct handed *handed)
{
	struct child_fd fd[2 + PLAN_FDS] = {{handed->log, 1}, {handed->log, 2}};
	own_free const char **argv = plan_argv(plan, NULL);

	for (size_t i = 0; i < plan->fds; i++)
		fd[2 + i] = (struct child_fd){handed->fd[i], plan->fd[i].number};
	return child_make(child, &(struct child_way){
					 .argv = argv,
					 .program = plan->binary,
					 .function = become_qemu,
					 .context = (void *)plan,
					 .fd = fd,
					 .fds = 2 + plan->fds,
					 .signals = CHILD_SIGNALS_NO_SESSION,
				 });
}

/* ------------------------------------------------------------------ the parent */

static bool record(const struct plan *plan, const struct lock *lock, const struct link *link,
		   const struct companions *companions, pid_t qemu, struct error **err)
{
	own_run_record struct run_record record = {
		.supervisor = process_of(getpid()),
		.qemu = process_of(qemu),
		.started = time(NULL),
	};

	run_record_plan(&record, plan);
	companions_record(companions, &record);
	if (link->fd >= 0)
		record.keeper = process_of(link->keeper);
	return run_record_write(lock->dir, &record, err);
}

/* Lets the child go and waits until it is QEMU or has said why not. */
static bool let_go(const struct plan *plan, struct child *child, struct error **err)
{
	int errnum = child_let_go(child);

	if (errnum) {
		error_errno(err, ERROR_FAILED, errnum, "cannot start QEMU");
		return false;
	}
	child_hear(child, true);
	if (child->told)
		error_errno(err, ERROR_FAILED, child->result, "cannot run %s", plan->binary);
	return !child->told;
}

static bool spawn(const struct plan *plan, const struct lock *lock, struct link *link,
		  struct companions *companions, const struct handed *handed,
		  struct launched *launched, struct error **err)
{
	own_child struct child child = CHILD_NONE;
	int errnum = make_child(&child, plan, handed);

	if (errnum) {
		error_errno(err, ERROR_FAILED, errnum, "cannot make a process");
		return false;
	}
	launched->pid = child.pid;
	if (record(plan, lock, link, companions, child.pid, err) &&
	    (link->fd < 0 || link_watch(link, child.pid, err)) &&
	    companions_let_go(companions, err) && let_go(plan, &child, err)) {
		launched->pidfd = steal_fd(&child.pidfd);
		return true;
	}
	child_cancel(&child);
	return false;
}

bool launch(const struct plan *plan, const struct lock *lock, struct link *link,
	    const struct beside *beside, struct launched *launched, struct error **err)
{
	struct handed handed;
	bool good;

	*launched = LAUNCHED_NONE;
	handed_none(&handed);
	confine_tell(plan);
	good = confine_prepare(plan, err) && companions_make(beside->companions, plan, err) &&
	       open_all(plan, beside, &handed, launched, err) &&
	       spawn(plan, lock, link, beside->companions, &handed, launched, err);
	handed_close(&handed);
	if (!good)
		launched_close(launched);
	return good;
}
