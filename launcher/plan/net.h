/* Private to launcher/plan: what the files of networks share. */
#ifndef PLAN_NET_H
#define PLAN_NET_H

#include "compose.h"

/* Whether a section makes a card. */
static inline bool net_is_there(const struct network *network)
{
	return network->item.enabled.v && network->mode.v != NETWORK_NONE;
}

/* Whether it gets the tap that it names; a note or a refusal where it cannot. */
bool net_gets_tap(struct composer *c, const struct network *network);
/* Hands QEMU that interface, open: it need not be able to open any. Returns the pairs of queues. */
unsigned net_add_tap(struct composer *c, const struct network *network, const char *id);

/* The host's interface of that name; NULL: there is none. */
const struct net_interface *net_find(const struct composer *c, const char *name);

#define NET_TUN_CLOSED "/dev/net/tun is not there, or not open to you: sudo modprobe tun"

/* How many pairs of queues its card gets, on an interface that can have several or cannot. */
unsigned net_queues(struct composer *c, const struct network *network, bool can);

/* Queues of an interface, which QEMU is handed open. */
struct net_queues {
	const char *interface; /* its name */
	enum plan_fd_role role;
	unsigned n;
	bool multi_queue; /* the interface is one for several, whatever n is */
	bool vhost;	  /* the kernel can move the packets of a virtio card */
	const struct origin *at;
	const char *why;
};
void net_add_queues(struct composer *c, const struct network *network, const char *id,
		    const struct net_queues *queues);

/* Refuses what the host keeps for root. */
void net_check_forward(struct composer *c, const struct forward *forward);
/* "127.0.0.1", which the caller owns. */
char *net_address_text(uint32_t address);

/* Whether it is by passt, where that can be had if the profile leaves it to us; and the adding of
 * that, with the companion.
 */
bool net_is_by_passt(const struct composer *c, const struct network *network);
/* Why there is none, and what would have it, which the caller owns; NULL: there is, or nobody wants
 * one.
 */
char *net_passt_lack(const struct composer *c);
void net_add_passt(struct composer *c, const struct network *network, const char *id);

/* Whether it is by an interface that the keeper makes, and the adding of that with its steps; mac:
 * the guest's. Returns the pairs of queues.
 */
bool net_is_made(const struct network *network);
unsigned net_add_made(struct composer *c, const struct network *network, const char *id,
		      const uint8_t mac[MAC_BYTES]);

#endif
