/* The order in a child, and why it is that:
 *
 *  1. It closes its copy of our end of the talk, or it would keep the end of the stream from
 *     itself.
 *  2. Session, then signals: back at their defaults, a Ctrl-C would cut it short.
 *  3. The signal that it gets when we die. If we died before this line, the stream is at its end.
 *  4. Its descriptors, and nothing else: what it held of ours could keep a stream open, or a device
 *     whose holder the kernel waits for. O_CLOEXEC is no help to who does not exec, and not to who
 *     waits for an exec.
 *  5. It waits for the byte that lets it go. The end of the stream instead of that: we are dead,
 *     and nobody knows it. It ends.
 *  6. The function, which may give up rights; then once more (3), as a change of rights clears it.
 *  7. The program. The end of the stream, without a number before it, is the exec that went well.
 *
 * The talk is a pair of sockets that keeps packets whole: one byte there, one number back.
 */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alloc.h"
#include "own.h"

/* #syscalls(supervisor) wait4 pidfd_send_signal
 *
 * #syscalls(keeper) fork clone:process socketpair:AF_UNIX pipe2 pidfd_open pidfd_send_signal sendto
 * recvfrom setsid prctl:PR_SET_PDEATHSIG dup2 dup3 close_range wait4
 */

extern char **environ;

/* ------------------------------------------------------------------ in the child */

static void set_signals(enum child_signals signals)
{
	static const int ours[] = {SIGPIPE, SIGTTIN, SIGTTOU};
	sigset_t blocked;

	if (signals == CHILD_SIGNALS_CALLERS)
		for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
			signal(ours[i], SIG_DFL);
	/* SIGSYS is a filter's, and who is forced to take it is not asked whether he ignores it. */
	else
		for (int sig = 1; sig < NSIG; sig++)
			if (sig != SIGSYS)
				signal(sig, SIG_DFL);
	sigemptyset(&blocked);
	if (signals == CHILD_SIGNALS_NO_SESSION) {
		sigaddset(&blocked, SIGTERM);
		sigaddset(&blocked, SIGHUP);
	}
	sigprocmask(SIG_SETMASK, &blocked, NULL);
}

static void die_with(pid_t parent, int sig)
{
	if (sig && (prctl(PR_SET_PDEATHSIG, sig, 0, 0, 0) < 0 || getppid() != parent))
		_exit(127);
}

static int highest_number(const struct child_way *way)
{
	int highest = STDERR_FILENO;

	for (size_t i = 0; i < way->fds; i++)
		if (way->fd[i].number > highest)
			highest = way->fd[i].number;
	return highest;
}

/* Puts each descriptor at its number, *talk behind the highest one, and closes all else. Parked
 * high first: one may stand where another one goes. Returns 0 or an errno.
 */
static int place_descriptors(const struct child_way *way, int *talk)
{
	own_free int *parked = xcalloc(way->fds + 1, sizeof(*parked));
	int highest = highest_number(way), free_from = highest + 2, moved;

	/* Where there is no room for it, the old one tells why. */
	moved = fcntl(*talk, F_DUPFD_CLOEXEC, free_from);
	if (moved < 0)
		return errno;
	*talk = moved;
	for (size_t i = 0; i < way->fds; i++) {
		parked[i] = way->fd[i].ours;
		if (parked[i] >= 0 &&
		    (parked[i] = fcntl(parked[i], F_DUPFD_CLOEXEC, free_from)) < 0)
			return errno;
	}
	/* Whatever a function opens must not land at the numbers of the outputs either; but it can
	 * do without them.
	 */
	if (syscall(SYS_close_range, 0, (unsigned)highest + 1, 0) < 0 ||
	    ((open("/dev/null", O_RDWR | O_NOCTTY) != 0 || dup2(0, 1) < 0 || dup2(0, 2) < 0) &&
	     way->argv))
		return errno;
	for (size_t i = 0; i < way->fds; i++)
		if (parked[i] >= 0 && dup2(parked[i], way->fd[i].number) < 0)
			return errno;
	if (dup3(*talk, highest + 1, O_CLOEXEC) < 0 ||
	    syscall(SYS_close_range, (unsigned)free_from, ~0U, 0) < 0)
		return errno;
	*talk = highest + 1;
	return 0;
}

static void wait_for_the_byte(int talk)
{
	char go;
	ssize_t n;

	do
		n = recv(talk, &go, sizeof(go), 0);
	while (n < 0 && errno == EINTR);
	if (n != sizeof(go))
		_exit(127);
}

/* Returns only when there is no program to become, or why not. */
static int follow(const struct child_way *way, pid_t parent)
{
	int errnum = way->function ? way->function(way->context) : 0;

	if (errnum || !way->argv)
		return errnum;
	die_with(parent, way->dies_by);
	execve(way->program ? way->program : way->argv[0], (char *const *)way->argv,
	       way->environment ? (char *const *)way->environment : environ);
	return errno;
}

static _Noreturn void be_child(const struct child_way *way, int talk, int ours, pid_t parent)
{
	int errnum;
	bool placed;

	close(ours);
	if (!way->same_session)
		setsid();
	set_signals(way->signals);
	die_with(parent, way->dies_by);
	errnum = place_descriptors(way, &talk);
	placed = errnum == 0;
	wait_for_the_byte(talk);
	if (placed)
		errnum = follow(way, parent);
	if (placed && errnum && way->complains)
		dprintf(STDERR_FILENO, "cannot run %s: %s\n", way->argv[0], strerror(errnum));
	send(talk, &errnum, sizeof(errnum), MSG_NOSIGNAL);
	_exit(way->argv || !placed ? 127 : 0);
}

/* ------------------------------------------------------------------ in the parent */

void child_close(struct child *child)
{
	close_fd(&child->pidfd);
	close_fd(&child->talk);
}

void child_cancel(struct child *child)
{
	/* The end of the talk is what it ends by. */
	close_fd(&child->talk);
	if (child->pid > 0)
		child_reap(child, NULL);
	child_close(child);
}

static int fail(struct child *child, int errnum)
{
	child_cancel(child);
	return errnum;
}

int child_make(struct child *child, const struct child_way *way)
{
	own_fd int its = -1;
	int pair[2];
	pid_t self = getpid();

	*child = CHILD_NONE;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return errno;
	child->talk = pair[0];
	its = pair[1];
	child->pid = fork();
	if (child->pid == 0)
		be_child(way, its, child->talk, self);
	if (child->pid < 0) {
		child->pid = 0;
		return fail(child, errno);
	}
	/* It waits for its byte, so its number can be nobody else's. */
	child->pidfd = (int)syscall(SYS_pidfd_open, child->pid, 0);
	return child->pidfd < 0 ? fail(child, errno) : 0;
}

int child_let_go(struct child *child)
{
	ssize_t n;

	do
		n = send(child->talk, "", 1, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n == 1 ? 0 : fail(child, errno);
}

void child_hear(struct child *child, bool wait)
{
	ssize_t n;

	if (child->talk < 0)
		return;
	do
		n = recv(child->talk, &child->result, sizeof(child->result),
			 wait ? 0 : MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return;
	child->told = n == sizeof(child->result);
	close_fd(&child->talk);
}

int child_start(struct child *child, const struct child_way *way)
{
	int errnum = child_make(child, way);

	if (!errnum)
		errnum = child_let_go(child);
	if (errnum)
		return errnum;
	child_hear(child, true);
	if (way->argv && !child->told)
		return 0;
	/* A function that was killed has not told anything. */
	errnum = child->told ? child->result : ECANCELED;
	return fail(child, errnum);
}

bool child_pipe(int *ours, int *its)
{
	int pair[2];

	if (pipe2(pair, O_CLOEXEC) < 0)
		return false;
	*ours = pair[0];
	*its = pair[1];
	return true;
}

bool child_reap(struct child *child, int *status)
{
	pid_t n;

	do
		n = waitpid(child->pid, status, 0);
	while (n < 0 && errno == EINTR);
	child->pid = 0;
	return n > 0;
}

bool child_signal(const struct child *child, int sig)
{
	return syscall(SYS_pidfd_send_signal, child->pidfd, sig, NULL, 0) == 0;
}
