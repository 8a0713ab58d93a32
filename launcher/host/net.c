/* What the host's network lets a user do: the ports that are free to all, the interfaces, and who
 * may open those that are made for machines.
 */
#include <ctype.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/if_arp.h>
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

/* Seconds that a port of a bridge with STP waits before it forwards; forward_delay is in
 * hundredths. */
static unsigned delay_of(const struct root *root, const char *name)
{
	return number_of(root, name, "bridge/stp_state", 0)
		       ? (unsigned)(2 * number_of(root, name, "bridge/forward_delay", 0) / 100)
		       : 0;
}

static void read_tap(struct net_interface *interface, const struct root *root, uint64_t flags)
{
	const char *name = interface->name;

	interface->tap = true;
	interface->owner = number_of(root, name, "owner", UINT64_MAX);
	interface->allowed = is_allowed(root, name, interface->owner);
	interface->multi_queue = flags & IFF_MULTI_QUEUE;
	interface->in_use = number_of(root, name, "carrier", 0) == 1;
}

bool net_interface_read(struct net_interface *interface, const struct root *root, const char *name)
{
	uint64_t tun, flags;

	if (!root_exists(root, CLASS "/%s", name))
		return false;
	tun = number_of(root, name, "tun_flags", 0);
	flags = number_of(root, name, "flags", 0);
	*interface = (struct net_interface){
		.name = xstrdup(name),
		.index = (unsigned)number_of(root, name, "ifindex", 0),
		.mtu = (unsigned)number_of(root, name, "mtu", 0),
		.bridge = root_exists(root, CLASS "/%s/bridge", name),
		.ethernet = number_of(root, name, "type", 0) == ARPHRD_ETHER,
		.wireless = root_exists(root, CLASS "/%s/wireless", name) ||
			    root_exists(root, CLASS "/%s/phy80211", name),
		.macvtap = root_exists(root, CLASS "/%s/macvtap", name),
		.lower = (unsigned)number_of(root, name, "iflink", 0),
		.up = flags & IFF_UP,
		.master = master_of(root, name),
		.owner = UINT64_MAX,
	};
	if (interface->bridge)
		interface->delay = delay_of(root, name);
	if (tun & IFF_TAP)
		read_tap(interface, root, tun);
	return true;
}

void net_interface_free(struct net_interface *interface)
{
	free(interface->name);
	free(interface->master);
	*interface = (struct net_interface){0};
}

/* Docker and others load br_netfilter, which has this on. */
static bool filters_bridges(const struct root *root)
{
	unsigned long long on;

	return root_number(root, &on, "/proc/sys/net/bridge/bridge-nf-call-iptables") && on;
}

void net_collect(struct net_facts *net, const struct root *root)
{
	unsigned long long port;
	bool known = root_number(root, &port, "/proc/sys/net/ipv4/ip_unprivileged_port_start");
	size_t n;
	char **name = root_list(root, &n, CLASS);

	*net = (struct net_facts){
		.root = root_is_real(root) && geteuid() == 0,
		.unprivileged = known && port <= UINT16_MAX ? (unsigned)port : UNPRIVILEGED,
		.tun_open = is_open(root, "/dev/net/tun"),
		.vhost_open = is_open(root, "/dev/vhost-net"),
		.vhost_there = root_exists(root, "/dev/vhost-net"),
		.bridge_filter = filters_bridges(root),
	};
	for (size_t i = 0; i < n; i++) {
		struct net_interface interface;

		if (net_interface_read(&interface, root, name[i]))
			*xappend(net->interface, net->interfaces) = interface;
	}
	names_free(name, n);
}

void net_free(struct net_facts *net)
{
	for (size_t i = 0; i < net->interfaces; i++)
		net_interface_free(&net->interface[i]);
	free(net->interface);
	*net = (struct net_facts){0};
}

/* ------------------------------------------------------------------ what a guest can be put on */

bool net_name_is_good(const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < n; i++)
		if (!strchr("._-", name[i]) && !isalnum((unsigned char)name[i]))
			return false;
	return n > 0 && n < IFNAMSIZ && *name != '.' && *name != '-';
}

const char *net_bridge_problem(const struct net_interface *interface)
{
	if (interface->bridge)
		return NULL;
	if (interface->wireless)
		return "is a wireless interface, which no bridge can have as a port: an access point takes frames of the card's own address alone, so neither a bridge nor macvtap leads through one; mode = auto does";
	return "is no bridge";
}

char *net_macvtap_problem(const struct net_interface *interface)
{
	if (interface->wireless)
		return xstrdup(
			"is a wireless interface: an access point takes frames of the card's own address alone, so neither macvtap nor a bridge leads through one; mode = auto does");
	if (!interface->ethernet)
		return xstrdup("is no Ethernet interface");
	if (interface->tap || interface->macvtap)
		return xstrdup("is another guest's");
	if (interface->master)
		return xasprintf(
			"is a port of %s already: mode = bridge with that, if it is a bridge",
			interface->master);
	return NULL;
}
