/* QEMU is held to what its plan has it open (isolation/isolation.c). */
#ifndef RUN_CONFINE_H
#define RUN_CONFINE_H

#include "base/error.h"
#include "plan/plan.h"

/* Says what of it this kernel cannot do, or what --sandbox leaves out. */
void confine_tell(const struct plan *plan);

/* Makes what QEMU may write to and could not make itself. */
bool confine_prepare(const struct plan *plan, struct error **err);

/* In the child, right before it becomes QEMU, when it has no_new_privs; false with errno set. */
bool confine_qemu(const struct plan *plan);

/* The supervisor itself, when all that it starts has been started: it runs no program any more.
 * What it cannot give up is said.
 */
void confine_supervisor(const char *name);

#endif
