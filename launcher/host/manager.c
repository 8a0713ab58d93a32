#include "manager.h"

#include "base/alloc.h"

enum service_manager manager_read(const struct root *root)
{
	if (root_exists(root, "/run/systemd/system"))
		return MANAGER_SYSTEMD;
	return root_exists(root, "/run/openrc/softlevel") ? MANAGER_OPENRC : MANAGER_NONE;
}

char *manager_command(enum service_manager manager, const char *services, const char *verb)
{
	return manager == MANAGER_OPENRC ? xasprintf("rc-service %s %s", services, verb)
					 : xasprintf("systemctl %s %s", verb, services);
}
