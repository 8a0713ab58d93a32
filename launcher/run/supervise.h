/* The supervisor: from QEMU's first instruction to its last. */
#ifndef RUN_SUPERVISE_H
#define RUN_SUPERVISE_H

#include <signal.h>

#include "companion.h"
#include "ending.h"
#include "inhibit.h"
#include "launch.h"
#include "plug.h"
#include "relay.h"

struct supervise_options {
	relay_sink *debug_sink; /* takes the debug port instead of the terminal; may be NULL */
	void *debug_context;
	bool hurried; /* Ctrl-C quits at once: there is no guest that could obey a button */
	struct companions *companions; /* filled and told to end; NULL: there are none */
	plug_find *find_usb;	       /* NULL: USB devices stay as they are */
	struct inhibit *inhibit;       /* is listened to; NULL: there is none */
	const char *dir;   /* of the instance, whose record is kept; NULL: there is none */
	struct link *link; /* to the keeper, NULL: none; watched, and asked to give the vCPUs their
			      place */
	bool let_go;	   /* a QEMU that is taken over has let its guest go before */
	bool idle_paused;  /* likewise: its guest was paused because nobody used it */
	bool disturbed; /* a guest that was never let go cannot be isolated or realtime any more */
	int deadline;	/* milliseconds from the start until QEMU is made to end; 0: none */
};

/* The signals that a supervisor listens to, without those that its caller ignores. SIGUSR1 presses
 * the power button once.
 */
void supervise_signals(sigset_t *set);

/* Lets the guest go, passes on its output, listens to signals and QMP until QEMU has ended, and
 * tells how. Of the plan it needs name, log, times and the monitor's path. Takes over launched. The
 * only failure is that of our own means (signalfd): QEMU is ended then.
 */
bool supervise(const struct plan *plan, struct launched *launched,
	       const struct supervise_options *options, struct ending *ending, struct error **err);

#endif
