/* One poll loop over signals, QEMU's pidfd, the monitor and the streams. While nothing happens
 * nothing is scheduled: the only timers are those of a start in progress, of a way down, and a few
 * of a guest's first minute, and the one of a profile that names a time without a client.
 *
 * Only the pidfd says that QEMU is gone. The monitor's end comes a few milliseconds earlier, or
 * never when QEMU hangs. A monitor that ends while QEMU lives (we close it ourselves on a message
 * that is too large) is connected to again, as its socket still listens.
 */
#include "supervisor.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/say.h"
#include "base/text.h"
#include "confine.h"

/* #syscalls(supervisor) sendto wait4 */

/* So long after a guest has begun to run, in milliseconds, its QEMU's threads are looked at: what
 * the kernel makes at the first instruction is there by the second time, what the guest's drivers
 * set off as they start by the others.
 */
static const int LOOK_MS[] = {0, 50, 300, 2000, 10000, 60000};

/* So long after the end of a companion that QEMU is joined to, in milliseconds, the end of QEMU
 * counts as its cause: theirs shows first where both come together.
 */
#define TOGETHER_MS 200

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
			/* The terminal has written ^C. */
			if (info.ssi_code == SI_KERNEL)
				say(SAY_NEWLINE, "%s", "");
			down_asked(s);
			break;
		case SIGQUIT:
		case SIGUSR2: /* `vmlaunch kill` */
			down_forced(s);
			break;
		case SIGUSR1: /* `vmlaunch stop` */
			down_pressed(s);
			break;
		case SIGCONT:
			take_up_keys(s);
			break;
		default: /* SIGTERM, SIGHUP */
			down_ordered(s);
		}
	}
}

/* ------------------------------------------------------------------ the monitor */

void begin_looking(struct supervisor *s)
{
	/* Where nothing is pinned a late thread is nowhere wrong, and nothing wakes us. A guest
	 * that resets itself without end has us look as often as any other.
	 */
	if (!s->pin.knowns || (s->look && now_ms() - s->looking_since < LOOK_MS[3]))
		return;
	s->looks = 0;
	s->looking_since = s->look = now_ms();
}

static void look(struct supervisor *s)
{
	own_error struct error *err = NULL;

	if (!pin_late(&s->pin, &err) && err)
		tell_bounded(s, BOUNDED_THREADS, "%s", error_message(err, 0));
	s->looks++;
	s->look = s->looks < ARRAY_SIZE(LOOK_MS) ? s->looking_since + LOOK_MS[s->looks] : 0;
}

void start_settled(struct supervisor *s, const char *state)
{
	own_free char *shown = text_quote(state, SUPERVISOR_QUOTED);

	s->start = START_DONE;
	s->settled = s->ending->running = true;
	/* Before it is said: who takes over after that finds it in the record. */
	if (s->dir && *state)
		run_record_tell_let_go(s->dir);
	say(SAY_NOTE, "%s: %s (QEMU %d)", s->plan->name, *shown ? shown : "taken over",
	    (int)s->launched->pid);
	if (held_is(state))
		events_look(s);
	companions_start(s->companions, s->plan);
	idle_begin(s);
	plug_begin(&s->plug, s->plan, s->link, s->qmp, s->find_usb, s->launched->adopted);
	/* From here on nothing is started. */
	confine_supervisor(s->plan->name);
}

/* The next question of the pinning, and then the guest may go. */
static void pin_or_cont(struct supervisor *s)
{
	const char *query = pin_query(&s->pin);

	order(s, query ? query : "cont", &s->expected);
	s->start = query ? START_PIN : START_CONT;
}

static void begin_pinning(struct supervisor *s)
{
	pin_begin(&s->pin, s->plan, s->link, s->launched->pid);
	pin_or_cont(s);
}

/* A guest that runs somewhere else is better than none. */
static void take_threads(struct supervisor *s, json_object *answer)
{
	own_error struct error *err = NULL;

	if (!pin_answer(&s->pin, answer, &err))
		say(SAY_WARNING, "%s: nothing is pinned: %s", s->plan->name, error_message(err, 0));
}

/* Who takes over looks at late threads as well: the first ones may have come while nobody did. */
static void look_or_be_done(struct supervisor *s)
{
	const char *query = pin_query(&s->pin);

	if (query)
		order(s, query, &s->expected);
	else
		begin_looking(s);
	s->start = query ? START_KNOW : START_DONE;
}

/* What the start does next, on the message that it waited for and its data. */
void start_advance(struct supervisor *s, json_object *data)
{
	switch (s->start) {
	case START_GREETING:
		order(s, "qmp_capabilities", &s->expected);
		s->start = START_CAPABILITIES;
		return;
	case START_CAPABILITIES:
		if (s->settled) {
			s->start = START_DONE;
			say(SAY_WARNING, "%s: the monitor was lost (%s); connected again",
			    s->plan->name, s->lost);
			events_look(s);
			idle_begin(s);
			return;
		}
		if (!s->launched->adopted) {
			begin_pinning(s);
			return;
		}
		s->start = START_STATUS;
		order(s, "query-status", &s->expected);
		return;
	case START_STATUS:
		if (s->let_go || strcmp(json_member_text(data, "status"), "prelaunch") != 0) {
			start_settled(s, json_member_text(data, "status"));
			pin_adopt(&s->pin, s->plan, s->launched->pid);
			look_or_be_done(s);
			return;
		}
		say(SAY_NOTE, "%s: its vmlaunch died before it let the guest go; that is done now",
		    s->plan->name);
		if (s->disturbed)
			say(SAY_WARNING,
			    "%s: its vCPUs are not isolated or realtime: only the dead one's keeper could do that",
			    s->plan->name);
		s->ending->running = false;
		begin_pinning(s);
		return;
	case START_PIN:
		take_threads(s, data);
		pin_or_cont(s);
		return;
	case START_CONT:
		start_settled(s, "running");
		return;
	case START_KNOW:
		pin_answer(&s->pin, data, NULL);
		look_or_be_done(s);
		return;
	case START_DONE:
		return;
	}
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
	if (s->start == START_DONE || s->settled)
		return 0;
	if (now - s->told_at >= (s->told_at == s->began ? 1000 : 5000)) {
		own_free char *joined = companions_joined(s->companions);

		say(SAY_NOTE, "%s: %s%s%s (%ld s)", s->plan->name,
		    s->launched->adopted ? "QEMU's monitor has not answered yet"
					 : "QEMU is building the machine",
		    joined ? ", or waits for " : "", joined ? joined : "",
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
		down_step(s);
	if (s->deadline && now >= s->deadline) {
		say(SAY_WARNING, "%s: not finished in time", s->plan->name);
		s->deadline = 0;
		down_forced(s);
	}
	if (s->look && now >= s->look)
		look(s);
	due = earliest(earliest(start_timer(s, now), s->next), earliest(s->deadline, s->look));
	due = earliest(earliest(due, bounded_timer(s, now)), idle_timer(s, now));
	due = earliest(due, log_watch_timer(&s->log, now));
	if (!due)
		return -1;
	now = now_ms();
	return due > now ? (int)(due - now) : 0;
}

static void lose_keeper(struct supervisor *s)
{
	own_free char *words = link_last_words(s->keeper);

	s->keeper = -1;
	if (words)
		say(SAY_WARNING, "%s: %s", s->plan->name, words);
	say(SAY_WARNING,
	    "%s: the keeper has died; the guest goes on, but what it has of the host is given back only by 'vmlaunch recover', after the machine's end",
	    s->plan->name);
}

/* Whether QEMU is gone, by what was polled. */
static bool is_gone(const struct supervisor *s, const struct pollfd *qemu,
		    const struct pollfd *companion)
{
	struct pollfd again = *qemu;

	return qemu->revents ||
	       (companions_ended(s->companions, companion) && poll(&again, 1, TOGETHER_MS) > 0);
}

/* Takes in which companions have ended; without one that QEMU needs there is no start. */
static void take_companions(struct supervisor *s, const struct pollfd *p, bool gone)
{
	own_free char *why = NULL;

	companions_go(s->companions, p, gone || *s->ending->reason || !s->ending->running);
	if (s->ending->running || *s->ending->lacks)
		return;
	why = companions_failed(s->companions, !gone);
	if (!why)
		return;
	snprintf(s->ending->lacks, sizeof(s->ending->lacks), "%s", why);
	if (!gone)
		down_forced(s);
}

enum {
	AT_QEMU,
	AT_SIGNALS,
	AT_MONITOR,
	AT_SERIAL,
	AT_DEBUG,
	AT_KEYS,
	AT_KEEPER,
	AT_LOG,
	AT_LOGIND,
	AT_USB,
	AT_CONNECTIONS,
	PLACES
};

static void wait_for_end(struct supervisor *s)
{
	struct pollfd p[PLACES + COMPANION_PLACES];

	for (;;) {
		int limit = timers(s);
		bool gone;

		p[AT_QEMU] = (struct pollfd){.fd = s->launched->pidfd, .events = POLLIN};
		p[AT_SIGNALS] = (struct pollfd){.fd = s->signals, .events = POLLIN};
		p[AT_MONITOR] =
			(struct pollfd){.fd = qmp_fd(s->qmp), .events = qmp_poll_events(s->qmp)};
		p[AT_SERIAL] = relay_poll(&s->serial);
		p[AT_DEBUG] = relay_poll(&s->debug);
		p[AT_KEYS] = (struct pollfd){.fd = s->keys, .events = POLLIN};
		/* Its end shows without being asked for. */
		p[AT_KEEPER] = (struct pollfd){.fd = s->keeper};
		p[AT_LOG] = log_watch_poll(&s->log);
		inhibit_poll(s->inhibit, &p[AT_LOGIND]);
		plug_poll(&s->plug, &p[AT_USB]);
		p[AT_CONNECTIONS] = (struct pollfd){.fd = s->idle.watch, .events = POLLIN};
		companions_poll(s->companions, p + PLACES);
		if (poll(p, ARRAY_SIZE(p), limit) < 0)
			continue;
		if (p[AT_SIGNALS].revents)
			take_signal(s);
		if (p[AT_MONITOR].revents)
			monitor_read(s);
		if (p[AT_KEYS].revents)
			take_keys(s);
		if (p[AT_KEEPER].revents)
			lose_keeper(s);
		log_watch_go(&s->log, p[AT_LOG].revents);
		if (p[AT_LOGIND].revents)
			host_take(s);
		if (p[AT_USB].revents)
			plug_go(&s->plug, s->qmp);
		if (p[AT_CONNECTIONS].revents)
			idle_connections(s);
		relay_go(&s->serial, p[AT_SERIAL].revents);
		relay_go(&s->debug, p[AT_DEBUG].revents);
		gone = is_gone(s, &p[AT_QEMU], p + PLACES);
		take_companions(s, p + PLACES, gone);
		if (gone)
			return;
	}
}

/* What QEMU had said before it went. */
static void take_rest(struct supervisor *s)
{
	s->gone = true;
	for (int rounds = 0; !qmp_closed(s->qmp) && rounds < 64; rounds++)
		monitor_read(s);
	monitor_take(s);
	bounded_finish(s);
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
		.log = LOG_WATCH_NONE,
		.keeper = options->link ? options->link->fd : -1,
		.qmp = qmp_new(steal_fd(&launched->monitor), QMP_LIMIT_SUPERVISOR),
		.began = now_ms(),
	};
	uint64_t kills = ending_oom_kills();
	sigset_t ours;

	*ending = (struct ending){.running = launched->adopted, .unknown = launched->adopted};
	s.told_at = s.began;
	s.hurried = options->hurried;
	s.disturbed = options->disturbed;
	s.let_go = options->let_go;
	s.link = options->link;
	s.dir = options->dir;
	s.inhibit = options->inhibit;
	s.plug = PLUG_NONE;
	s.idle = IDLE_NOT;
	s.idle.paused = options->idle_paused;
	s.find_usb = options->find_usb;
	s.times = plan->times;
	s.companions = options->companions;
	s.deadline = options->deadline ? s.began + options->deadline : 0;
	supervise_signals(&ours);
	s.signals = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s.signals < 0)
		error_errno(err, ERROR_FAILED, errno, "cannot watch for signals");
	pass_on_streams(&s, options);
	if (!log_watch(&s.log, plan->log))
		say(SAY_WARNING, LOG_ENDLESS, plan->name, plan->log);
	if (s.signals < 0)
		signal_qemu(&s, SIGKILL);
	else
		wait_for_end(&s);
	companions_tell(s.companions);
	take_rest(&s);
	close_fd(&s.output);
	terminal_restore();
	while (!launched->adopted && waitpid(launched->pid, &ending->status, 0) < 0 &&
	       errno == EINTR)
		;
	ending->starved = ending_oom_kills() > kills;
	qmp_free(s.qmp);
	pin_free(&s.pin);
	plug_free(&s.plug);
	idle_end(&s);
	events_forget(&s);
	free(s.lost);
	log_watch_close(&s.log);
	launched_close(launched);
	if (s.signals < 0)
		return false;
	close_fd(&s.signals);
	return true;
}
