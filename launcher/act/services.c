/* Through systemctl, not over D-Bus: it is the one thing that everybody with systemd has, and it
 * speaks to systemd itself when there is no bus.
 */
#include "services.h"

#include <stddef.h>

#include "base/own.h"
#include "base/trusted.h"
#include "worker.h"

#define ASK_MS 20000
#define CHANGE_MS 60000

static const char *const names[] = {
	[SERVICE_NVIDIA_PERSISTENCED] = "nvidia-persistenced",
	[SERVICE_NVIDIA_POWERD] = "nvidia-powerd",
	[SERVICE_IRQBALANCE] = "irqbalance",
};
_Static_assert(ARRAY_SIZE(names) == SERVICES, "one name for each service");

/* What systemctl is given. */
static const char *const units[] = {
	[SERVICE_NVIDIA_PERSISTENCED] = "nvidia-persistenced.service",
	[SERVICE_NVIDIA_POWERD] = "nvidia-powerd.service",
	[SERVICE_IRQBALANCE] = "irqbalance.service",
};
_Static_assert(ARRAY_SIZE(units) == SERVICES, "one unit for each service");

const char *service_name(enum service service)
{
	return names[service];
}

bool service_is_active(enum service service)
{
	own_free char *systemctl = trusted_program(&ROOT_REAL, "systemctl", NULL);
	const char *const argv[] = {systemctl, "is-active", "--quiet", "--", units[service], NULL};

	return systemctl && worker_exec(argv, ASK_MS, NULL, NULL);
}

static bool change(enum service service, const char *verb, struct error **err)
{
	own_free char *systemctl = trusted_program(&ROOT_REAL, "systemctl", err);
	const char *const argv[] = {systemctl, "--no-ask-password", "--quiet", verb,
				    "--",      units[service],	    NULL};

	if (systemctl)
		return worker_exec(argv, CHANGE_MS, NULL, err);
	error_context(err, "cannot %s %s", verb, names[service]);
	return false;
}

bool service_stop(enum service service, struct error **err)
{
	return change(service, "stop", err);
}

bool service_start(enum service service, struct error **err)
{
	return change(service, "start", err);
}
