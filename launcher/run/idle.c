/* A guest that nobody uses. Nothing is polled: QEMU's events tell who begins and ceases to look at
 * the picture, the pidfd of a viewer of ours its end, the kernel the end of a connection to a
 * forwarded port (connections.h). That one begins is told by nobody, and need not be: those that
 * are there are looked at once the time is over, when one timer wakes us. Where there is one then,
 * the next end of one begins the time anew; where the kernel does not tell of ends, the look does,
 * and so it is with a viewer that is not ours.
 *
 * A viewer has a connection for each of SPICE's channels, each with events of its own, so an event
 * only has QEMU asked who looks (QAPI: query-spice, query-vnc). Where it does not tell, what it
 * told last still holds.
 *
 * Only a guest that runs is paused or told to end: one that stands still does so because of
 * somebody, or of a fault that is told elsewhere. That we paused it stands in the record (record.h)
 * for who takes over, and is believed while QEMU says so.
 */
#include <string.h>

#include "base/json.h"
#include "base/say.h"
#include "connections.h"
#include "supervisor.h"
#include "window.h"

static const char *const QUERY[PICTURES] = {
	[PICTURE_SPICE] = "query-spice",
	[PICTURE_VNC] = "query-vnc",
};

/* Of each there is a list of those that are connected (QAPI: SpiceInfo, VncInfo). */
static const char *const LIST[PICTURES] = {
	[PICTURE_SPICE] = "channels",
	[PICTURE_VNC] = "clients",
};

static bool has_rule(const struct supervisor *s)
{
	return s->plan->idle.action != IDLE_NONE;
}

static void ask_picture(struct supervisor *s)
{
	const char *query = QUERY[s->plan->idle.picture];

	if (!query)
		return;
	if (s->idle.asked != IDLE_ASKED_NOTHING)
		s->idle.ask_again = true;
	else if (order(s, query, &s->idle.asked_id))
		s->idle.asked = IDLE_ASKED_PICTURE;
}

/* Who takes over finds it in the record. */
static void know_paused(struct supervisor *s, bool paused)
{
	if (paused != s->idle.paused && s->dir)
		run_record_tell_idle_paused(s->dir, paused);
	s->idle.paused = paused;
}

void idle_begin(struct supervisor *s)
{
	struct idle *idle = &s->idle;
	const struct plan_idle *rule = &s->plan->idle;
	bool paused = idle->paused, picture = idle->picture;
	int watch = idle->watch;

	if (!has_rule(s))
		return;
	*idle = (struct idle){.watch = watch, .picture = picture, .paused = paused, .done = paused};
	if (watch < 0)
		idle->watch = connections_watch(rule->range, rule->ranges);
	if (paused && order(s, "query-status", &idle->asked_id))
		idle->asked = IDLE_ASKED_PAUSED;
	ask_picture(s);
}

void idle_end(struct supervisor *s)
{
	close_fd(&s->idle.watch);
}

void idle_connections(struct supervisor *s)
{
	const struct plan_idle *rule = &s->plan->idle;

	if (!connections_ended(s->idle.watch, rule->range, rule->ranges))
		return;
	s->idle.connected = false;
	s->idle.since = 0;
}

void idle_event(struct supervisor *s, const char *name)
{
	static const char *const LOOKERS[] = {"SPICE_INITIALIZED", "SPICE_DISCONNECTED",
					      "VNC_INITIALIZED", "VNC_DISCONNECTED"};

	if (!has_rule(s))
		return;
	if (strcmp(name, "RESUME") == 0 || strcmp(name, "WAKEUP") == 0) {
		s->idle.done = false;
		s->idle.since = 0;
		know_paused(s, false);
	}
	for (size_t i = 0; i < ARRAY_SIZE(LOOKERS); i++)
		if (strcmp(name, LOOKERS[i]) == 0)
			ask_picture(s);
}

static void take_picture(struct supervisor *s, json_object *data)
{
	json_object *list = NULL;

	s->idle.picture = json_object_object_get_ex(data, LIST[s->plan->idle.picture], &list) &&
			  json_object_is_type(list, json_type_array) &&
			  json_object_array_length(list);
	if (!s->idle.picture || !s->idle.paused)
		return;
	say(SAY_NOTE, "%s: somebody looks at the guest, which goes on", s->plan->name);
	order(s, "cont", NULL);
}

/* A guest that somebody let go on while nobody here could see it has the rule again. */
static void take_paused(struct supervisor *s, const char *state)
{
	if (strcmp(state, "paused") == 0)
		return;
	know_paused(s, false);
	s->idle.done = false;
	s->idle.since = 0;
}

/* Only what runs has something done about it; and not where somebody may have come to look while
 * QEMU was asked, who is asked for next.
 */
static void take_state(struct supervisor *s, const char *state)
{
	const struct plan_idle *rule = &s->plan->idle;

	if (s->idle.ask_again) {
		s->idle.since = 0;
		return;
	}
	s->idle.done = true;
	if (strcmp(state, "running") != 0 || s->down != DOWN_NO)
		return;
	if (rule->action == IDLE_SHUTDOWN) {
		say(SAY_NOTE, "%s: no client for %u s", s->plan->name, rule->after / 1000);
		down_pressed(s);
	} else if (order(s, "stop", &s->idle.asked_id)) {
		s->idle.asked = IDLE_ASKED_STOP;
		/* Before the answer, with which the monitor may be lost, or we. */
		know_paused(s, true);
	}
}

bool idle_answer(struct supervisor *s, const struct qmp_message *m)
{
	enum idle_asked was = s->idle.asked;
	bool good = m->kind == QMP_REPLY;

	if (was == IDLE_ASKED_NOTHING || m->id != s->idle.asked_id)
		return false;
	s->idle.asked = IDLE_ASKED_NOTHING;
	if (was == IDLE_ASKED_PICTURE) {
		if (good)
			take_picture(s, m->data);
	} else if (was == IDLE_ASKED_PAUSED) {
		if (good)
			take_paused(s, json_member_text(m->data, "status"));
	} else if (was == IDLE_ASKED_STATE) {
		take_state(s, good ? json_member_text(m->data, "status") : "");
	} else {
		know_paused(s, good);
		if (good)
			say(SAY_NOTE,
			    "%s: no client for %u s, so the guest is paused; 'vmlaunch resume %s' lets it go on",
			    s->plan->name, s->plan->idle.after / 1000, s->plan->name);
	}
	if (s->idle.asked == IDLE_ASKED_NOTHING && s->idle.ask_again) {
		s->idle.ask_again = false;
		ask_picture(s);
	}
	return true;
}

/* Whether somebody else has opened a viewer again: a second click, or the user by its line. */
static bool any_window(const struct supervisor *s)
{
	for (size_t i = 0; i < s->plan->companions; i++)
		if (s->plan->companion[i].when == COMPANION_RUNNING &&
		    window_is_open(&s->plan->companion[i]))
			return true;
	return false;
}

int64_t idle_timer(struct supervisor *s, int64_t now)
{
	const struct plan_idle *rule = &s->plan->idle;
	struct idle *idle = &s->idle;

	if (!has_rule(s) || !s->settled || s->start != START_DONE || s->down != DOWN_NO ||
	    idle->done || idle->asked != IDLE_ASKED_NOTHING || idle->connected)
		return 0;
	if (idle->picture || companions_show(s->companions)) {
		idle->since = 0;
		return 0;
	}
	if (!idle->since)
		idle->since = now;
	if (now - idle->since < rule->after)
		return idle->since + rule->after;
	if (connections_any(rule->range, rule->ranges)) {
		idle->connected = idle->watch >= 0;
		idle->since = now;
		return idle->connected ? 0 : now + rule->after;
	}
	if (any_window(s)) {
		idle->since = now;
		return now + rule->after;
	}
	if (order(s, "query-status", &idle->asked_id))
		idle->asked = IDLE_ASKED_STATE;
	else
		idle->done = true;
	return 0;
}
