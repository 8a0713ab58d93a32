/* What logind (systemd's or elogind's) tells of the host's sleep and shutdown, and the locks by
 * which we hold it off: org.freedesktop.login1(5), "Inhibit", and systemd.io/INHIBITOR_LOCKS. A
 * lock lives as long as its descriptor.
 *
 * The one that blocks the host's sleep is QEMU's as well, which does nothing with it: so it lives
 * as long as there is a machine that has devices, whatever becomes of us; ours lasts until those
 * are given back. A lid that is closed asks nobody who only holds off sleep (logind.conf(5),
 * LidSwitchIgnoreInhibited), so that it holds off the lid as well.
 *
 * The others only delay: logind tells, waits some seconds (InhibitDelayMaxSec, 5 unless set) for
 * the locks to go, and goes on.
 */
#ifndef RUN_INHIBIT_H
#define RUN_INHIBIT_H

#include <poll.h>

#include "bus.h"
#include "plan/plan.h"

enum host_event {
	HOST_NOTHING,
	HOST_SHUTS_DOWN,
	HOST_SLEEPS,
	HOST_WAKES,
};

struct inhibit {
	char *name; /* the machine's */
	enum host_sleep policy;
	struct bus bus;
	uint32_t asked_shutdown, asked_sleep, asked_delay; /* calls on their way, 0: none */
	int shutdown, sleep;				   /* locks, -1: none */
	unsigned delay_ms;				   /* that logind waits; 0: not known */
	char *lacks;					   /* why there is no lock */
};

#define INHIBIT_NONE ((struct inhibit){.bus = BUS_NONE, .shutdown = -1, .sleep = -1})

/* Asks for what the policy wants, without waiting. */
void inhibit_open(struct inhibit *inhibit, const char *name, enum host_sleep policy);

/* Waits, at most two seconds, for the lock that holds off sleep, for good or until the devices are
 * given back, where the policy is that; warns where it cannot be had.
 */
void inhibit_wait(struct inhibit *inhibit);

void inhibit_poll(const struct inhibit *inhibit, struct pollfd *p);

/* Takes in what logind has said; to be called until it returns HOST_NOTHING. */
enum host_event inhibit_next(struct inhibit *inhibit);

/* Lets the host sleep, and asks to be told the next time as well. */
void inhibit_let_sleep(struct inhibit *inhibit);
void inhibit_again(struct inhibit *inhibit);

void inhibit_close(struct inhibit *inhibit);

#endif
