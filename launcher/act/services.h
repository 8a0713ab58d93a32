/* The services that have to be paused: those that hold a GPU for nobody in particular,
 * until its modules are removed, and the one that would move interrupts back. The list is closed,
 * so that nobody can name another one.
 */
#ifndef ACT_SERVICES_H
#define ACT_SERVICES_H

#include <stdbool.h>

#include "base/error.h"

enum service {
	SERVICE_NVIDIA_PERSISTENCED,
	SERVICE_NVIDIA_POWERD,
	SERVICE_IRQBALANCE,
	SERVICES,
};

/* Its name with systemd (a unit, without ".service") and OpenRC. */
const char *service_name(enum service service);

/* Whether a name is that of one of them. */
bool service_is_one(const char *name);

/* Whether it runs now; false as well where there is no manager of services that is known. */
bool service_is_active(enum service service);

/* Each waits until it is done, a minute at most. */
bool service_stop(enum service service, struct error **err);
bool service_start(enum service service, struct error **err);

#endif
