/* What a child (base/child.h) gives up before it becomes a program, whatever that is. */
#ifndef RUN_CHILD_H
#define RUN_CHILD_H

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

/* No capability, and none to be had by exec either. Returns 0, or an errno. */
int child_give_up_privilege(void);

#endif
