/* Through systemctl, not over D-Bus: it is the one thing that everybody with systemd has, and it
 * speaks to systemd itself when there is no bus. On a host of OpenRC's (Gentoo, Artix) through
 * rc-service.
 */
#include "services.h"

#include <stddef.h>
#include <string.h>

#include "base/own.h"
#include "base/trusted.h"
#include "host/manager.h"
#include "worker.h"

#define ASK_MS 20000
#define CHANGE_MS 60000

static const char *const names[] = {
	[SERVICE_NVIDIA_PERSISTENCED] = "nvidia-persistenced",
	[SERVICE_NVIDIA_POWERD] = "nvidia-powerd",
	[SERVICE_IRQBALANCE] = "irqbalance",
};
_Static_assert(ARRAY_SIZE(names) == SERVICES, "one name for each service");

const char *service_name(enum service service)
{
	return names[service];
}

bool service_is_one(const char *name)
{
	for (size_t i = 0; i < SERVICES; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

#define ARGUMENTS 8

/* The manager's program, which the caller owns, and argv with it as the first; verb is an argument
 * of both. NULL: there is no manager, or its program is not to be trusted.
 */
static char *command_for(const char *argv[ARGUMENTS], enum service service, const char *verb,
			 struct error **err)
{
	enum service_manager manager = manager_read(&ROOT_REAL);
	bool openrc = manager == MANAGER_OPENRC;
	char *program = trusted_program(&ROOT_REAL, openrc ? "rc-service" : "systemctl", err);
	size_t n = 0;

	argv[n++] = program;
	if (openrc) {
		argv[n++] = "--nocolor";
		argv[n++] = names[service];
		argv[n++] = verb;
	} else {
		argv[n++] = "--no-ask-password";
		argv[n++] = "--quiet";
		argv[n++] = verb;
		argv[n++] = "--";
		argv[n++] = names[service];
	}
	argv[n] = NULL;
	return program;
}

bool service_is_active(enum service service)
{
	bool openrc = manager_read(&ROOT_REAL) == MANAGER_OPENRC;
	const char *argv[ARGUMENTS];
	own_free char *program = command_for(argv, service, openrc ? "status" : "is-active", NULL);

	return program && worker_exec(argv, ASK_MS, NULL, NULL);
}

static bool change_service(enum service service, const char *verb, struct error **err)
{
	const char *argv[ARGUMENTS];
	own_free char *program = command_for(argv, service, verb, err);

	if (program)
		return worker_exec(argv, CHANGE_MS, NULL, err);
	error_context(err, "cannot %s %s", verb, names[service]);
	return false;
}

bool service_stop(enum service service, struct error **err)
{
	return change_service(service, "stop", err);
}

bool service_start(enum service service, struct error **err)
{
	return change_service(service, "start", err);
}
