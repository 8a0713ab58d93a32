/* What goes over the tap interfaces that a process has open. */
#ifndef HOST_TRAFFIC_H
#define HOST_TRAFFIC_H

#include <stdint.h>
#include <sys/types.h>

#include "base/root.h"

struct traffic {
	int64_t to_guest, from_guest; /* bytes so far; -1: it has no such interface */
};

/* Of a process of the same user; each interface counts once, however many queues it has. */
struct traffic traffic_of(const struct root *root, pid_t pid);

#endif
