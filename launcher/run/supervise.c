/* One poll loop over signals, QEMU's pidfd, the monitor and the streams. While nothing happens
 * nothing is scheduled: the only timers are those of a start in progress and of a way down.
 *
 * The way down. Ctrl-C presses the power button, once more after `again`, and from then on only
 * tells that the guest still runs: a guest that installs updates must survive it. A second Ctrl-C
 * within `force_within` quits. SIGTERM and SIGHUP come from a session that ends and will not ask
 * twice, so they go all the way by themselves: button, button, quit, SIGTERM, SIGKILL.
 *
 * Only the pidfd says that QEMU is gone. The monitor's end comes a few milliseconds earlier, or
 * never when QEMU hangs. A monitor that ends while QEMU lives (we close it ourselves on a message
 * that is too large) is connected to again, as its socket still listens.
 */
#include "supervise.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/say.h"
#include "base/text.h"
#include "qmp/client.h"

/* Bytes of a text of QEMU's that are shown. */
#define QUOTED 200

/* So often a monitor that was lost is connected to again. */
#define RECONNECTS 5

/* How the start proceeds: each state waits for one message of the monitor. After the loss of the
 * monitor it begins anew, but a guest that runs gets no second cont: somebody may have paused it.
 */
enum start_state { START_GREETING, START_CAPABILITIES, START_CONT, START_DONE };

enum down_kind { DOWN_NO, DOWN_ASKED, DOWN_ORDERED };

struct supervisor {
	const struct plan *plan;
	struct launched *launched;
	struct ending *ending;
	struct qmp *qmp;
	struct relay serial, debug;
	struct companions *companions;
	int signals;
	int output; /* where the streams go; -1: nowhere */
	int keys;   /* our standard input, -1: not passed on */
	enum start_state start;
	uint64_t expected; /* id of the reply that the start waits for */
	char *lost;	   /* why the monitor was connected to again, until that is told */
	unsigned reconnects;
	int64_t began, told_at, deadline;
	bool gone; /* QEMU is */

	enum down_kind down;
	unsigned step;	  /* of the way down */
	int64_t next;	  /* when the next step is due, 0: none */
	int64_t down_at;  /* when it began */
	int64_t asked_at; /* the last Ctrl-C, 0: none */
	bool hurried;	  /* there is nothing to be gentle with: Ctrl-C quits */
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ------------------------------------------------------------------ orders to QEMU */

static void signal_qemu(struct supervisor *s, int sig)
{
	s->ending->told = true;
	if (syscall(SYS_pidfd_send_signal, s->launched->pidfd, sig, NULL, 0) < 0 && errno != ESRCH)
		say(SAY_WARNING, "cannot signal QEMU: %s", strerror(errno));
}

/* False when the monitor cannot take it. */
static bool order(struct supervisor *s, const char *command, uint64_t *id)
{
	own_error struct error *err = NULL;

	if (!qmp_closed(s->qmp) && qmp_send(s->qmp, command, NULL, id, &err))
		return true;
	say(SAY_DEBUG, "monitor: %s not sent: %s", command,
	    err ? error_message(err, 0) : "the connection has ended");
	return false;
}

static void press(struct supervisor *s)
{
	if (s->start == START_DONE && order(s, "system_powerdown", NULL))
		return;
	/* One Ctrl-C must not cost a guest its life because its monitor is lost. */
	if (s->down == DOWN_ASKED)
		say(SAY_WARNING, "%s: QEMU takes no orders; Ctrl-C twice ends it", s->plan->name);
	else
		signal_qemu(s, SIGTERM);
}

static void quit(struct supervisor *s)
{
	s->ending->told = true;
	if (!qmp_ready(s->qmp) || !order(s, "quit", NULL))
		signal_qemu(s, SIGTERM);
}

/* ------------------------------------------------------------------ the way down */

static unsigned seconds(unsigned ms)
{
	return ms / 1000;
}

/* After an order: press, press, quit, SIGTERM, SIGKILL. */
static void step_ordered(struct supervisor *s)
{
	const struct shutdown_times *t = &s->plan->times;
	const char *name = s->plan->name;

	switch (s->step++) {
	case 0:
		press(s);
		say(SAY_NOTE, "%s: pressing the power button; QEMU quits in %u s", name,
		    seconds(t->quit));
		s->next = s->down_at + (t->again < t->quit ? t->again : t->quit);
		if (t->again >= t->quit)
			s->step = 2;
		return;
	case 1:
		press(s);
		say(SAY_NOTE, "%s: still running; pressing the power button again", name);
		s->next = s->down_at + t->quit;
		return;
	case 2:
		quit(s);
		say(SAY_NOTE, "%s: still running; telling QEMU to quit", name);
		s->next = now_ms() + t->terminate;
		return;
	case 3:
		signal_qemu(s, SIGTERM);
		say(SAY_WARNING, "%s: QEMU does not quit; sending SIGTERM", name);
		s->next = now_ms() + t->kill;
		return;
	default:
		signal_qemu(s, SIGKILL);
		say(SAY_WARNING, "%s: QEMU does not end; sending SIGKILL", name);
		s->next = 0;
	}
}

/* After a request: press, press, then words at growing intervals. */
static void step_asked(struct supervisor *s)
{
	const struct shutdown_times *t = &s->plan->times;
	const char *name = s->plan->name;

	switch (s->step++) {
	case 0:
		press(s);
		say(SAY_NOTE,
		    "%s: pressing the power button, and again in %u s; Ctrl-C twice within %u s "
		    "quits at once",
		    name, seconds(t->again), seconds(t->force_within));
		s->next = s->down_at + t->again;
		return;
	case 1:
		press(s);
		say(SAY_NOTE, "%s: still running; pressing the power button again", name);
		s->next = now_ms() + t->again;
		return;
	default:
		say(SAY_NOTE,
		    "%s: the guest still runs, %ld s after the first press; Ctrl-C twice quits",
		    name, (long)((now_ms() - s->down_at) / 1000));
		s->next = now_ms() + ((int64_t)t->again << (s->step < 10 ? s->step - 2 : 8));
	}
}

static void step(struct supervisor *s)
{
	if (s->down == DOWN_ORDERED)
		step_ordered(s);
	else
		step_asked(s);
}

static void go_down(struct supervisor *s, enum down_kind kind, unsigned from)
{
	s->down = kind;
	s->step = from;
	s->down_at = now_ms();
	step(s);
}

/* Quits at once, and sees to it. */
static void force(struct supervisor *s)
{
	if (s->down != DOWN_ORDERED || s->step <= 2)
		go_down(s, DOWN_ORDERED, 2);
}

static void asked(struct supervisor *s)
{
	int64_t now = now_ms();
	bool twice = s->asked_at && now - s->asked_at <= s->plan->times.force_within;

	s->asked_at = now;
	if (twice || !s->ending->running || s->hurried)
		force(s);
	else if (s->down == DOWN_NO || (s->down == DOWN_ASKED && s->step >= 2))
		go_down(s, DOWN_ASKED, 0);
	else
		say(SAY_NOTE, "%s: still running, %ld s after the first press; Ctrl-C twice quits",
		    s->plan->name, (long)((now - s->down_at) / 1000));
}

/* At the start, and when a shell has brought us back to the foreground. */
static void take_up_keys(struct supervisor *s)
{
	s->keys = s->serial.from >= 0 ? STDIN_FILENO : -1;
	if (s->keys >= 0)
		terminal_raw(s->keys);
}

static void take_signal(struct supervisor *s)
{
	struct signalfd_siginfo info;

	while (read(s->signals, &info, sizeof(info)) == sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGINT:
			asked(s);
			break;
		case SIGQUIT:
		case SIGUSR2: /* `vmlaunch kill` */
			force(s);
			break;
		case SIGUSR1: /* `vmlaunch stop`: one press, which no second one makes a quit of */
			if (!s->ending->running || s->hurried)
				force(s);
			else if (s->down == DOWN_NO || (s->down == DOWN_ASKED && s->step >= 2))
				go_down(s, DOWN_ASKED, 0);
			break;
		case SIGCONT:
			take_up_keys(s);
			break;
		default: /* SIGTERM, SIGHUP */
			if (!s->ending->running || s->hurried)
				force(s);
			else if (s->down != DOWN_ORDERED)
				go_down(s, DOWN_ORDERED, 0);
		}
	}
}

/* ------------------------------------------------------------------ the monitor */

static const char *member(json_object *o, const char *key)
{
	json_object *value;

	return json_object_object_get_ex(o, key, &value) &&
			       json_object_is_type(value, json_type_string)
		       ? json_object_get_string(value)
		       : "";
}

static void take_event(struct supervisor *s, const struct qmp_message *m)
{
	own_free char *name = text_quote(m->name, QUOTED);
	own_free char *reason = text_quote(member(m->data, "reason"), sizeof(s->ending->reason));

	if (strcmp(name, "SHUTDOWN") == 0) {
		snprintf(s->ending->reason, sizeof(s->ending->reason), "%s", reason);
		say(SAY_DEBUG, "%s: shutting down (%s)", s->plan->name, reason);
	} else if (strcmp(name, "RESET") == 0) {
		say(SAY_DEBUG, "%s: reset (%s)", s->plan->name, reason);
	} else if (strcmp(name, "GUEST_PANICKED") == 0) {
		say(SAY_WARNING, "%s: the guest's system crashed", s->plan->name);
	} else {
		say(SAY_DEBUG, "%s: %s", s->plan->name, name);
	}
}

/* What the start does next, on the message that it waited for. */
static void advance(struct supervisor *s)
{
	switch (s->start) {
	case START_GREETING:
		order(s, "qmp_capabilities", &s->expected);
		s->start = START_CAPABILITIES;
		return;
	case START_CAPABILITIES:
		if (s->ending->running) {
			s->start = START_DONE;
			say(SAY_WARNING, "%s: the monitor was lost (%s); connected again",
			    s->plan->name, s->lost);
			return;
		}
		order(s, "cont", &s->expected);
		s->start = START_CONT;
		return;
	case START_CONT:
		s->start = START_DONE;
		s->ending->running = true;
		say(SAY_NOTE, "%s: running (QEMU %d)", s->plan->name, (int)s->launched->pid);
		companions_start(s->companions, s->plan, COMPANION_RUNNING);
		return;
	case START_DONE:
		return;
	}
}

static void take_failure(struct supervisor *s, const struct qmp_message *m)
{
	own_free char *why = text_quote(m->text, QUOTED);

	if (!s->ending->running && m->id == s->expected) {
		snprintf(s->ending->refused, sizeof(s->ending->refused), "%s", why);
		force(s);
		return;
	}
	say(SAY_WARNING, "%s: QEMU refused a command: %s", s->plan->name, why);
}

/* QEMU is gone or going if this fails; if it lives, its socket listens. */
static void reconnect(struct supervisor *s, const char *why)
{
	own_error struct error *err = NULL;
	const char *path = NULL;
	int fd;

	for (size_t i = 0; i < s->plan->fds; i++)
		if (s->plan->fd[i].role == FD_MONITOR)
			path = s->plan->fd[i].path;
	fd = path ? qmp_connect(path, &err) : -1;
	if (fd < 0)
		return;
	if (s->reconnects++ == RECONNECTS) {
		close_fd(&fd);
		say(SAY_WARNING,
		    "%s: the monitor is lost (%s): the power button cannot be pressed any more, "
		    "Ctrl-C twice ends QEMU",
		    s->plan->name, why);
		return;
	}
	free(s->lost);
	s->lost = xstrdup(why);
	qmp_free(s->qmp);
	s->qmp = qmp_new(fd, QMP_LIMIT_SUPERVISOR);
	s->start = START_GREETING;
}

static void take_messages(struct supervisor *s)
{
	for (;;) {
		own_qmp_message struct qmp_message m = {0};

		switch (qmp_next(s->qmp, &m)) {
		case QMP_NOTHING:
			return;
		case QMP_GREETING:
			if (s->start == START_GREETING)
				advance(s);
			break;
		case QMP_REPLY:
			if (s->start != START_DONE && m.id == s->expected)
				advance(s);
			break;
		case QMP_FAILURE:
			take_failure(s, &m);
			break;
		case QMP_EVENT:
			take_event(s, &m);
			break;
		case QMP_GARBAGE:
			say(SAY_WARNING, "%s: unexpected on the monitor: %s", s->plan->name,
			    m.text);
			break;
		case QMP_CLOSED:
			say(SAY_DEBUG, "%s: the monitor has ended: %s", s->plan->name, m.text);
			if (!s->gone)
				reconnect(s, m.text);
			return;
		}
	}
}

static void read_monitor(struct supervisor *s)
{
	own_error struct error *err = NULL;

	if (!qmp_receive(s->qmp, &err))
		say(SAY_WARNING, "%s: monitor: %s", s->plan->name, error_message(err, 0));
	take_messages(s);
}

/* ------------------------------------------------------------------ the loop */

static void take_keys(struct supervisor *s)
{
	char keys[512];
	ssize_t n = read(s->keys, keys, sizeof(keys));

	if (n < 0 && errno == EINTR)
		return;
	/* Without a reader the keys are lost, as they would be on a real serial line. */
	if (n <= 0 || s->serial.from < 0)
		s->keys = -1;
	else if (send(s->serial.from, keys, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 &&
		 errno != EAGAIN)
		s->keys = -1;
}

/* The start tells that it is alive, as preallocating memory can take long. */
static int64_t start_timer(struct supervisor *s, int64_t now)
{
	if (s->start == START_DONE || s->ending->running)
		return 0;
	if (now - s->told_at >= (s->told_at == s->began ? 1000 : 5000)) {
		say(SAY_NOTE, "%s: QEMU is building the machine (%ld s)", s->plan->name,
		    (long)((now - s->began + 500) / 1000));
		s->told_at = now;
	}
	return s->told_at + (s->told_at == s->began ? 1000 : 5000);
}

static int64_t earliest(int64_t a, int64_t b)
{
	return !a ? b : !b || a < b ? a : b;
}

/* Does what is due and returns poll's time limit. */
static int timers(struct supervisor *s)
{
	int64_t now = now_ms(), due;

	if (s->next && now >= s->next)
		step(s);
	if (s->deadline && now >= s->deadline) {
		say(SAY_WARNING, "%s: not finished in time", s->plan->name);
		s->deadline = 0;
		force(s);
	}
	due = earliest(earliest(start_timer(s, now), s->next), s->deadline);
	if (!due)
		return -1;
	now = now_ms();
	return due > now ? (int)(due - now) : 0;
}

enum { AT_QEMU, AT_SIGNALS, AT_MONITOR, AT_SERIAL, AT_DEBUG, AT_KEYS, PLACES };

static void wait_for_end(struct supervisor *s)
{
	struct pollfd p[PLACES + COMPANION_LIMIT];

	for (;;) {
		int limit = timers(s);

		p[AT_QEMU] = (struct pollfd){.fd = s->launched->pidfd, .events = POLLIN};
		p[AT_SIGNALS] = (struct pollfd){.fd = s->signals, .events = POLLIN};
		p[AT_MONITOR] =
			(struct pollfd){.fd = qmp_fd(s->qmp), .events = qmp_poll_events(s->qmp)};
		p[AT_SERIAL] = relay_poll(&s->serial);
		p[AT_DEBUG] = relay_poll(&s->debug);
		p[AT_KEYS] = (struct pollfd){.fd = s->keys, .events = POLLIN};
		companions_poll(s->companions, p + PLACES);
		if (poll(p, ARRAY_SIZE(p), limit) < 0)
			continue;
		if (p[AT_SIGNALS].revents)
			take_signal(s);
		if (p[AT_MONITOR].revents)
			read_monitor(s);
		if (p[AT_KEYS].revents)
			take_keys(s);
		relay_go(&s->serial, p[AT_SERIAL].revents);
		relay_go(&s->debug, p[AT_DEBUG].revents);
		companions_go(s->companions, p + PLACES, *s->ending->reason);
		if (p[AT_QEMU].revents)
			return;
	}
}

/* What QEMU had said before it went. */
static void take_rest(struct supervisor *s)
{
	s->gone = true;
	for (int rounds = 0; !qmp_closed(s->qmp) && rounds < 64; rounds++)
		read_monitor(s);
	take_messages(s);
	relay_finish(&s->serial);
	relay_finish(&s->debug);
}

static void pass_on_streams(struct supervisor *s, const struct supervise_options *options)
{
	if (s->launched->serial >= 0 || s->launched->debug >= 0)
		s->output = output_open();
	s->serial = (struct relay){.from = steal_fd(&s->launched->serial), .to = s->output};
	s->debug = (struct relay){.from = steal_fd(&s->launched->debug),
				  .to = s->output,
				  .sink = options->debug_sink,
				  .context = options->debug_context};
	take_up_keys(s);
}

void supervise_signals(sigset_t *set)
{
	static const int listened[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGCONT};

	sigemptyset(set);
	for (size_t i = 0; i < ARRAY_SIZE(listened); i++) {
		struct sigaction now;

		/* What the caller ignores (nohup, a script's background job) is none of ours: a
		 * blocked signal would be queued all the same.
		 */
		if (listened[i] == SIGCONT || listened[i] == SIGUSR1 || listened[i] == SIGUSR2 ||
		    sigaction(listened[i], NULL, &now) < 0 || now.sa_handler != SIG_IGN)
			sigaddset(set, listened[i]);
	}
}

bool supervise(const struct plan *plan, struct launched *launched,
	       const struct supervise_options *options, struct ending *ending, struct error **err)
{
	struct supervisor s = {
		.plan = plan,
		.launched = launched,
		.ending = ending,
		.output = -1,
		.qmp = qmp_new(steal_fd(&launched->monitor), QMP_LIMIT_SUPERVISOR),
		.began = now_ms(),
	};
	sigset_t ours;

	*ending = (struct ending){0};
	s.told_at = s.began;
	s.hurried = options->hurried;
	s.companions = options->companions;
	s.deadline = options->deadline ? s.began + options->deadline : 0;
	supervise_signals(&ours);
	s.signals = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s.signals < 0)
		error_errno(err, ERROR_FAILED, errno, "cannot watch for signals");
	pass_on_streams(&s, options);
	if (s.signals < 0)
		signal_qemu(&s, SIGKILL);
	else
		wait_for_end(&s);
	companions_tell(s.companions);
	take_rest(&s);
	close_fd(&s.output);
	terminal_restore();
	while (waitpid(launched->pid, &ending->status, 0) < 0 && errno == EINTR)
		;
	qmp_free(s.qmp);
	free(s.lost);
	launched_close(launched);
	if (s.signals < 0)
		return false;
	close_fd(&s.signals);
	return true;
}
