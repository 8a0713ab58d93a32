/* What comes over the supervisor's monitor, and the monitor itself where it is lost. */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/say.h"
#include "base/text.h"
#include "supervisor.h"

/* So often a monitor that was lost is connected to again. */
#define RECONNECTS 5

static void take_failure(struct supervisor *s, const struct qmp_message *m)
{
	own_free char *why = text_quote(m->text, SUPERVISOR_QUOTED);

	if (s->start == START_STATUS && m->id == s->expected)
		start_settled(s, "");
	if (!s->ending->running && m->id == s->expected) {
		snprintf(s->ending->refused, sizeof(s->ending->refused), "%s", why);
		down_forced(s);
		return;
	}
	tell_bounded(s, BOUNDED_REFUSED, "QEMU refused a command: %s", why);
}

/* QEMU is gone or going if this fails; if it lives, its socket listens. */
static void monitor_reconnect(struct supervisor *s, const char *why)
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
		    "%s: the monitor is lost (%s): the power button cannot be pressed any more, Ctrl-C twice ends QEMU",
		    s->plan->name, why);
		return;
	}
	free(s->lost);
	s->lost = xstrdup(why);
	qmp_free(s->qmp);
	s->qmp = qmp_new(fd, QMP_LIMIT_SUPERVISOR);
	s->start = START_GREETING;
	events_forget(s);
	plug_forget(&s->plug);
}

void monitor_take(struct supervisor *s)
{
	for (;;) {
		own_qmp_message struct qmp_message m = {0};

		switch (qmp_next(s->qmp, &m)) {
		case QMP_NOTHING:
			return;
		case QMP_GREETING:
			if (s->start == START_GREETING)
				start_advance(s, m.data);
			break;
		case QMP_REPLY:
			if (!events_answer(s, &m) && !host_answer(s, &m) && !idle_answer(s, &m) &&
			    !plug_answer(&s->plug, s->qmp, &m) && s->start != START_DONE &&
			    m.id == s->expected)
				start_advance(s, m.data);
			break;
		case QMP_FAILURE:
			if (!events_answer(s, &m) && !host_answer(s, &m) && !idle_answer(s, &m) &&
			    !plug_answer(&s->plug, s->qmp, &m))
				take_failure(s, &m);
			break;
		case QMP_EVENT:
			events_take(s, &m);
			break;
		case QMP_GARBAGE:
			tell_bounded(s, BOUNDED_GARBAGE, "unexpected on the monitor: %s", m.text);
			break;
		case QMP_CLOSED:
			say(SAY_DEBUG, "%s: the monitor has ended: %s", s->plan->name, m.text);
			if (!s->gone)
				monitor_reconnect(s, m.text);
			return;
		}
	}
}

void monitor_read(struct supervisor *s)
{
	own_error struct error *err = NULL;

	if (!qmp_receive(s->qmp, &err))
		say(SAY_WARNING, "%s: monitor: %s", s->plan->name, error_message(err, 0));
	monitor_take(s);
}
