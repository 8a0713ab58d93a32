/* What a process of ours does between fork and exec, whatever it becomes. */
#ifndef RUN_CHILD_H
#define RUN_CHILD_H

#include <stdbool.h>

/* Signals as a program expects them: none blocked, none ignored. */
void child_reset_signals(void);

/* No capability, and none to be had by exec either; false with errno set. */
bool child_give_up_privilege(void);

#endif
