/* A child is of use here only if it holds nothing: one that had inherited the very node whose
 * holder the kernel waited for has waited for itself, for ever. So its first act is to close
 * whatever it inherited (O_CLOEXEC is no help, it does not exec), all but its end of a socket pair
 * that carries one byte to it, "go", and one number back. It waits for that byte, so that nothing
 * is ever begun that nobody watches: when the parent dies first, or cannot open the pidfd, the
 * child just ends. A mapping of a device would be inherited as well; the callers have none.
 *
 * The child has a session of its own, since its signals are back at their defaults and a Ctrl-C
 * must not cut it short. It dies with its parent where the kernel lets it: what it was sent to
 * change is given back by the next keeper, which it must not run against.
 *
 * Only the pidfd says that it has ended. The number alone is not enough: closing what it opened, at
 * its exit, can block as well.
 */
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/layout.h"
#include "base/text.h"

/* Where the child's descriptors stand in the end; and from where on they are out of the way. */
#define TALK 3
#define OUTPUT 4
#define PARKING 5

/* The longest last line that goes into an error, in bytes. */
#define WORDS 300

struct child {
	pid_t pid;
	int pidfd;
	int talk;	/* our end, -1: nothing more will come */
	int output;	/* what it prints, -1: nothing (more) */
	bool told;	/* result has come */
	int result;	/* what it sent */
	struct buf out; /* what it printed */
};

#define CHILD_NONE ((struct child){.pidfd = -1, .talk = -1, .output = -1})

/* ------------------------------------------------------------------ in the child */

static void reset_signals(void)
{
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Closes everything but the two that are given (output may be -1), which move to TALK and to 1
 * and 2. Returns 0 or an errno.
 */
static int close_inherited(int talk, int output)
{
	int null;

	talk = fcntl(talk, F_DUPFD_CLOEXEC, PARKING);
	if (talk < 0 || (output >= 0 && (output = fcntl(output, F_DUPFD_CLOEXEC, PARKING)) < 0))
		return errno;
	if (dup3(talk, TALK, O_CLOEXEC) < 0 || (output >= 0 && dup3(output, OUTPUT, O_CLOEXEC) < 0))
		return errno;
	if (syscall(SYS_close_range, 0, TALK - 1, 0) < 0 ||
	    syscall(SYS_close_range, output >= 0 ? PARKING : OUTPUT, ~0U, 0) < 0)
		return errno;
	/* So that whatever fn() opens is not taken for an output. Doing without is no harm to a
	 * worker, but a program relies on it.
	 */
	null = open("/dev/null", O_RDWR | O_NOCTTY);
	if (output < 0) {
		if (null == 0 && dup2(null, 1) == 1)
			dup2(null, 2);
		return 0;
	}
	if (null != 0 || dup2(OUTPUT, 1) < 0 || dup2(OUTPUT, 2) < 0)
		return null < 0 ? errno : EBADF;
	close(OUTPUT);
	return 0;
}

/* Becomes a process of its own and waits for the byte. Ends where none comes. Returns 0 or an
 * errno. */
static int settle(int talk, int ours, int output)
{
	char go;
	ssize_t n;

	/* Our copy of the parent's end would keep the end of the stream from us. */
	close(ours);
	setsid();
	reset_signals();
	/* A worker whose keeper has died must not go on changing what a later one gives back. A
	 * parent that died before this line shows as the end of the stream.
	 */
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	do
		n = recv(talk, &go, 1, 0);
	while (n < 0 && errno == EINTR);
	if (n != 1)
		_exit(1);
	return close_inherited(talk, output);
}

static _Noreturn void tell_and_end(int talk, int result)
{
	send(talk, &result, sizeof(result), MSG_NOSIGNAL);
	_exit(0);
}

static _Noreturn void work(int talk, int ours, worker_fn *fn, void *context)
{
	int errnum = settle(talk, ours, -1);

	if (errnum)
		tell_and_end(talk, errnum);
	tell_and_end(TALK, fn(context));
}

/* The end of the stream without a number is the exec that went well. */
static _Noreturn void become(int talk, int ours, int output, const char *const argv[])
{
	static const char *const environment[] = {"PATH=" LAYOUT_PATH, "LC_ALL=C", NULL};
	int errnum = settle(talk, ours, output);

	if (errnum)
		tell_and_end(talk, errnum);
	execve(argv[0], (char *const *)argv, (char *const *)environment);
	tell_and_end(TALK, errno);
}

/* ------------------------------------------------------------------ in the parent */

static void child_free(struct child *c)
{
	close_fd(&c->pidfd);
	close_fd(&c->talk);
	close_fd(&c->output);
	buf_free(&c->out);
}
#define own_child own_with(child_free)

static void hear_result(struct child *c)
{
	ssize_t n = recv(c->talk, &c->result, sizeof(c->result), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n == sizeof(c->result))
		c->told = true;
	close_fd(&c->talk);
}

/* Takes what there is; of very much, the end is kept. */
static void hear_output(struct child *c)
{
	char chunk[4096];
	ssize_t n;

	/* Bounded, so that one who prints without end cannot keep us from looking at the clock. */
	for (int i = 0; c->output >= 0 && i < 64; i++) {
		n = read(c->output, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			close_fd(&c->output);
			return;
		}
		buf_add(&c->out, chunk, (size_t)n);
		if (c->out.len > WORKER_OUTPUT) {
			memmove(c->out.data, c->out.data + c->out.len - WORKER_OUTPUT,
				WORKER_OUTPUT + 1);
			c->out.len = WORKER_OUTPUT;
		}
	}
}

/* Listens until the child has ended, at most wait_ms. True when it has; it is not reaped then. */
static bool watch(struct child *c, int wait_ms)
{
	int64_t until = now_ms() + wait_ms, left = wait_ms;

	do {
		struct pollfd fd[] = {{.fd = c->pidfd, .events = POLLIN},
				      {.fd = c->talk, .events = POLLIN},
				      {.fd = c->output, .events = POLLIN}};
		int n = poll(fd, ARRAY_SIZE(fd), left > 0 ? (int)left : 0);

		if (n > 0 && fd[1].revents)
			hear_result(c);
		if (n > 0 && fd[2].revents)
			hear_output(c);
		if (n > 0 && fd[0].revents) {
			/* What it had sent before may have come after poll() looked. */
			if (c->talk >= 0)
				hear_result(c);
			hear_output(c);
			return true;
		}
		left = until - now_ms();
	} while (left > 0);
	return false;
}

/* Makes a socket pair and, if printed is set, a pipe for its output. Returns 0 or an errno. */
static int open_channels(struct child *c, int *its_talk, int *its_output, bool printed)
{
	int pair[2], pipe[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return errno;
	c->talk = pair[0];
	*its_talk = pair[1];
	if (!printed)
		return 0;
	if (pipe2(pipe, O_CLOEXEC) < 0)
		return errno;
	c->output = pipe[0];
	*its_output = pipe[1];
	return fcntl(c->output, F_SETFL, O_NONBLOCK) < 0 ? errno : 0;
}

/* Opens the eye on a child that waits for its byte, and gives it. Returns 0 or an errno; then there
 * is no child.
 */
static int let_go(struct child *c)
{
	int errnum = 0;

	c->pidfd = (int)syscall(SYS_pidfd_open, c->pid, 0);
	if (c->pidfd >= 0 && send(c->talk, "", 1, MSG_NOSIGNAL) == 1)
		return 0;
	errnum = errno;
	close_fd(&c->talk);
	while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
		;
	return errnum;
}

/* Takes the status of a child whose pidfd is readable. -1 where somebody (SIGCHLD ignored) took it.
 */
static int reap(int pidfd, siginfo_t *info)
{
	int n;

	*info = (siginfo_t){0};
	do
		n = waitid(P_PIDFD, (id_t)pidfd, info, WEXITED | WNOHANG);
	while (n < 0 && errno == EINTR);
	return n;
}

/* Kills a child that is late, with all of its session's first process group if group is set. True
 * when it has ended.
 */
static bool kill_late(struct child *c, bool group)
{
	/* Not reaped yet, so neither number can be anybody else's. */
	if (group)
		kill(-c->pid, SIGKILL);
	syscall(SYS_pidfd_send_signal, c->pidfd, SIGKILL, NULL, 0);
	return watch(c, WORKER_GRACE_MS);
}

enum worker_end worker_run(worker_fn *fn, void *context, int deadline_ms, int *errnum,
			   struct worker *stuck)
{
	own_child struct child c = CHILD_NONE;
	own_fd int its = -1;
	bool late;
	siginfo_t info;

	*errnum = open_channels(&c, &its, NULL, false);
	if (*errnum)
		return WORKER_FAILED;
	c.pid = fork();
	if (c.pid == 0)
		work(its, c.talk, fn, context);
	*errnum = c.pid < 0 ? errno : 0;
	close_fd(&its);
	if (!*errnum)
		*errnum = let_go(&c);
	if (*errnum)
		return WORKER_FAILED;
	late = !watch(&c, deadline_ms);
	if (late && !kill_late(&c, false)) {
		*errnum = ETIMEDOUT;
		if (stuck)
			*stuck = (struct worker){.pid = c.pid, .pidfd = steal_fd(&c.pidfd)};
		return WORKER_STUCK;
	}
	reap(c.pidfd, &info);
	/* A result that came at the last moment is a result. */
	*errnum = c.told ? c.result : late ? ETIMEDOUT : ECANCELED;
	return *errnum ? WORKER_FAILED : WORKER_DONE;
}

bool worker_ended(struct worker *worker)
{
	struct pollfd ended = {.fd = worker->pidfd, .events = POLLIN};
	siginfo_t info;

	if (worker->pidfd < 0)
		return true;
	if (poll(&ended, 1, 0) <= 0 || !ended.revents)
		return false;
	reap(worker->pidfd, &info);
	worker_abandon(worker);
	return true;
}

void worker_abandon(struct worker *worker)
{
	close_fd(&worker->pidfd);
	*worker = WORKER_NONE;
}

/* ------------------------------------------------------------------ programs */

/* The command as a reader would type it. The caller owns it. */
static char *command(const char *const argv[])
{
	struct buf words = {0};

	for (size_t i = 0; argv[i]; i++) {
		own_free char *word = text_quote(argv[i], WORDS);

		buf_addf(&words, "%s%s", i ? " " : "", word);
	}
	return buf_steal(&words);
}

/* The last line that is not empty, fit for a message, with ": " before it; "" when there is none.
 */
static char *last_words(const struct buf *out)
{
	size_t end = out->len, from;
	own_free char *line = NULL, *quoted = NULL;

	while (end && strchr(" \t\r\n", out->data[end - 1]))
		end--;
	for (from = end; from && out->data[from - 1] != '\n';)
		from--;
	if (from == end)
		return xstrdup("");
	line = xstrndup(out->data + from, end - from);
	quoted = text_quote(line, WORDS);
	return xasprintf(": %s", quoted);
}

/* Whether the program ran and was content; else says how it ended. */
static bool judge(const struct child *c, const siginfo_t *info, bool late, int deadline_ms,
		  const char *name, struct error **err)
{
	own_free char *words = last_words(&c->out);

	if (c->told)
		error_errno(err, ERROR_HOST, c->result, "cannot run %s", name);
	else if (late)
		error_add(err, ERROR_HOST, "%s did not end within %g s and was killed%s", name,
			  deadline_ms / 1000.0, words);
	else if (info->si_code == CLD_KILLED || info->si_code == CLD_DUMPED)
		error_add(err, ERROR_HOST, "%s was killed by signal %d%s", name, info->si_status,
			  words);
	else if (info->si_code != CLD_EXITED)
		error_add(err, ERROR_HOST, "%s ended and its status is lost%s", name, words);
	else if (info->si_status != 0)
		error_add(err, ERROR_HOST, "%s failed with status %d%s", name, info->si_status,
			  words);
	else
		return true;
	return false;
}

/* Forks and lets go. False with words. */
static bool start(struct child *c, const char *const argv[], const char *name, struct error **err)
{
	own_fd int its_talk = -1, its_output = -1;
	int errnum = open_channels(c, &its_talk, &its_output, true);

	if (!errnum) {
		c->pid = fork();
		if (c->pid == 0)
			become(its_talk, c->talk, its_output, argv);
		errnum = c->pid < 0 ? errno : 0;
	}
	close_fd(&its_talk);
	close_fd(&its_output);
	if (!errnum)
		errnum = let_go(c);
	if (errnum)
		error_errno(err, ERROR_HOST, errnum, "cannot run %s", name);
	return errnum == 0;
}

bool worker_exec(const char *const argv[], int deadline_ms, char **output, struct error **err)
{
	own_child struct child c = CHILD_NONE;
	own_free char *name = command(argv);
	siginfo_t info;
	bool late;

	if (!start(&c, argv, name, err))
		return false;
	late = !watch(&c, deadline_ms);
	if (late && !kill_late(&c, true)) {
		error_add(err, ERROR_HOST,
			  "%s did not end within %g s and is stuck in the kernel (process %d)",
			  name, deadline_ms / 1000.0, (int)c.pid);
		return false;
	}
	reap(c.pidfd, &info);
	if (!judge(&c, &info, late, deadline_ms, name, err))
		return false;
	if (output)
		*output = c.out.data ? buf_steal(&c.out) : xstrdup("");
	return true;
}
