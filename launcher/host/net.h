/* Network interfaces of the host's (/sys/class/net/NAME), and which of them a guest can be put on.
 * Plan and keeper ask the same functions.
 */
#ifndef HOST_NET_H
#define HOST_NET_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/root.h"

struct net_interface {
	char *name;
	unsigned index; /* the kernel's number of it, 0: not known */
	unsigned mtu;	/* bytes, 0: not known */
	bool bridge;	/* a bridge of the kernel's */
	bool ethernet;	/* its frames are Ethernet's, and it is no loopback */
	bool wireless;	/* an access point takes frames of its own address alone */
	bool macvtap;	/* a macvtap */
	unsigned lower; /* index of the interface under it, its own where there is none */
	bool up;
	char *master;	  /* the bridge (or bond) that it is a port of; NULL: none */
	unsigned delay;	  /* of a bridge with STP: seconds before a new port forwards, else 0 */
	bool tap;	  /* a tap device, and not a tun; what follows is known of such alone */
	bool allowed;	  /* this process may open it, by its owner and group */
	uint64_t owner;	  /* user id, UINT64_MAX: nobody's */
	bool multi_queue; /* it was made for several queues, and opens for no other use */
	bool in_use;	  /* somebody has it open; known only of one that is up */
};

/* Fills what it is given; false, with nothing to free, where there is none of that name. */
bool net_interface_read(struct net_interface *interface, const struct root *root, const char *name);
void net_interface_free(struct net_interface *interface);
#define own_net_interface own_with(net_interface_free)

/* Whether an interface can have this name (net/core/dev.c, dev_valid_name()), IFNAMSIZ with its NUL
 * at most; and one in which a person or a journal finds nothing odd: letters, digits, '.', '_',
 * '-'.
 */
bool net_name_is_good(const char *name);

/* What the interfaces that are made for a machine begin with, which no other is taken for. */
#define NET_MADE "vm-"

/* Why a guest's tap cannot be a port of it, as words behind its name; NULL: it can. */
const char *net_bridge_problem(const struct net_interface *interface);
/* Why it cannot carry a macvtap; likewise, and the caller owns them. */
char *net_macvtap_problem(const struct net_interface *interface);

#endif
