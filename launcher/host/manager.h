/* By whom the host's services are started and stopped. */
#ifndef HOST_MANAGER_H
#define HOST_MANAGER_H

#include "base/root.h"

enum service_manager {
	MANAGER_NONE, /* that is known */
	MANAGER_SYSTEMD,
	MANAGER_OPENRC,
};

/* systemd as sd_booted(3) asks; OpenRC by the runlevel that it keeps in its directory of state (its
 * librc/rc.h.in: RC_SVCDIR, RC_SOFTLEVEL).
 */
enum service_manager manager_read(const struct root *root);

/* The command that does verb ("start", "stop") with services ("a b" for systemd alone), as a person
 * would type it; systemd's where none is known. The caller owns it.
 */
char *manager_command(enum service_manager manager, const char *services, const char *verb);

#endif
