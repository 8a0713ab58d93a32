#include "inhibit.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/say.h"
#include "base/text.h"

#define LOGIND "org.freedesktop.login1"
#define LOGIND_PATH "/org/freedesktop/login1"
#define MANAGER LOGIND ".Manager"
#define SIGNAL(name)                                                                   \
	"type='signal',sender='" LOGIND "',path='" LOGIND_PATH "',interface='" MANAGER \
	"',member='" name "'"

#define SHUTDOWN "PrepareForShutdown"
#define SLEEP "PrepareForSleep"

#define PATIENCE_MS 2000 /* for the lock, which takes a millisecond or two */
#define QUOTED 200

static uint32_t call_manager(struct inhibit *inhibit, const char *interface, const char *member,
			     const char *const *arg, size_t args)
{
	return bus_call(&inhibit->bus, LOGIND, LOGIND_PATH, interface, member, arg, args);
}

static void subscribe_signal(struct inhibit *inhibit, const char *rule)
{
	bus_call(&inhibit->bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
		 "org.freedesktop.DBus", "AddMatch", &rule, 1);
}

static uint32_t ask_lock(struct inhibit *inhibit, const char *what, const char *why,
			 const char *mode)
{
	own_free char *words = xasprintf("machine %s %s", inhibit->name, why);
	const char *const arg[] = {what, "vmlaunch", words, mode};

	return call_manager(inhibit, MANAGER, "Inhibit", arg, ARRAY_SIZE(arg));
}

static bool holds_off(const struct inhibit *inhibit)
{
	return inhibit->policy == SLEEP_BLOCK;
}

static bool wants_to_know(const struct inhibit *inhibit)
{
	return inhibit->policy == SLEEP_PAUSE || inhibit->policy == SLEEP_SHUTDOWN ||
	       inhibit->policy == SLEEP_QUIT;
}

/* Without a lock the host would sleep with the machine's devices. */
static bool needs_lock(const struct inhibit *inhibit)
{
	return holds_off(inhibit) || inhibit->policy == SLEEP_QUIT;
}

static void ask_sleep(struct inhibit *inhibit)
{
	inhibit->asked_sleep =
		holds_off(inhibit)
			? ask_lock(inhibit, "sleep:handle-lid-switch",
				   "has devices of this computer", "block")
			: ask_lock(inhibit, "sleep",
				   inhibit->policy == SLEEP_PAUSE ? "is to be paused first"
								  : "is to shut down first",
				   "delay");
}

void inhibit_open(struct inhibit *inhibit, const char *name, enum host_sleep policy)
{
	const char *const delay[] = {MANAGER, "InhibitDelayMaxUSec"};
	own_error struct error *err = NULL;

	*inhibit = INHIBIT_NONE;
	inhibit->name = xstrdup(name);
	inhibit->policy = policy;
	if (!bus_open(&inhibit->bus, &err)) {
		inhibit->lacks = xstrdup(error_message(err, 0));
		return;
	}
	subscribe_signal(inhibit, SIGNAL(SHUTDOWN));
	if (wants_to_know(inhibit))
		subscribe_signal(inhibit, SIGNAL(SLEEP));
	inhibit->asked_shutdown = ask_lock(inhibit, "shutdown", "is to shut down first", "delay");
	inhibit->asked_delay = call_manager(inhibit, "org.freedesktop.DBus.Properties", "Get",
					    delay, ARRAY_SIZE(delay));
	if (holds_off(inhibit) || wants_to_know(inhibit))
		ask_sleep(inhibit);
}

/* A lock has come, or why it cannot be had. */
static void take_lock(struct inhibit *inhibit, int *lock, uint32_t *asked, struct bus_message *m)
{
	*asked = 0;
	close_fd(lock);
	*lock = steal_fd(&m->fd);
	if (*lock >= 0)
		return;
	free(inhibit->lacks);
	inhibit->lacks = text_quote(m->text ? m->text : "logind gave no lock", QUOTED);
	say(SAY_DEBUG, "%s: logind: %s", inhibit->name, inhibit->lacks);
}

static void take_answer(struct inhibit *inhibit, struct bus_message *m)
{
	if (m->answers == inhibit->asked_shutdown)
		take_lock(inhibit, &inhibit->shutdown, &inhibit->asked_shutdown, m);
	else if (m->answers == inhibit->asked_sleep)
		take_lock(inhibit, &inhibit->sleep, &inhibit->asked_sleep, m);
	else if (m->answers == inhibit->asked_delay && m->kind == BUS_REPLY)
		inhibit->delay_ms = (unsigned)(m->number / 1000);
}

static enum host_event take_signal(const struct bus_message *m)
{
	if (!m->member)
		return HOST_NOTHING;
	if (strcmp(m->member, SHUTDOWN) == 0)
		return m->number ? HOST_SHUTS_DOWN : HOST_NOTHING;
	if (strcmp(m->member, SLEEP) == 0)
		return m->number ? HOST_SLEEPS : HOST_WAKES;
	return HOST_NOTHING;
}

enum host_event inhibit_next(struct inhibit *inhibit)
{
	bus_receive(&inhibit->bus);
	for (;;) {
		own_bus_message struct bus_message m;
		enum host_event event = HOST_NOTHING;

		if (!bus_next(&inhibit->bus, &m) || m.kind == BUS_NOTHING)
			return HOST_NOTHING;
		if (m.kind == BUS_SIGNAL)
			event = take_signal(&m);
		else if (m.answers)
			take_answer(inhibit, &m);
		if (event != HOST_NOTHING)
			return event;
	}
}

void inhibit_poll(const struct inhibit *inhibit, struct pollfd *p)
{
	*p = (struct pollfd){.fd = inhibit ? inhibit->bus.fd : -1, .events = POLLIN};
}

void inhibit_wait(struct inhibit *inhibit)
{
	int64_t limit = now_ms() + PATIENCE_MS;

	if (!needs_lock(inhibit))
		return;
	while (inhibit->asked_sleep && inhibit->bus.fd >= 0 && now_ms() < limit) {
		struct pollfd p;

		inhibit_poll(inhibit, &p);
		if (poll(&p, 1, (int)(limit - now_ms()) + 1) > 0)
			inhibit_next(inhibit);
	}
	if (inhibit->sleep < 0)
		say(SAY_WARNING,
		    "%s: nothing keeps this computer from sleeping while the machine has its devices, which they may not survive: %s",
		    inhibit->name, inhibit->lacks ? inhibit->lacks : "logind does not answer");
}

void inhibit_let_sleep(struct inhibit *inhibit)
{
	if (wants_to_know(inhibit))
		close_fd(&inhibit->sleep);
}

void inhibit_again(struct inhibit *inhibit)
{
	if (wants_to_know(inhibit))
		ask_sleep(inhibit);
}

void inhibit_close(struct inhibit *inhibit)
{
	bus_close(&inhibit->bus);
	close_fd(&inhibit->shutdown);
	close_fd(&inhibit->sleep);
	free(steal(&inhibit->lacks));
	free(steal(&inhibit->name));
}
