#include "companion.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/own.h"
#include "base/patience.h"
#include "base/say.h"
#include "base/text.h"
#include "child.h"
#include "listen.h"
#include "log.h"
#include "pin.h"

/* #syscalls(supervisor) pidfd_send_signal wait4 */

#define PATIENCE_MS 1000 /* from the first signal to SIGKILL */
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

struct becoming {
	const struct plan *plan;
	const struct plan_companion *companion;
	pid_t parent;
};

/* Its socket becomes QEMU's connection, of which there is one: whoever comes later finds nobody.
 * QEMU connects as soon as it runs, or never if we are gone. Returns 0 or an errno.
 */
static int await_qemu(pid_t parent)
{
	own_fd int connection = -1;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return errno;
	/* Who went before that sends no signal. */
	if (getppid() != parent)
		return ESRCH;
	do
		connection = accept4(COMPANION_FD, NULL, NULL, SOCK_CLOEXEC);
	while (connection < 0 && errno == EINTR);
	if (connection < 0 || dup2(connection, COMPANION_FD) < 0)
		return errno;
	return prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0) < 0 ? errno : 0;
}

static int become_companion(void *context)
{
	const struct becoming *b = context;
	int errnum;

	if (b->companion->when == COMPANION_BEFORE)
		pin_self(&b->plan->placement);
	child_set_limits(b->companion->end == COMPANION_SPARED ? OOM_SPARED : OOM_NEEDED);
	errnum = child_give_up_privilege();
	return errnum || b->companion->join != JOIN_ACCEPT ? errnum : await_qemu(b->parent);
}

/* It waits to be let go; joined (-1: by nothing) becomes COMPANION_FD. Returns 0 or an errno. Why
 * it cannot become the program is the last line of its log.
 */
static int make_child(struct child *child, const struct plan *plan,
		      const struct plan_companion *companion, int log, int joined)
{
	bool before = companion->when == COMPANION_BEFORE;
	struct becoming becoming = {plan, companion, getpid()};
	const struct child_fd fd[] = {{log, 1}, {log, 2}, {joined, COMPANION_FD}};
	own_free const char **argv = xcalloc(companion->args + 1, sizeof(*argv));

	memcpy(argv, companion->argv, companion->args * sizeof(*argv));
	return child_make(
		child, &(struct child_way){
			       .argv = argv,
			       .function = become_companion,
			       .context = &becoming,
			       .fd = fd,
			       .fds = ARRAY_SIZE(fd),
			       .signals = before ? CHILD_SIGNALS_NO_SESSION : CHILD_SIGNALS_FRESH,
			       .dies_by = before ? 0 : SIGTERM,
			       .complains = true,
		       });
}

static void watch_log(struct companions *c, const struct plan_companion *companion)
{
	if (!log_watch(&c->logs, companion->log))
		say(SAY_WARNING, LOG_ENDLESS, c->plan->name, companion->log);
}

/* One more companion that waits, given what it is joined by. */
static bool make_one(struct companions *c, const struct plan_companion *plan, int joined,
		     struct error **err)
{
	struct companion *companion = &c->v[c->n];
	own_fd int log = log_open(plan->log, err);
	int errnum;

	if (log < 0)
		return false;
	*companion = (struct companion){.plan = plan, .child = CHILD_NONE, .theirs = -1};
	errnum = make_child(&companion->child, c->plan, plan, log, joined);
	if (errnum) {
		error_errno(err, ERROR_FAILED, errnum, "cannot make a process");
		return false;
	}
	watch_log(c, plan);
	c->n++;
	return true;
}

static bool let_go(struct companion *companion, struct error **err)
{
	int errnum = child_let_go(&companion->child);

	if (errnum)
		error_errno(err, ERROR_FAILED, errnum, "cannot start %s", companion->plan->name);
	/* Its log has what it would tell. */
	close_fd(&companion->child.talk);
	return !errnum;
}

void companions_start(struct companions *c, const struct plan *plan)
{
	if (!c)
		return;
	c->plan = plan;
	for (size_t i = 0; i < plan->companions && c->n < COMPANION_LIMIT; i++) {
		const struct plan_companion *due = &plan->companion[i];
		own_error struct error *err = NULL;

		if (due->when != COMPANION_RUNNING)
			continue;
		if (make_one(c, due, -1, &err) && let_go(&c->v[c->n - 1], &err))
			say(SAY_NOTE, "%s: %s started (%d)", plan->name, due->name,
			    (int)c->v[c->n - 1].child.pid);
		else
			say(SAY_WARNING, "%s: %s is not started: %s", plan->name, due->name,
			    error_message(err, 0));
	}
}

/* passt does so for a stream that it has accepted, and not for one that it was handed: the kernel's
 * default holds three of its packets of 64 KiB. The kernel gives as much of it as net.core.wmem_max
 * lets it; less is no reason to fail.
 */
#define STREAM_ROOM (4 << 20)

static bool make_pair(int *one, int *other, struct error **err)
{
	int pair[2], room = STREAM_ROOM;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
		error_errno(err, ERROR_HOST, errno, "cannot make a socket pair");
		return false;
	}
	for (size_t i = 0; i < ARRAY_SIZE(pair); i++)
		(void)setsockopt(pair[i], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	*one = pair[0];
	*other = pair[1];
	return true;
}

static bool make(struct companions *c, const struct plan_companion *due, struct error **err)
{
	own_fd int joined = -1, theirs = -1;

	if (due->join == JOIN_PAIR && !make_pair(&joined, &theirs, err))
		return false;
	if (due->socket && (joined = listen_at(due->socket, err)) < 0)
		return false;
	if (!make_one(c, due, joined, err))
		return false;
	c->v[c->n - 1].theirs = steal_fd(&theirs);
	return true;
}

bool companions_make(struct companions *c, const struct plan *plan, struct error **err)
{
	if (!c)
		return true;
	c->plan = plan;
	for (size_t i = 0; i < plan->companions && c->n < COMPANION_LIMIT; i++) {
		struct error *problem = NULL;

		if (plan->companion[i].when != COMPANION_BEFORE ||
		    make(c, &plan->companion[i], &problem))
			continue;
		error_context(&problem, "%s", plan->companion[i].name);
		error_merge(err, &problem);
		return false;
	}
	return true;
}

bool companions_let_go(struct companions *c, struct error **err)
{
	for (size_t i = 0; c && i < c->n; i++) {
		struct companion *companion = &c->v[i];

		if (companion->child.talk < 0)
			continue;
		if (!let_go(companion, err))
			return false;
		say(SAY_DEBUG, "%s: %s started (%d)", c->plan->name, companion->plan->name,
		    (int)companion->child.pid);
	}
	return true;
}

int companions_take(struct companions *c, int number)
{
	for (size_t i = 0; c && i < c->n; i++)
		if (c->v[i].plan->join == JOIN_PAIR && c->v[i].plan->number == number)
			return steal_fd(&c->v[i].theirs);
	return -1;
}

/* ------------------------------------------------------------------ the record */

void companions_record(const struct companions *c, struct run_record *record)
{
	for (size_t i = 0; c && i < c->n; i++)
		record->beside[c->v[i].plan - c->plan->companion] = process_of(c->v[i].child.pid);
}

/* One that another supervisor started; its pidfd is -1 where it has ended. */
static struct companion adopted(const struct plan_companion *plan, struct process process)
{
	struct child child = {.pid = process.pid, .pidfd = process_watch(process), .talk = -1};

	return (struct companion){.plan = plan, .child = child, .theirs = -1};
}

void companions_adopt(struct companions *c, const struct plan *plan,
		      const struct run_record *record)
{
	c->plan = plan;
	for (size_t i = 0; i < plan->companions && c->n < COMPANION_LIMIT; i++) {
		struct companion *companion = &c->v[c->n];
		struct process process = record->beside[i];

		if (plan->companion[i].when != COMPANION_BEFORE)
			continue;
		*companion = adopted(&plan->companion[i], process);
		if (companion->child.pidfd >= 0) {
			watch_log(c, &plan->companion[i]);
			c->n++;
			continue;
		}
		say(SAY_WARNING, "%s: %s has ended: %s (log: %s)", plan->name,
		    plan->companion[i].name, plan->companion[i].loss, plan->companion[i].log);
	}
}

void companions_end_left(const struct run_record *record)
{
	own_free char *boot = process_boot_id();
	struct plan plan = {
		.name = record->name,
		.companion = record->companion,
		.companions = record->companions,
	};
	struct companions left = COMPANIONS_NONE;

	left.plan = &plan;
	for (size_t i = 0; i < record->companions && strcmp(boot, record->boot_id) == 0; i++) {
		struct companion one = adopted(&plan.companion[i], record->beside[i]);

		if (one.child.pidfd < 0)
			continue;
		say(SAY_NOTE, "%s: ending %s (%d), which was left behind", plan.name,
		    plan.companion[i].name, (int)record->beside[i].pid);
		left.v[left.n++] = one;
	}
	companions_finish(&left);
}

/* ------------------------------------------------------------------ end */

/* "swtpm failed (exit status 1)"; the caller owns it. */
static char *how_it_ended(const struct companion *companion)
{
	const char *name = companion->plan->name;
	int status = companion->status;

	if (WIFSIGNALED(status))
		return xasprintf("%s was killed by signal %d (%s)", name, WTERMSIG(status),
				 strsignal(WTERMSIG(status)));
	if (WEXITSTATUS(status) == 0)
		return xasprintf("%s has ended", name);
	return xasprintf("%s failed (exit status %d)", name, WEXITSTATUS(status));
}

/* Why it never became the program, where it is we at first, who wait for the guest: what we said
 * last, but for what is said of the log itself, which has a time. The caller owns it; NULL: it did.
 */
static char *why_it_never_was(const struct plan_companion *plan)
{
	own_free char *words = plan->closed ? log_last_of_ours(plan->log) : NULL;

	return words && !isdigit((unsigned char)*words) ? steal(&words) : NULL;
}

/* Whether it ended as it does where nothing failed. Our own exit statuses are others. */
static bool ended_well(const struct companion *companion)
{
	unsigned status = (unsigned)WEXITSTATUS(companion->status);
	own_free char *ours = NULL;

	if (!WIFEXITED(companion->status))
		return false;
	if (status == 0)
		return true;
	if (status >= 32 || !(companion->plan->closed & 1U << status))
		return false;
	ours = why_it_never_was(companion->plan);
	return !ours;
}

static void tell_end(const struct companions *c, const struct companion *companion)
{
	const struct plan_companion *plan = companion->plan;
	own_free char *words = NULL, *line = NULL, *how = how_it_ended(companion);

	if (!companion->failed && plan->when == COMPANION_RUNNING) {
		line = command_line(plan);
		say(SAY_NOTE, "%s: %s was closed; %s. To see it again: %s", c->plan->name,
		    plan->name, plan->loss, line);
		return;
	}
	words = why_it_never_was(plan);
	if (!words)
		words = log_last_words(plan->log, 1, "");
	say(SAY_WARNING, "%s: %s; %s%s%s (log: %s)", c->plan->name, how, plan->loss,
	    *words ? "; its last words: " : "", words, plan->log);
}

/* Its descriptor is readable. How one ended that is not our child, nobody tells us. */
static void reap(const struct companions *c, struct companion *companion, bool expected)
{
	int status = 0;

	child_reap(&companion->child, &status);
	close_fd(&companion->child.pidfd);
	companion->status = status;
	companion->failed = !ended_well(companion);
	if (!expected)
		tell_end(c, companion);
}

void companions_poll(const struct companions *c, struct pollfd *p)
{
	for (size_t i = 0; i < COMPANION_LIMIT; i++)
		p[i] = (struct pollfd){.fd = c && i < c->n ? c->v[i].child.pidfd : -1,
				       .events = POLLIN};
	p[COMPANION_LIMIT] = c ? log_watch_poll(&c->logs) : (struct pollfd){.fd = -1};
}

void companions_go(struct companions *c, const struct pollfd *p, bool expected)
{
	if (!c)
		return;
	if (p[COMPANION_LIMIT].fd >= 0)
		log_watch_go(&c->logs, p[COMPANION_LIMIT].revents);
	for (size_t i = 0; i < c->n; i++)
		if (c->v[i].child.pidfd >= 0 && p[i].fd == c->v[i].child.pidfd && p[i].revents)
			reap(c, &c->v[i], expected);
}

bool companions_show(const struct companions *c)
{
	for (size_t i = 0; c && i < c->n; i++)
		if (c->v[i].plan->when == COMPANION_RUNNING && c->v[i].child.pidfd >= 0)
			return true;
	return false;
}

bool companions_ended(const struct companions *c, const struct pollfd *p)
{
	for (size_t i = 0; c && i < c->n; i++)
		if (c->v[i].plan->when == COMPANION_BEFORE && c->v[i].child.pidfd >= 0 &&
		    p[i].fd == c->v[i].child.pidfd && p[i].revents)
			return true;
	return false;
}

char *companions_joined(const struct companions *c)
{
	own_buf struct buf names = {0};

	for (size_t i = 0; c && i < c->n; i++)
		if (c->v[i].plan->when == COMPANION_BEFORE)
			buf_addf(&names, "%s%s", names.len ? ", " : "", c->v[i].plan->name);
	return names.len ? buf_steal(&names) : NULL;
}

char *companions_failed(const struct companions *c, bool any)
{
	for (size_t i = 0; c && i < c->n; i++) {
		const struct companion *companion = &c->v[i];
		own_free char *how = NULL, *words = NULL;

		if (companion->plan->when != COMPANION_BEFORE || companion->child.pidfd >= 0 ||
		    !(any || companion->failed))
			continue;
		how = how_it_ended(companion);
		words = log_last_words(companion->plan->log, 1, "");
		return xasprintf("%s%s%s (log: %s)", how, *words ? "; its last words: " : "", words,
				 companion->plan->log);
	}
	return NULL;
}

/* sig 0: what each ends on. Those that QEMU needs have SIGTERM blocked, as it has. */
static void signal_all(const struct companions *c, int sig)
{
	for (size_t i = 0; i < c->n; i++) {
		int ends = c->v[i].plan->when == COMPANION_BEFORE ? SIGINT : SIGTERM;

		if (c->v[i].child.pidfd >= 0)
			child_signal(&c->v[i].child, sig ? sig : ends);
	}
}

void companions_tell(struct companions *c)
{
	if (!c || !c->n || c->told)
		return;
	c->told = now_ms();
	signal_all(c, 0);
}

/* Whether all ended within ms in which each could go on. */
static bool all_end_in(struct companions *c, int ms)
{
	struct patience patience[COMPANION_LIMIT];
	struct pollfd p[COMPANION_PLACES];

	for (size_t i = 0; i < c->n; i++)
		patience[i] = patience_with(c->v[i].child.pid, ms);
	for (;;) {
		int left = 0;
		bool any = false;

		companions_poll(c, p);
		for (size_t i = 0; i < COMPANION_LIMIT; i++)
			any = any || p[i].fd >= 0;
		if (!any)
			return true;
		for (size_t i = 0; i < c->n; i++) {
			int its = c->v[i].child.pidfd >= 0 ? patience_left(&patience[i]) : 0;

			left = its > left ? its : left;
		}
		if (poll(p, COMPANION_LIMIT, left) > 0)
			companions_go(c, p, true);
		else if (left == 0)
			return false;
	}
}

static void end_all(struct companions *c)
{
	companions_tell(c);
	if (all_end_in(c, (int)(c->told + PATIENCE_MS - now_ms())))
		return;
	for (size_t i = 0; i < c->n; i++)
		if (c->v[i].child.pidfd >= 0)
			say(SAY_WARNING, "%s: %s does not end; sending SIGKILL", c->plan->name,
			    c->v[i].plan->name);
	signal_all(c, SIGKILL);
	all_end_in(c, KILLED_MS);
}

void companions_finish(struct companions *c)
{
	if (!c)
		return;
	log_watch_rest(&c->logs);
	if (c->n)
		end_all(c);
	for (size_t i = 0; i < c->n; i++) {
		child_close(&c->v[i].child);
		close_fd(&c->v[i].theirs);
	}
	log_watch_close(&c->logs);
}
