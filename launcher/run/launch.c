/* The order, and why: the listening sockets are bound and connected to before the fork, so that the
 * supervisor's monitor is never anybody else's and nothing has to be polled for; the child then
 * waits until its pid stands in the record. Our copies of the listening sockets are closed at once,
 * or the end of QEMU would never show as the end of the stream.
 */
#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include "base/alloc.h"
#include "child.h"
#include "confine.h"
#include "listen.h"
#include "log.h"
#include "pin.h"
#include "tap.h"
#include "vfio.h"

extern char **environ;

/* Numbers that no plan hands out, to park descriptors at
 * while they are put in order.
 */
#define PARKING (PLAN_FDS + 3)

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
	int fd[PARKING]; /* in the order of the plan */
	int log;
};

static void handed_none(struct handed *handed)
{
	for (size_t i = 0; i < PARKING; i++)
		handed->fd[i] = -1;
	handed->log = -1;
}

static void handed_close(struct handed *handed)
{
	for (size_t i = 0; i < PARKING; i++)
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

static bool open_role(const struct plan_fd *fd, int *theirs, const struct beside *beside,
		      struct launched *launched, struct error **err)
{
	switch (fd->role) {
	case FD_SERIAL:
		return open_stream(&launched->serial, theirs, err);
	case FD_DEBUG:
		return open_stream(&launched->debug, theirs, err);
	case FD_AGENT:
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

/* Puts each descriptor at its number. Parked high first: a source may stand where a target goes. */
static bool place_descriptors(const struct plan *plan, const struct handed *handed, int *sync)
{
	int parked[PARKING], last = 2;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (size_t i = 0; i < plan->fds; i++) {
		parked[i] = fcntl(handed->fd[i], F_DUPFD_CLOEXEC, PARKING);
		if (parked[i] < 0)
			return false;
	}
	*sync = fcntl(*sync, F_DUPFD_CLOEXEC, PARKING);
	if (null < 0 || *sync < 0 || dup2(null, 0) < 0 || dup2(handed->log, 1) < 0 ||
	    dup2(1, 2) < 0)
		return false;
	for (size_t i = 0; i < plan->fds; i++) {
		if (dup2(parked[i], plan->fd[i].number) < 0)
			return false;
		if (plan->fd[i].number > last)
			last = plan->fd[i].number;
	}
	/* Whatever else is open, of ours or inherited, ends with the exec. */
	return syscall(SYS_close_range, (unsigned)last + 1, ~0U, CLOSE_RANGE_CLOEXEC) == 0;
}

static char **environment(const struct plan *plan)
{
	for (size_t i = 0; i < plan->envs; i++)
		putenv(plan->env[i]);
	return environ;
}

/* Never returns. Tells errno over sync when it cannot become QEMU. */
__attribute__((noreturn)) static void child(const struct plan *plan, const struct handed *handed,
					    int sync)
{
	const char **argv = plan_argv(plan, NULL);
	char go;

	setsid();
	child_reset_signals();
	child_block_session_signals();
	/* The end of the stream instead of a byte: the supervisor died, nobody knows us. */
	if (read(sync, &go, 1) != 1)
		_exit(127);
	pin_self(&plan->placement);
	child_set_limits(OOM_NEEDED);
	if (place_descriptors(plan, handed, &sync) && child_give_up_privilege() &&
	    confine_qemu(plan))
		execve(plan->binary, (char *const *)argv, environment(plan));
	int errnum = errno;
	if (write(sync, &errnum, sizeof(errnum)) < 0)
		_exit(126);
	_exit(127);
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
static bool let_go(const struct plan *plan, int sync, struct error **err)
{
	int errnum;
	ssize_t n;

	if (write(sync, "", 1) != 1) {
		error_errno(err, ERROR_FAILED, errno, "cannot start QEMU");
		return false;
	}
	do
		n = read(sync, &errnum, sizeof(errnum));
	while (n < 0 && errno == EINTR);
	if (n == sizeof(errnum)) {
		error_errno(err, ERROR_FAILED, errnum, "cannot run %s", plan->binary);
		return false;
	}
	return true;
}

static bool spawn(const struct plan *plan, const struct lock *lock, struct link *link,
		  struct companions *companions, const struct handed *handed,
		  struct launched *launched, struct error **err)
{
	own_fd int ours = -1, theirs = -1;

	if (!open_stream(&ours, &theirs, err))
		return false;
	launched->pid = fork();
	if (launched->pid == 0) {
		close(ours);
		child(plan, handed, theirs);
	}
	close_fd(&theirs);
	if (launched->pid < 0) {
		error_errno(err, ERROR_FAILED, errno, "cannot fork");
		return false;
	}
	launched->pidfd = (int)syscall(SYS_pidfd_open, launched->pid, 0);
	if (launched->pidfd < 0)
		error_errno(err, ERROR_HOST, errno, "cannot watch QEMU (pidfd_open)");
	if (launched->pidfd >= 0 && record(plan, lock, link, companions, launched->pid, err) &&
	    (link->fd < 0 || link_watch(link, launched->pid, err)) &&
	    companions_let_go(companions, err) && let_go(plan, ours, err))
		return true;
	close_fd(&ours);
	waitpid(launched->pid, NULL, 0);
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
