/* What the host's network lets a user do: the ports that are free to all, the interfaces, and who
 * may open those that are made for machines.
 */
#include <fcntl.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#include <linux/if_tun.h>

#include "base/alloc.h"
#include "parts.h"

#define UNPRIVILEGED 1024 /* where the kernel does not say: its constant PROT_SOCK of old */
#define CLASS "/sys/class/net"

/* In a recorded tree existence counts. */
static bool is_open(const struct root *root, const char *node)
{
	own_fd int fd = -1;

	if (!root_is_real(root))
		return root_exists(root, "%s", node);
	fd = root_open(root, node, O_RDWR);
	return fd >= 0;
}

/* fallback for what is not there, or no number, such as "-1". */
static uint64_t number_of(const struct root *root, const char *name, const char *file,
			  uint64_t fallback)
{
	unsigned long long number;

	return root_number(root, &number, CLASS "/%s/%s", name, file) ? number : fallback;
}

/* The kernel's rule (drivers/net/tun.c, tun_not_capable()): one that has neither owner nor group is
 * everybody's. Of root, too: vmlaunch has no capabilities when it opens it.
 */
static bool is_allowed(const struct root *root, const char *name, uint64_t owner)
{
	uint64_t group = number_of(root, name, "group", UINT64_MAX);

	return (owner == UINT64_MAX || owner == geteuid()) &&
	       (group == UINT64_MAX || group_has_us(group));
}

static char *master_of(const struct root *root, const char *name)
{
	own_free char *text = root_read(root, CLASS "/%s/master/uevent", name);
	const char *at = text ? strstr(text, "INTERFACE=") : NULL;

	if (!at)
		return NULL;
	at += strlen("INTERFACE=");
	return xstrndup(at, strcspn(at, "\n"));
}

static void read_interface(struct net_interface *interface, const struct root *root,
			   const char *name)
{
	uint64_t tun = number_of(root, name, "tun_flags", 0);

	*interface = (struct net_interface){.name = xstrdup(name), .owner = UINT64_MAX};
	interface->tap = tun & IFF_TAP;
	if (!interface->tap)
		return;
	interface->owner = number_of(root, name, "owner", UINT64_MAX);
	interface->allowed = is_allowed(root, name, interface->owner);
	interface->multi_queue = tun & IFF_MULTI_QUEUE;
	interface->up = number_of(root, name, "flags", 0) & IFF_UP;
	interface->in_use = number_of(root, name, "carrier", 0) == 1;
	interface->master = master_of(root, name);
}

void net_collect(struct net_facts *net, const struct root *root)
{
	unsigned long long port;
	bool known = root_number(root, &port, "/proc/sys/net/ipv4/ip_unprivileged_port_start");
	size_t n;
	char **name = root_list(root, &n, CLASS);

	*net = (struct net_facts){
		.root = geteuid() == 0,
		.unprivileged = known && port <= UINT16_MAX ? (unsigned)port : UNPRIVILEGED,
		.tun_open = is_open(root, "/dev/net/tun"),
		.vhost_open = is_open(root, "/dev/vhost-net"),
	};
	for (size_t i = 0; i < n; i++)
		read_interface(xappend(net->interface, net->interfaces), root, name[i]);
	names_free(name, n);
}

void net_free(struct net_facts *net)
{
	for (size_t i = 0; i < net->interfaces; i++) {
		free(net->interface[i].name);
		free(net->interface[i].master);
	}
	free(net->interface);
	*net = (struct net_facts){0};
}
