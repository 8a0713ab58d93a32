/* A child (base/child.h) is of use here since it holds nothing: one that had inherited the very
 * node whose holder the kernel waited for has waited for itself, for ever. A mapping of a device
 * would be inherited all the same; the callers have none.
 *
 * It dies with its parent where the kernel lets it: what it was sent to change is given back by the
 * next keeper, which it must not run against.
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
#include <string.h>
#include <sys/wait.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/layout.h"
#include "base/patience.h"
#include "base/text.h"

/* #syscalls(keeper) kill wait4 waitid pidfd_send_signal */

/* The longest last line that goes into an error, in bytes. */
#define WORDS 300

/* A child that is watched. */
struct watched {
	struct child child;
	int output;	/* what it prints, -1: nothing (more) */
	struct buf out; /* what it printed */
};

/* How long the last child was watched that a function was all of; and the sum of those that
 * counted, and of programs.
 */
static int64_t last_us, spent_us;

#define WATCHED_NONE ((struct watched){.child = CHILD_NONE, .output = -1})

static void watched_free(struct watched *w)
{
	child_close(&w->child);
	close_fd(&w->output);
	buf_free(&w->out);
}
#define own_watched own_with(watched_free)

/* Takes what there is; of very much, the end is kept. */
static void hear_output(struct watched *w)
{
	char chunk[4096];
	ssize_t n;

	/* Bounded, so that one who prints without end cannot keep us from looking at the clock. */
	for (int i = 0; w->output >= 0 && i < 64; i++) {
		n = read(w->output, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			close_fd(&w->output);
			return;
		}
		buf_add(&w->out, chunk, (size_t)n);
		if (w->out.len > WORKER_OUTPUT) {
			memmove(w->out.data, w->out.data + w->out.len - WORKER_OUTPUT,
				WORKER_OUTPUT + 1);
			w->out.len = WORKER_OUTPUT;
		}
	}
}

/* Listens until the child has ended, at most wait_ms of the time in which it could go on. True when
 * it has ended; it is not reaped then.
 */
static bool watch(struct watched *w, int wait_ms)
{
	struct patience patience = patience_with(w->child.pid, wait_ms);
	int left = wait_ms;

	do {
		struct pollfd fd[] = {{.fd = w->child.pidfd, .events = POLLIN},
				      {.fd = w->child.talk, .events = POLLIN},
				      {.fd = w->output, .events = POLLIN}};
		int n = poll(fd, ARRAY_SIZE(fd), left);

		if (n > 0 && fd[1].revents)
			child_hear(&w->child, false);
		if (n > 0 && fd[2].revents)
			hear_output(w);
		if (n > 0 && fd[0].revents) {
			/* What it had sent before may have come after poll() looked. */
			child_hear(&w->child, false);
			hear_output(w);
			return true;
		}
		left = patience_left(&patience);
	} while (left > 0);
	return false;
}

/* Kills a child that is late, with all of its session's first process group if group is set. True
 * when it has ended.
 */
static bool kill_late(struct watched *w, bool group)
{
	/* Not reaped yet, so neither number can be anybody else's. */
	if (group)
		kill(-w->child.pid, SIGKILL);
	child_signal(&w->child, SIGKILL);
	return watch(w, WORKER_GRACE_MS);
}

/* Makes it and lets it go. Returns 0 or an errno. */
static int begin(struct watched *w, struct child_way *way)
{
	int errnum;

	way->dies_by = SIGKILL;
	errnum = child_make(&w->child, way);
	return errnum ? errnum : child_let_go(&w->child);
}

enum worker_end worker_run(worker_fn *fn, void *context, int deadline_ms, int *errnum,
			   struct worker *stuck)
{
	own_watched struct watched w = WATCHED_NONE;
	int64_t since;
	bool late;

	*errnum = begin(&w, &(struct child_way){.function = fn, .context = context});
	if (*errnum)
		return WORKER_FAILED;
	since = now_us();
	late = !watch(&w, deadline_ms);
	last_us = now_us() - since;
	if (late && !kill_late(&w, false)) {
		*errnum = ETIMEDOUT;
		if (stuck)
			*stuck = (struct worker){.pid = w.child.pid,
						 .pidfd = steal_fd(&w.child.pidfd)};
		return WORKER_STUCK;
	}
	child_reap(&w.child, NULL);
	/* A result that came at the last moment is a result. */
	*errnum = w.child.told ? w.child.result : late ? ETIMEDOUT : ECANCELED;
	return *errnum ? WORKER_FAILED : WORKER_DONE;
}

bool worker_ended(struct worker *worker)
{
	struct pollfd ended = {.fd = worker->pidfd, .events = POLLIN};

	if (worker->pidfd < 0)
		return true;
	if (poll(&ended, 1, 0) <= 0 || !ended.revents)
		return false;
	child_reap(&(struct child){.pid = worker->pid}, NULL);
	worker_abandon(worker);
	return true;
}

int64_t worker_spent_us(void)
{
	return spent_us;
}

void worker_count(void)
{
	spent_us += last_us;
	last_us = 0;
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
static bool judge(const struct watched *w, int status, bool lost, bool late, int deadline_ms,
		  const char *name, struct error **err)
{
	own_free char *words = last_words(&w->out);

	if (w->child.told)
		error_errno(err, ERROR_HOST, w->child.result, "cannot run %s", name);
	else if (late)
		error_add(err, ERROR_HOST, "%s did not end within %g s and was killed%s", name,
			  deadline_ms / 1000.0, words);
	else if (lost)
		error_add(err, ERROR_HOST, "%s ended and its status is lost%s", name, words);
	else if (WIFSIGNALED(status))
		error_add(err, ERROR_HOST, "%s was killed by signal %d%s", name, WTERMSIG(status),
			  words);
	else if (status != 0)
		error_add(err, ERROR_HOST, "%s failed with status %d%s", name, WEXITSTATUS(status),
			  words);
	else
		return true;
	return false;
}

/* Starts it, with a pipe for what it prints. False with words. */
static bool start(struct watched *w, const char *const argv[], const char *name, struct error **err)
{
	static const char *const environment[] = {"PATH=" LAYOUT_PATH, "LC_ALL=C", NULL};
	own_fd int its = -1;
	int errnum;

	if (!child_pipe(&w->output, &its)) {
		error_errno(err, ERROR_HOST, errno, "cannot run %s", name);
		return false;
	}
	const struct child_fd fd[] = {{its, 1}, {its, 2}};
	struct child_way way = {
		.argv = argv, .environment = environment, .fd = fd, .fds = ARRAY_SIZE(fd)};

	errnum = fcntl(w->output, F_SETFL, O_NONBLOCK) < 0 ? errno : begin(w, &way);
	if (errnum)
		error_errno(err, ERROR_HOST, errnum, "cannot run %s", name);
	return errnum == 0;
}

static worker_exec_fn *instead;

void worker_exec_by(worker_exec_fn *fn)
{
	instead = fn;
}

bool worker_exec(const char *const argv[], int deadline_ms, char **output, struct error **err)
{
	own_watched struct watched w = WATCHED_NONE;
	own_free char *name = command(argv);
	int64_t since;
	int status = 0;
	bool late, lost;

	if (instead && !output) {
		since = now_us();
		bool good = instead(argv, deadline_ms, err);

		spent_us += now_us() - since;
		return good;
	}
	if (!start(&w, argv, name, err))
		return false;
	since = now_us();
	late = !watch(&w, deadline_ms);
	spent_us += now_us() - since;
	if (late && !kill_late(&w, true)) {
		error_add(err, ERROR_HOST,
			  "%s did not end within %g s and is stuck in the kernel (process %d)",
			  name, deadline_ms / 1000.0, (int)w.child.pid);
		return false;
	}
	lost = !child_reap(&w.child, &status);
	if (!judge(&w, status, lost, late, deadline_ms, name, err))
		return false;
	if (output)
		*output = w.out.data ? buf_steal(&w.out) : xstrdup("");
	return true;
}
