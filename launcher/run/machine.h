/* One run of a machine, whole: lock, what the plan prepares, QEMU, supervision, and everything put
 * away again whichever way it went.
 */
#ifndef RUN_MACHINE_H
#define RUN_MACHINE_H

#include "supervise.h"

/* Runs the plan to QEMU's end and says in *ending how it was. Fails when it could not be started,
 * or ended badly; the error then holds QEMU's last words.
 */
bool machine_run(const struct plan *plan, const struct supervise_options *options,
		 struct ending *ending, struct error **err);

/* The signals that end a run are held back from now on; they are taken in when supervise() runs. To
 * be called before the first thing that would have to be put away.
 */
void machine_hold_signals(void);

#endif
