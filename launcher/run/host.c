/* The host's sleep and shutdown, as logind announces them (inhibit.h), and what becomes of the
 * guest: it is paused until the host wakes, or its power button is pressed, or it is ended whatever
 * it does. The lock that delays the sleep goes when the keeper has given everything back.
 */
#include <string.h>

#include "base/json.h"
#include "base/say.h"
#include "supervisor.h"

/* Only a guest that runs is stopped, and goes on afterwards: one that somebody has paused stays so.
 */
static void begin_sleep(struct supervisor *s)
{
	struct inhibit *inhibit = s->inhibit;

	if (inhibit->policy == SLEEP_QUIT) {
		say(SAY_NOTE, "%s: this computer is about to sleep: the guest ends before",
		    s->plan->name);
		down_before_sleep(s, inhibit->delay_ms);
		return;
	}
	if (inhibit->policy == SLEEP_SHUTDOWN) {
		say(SAY_NOTE,
		    "%s: this computer is about to sleep, and waits %u s for the guest to end",
		    s->plan->name, inhibit->delay_ms / 1000);
		down_pressed(s);
		return;
	}
	if (s->start == START_DONE && order(s, "query-status", &s->sleep_asked))
		s->sleeping = SLEEPING_ASKED;
	else
		inhibit_let_sleep(inhibit);
}

static void end_sleep(struct supervisor *s)
{
	if (s->sleeping >= SLEEPING_STOPS) {
		say(SAY_NOTE, "%s: this computer has woken up; the guest goes on", s->plan->name);
		order(s, "cont", NULL);
	} else if (s->inhibit->policy == SLEEP_SHUTDOWN || s->inhibit->policy == SLEEP_QUIT) {
		say(SAY_WARNING,
		    "%s: this computer has woken up, and the guest had not ended before it slept",
		    s->plan->name);
	}
	s->sleeping = SLEEPING_NOT;
	inhibit_again(s->inhibit);
}

bool host_answer(struct supervisor *s, const struct qmp_message *m)
{
	if ((s->sleeping != SLEEPING_ASKED && s->sleeping != SLEEPING_STOPS) ||
	    m->id != s->sleep_asked)
		return false;
	if (s->sleeping == SLEEPING_ASKED && m->kind == QMP_REPLY &&
	    strcmp(json_member_text(m->data, "status"), "running") == 0 &&
	    order(s, "stop", &s->sleep_asked)) {
		s->sleeping = SLEEPING_STOPS;
		return true;
	}
	if (s->sleeping == SLEEPING_STOPS) {
		say(SAY_NOTE, "%s: this computer is about to sleep; the guest is paused",
		    s->plan->name);
		s->sleeping = SLEEPING_STOPPED;
	} else {
		s->sleeping = SLEEPING_NOT;
	}
	inhibit_let_sleep(s->inhibit);
	return true;
}

void host_take(struct supervisor *s)
{
	enum host_event event;

	while ((event = inhibit_next(s->inhibit)) != HOST_NOTHING) {
		if (event == HOST_SHUTS_DOWN)
			down_with_host(s);
		else if (event == HOST_SLEEPS)
			begin_sleep(s);
		else if (event == HOST_WAKES)
			end_sleep(s);
	}
}
