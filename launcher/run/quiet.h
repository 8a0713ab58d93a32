/* A vCPU's thread away from everything else of the host's. */
#ifndef RUN_QUIET_H
#define RUN_QUIET_H

#include "link.h"
#include "plan/plan.h"

/* Has the keeper put the thread of QEMU's into the partition and makes it realtime, as the plan
 * says; true at once where it says neither. link may be NULL: no keeper. To be called before the
 * thread is pinned: going into a partition may make the kernel forget an affinity.
 */
bool quiet_vcpu(const struct plan *plan, struct link *link, pid_t thread, struct error **err);

/* Makes a thread ordinary again, where the plan says realtime: one that is nowhere in particular
 * would be before everything else on all processors.
 */
void quiet_release(const struct plan *plan, pid_t thread);

#endif
