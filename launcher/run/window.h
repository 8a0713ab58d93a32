/* The window of a machine that runs: what a second click on its icon is for. */
#ifndef RUN_WINDOW_H
#define RUN_WINDOW_H

#include <stdbool.h>

#include "record.h"

/* The program that shows the guest's picture beside it, or NULL where none was started with it. */
const struct plan_companion *window_program(const struct run_record *record);

/* Whether that program runs, whoever has started it. */
bool window_is_open(const struct plan_companion *program);

/* Starts the programs beside the guest that are no longer there again, and returns when they have
 * ended, which they are told to when QEMU has.
 */
void window_show(const struct run_record *record);

#endif
