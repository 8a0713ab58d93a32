/* The signals by which somebody wants a run to end, while they are held back
 * (machine_hold_signals()): between the steps of a start, and in each wait that can be long, it is
 * looked whether one has come.
 */
#ifndef RUN_INTERRUPT_H
#define RUN_INTERRUPT_H

#include <stdbool.h>

/* Whether one waits to be taken. */
bool interrupt_is_pending(void);

/* Takes one and returns its number, 0 where none waits. */
int interrupt_take(void);

#endif
