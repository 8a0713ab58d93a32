/* Who runs programs for a keeper (runner.c). */
#ifndef ACT_RUNNER_H
#define ACT_RUNNER_H

#include <stdbool.h>

#include "base/error.h"

/* Makes the process, as this one is: from here on worker_exec() of this process asks it. */
bool runner_start(struct error **err);

/* The process that was made gives up what the keeper does (rights_of_watcher()). Fails as well
 * where it has died: who could not load a driver again in the end must not take one.
 */
bool runner_of_watcher(bool networks, struct error **err);

/* Ends it, and waits some seconds for that. Harmless where there is none. */
void runner_stop(void);

#endif
