/* The way down. Ctrl-C presses the power button, once more after `again`, and from then on only
 * tells that the guest still runs: a guest that installs updates must survive it. A second Ctrl-C
 * within `force_within` quits. SIGTERM and SIGHUP come from a session that ends and will not ask
 * twice, so they go all the way by themselves: button, button, quit, SIGINT, SIGKILL. So does a
 * host that shuts down, by itself in 75 seconds: systemd kills after 90.
 *
 * SIGTERM and SIGHUP are no way to end QEMU, which has them blocked (launch.c): when a session ends
 * systemd sends both to all that is in it, and QEMU would take that for the plug.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/say.h"
#include "record.h"
#include "supervisor.h"

/* #syscalls(supervisor) pidfd_send_signal */

/* So long a guest may take when the host shuts down, in milliseconds, with what follows: systemd
 * waits for 90 s after its SIGTERM (DefaultTimeoutStopSec) and then kills, the keeper as well.
 */
#define HOST_QUIT_MS 75000
#define HOST_AGAIN_MS 10000
#define HOST_TERMINATE_MS 5000

/* When it sleeps: logind's own patience (logind.conf(5), InhibitDelayMaxSec), half of which, and no
 * more than so much, is left for giving back what the guest had.
 */
#define SLEEP_DELAY_MS 5000
#define SLEEP_GIVE_BACK_MS 10000
#define SLEEP_TERMINATE_MS 1000

/* ------------------------------------------------------------------ orders to QEMU */

void signal_qemu(struct supervisor *s, int sig)
{
	s->ending->told = true;
	if (syscall(SYS_pidfd_send_signal, s->launched->pidfd, sig, NULL, 0) < 0 && errno != ESRCH)
		say(SAY_WARNING, "cannot signal QEMU: %s", strerror(errno));
}

bool order(struct supervisor *s, const char *command, uint64_t *id)
{
	own_error struct error *err = NULL;

	if (!qmp_closed(s->qmp) && qmp_send(s->qmp, command, NULL, id, &err))
		return true;
	say(SAY_DEBUG, "monitor: %s not sent: %s", command,
	    err ? error_message(err, 0) : "the connection has ended");
	return false;
}

/* A QEMU that waits for a reader of its debug port takes no order, not even its monitor's. */
static void press(struct supervisor *s)
{
	s->debug.lossy = true;
	if (s->start == START_DONE && order(s, "system_powerdown", NULL))
		return;
	/* One Ctrl-C must not cost a guest its life because its monitor is lost. */
	if (s->down == DOWN_ASKED)
		say(SAY_WARNING, "%s: QEMU takes no orders; Ctrl-C twice ends it", s->plan->name);
	else
		signal_qemu(s, SIGINT);
}

static void quit(struct supervisor *s)
{
	s->serial.lossy = s->debug.lossy = true;
	s->ending->told = true;
	if (!qmp_ready(s->qmp) || !order(s, "quit", NULL))
		signal_qemu(s, SIGINT);
}

/* ------------------------------------------------------------------ the way down */

static unsigned seconds(unsigned ms)
{
	return ms / 1000;
}

/* After an order: press, press, quit, SIGINT, SIGKILL. */
static void step_ordered(struct supervisor *s)
{
	const struct shutdown_times *t = &s->times;
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
		signal_qemu(s, SIGINT);
		say(SAY_WARNING, "%s: QEMU does not quit; sending SIGINT", name);
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
	const struct shutdown_times *t = &s->times;
	const char *name = s->plan->name;

	switch (s->step++) {
	case 0:
		press(s);
		say(SAY_NOTE,
		    "%s: pressing the power button, and again in %u s; Ctrl-C twice within %u s quits at once",
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

void down_step(struct supervisor *s)
{
	if (s->down == DOWN_ORDERED)
		step_ordered(s);
	else
		step_asked(s);
}

static void tell_deaf(struct supervisor *s)
{
	own_free char *words = held_words(&s->held, s->plan->name);

	if (words)
		say(SAY_WARNING, HELD_DEAF, s->plan->name, words);
}

/* For whoever asks how the machine is. */
static void record_down(struct supervisor *s)
{
	int64_t now = (int64_t)time(NULL);
	struct run_down down = {.since = now};

	if (s->down == DOWN_ORDERED)
		down.quits = now + (s->step > 2 ? 0 : seconds(s->times.quit));
	if (s->dir)
		run_record_tell_down(s->dir, down);
}

static void go_down(struct supervisor *s, enum down_kind kind, unsigned from)
{
	s->down = kind;
	s->step = from;
	s->down_at = now_ms();
	down_step(s);
	record_down(s);
	if (from == 0)
		tell_deaf(s);
}

void down_forced(struct supervisor *s)
{
	if (s->down != DOWN_ORDERED || s->step <= 2)
		go_down(s, DOWN_ORDERED, 2);
}

void down_asked(struct supervisor *s)
{
	int64_t now = now_ms();
	bool twice = s->asked_at && now - s->asked_at <= s->times.force_within;

	s->asked_at = now;
	if (twice || !s->ending->running || s->hurried)
		down_forced(s);
	else if (s->down == DOWN_NO || (s->down == DOWN_ASKED && s->step >= 2))
		go_down(s, DOWN_ASKED, 0);
	else
		say(SAY_NOTE, "%s: still running, %ld s after the first press; Ctrl-C twice quits",
		    s->plan->name, (long)((now - s->down_at) / 1000));
}

/* One press, which no second one makes a quit of. */
void down_pressed(struct supervisor *s)
{
	if (!s->ending->running || s->hurried)
		down_forced(s);
	else if (s->down == DOWN_NO || (s->down == DOWN_ASKED && s->step >= 2))
		go_down(s, DOWN_ASKED, 0);
}

void down_ordered(struct supervisor *s)
{
	if (!s->ending->running || s->hurried)
		down_forced(s);
	else if (s->down != DOWN_ORDERED)
		go_down(s, DOWN_ORDERED, 0);
}

static unsigned at_most(unsigned ms, unsigned limit)
{
	return ms < limit ? ms : limit;
}

/* The host will not wait: QEMU quits in so many milliseconds, and ends in so many more. */
static void down_in(struct supervisor *s, unsigned quit_ms, unsigned terminate_ms)
{
	struct shutdown_times *t = &s->times;

	t->again = at_most(t->again, HOST_AGAIN_MS);
	t->quit = at_most(t->quit, quit_ms);
	t->terminate = at_most(t->terminate, terminate_ms);
	t->kill = at_most(t->kill, terminate_ms);
	/* An order that is on its way began with a press: what is left of it gets faster. */
	if (s->down == DOWN_ORDERED && s->step <= 2 && s->next > now_ms() + t->quit)
		s->next = now_ms() + t->quit;
	down_ordered(s);
}

void down_with_host(struct supervisor *s)
{
	say(SAY_NOTE, "%s: this computer shuts down", s->plan->name);
	down_in(s, HOST_QUIT_MS, HOST_TERMINATE_MS);
}

void down_before_sleep(struct supervisor *s, unsigned delay_ms)
{
	unsigned delay = delay_ms ? delay_ms : SLEEP_DELAY_MS;

	down_in(s, delay - at_most(delay / 2, SLEEP_GIVE_BACK_MS), SLEEP_TERMINATE_MS);
}
