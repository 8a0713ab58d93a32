/* What the host's network lets a user do. */
#include "parts.h"

#define UNPRIVILEGED 1024 /* where the kernel does not say: its constant PROT_SOCK of old */

void net_collect(struct net_facts *net, const struct root *root)
{
	unsigned long long port;
	bool known = root_number(root, &port, "/proc/sys/net/ipv4/ip_unprivileged_port_start");

	net->unprivileged = known && port <= UINT16_MAX ? (unsigned)port : UNPRIVILEGED;
}
