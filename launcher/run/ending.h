/* How a machine ended, in one sentence. QEMU's exit status is 0 for a guest that powered itself off
 * and for a QEMU that was told to quit alike: the last SHUTDOWN event knows (QAPI: ShutdownCause).
 */
#ifndef RUN_ENDING_H
#define RUN_ENDING_H

#include <stdbool.h>
#include <stdint.h>

struct ending {
	char reason[32];   /* of the last SHUTDOWN event, "" when there was none */
	char crash[512];   /* what the guest's system told as it crashed, "": nothing */
	bool running;	   /* the guest had been let go */
	bool told;	   /* we told it to end: quit or a signal of ours */
	char refused[256]; /* why QEMU would not let the guest go, "" when it did */
	char lacks[1024];  /* the companion whose failure kept it from being started, "": none */
	bool starved;	   /* the kernel has killed for want of memory meanwhile */
	bool unknown;	   /* QEMU was not our child: status says nothing */
	int status;	   /* as waitpid gives it */
};

/* How many processes the kernel has killed for want of memory since it was booted (proc(5):
 * /proc/vmstat, oom_kill); 0 where it does not tell.
 */
uint64_t ending_oom_kills(void);

/* The sentence, without the machine's name; static text or *made, which the caller owns. */
const char *ending_sentence(const struct ending *ending, char **made);

/* Whether that counts as a good end: the guest ended by itself or was stopped. */
bool ending_is_good(const struct ending *ending);

#endif
