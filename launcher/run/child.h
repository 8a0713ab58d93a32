/* What a process of ours does between fork and exec, whatever it becomes. */
#ifndef RUN_CHILD_H
#define RUN_CHILD_H

#include <stdbool.h>

/* Signals as a program expects them: none blocked, none ignored. */
void child_reset_signals(void);

/* Blocks SIGTERM and SIGHUP, which systemd sends to all that is in a session when it ends: a guest
 * that shuts down by its power button needs QEMU, and what that is joined to, until it is down.
 * What is blocked stays so over an exec; SIGINT ends all of these programs.
 */
void child_block_session_signals(void);

/* A guest is worth more than a tab of a browser, which systemd gives 200, and a viewer that can be
 * started again is worth less.
 */
#define OOM_NEEDED 0
#define OOM_SPARED 300

/* What a fault of it must not leave behind, and what the kernel takes first when memory runs out:
 * no core file, which would hold the guest's memory, and a score for the OOM killer (proc(5),
 * oom_score_adj), as far as the kernel lets it be set.
 */
void child_set_limits(int oom_score);

/* No capability, and none to be had by exec either; false with errno set. */
bool child_give_up_privilege(void);

#endif
