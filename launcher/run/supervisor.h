/* Private to the supervisor: its state, what QEMU tells (events.c), and the way down (down.c). */
#ifndef RUN_SUPERVISOR_H
#define RUN_SUPERVISOR_H

#include <stdint.h>

#include "held.h"
#include "inhibit.h"
#include "log.h"
#include "pin.h"
#include "plug.h"
#include "qmp/client.h"
#include "supervise.h"

/* How the start proceeds: each state waits for one message of the monitor. After the loss of the
 * monitor it begins anew, but a guest that runs gets no second cont: somebody may have paused it.
 * Of a guest that is taken over QEMU tells whether it was ever let go; until then it counts as
 * running, so that a Ctrl-C does not cost it its life.
 */
enum start_state {
	START_GREETING,
	START_CAPABILITIES,
	START_STATUS,
	START_PIN,
	START_CONT,
	START_KNOW, /* settled; which threads were placed is asked of a QEMU that was taken over */
	START_DONE,
};

/* What QEMU and the guest can make the supervisor say, thousands of times a second if they like. */
enum bounded_kind {
	BOUNDED_HELD,
	BOUNDED_RESUMED,
	BOUNDED_DISK,
	BOUNDED_CRASH,
	BOUNDED_RESETS,
	BOUNDED_WATCHDOG,
	BOUNDED_MEMORY,
	BOUNDED_GARBAGE,
	BOUNDED_REFUSED,
	BOUNDED_THREADS,
	BOUNDED_KINDS,
};

struct bounded {
	int64_t since;	     /* the first line of those that count together, 0: none yet */
	unsigned told, more; /* lines since then, and those that were only counted */
};

/* The question or order about a guest without a client that is on its way. */
enum idle_asked {
	IDLE_ASKED_NOTHING,
	IDLE_ASKED_PAUSED, /* whether it still is what we made it */
	IDLE_ASKED_PICTURE,
	IDLE_ASKED_STATE,
	IDLE_ASKED_STOP,
};

/* Whether the guest has a client, and since when it has none (idle.c). */
struct idle {
	int watch;	/* tells of connections that end; -1: nothing does */
	bool picture;	/* somebody looks at it */
	bool connected; /* there was a connection at the last look, and none has ended since */
	bool done;	/* it does not run: nothing is due until it does */
	bool paused;	/* that is our doing */
	int64_t since;	/* without a client, 0: not known to be */
	enum idle_asked asked;
	uint64_t asked_id;
	bool ask_again; /* the picture, behind the answer that is awaited */
};

#define IDLE_NOT ((struct idle){.watch = -1})

/* The question that is on its way to QEMU. */
enum asked { ASKED_NOTHING, ASKED_STATUS, ASKED_BLOCKS };

/* How far the guest is with the host's sleep, where it is paused for that. */
enum sleeping { SLEEPING_NOT, SLEEPING_ASKED, SLEEPING_STOPS, SLEEPING_STOPPED };

enum down_kind { DOWN_NO, DOWN_ASKED, DOWN_ORDERED };

/* How often the guest made itself anew, in milliseconds of now_ms(). */
struct resets {
	int64_t since, last;
	unsigned n;
};

struct supervisor {
	const struct plan *plan;
	struct launched *launched;
	struct ending *ending;
	struct qmp *qmp;
	struct relay serial, debug;
	struct companions *companions;
	struct plug plug;
	plug_find *find_usb;
	struct inhibit *inhibit; /* may be NULL */
	enum sleeping sleeping;
	uint64_t sleep_asked; /* the question or order that it waits for */
	struct log_watch log; /* QEMU's */
	struct pin pin;
	int keeper;	   /* its socket, -1: there is none (any more) */
	struct link *link; /* to the keeper; may be NULL */
	int signals;
	int output; /* where the streams go; -1: nowhere */
	int keys;   /* our standard input, -1: not passed on */
	enum start_state start;
	uint64_t expected; /* id of the reply that the start waits for */
	bool settled;	   /* the guest has been let go for certain */
	char *lost;	   /* why the monitor was connected to again, until that is told */
	unsigned reconnects;
	int64_t began, told_at, deadline;
	int64_t look;	       /* when threads are looked at again, 0: not */
	int64_t looking_since; /* the guest began to run */
	size_t looks;
	bool gone; /* QEMU is */

	struct held held;
	char *held_told; /* its words, once they were told */
	enum asked asked;
	uint64_t asked_id;
	bool ask_again;
	struct bounded bounded[BOUNDED_KINDS];
	struct resets resets;
	struct idle idle;

	enum down_kind down;
	struct shutdown_times times; /* the plan's, unless the host is faster */
	unsigned step;		     /* of the way down */
	int64_t next;		     /* when the next step is due, 0: none */
	int64_t down_at;	     /* when it began */
	const char *dir;	     /* of the instance's record, may be NULL */
	int64_t asked_at;	     /* the last Ctrl-C, 0: none */
	bool disturbed;		     /* see the options */
	bool let_go;		     /* likewise */
	bool hurried;		     /* there is nothing to be gentle with: Ctrl-C quits */
};

/* A signal for QEMU, by its pidfd. */
void signal_qemu(struct supervisor *s, int sig);

/* Sends a command; *id (may be NULL) is what its reply will carry. False when the monitor cannot
 * take it.
 */
bool order(struct supervisor *s, const char *command, uint64_t *id);

/* Tells a line about the machine: the first of its kind at once, those that come within seconds of
 * it as a count when bounded_timer() finds that their time is over. That returns when it wants to
 * be called again, 0: not at all. False where the line was only counted.
 */
bool tell_bounded(struct supervisor *s, enum bounded_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int64_t bounded_timer(struct supervisor *s, int64_t now);
/* Tells all counts. */
void bounded_finish(struct supervisor *s);

/* Bytes of a text of QEMU's that are shown. */
#define SUPERVISOR_QUOTED 200

/* Reads what has come over the monitor and takes each message; or takes those that were read
 * already. A monitor that is lost is connected to again, while that makes sense.
 */
void monitor_read(struct supervisor *s);
void monitor_take(struct supervisor *s);

/* The next step of a start, with the greeting or with the answer to the last command; and that QEMU
 * has told its state for the first time, or has refused to.
 */
void start_advance(struct supervisor *s, json_object *data);
void start_settled(struct supervisor *s, const char *state);

/* Looks at QEMU's threads that are new: a guest begins to run, or begins anew. */
void begin_looking(struct supervisor *s);

/* An event of QEMU's. */
void events_take(struct supervisor *s, const struct qmp_message *m);
/* A reply or a failure; false when it is not for a question of theirs. */
bool events_answer(struct supervisor *s, const struct qmp_message *m);
/* Asks QEMU whether the guest is held, and tells it. */
void events_look(struct supervisor *s);
/* Drops what was known of the guest's state, and the question that is on its way. */
void events_forget(struct supervisor *s);

/* Takes in what logind tells. */
void host_take(struct supervisor *s);
/* A reply or a failure; false when it is not for a question of theirs. */
bool host_answer(struct supervisor *s, const struct qmp_message *m);

/* The rule of a guest without a client: from when it runs, or from when the monitor was connected
 * to again; when a connection has ended, s->idle.watch being readable; an event of QEMU's by its
 * name; a reply or a failure, false when it is not for a question of theirs. idle_timer() does what
 * is due and returns when it wants to be called again, 0: not at all.
 */
void idle_begin(struct supervisor *s);
void idle_connections(struct supervisor *s);
void idle_event(struct supervisor *s, const char *name);
bool idle_answer(struct supervisor *s, const struct qmp_message *m);
int64_t idle_timer(struct supervisor *s, int64_t now);
void idle_end(struct supervisor *s);

/* What a Ctrl-C asks for, and what `vmlaunch stop` does: a press of the power button. */
void down_asked(struct supervisor *s);
void down_pressed(struct supervisor *s);
/* What a session that ends orders: button, button, quit, SIGTERM, SIGKILL. */
void down_ordered(struct supervisor *s);
/* The same, in the time that the host has when it shuts down itself. */
void down_with_host(struct supervisor *s);
/* The same when it sleeps, for which it waits delay_ms (0: not known) from now on: in a part of
 * that, as what the guest had is to be given back by then.
 */
void down_before_sleep(struct supervisor *s, unsigned delay_ms);
/* Quits at once, and sees to it. */
void down_forced(struct supervisor *s);
/* The step that is due at s->next. */
void down_step(struct supervisor *s);

#endif
