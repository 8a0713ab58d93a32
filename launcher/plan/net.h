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

#endif
