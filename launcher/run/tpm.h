/* The state of an emulated TPM: made when it is new, and kept safe. It holds keys that exist
 * nowhere else, so nothing here removes or changes one that is there.
 */
#ifndef RUN_TPM_H
#define RUN_TPM_H

#include "base/error.h"
#include "plan/plan.h"

/* Of PREPARE_TPM: makes the directory, and a state in it unless there is one; where swtpm_setup
 * makes it, whole or not at all, else swtpm does when QEMU switches it on. A state that another
 * version of swtpm has used last is copied beside itself first (tpm2-00.permall.VERSION). Refuses
 * (ERROR_HOST) while a process has it locked.
 */
bool tpm_prepare(const struct prepare *p, struct error **err);

/* Of PREPARE_TPM_SCRATCH: makes the directory, with a copy of the state where there is one. */
bool tpm_copy(const struct prepare *p, struct error **err);

/* Removes such a copy with its directory; what is not swtpm's stays. */
void tpm_remove(const char *dir);

#endif
