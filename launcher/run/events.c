/* What QEMU tells by itself. A guest that does not run any more is asked for its state, as QEMU's
 * events name a reason only for some of the ways; the sentence is held.c's. The answer's place
 * among the events says what it is true for, so one question at a time is enough: an event that
 * comes before the answer asks again behind it.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/say.h"
#include "base/text.h"
#include "base/tongue.h"
#include "log.h"
#include "record.h"
#include "supervisor.h"

/* Bytes of a text of QEMU's that are shown. */
#define QUOTED 200

/* So many lines of the same kind are told within so many milliseconds; more are only counted. */
#define BOUNDED_LINES 3
#define BOUNDED_MS 5000

/* A guest that starts up tells several resets at once, one that crashes at its start (a triple
 * fault, which QEMU does not tell from a reset) the next one soon.
 */
#define RESET_ONCE_MS 700
#define RESETS_MS 120000
#define RESETS_MANY 5

/* ------------------------------------------------------------------ not too much */

static const char *const BOUNDED[] = {
	[BOUNDED_HELD] = "guest held",
	[BOUNDED_RESUMED] = "guest let go on",
	[BOUNDED_DISK] = "I/O errors of disks",
	[BOUNDED_CRASH] = "crashes of the guest's system",
	[BOUNDED_RESETS] = "resets of the guest's own",
	[BOUNDED_WATCHDOG] = "watchdogs that ran out",
	[BOUNDED_MEMORY] = "errors of the host's memory",
	[BOUNDED_GARBAGE] = "unexpected on the monitor",
	[BOUNDED_REFUSED] = "commands refused by QEMU",
	[BOUNDED_THREADS] = "threads that could not be placed",
};
_Static_assert(ARRAY_SIZE(BOUNDED) == BOUNDED_KINDS, "each kind has a name");

bool tell_bounded(struct supervisor *s, enum bounded_kind kind, const char *fmt, ...)
{
	bool is_news = (kind == BOUNDED_HELD && !held_is_trouble(s->held.state)) ||
		       kind == BOUNDED_RESUMED;
	struct bounded *bounded = &s->bounded[kind];
	own_free char *line = NULL;
	va_list args;

	if (!bounded->since || now_ms() - bounded->since >= BOUNDED_MS)
		*bounded = (struct bounded){.since = now_ms(), .more = bounded->more};
	if (bounded->told == BOUNDED_LINES) {
		bounded->more++;
		return false;
	}
	bounded->told++;
	va_start(args, fmt);
	line = xvasprintf(tongue(fmt), args);
	va_end(args);
	say(is_news ? SAY_NOTE : SAY_WARNING, "%s: %s", s->plan->name, line);
	return true;
}

int64_t bounded_timer(struct supervisor *s, int64_t now)
{
	int64_t due = 0;

	for (size_t i = 0; i < BOUNDED_KINDS; i++) {
		struct bounded *bounded = &s->bounded[i];
		int64_t end = bounded->since + BOUNDED_MS;

		if (!bounded->more)
			continue;
		if (now >= end) {
			say(SAY_WARNING, "%s: %s: %u more", s->plan->name, BOUNDED[i],
			    bounded->more);
			bounded->more = 0;
		} else if (!due || end < due) {
			due = end;
		}
	}
	return due;
}

void bounded_finish(struct supervisor *s)
{
	bounded_timer(s, INT64_MAX);
}

/* ------------------------------------------------------------------ a guest that is held */

/* On the terminal, and in QEMU's log for whoever looks later. */
static void tell_held(struct supervisor *s)
{
	own_free char *words = held_words(&s->held, s->plan->name);

	if (!words || (s->held_told && strcmp(s->held_told, words) == 0))
		return;
	if (tell_bounded(s, BOUNDED_HELD, "the guest is held: %s", words)) {
		own_free char *line = xasprintf("the guest is held: %s", words);

		log_add(s->plan->log, line);
		if (s->dir)
			run_record_tell_held(s->dir, s->held.state);
	}
	free(s->held_told);
	s->held_told = steal(&words);
}

static void tell_resumed(struct supervisor *s)
{
	bool told = s->held_told;

	held_free(&s->held);
	free(steal(&s->held_told));
	if (told && tell_bounded(s, BOUNDED_RESUMED, "the guest goes on")) {
		log_add(s->plan->log, "the guest goes on");
		if (s->dir)
			run_record_tell_held(s->dir, "");
	}
}

static void ask(struct supervisor *s, enum asked what)
{
	if (s->asked != ASKED_NOTHING)
		s->ask_again = true;
	else if (qmp_ready(s->qmp) &&
		 order(s, what == ASKED_STATUS ? "query-status" : "query-block", &s->asked_id))
		s->asked = what;
}

void events_look(struct supervisor *s)
{
	ask(s, ASKED_STATUS);
}

void events_forget(struct supervisor *s)
{
	held_free(&s->held);
	free(steal(&s->held_told));
	s->asked = ASKED_NOTHING;
	s->ask_again = false;
}

/* Of a state that QEMU does not tell, what an event said of it stands. */
static void take_status(struct supervisor *s, const char *state)
{
	if (held_is(state) && strcmp(state, s->held.state) != 0) {
		held_free(&s->held);
		snprintf(s->held.state, sizeof(s->held.state), "%s", state);
	}
	if (held_is_of_disks(s->held.state))
		ask(s, ASKED_BLOCKS);
	else
		tell_held(s);
}

bool events_answer(struct supervisor *s, const struct qmp_message *m)
{
	json_object *data = m->kind == QMP_REPLY ? m->data : NULL;
	enum asked was = s->asked;

	if (was == ASKED_NOTHING || m->id != s->asked_id)
		return false;
	s->asked = ASKED_NOTHING;
	if (was == ASKED_STATUS) {
		take_status(s, json_member_text(data, "status"));
	} else {
		held_add_blocks(&s->held, data);
		tell_held(s);
	}
	if (s->asked == ASKED_NOTHING && s->ask_again) {
		s->ask_again = false;
		events_look(s);
	}
	return true;
}

/* ------------------------------------------------------------------ the events */

/* QAPI: BLOCK_IO_ERROR. "stop" holds the guest; else it is told, or not even that. */
static void take_disk_error(struct supervisor *s, json_object *data)
{
	const char *node = json_member_text(data, "node-name");
	own_free char *disk = held_disk_name(*node ? node : json_member_text(data, "device"));
	own_free char *operation = text_quote(json_member_text(data, "operation"), QUOTED);
	own_free char *reason = text_quote(json_member_text(data, "reason"), QUOTED);
	const char *action = json_member_text(data, "action");

	if (strcmp(action, "stop") == 0) {
		if (!held_is_of_disks(s->held.state))
			held_free(&s->held);
		snprintf(s->held.state, sizeof(s->held.state), "io-error");
		held_add_event(&s->held, data);
		ask(s, ASKED_BLOCKS);
		say(SAY_DEBUG, "%s: %s of %s: %s", s->plan->name, operation, disk, reason);
		return;
	}
	tell_bounded(s, BOUNDED_DISK, "an I/O error of the host on %s (%s: %s); the guest %s", disk,
		     operation, reason,
		     strcmp(action, "ignore") == 0 ? "is not told" : "is told, and goes on");
}

/* QAPI: GUEST_PANICKED, whose action is what QEMU does about it; GUEST_CRASHLOADED, about which it
 * does nothing.
 */
static void take_crash(struct supervisor *s, const char *event, json_object *data)
{
	own_free char *words = held_event_words(event, data);

	/* Where the crash ends QEMU, how the machine ended is told with what the guest told. */
	if (json_object_object_get_ex(data, "info", NULL))
		snprintf(s->ending->crash, sizeof(s->ending->crash), "%s", words);
	if (tell_bounded(s, BOUNDED_CRASH, "%s", words))
		log_add(s->plan->log, words);
	if (strcmp(json_member_text(data, "action"), "pause") == 0)
		events_look(s);
}

/* QAPI: RESET. */
static void take_reset(struct supervisor *s, json_object *data)
{
	struct resets *resets = &s->resets;
	int64_t now = now_ms(), before = resets->last;
	json_object *guest = NULL;

	if (!json_object_object_get_ex(data, "guest", &guest) || !json_object_get_boolean(guest))
		return;
	resets->last = now;
	if (resets->n && now - before < RESET_ONCE_MS)
		return;
	if (!resets->n || now - resets->since > RESETS_MS)
		*resets = (struct resets){.since = now, .last = now};
	if (++resets->n != RESETS_MANY)
		return;
	own_free char *line = xasprintf(
		HELD_RESETS
		", %u times in %d s: its system or firmware dies early (a triple fault looks so)",
		RESETS_MANY, (int)((now - resets->since + 999) / 1000));

	if (tell_bounded(s, BOUNDED_RESETS, "%s", line))
		log_add(s->plan->log, line);
}

/* QAPI: WATCHDOG, WatchdogAction. */
static void take_watchdog(struct supervisor *s, json_object *data)
{
	own_free char *action = text_quote(json_member_text(data, "action"), QUOTED);

	tell_bounded(s, BOUNDED_WATCHDOG, "the guest's watchdog ran out: QEMU's action is '%s'",
		     action);
	if (strcmp(action, "pause") == 0)
		events_look(s);
}

/* QAPI: MEMORY_FAILURE: the host's processor found memory of the guest's, or of QEMU's own,
 * damaged.
 */
static void take_memory_failure(struct supervisor *s, json_object *data)
{
	own_free char *words = held_memory_words(data);
	own_free char *line = xasprintf(HELD_MEMORY "%s", words);

	if (tell_bounded(s, BOUNDED_MEMORY, "%s", words))
		log_add(s->plan->log, line);
}

void events_take(struct supervisor *s, const struct qmp_message *m)
{
	own_free char *name = text_quote(m->name, QUOTED);
	own_free char *reason =
		text_quote(json_member_text(m->data, "reason"), sizeof(s->ending->reason));

	if (strcmp(name, "SHUTDOWN") == 0) {
		snprintf(s->ending->reason, sizeof(s->ending->reason), "%s", reason);
		say(SAY_DEBUG, "%s: shutting down (%s)", s->plan->name, reason);
		log_watch_rest(&s->log);
		return;
	}
	say(SAY_DEBUG, "%s: %s%s%s%s", s->plan->name, name, *reason ? " (" : "", reason,
	    *reason ? ")" : "");
	idle_event(s, name);
	if (strcmp(name, "RESUME") == 0 || strcmp(name, "RESET") == 0)
		begin_looking(s);
	if (strcmp(name, "RESET") == 0)
		take_reset(s, m->data);
	else if (strcmp(name, "STOP") == 0 || strcmp(name, "SUSPEND") == 0)
		events_look(s);
	else if (strcmp(name, "RESUME") == 0 || strcmp(name, "WAKEUP") == 0)
		tell_resumed(s);
	else if (strcmp(name, "BLOCK_IO_ERROR") == 0)
		take_disk_error(s, m->data);
	else if (strcmp(name, "GUEST_PANICKED") == 0 || strcmp(name, "GUEST_CRASHLOADED") == 0)
		take_crash(s, name, m->data);
	else if (strcmp(name, "WATCHDOG") == 0)
		take_watchdog(s, m->data);
	else if (strcmp(name, "MEMORY_FAILURE") == 0)
		take_memory_failure(s, m->data);
}
