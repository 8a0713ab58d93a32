/* Pinning: QEMU's threads on the processors that the plan gives them, before the guest's first
 * instruction. The user's own right over the user's own threads is enough.
 */
#ifndef RUN_PIN_H
#define RUN_PIN_H

#include <json-c/json.h>
#include <sys/types.h>

#include "base/error.h"
#include "link.h"
#include "plan/plan.h"

struct pin {
	const struct plan *plan;
	const struct placement *placement;
	struct link *link;
	pid_t qemu;
	unsigned asked; /* queries that were answered */
	pid_t *vcpu;	/* the thread of each of the guest's processors, 0: not told */
	pid_t *iothread;
	size_t iothreads;
	pid_t *known; /* all threads when they were pinned; none before, or where nothing is */
	size_t knowns;
	bool told;    /* that a late one could not be moved */
	bool adopted; /* another supervisor has pinned: nothing is moved but late ones */
};

/* In the process that becomes QEMU: it runs on the processors of QEMU's own threads from now on,
 * and each thread that it makes starts there. What fails here is seen by pin_answer().
 */
void pin_self(const struct placement *placement);

/* To be called before the first query; plan and link must live as long as pin. link (may be NULL)
 * leads to the keeper, for a plan that isolates.
 */
void pin_begin(struct pin *pin, const struct plan *plan, struct link *link, pid_t qemu);
void pin_free(struct pin *pin);

/* The QMP command whose answer is wanted next, or NULL when nothing is left to do. */
const char *pin_query(const struct pin *pin);

/* Takes the answer; with the last one all threads are pinned and read back. On failure no thread is
 * pinned: the guest may run anywhere.
 */
bool pin_answer(struct pin *pin, json_object *answer, struct error **err);

/* The same for a QEMU that was taken over: the answers only tell which threads are the guest's and
 * the disks', and late are those that run beside them. Where they are not pinned as the plan has
 * it, nothing is.
 */
void pin_adopt(struct pin *pin, const struct plan *plan, pid_t qemu);

/* Looks at the threads that QEMU has since then, once the guest runs: one that a vCPU's thread made
 * (the kernel's kvm-nx-lpage-recovery, at the first instruction) has the vCPU's processor, and its
 * partition if the plan isolates. It is put where QEMU's own threads are. False, with words the
 * first time only, if that could not be; true where nothing is pinned.
 */
bool pin_late(struct pin *pin, struct error **err);

#endif
