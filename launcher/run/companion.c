#include "companion.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/own.h"
#include "base/say.h"
#include "base/text.h"
#include "child.h"
#include "log.h"

#define PATIENCE_MS 1000 /* from SIGTERM to SIGKILL */
#define KILLED_MS 200	 /* from there until even that is taken for in vain */

/* ------------------------------------------------------------------ start */

static char *command_line(const struct plan_companion *plan)
{
	struct buf line = {0};

	for (size_t i = 0; i < plan->args; i++) {
		own_free char *word = text_word(plan->argv[i]);

		buf_addf(&line, "%s%s", i ? " " : "", word);
	}
	return buf_steal(&line);
}

/* Never returns. Why it cannot become the program is the last line of its log. */
__attribute__((noreturn)) static void child(const struct plan_companion *plan, char **argv, int log,
					    pid_t parent)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	setsid();
	child_reset_signals();
	if (null < 0 || dup2(null, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
		_exit(127);
	syscall(SYS_close_range, 3U, ~0U, 0);
	/* Last, as a change of rights clears it. We may be dead by then. */
	if (child_give_up_privilege() && prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 &&
	    getppid() == parent)
		execv(plan->argv[0], argv);
	dprintf(2, "cannot run %s: %s\n", plan->argv[0], strerror(errno));
	_exit(127);
}

static bool start(struct companion *companion, const struct plan_companion *plan,
		  struct error **err)
{
	own_fd int log = log_open(plan->log, err);
	own_free char **argv = xcalloc(plan->args + 1, sizeof(*argv));
	pid_t self = getpid();

	if (log < 0)
		return false;
	memcpy(argv, plan->argv, plan->args * sizeof(*argv));
	companion->plan = plan;
	companion->pid = fork();
	if (companion->pid == 0)
		child(plan, argv, log, self);
	if (companion->pid < 0) {
		error_errno(err, ERROR_FAILED, errno, "cannot fork");
		return false;
	}
	companion->pidfd = (int)syscall(SYS_pidfd_open, companion->pid, 0);
	if (companion->pidfd >= 0)
		return true;
	error_errno(err, ERROR_HOST, errno, "cannot watch it (pidfd_open)");
	kill(companion->pid, SIGKILL);
	waitpid(companion->pid, NULL, 0);
	return false;
}

void companions_start(struct companions *c, const struct plan *plan, enum companion_when when)
{
	if (!c)
		return;
	c->plan = plan;
	for (size_t i = 0; i < plan->companions && c->n < COMPANION_LIMIT; i++) {
		const struct plan_companion *due = &plan->companion[i];
		own_error struct error *err = NULL;

		if (due->when != when)
			continue;
		if (start(&c->v[c->n], due, &err))
			say(SAY_NOTE, "%s: %s started (%d)", plan->name, due->name,
			    (int)c->v[c->n++].pid);
		else
			say(SAY_WARNING, "%s: %s is not started: %s", plan->name, due->name,
			    error_message(err, 0));
	}
}

/* ------------------------------------------------------------------ end */

static void tell_end(const struct companions *c, const struct companion *companion, int status)
{
	const struct plan_companion *plan = companion->plan;
	own_free char *words = NULL, *line = NULL, *how = NULL;

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		line = command_line(plan);
		say(SAY_NOTE, "%s: %s was closed; the guest goes on. To see it again: %s",
		    c->plan->name, plan->name, line);
		return;
	}
	if (WIFSIGNALED(status))
		how = xasprintf("was killed by signal %d (%s)", WTERMSIG(status),
				strsignal(WTERMSIG(status)));
	else
		how = xasprintf("failed (exit status %d)", WEXITSTATUS(status));
	words = log_last_words(plan->log, 1, "");
	say(SAY_WARNING, "%s: %s %s; the guest goes on%s%s (log: %s)", c->plan->name, plan->name,
	    how, *words ? "; its last words: " : "", words, plan->log);
}

/* Its descriptor is readable. */
static void reap(const struct companions *c, struct companion *companion, bool expected)
{
	int status;

	while (waitpid(companion->pid, &status, 0) < 0)
		if (errno != EINTR)
			return;
	close_fd(&companion->pidfd);
	if (!expected)
		tell_end(c, companion, status);
}

void companions_poll(const struct companions *c, struct pollfd *p)
{
	for (size_t i = 0; i < COMPANION_LIMIT; i++)
		p[i] = (struct pollfd){.fd = c && i < c->n ? c->v[i].pidfd : -1, .events = POLLIN};
}

void companions_go(struct companions *c, const struct pollfd *p, bool expected)
{
	for (size_t i = 0; c && i < c->n; i++)
		if (c->v[i].pidfd >= 0 && p[i].fd == c->v[i].pidfd && p[i].revents)
			reap(c, &c->v[i], expected);
}

static void signal_all(const struct companions *c, int sig)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->v[i].pidfd >= 0)
			syscall(SYS_pidfd_send_signal, c->v[i].pidfd, sig, NULL, 0);
}

void companions_tell(struct companions *c)
{
	if (!c || !c->n || c->told)
		return;
	c->told = now_ms();
	signal_all(c, SIGTERM);
}

/* Whether all ended by the time. */
static bool all_end_by(struct companions *c, int64_t limit)
{
	struct pollfd p[COMPANION_LIMIT];

	for (;;) {
		int64_t left = limit - now_ms();
		bool any = false;

		companions_poll(c, p);
		for (size_t i = 0; i < COMPANION_LIMIT; i++)
			any = any || p[i].fd >= 0;
		if (!any)
			return true;
		if (poll(p, COMPANION_LIMIT, left > 0 ? (int)left : 0) > 0)
			companions_go(c, p, true);
		else if (left <= 0)
			return false;
	}
}

void companions_finish(struct companions *c)
{
	if (!c || !c->n)
		return;
	companions_tell(c);
	if (all_end_by(c, c->told + PATIENCE_MS))
		return;
	for (size_t i = 0; i < c->n; i++)
		if (c->v[i].pidfd >= 0)
			say(SAY_WARNING, "%s: %s does not end; sending SIGKILL", c->plan->name,
			    c->v[i].plan->name);
	signal_all(c, SIGKILL);
	all_end_by(c, now_ms() + KILLED_MS);
	for (size_t i = 0; i < c->n; i++)
		close_fd(&c->v[i].pidfd);
}
