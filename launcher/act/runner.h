/* Who runs programs for a keeper (runner.c). */
#ifndef ACT_RUNNER_H
#define ACT_RUNNER_H

#include <stdbool.h>

#include "base/error.h"

/* Makes the process, as this one is: from here on worker_exec() of this process asks it. */
bool runner_start(struct error **err);

/* The process that was made gives up its right over networks as well; true where there is none. */
bool runner_without_network(struct error **err);

/* Ends it, and waits for that. */
void runner_stop(void);

#endif
