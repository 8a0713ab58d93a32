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

/* Has the keeper take a thread that a vCPU's thread has made out of the partition, where the plan
 * says isolate; true at once where it does not. Realtime it is not: a vCPU's thread hands on
 * nothing of that.
 */
bool quiet_return(const struct plan *plan, struct link *link, pid_t thread);

#endif
