/* Networks by a tap interface that is there already, and what is common to all taps. */
#include <string.h>

#include "base/alloc.h"
#include "base/tongue.h"
#include "compose.h"
#include "net.h"

const struct net_interface *net_find(const struct composer *c, const char *name)
{
	const struct net_facts *net = &c->facts->net;

	for (size_t i = 0; i < net->interfaces; i++)
		if (strcmp(net->interface[i].name, name) == 0)
			return &net->interface[i];
	return NULL;
}

/* Why this user cannot have it, or NULL; the caller owns it. */
static char *tap_problem(const struct composer *c, const char *name)
{
	const struct net_interface *tap = net_find(c, name);

	if (!tap)
		return xasprintf(
			_("this host has no interface %s: sudo ip tuntap add dev %s mode tap user YOU, then sudo ip link set %s up, makes one that is yours"),
			name, name, name);
	if (!tap->tap)
		return xasprintf(_("%s is no tap interface"), name);
	if (!tap->allowed) {
		own_free char *whose =
			tap->owner == UINT64_MAX
				? xstrdup(_("a group that you are not of"))
				: xasprintf(_("another user (user id %lu) or group"), tap->owner);

		return xasprintf(
			_("%s was made for %s: sudo ip tuntap add dev NAME mode tap user YOU makes one that is yours"),
			name, whose);
	}
	if (!c->facts->net.tun_open)
		return xstrdup(NET_TUN_CLOSED);
	if (tap->in_use)
		return xasprintf(_("%s is in use by another machine or program"), name);
	return NULL;
}

static bool wants_tap(const struct network *network)
{
	return network->tap.v &&
	       (network->mode.v == NETWORK_TAP || network->mode.v == NETWORK_AUTO);
}

/* Whether an earlier section has it already. */
static bool is_taken(const struct composer *c, const struct network *network)
{
	for (size_t i = 0; c->p->network.v[i] != &network->item; i++) {
		const struct network *other = (const struct network *)c->p->network.v[i];

		if (net_is_there(other) && wants_tap(other) &&
		    strcmp(other->tap.v, network->tap.v) == 0)
			return true;
	}
	return false;
}

unsigned net_queues(struct composer *c, const struct network *network, bool can)
{
	unsigned cpus = c->plan->placement.cores * c->plan->placement.threads;

	if (network->queues.automatic)
		return !can || network->model.v != MODEL_VIRTIO || cpus < 2 ? 1
		       : cpus < 8					    ? cpus
									    : 8;
	if (network->queues.v > 1 && network->model.v != MODEL_VIRTIO)
		compose_wrong(c, network->queues.at, "%s: a card of that model has one",
			      compose_key(c, &network->queues.at));
	else if (network->queues.v > 1 && !can)
		compose_refuse(
			c, network->queues.at,
			"%s: %s was made for one queue: sudo ip tuntap add dev NAME mode tap user YOU multi_queue makes another",
			compose_key(c, &network->queues.at), network->tap.v);
	return (unsigned)network->queues.v;
}

void net_add_queues(struct composer *c, const struct network *network, const char *id,
		    const struct net_queues *queues)
{
	own_buf struct buf fds = {0};
	struct option o = option_new("tap");

	for (unsigned i = 0; i < queues->n; i++) {
		int number = compose_fd(c, queues->role, xstrdup(queues->interface));

		c->plan->fd[c->plan->fds - 1].multi_queue = queues->multi_queue;
		buf_addf(&fds, "%s%d", i ? ":" : "", number);
	}
	option_text(&o, "id", id);
	option_text(&o, queues->n > 1 ? "fds" : "fd", fds.data);
	/* The kernel moves the packets, past QEMU. */
	if (network->model.v == MODEL_VIRTIO && queues->vhost)
		option_on(&o, "vhost", true);
	compose_argument(c, "-netdev", option_done(&o), queues->at, queues->why);
}

unsigned net_add_tap(struct composer *c, const struct network *network, const char *id)
{
	const struct net_interface *tap = net_find(c, network->tap.v);
	unsigned queues = net_queues(c, network, tap->multi_queue);
	own_free char *why = xasprintf("%s%s%s", tap->name, tap->master ? _(", a port of ") : "",
				       tap->master ? tap->master : "");

	net_add_queues(c, network, id,
		       &(const struct net_queues){
			       .interface = tap->name,
			       .role = FD_TAP,
			       .n = queues,
			       .multi_queue = tap->multi_queue,
			       .vhost = c->facts->net.vhost_open,
			       .at = &network->tap.at,
			       .why = why,
		       });
	if (!tap->up)
		compose_note(c, "the interface %s is down: sudo ip link set %s up", tap->name,
			     tap->name);
	return queues;
}

bool net_gets_tap(struct composer *c, const struct network *network)
{
	own_free char *problem = NULL;
	const char *key = compose_key(c, &network->tap.at);

	if (!wants_tap(network) || c->in->purpose == PURPOSE_PROBE)
		return false;
	if (is_taken(c, network)) {
		compose_wrong(c, network->tap.at, "%s: another network has %s", key,
			      network->tap.v);
		return false;
	}
	problem = tap_problem(c, network->tap.v);
	if (problem && network->mode.v == NETWORK_TAP)
		compose_refuse(c, network->tap.at, "%s: %s", key, problem);
	else if (problem)
		compose_note(c, "%s: %s; it is behind the host's address instead", key, problem);
	return !problem;
}
