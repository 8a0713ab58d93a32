/* One run of a machine, whole: lock, what the plan prepares, QEMU, supervision, and everything put
 * away again whichever way it went.
 */
#ifndef RUN_MACHINE_H
#define RUN_MACHINE_H

#include "link.h"
#include "supervise.h"

struct machine_options {
	struct supervise_options supervise;
	int keeper;	  /* one that was forked while we were root, -1: none; taken over */
	struct link link; /* one that was greeted already, none: LINK_NONE; taken over */
	/* Makes the plan anew, where a keeper has just changed the host that it was made for by
	 * giving back what a dead one had taken. The plan belongs to whoever made it, as the next.
	 */
	const struct plan *(*anew)(void *context, struct error **err);
	/* Makes another plan where huge pages that the first could do without cannot be had: got so
	 * many.
	 */
	const struct plan *(*without_pages)(void *context, uint64_t got, struct error **err);
	void *context;
};

/* Runs the plan to QEMU's end and says in *ending how it was. Fails when it could not be started,
 * or ended badly; the error then holds QEMU's last words. Where the plan has steps for a keeper,
 * one is started, and everything is given back before this returns.
 */
bool machine_run(const struct plan *plan, struct machine_options *options, struct ending *ending,
		 struct error **err);

/* Greets a keeper, as link_open() does. What it could not give back of what others left is told,
 * and no failure.
 */
bool machine_open_link(struct link *link, int keeper, struct error **err);

/* Says how a machine ended, or fails with that and with QEMU's last words. Of the plan it needs
 * name and log.
 */
void machine_tell_end(const struct plan *plan, const struct ending *ending, struct error **err);

/* The signals that end a run are held back from now on; they are taken in when supervise() runs. To
 * be called before the first thing that would have to be put away.
 */
void machine_hold_signals(void);

#endif
