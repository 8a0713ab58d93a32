/* The window of a machine that runs: what a second click on its icon is for. */
#ifndef RUN_WINDOW_H
#define RUN_WINDOW_H

#include <stdbool.h>
#include <sys/types.h>

#include "record.h"

/* The process of ours that is this program beside a guest, whoever has started it, or waits for the
 * guest to become it; 0: none.
 */
pid_t window_pid(const struct plan_companion *program);

/* The program that shows the guest's picture beside it, of several one that is closed, or NULL
 * where none was started with it.
 */
const struct plan_companion *window_program(const struct run_record *record);

/* Whether that program runs. */
bool window_is_open(const struct plan_companion *program);

/* Starts the programs beside the guest that are no longer there again, and returns when they have
 * ended, which they are told to when QEMU has.
 */
void window_show(const struct run_record *record);

#endif
