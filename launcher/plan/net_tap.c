/* Networks by a tap interface that is there already. */
#include <string.h>

#include "base/alloc.h"
#include "compose.h"
#include "net.h"

static const struct net_interface *find_interface(const struct composer *c, const char *name)
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
	const struct net_interface *tap = find_interface(c, name);

	if (!tap)
		return xasprintf(
			"this host has no interface %s: sudo ip tuntap add dev %s mode tap user YOU, then sudo ip link set %s up, makes one that is yours",
			name, name, name);
	if (!tap->tap)
		return xasprintf("%s is no tap interface", name);
	if (!tap->allowed) {
		own_free char *whose =
			tap->owner == UINT64_MAX
				? xstrdup("a group that you are not of")
				: xasprintf("another user (user id %lu) or group", tap->owner);

		return xasprintf(
			"%s was made for %s: sudo ip tuntap add dev NAME mode tap user YOU makes one that is yours",
			name, whose);
	}
	if (!c->facts->net.tun_open)
		return xstrdup("/dev/net/tun is not there, or not open to you: sudo modprobe tun");
	if (tap->in_use)
		return xasprintf("%s is in use by another machine or program", name);
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

static unsigned queues_of(struct composer *c, const struct network *network,
			  const struct net_interface *tap)
{
	unsigned cpus = c->plan->placement.cores * c->plan->placement.threads;
	bool can = tap->multi_queue && network->model.v == MODEL_VIRTIO;

	if (network->queues.automatic)
		return !can || cpus < 2 ? 1 : cpus < 8 ? cpus : 8;
	if (network->queues.v > 1 && network->model.v != MODEL_VIRTIO)
		compose_wrong(c, network->queues.at, "%s: a card of that model has one",
			      compose_key(c, &network->queues.at));
	else if (network->queues.v > 1 && !tap->multi_queue)
		compose_refuse(
			c, network->queues.at,
			"%s: %s was made for one queue: sudo ip tuntap add dev NAME mode tap user YOU multi_queue makes another",
			compose_key(c, &network->queues.at), tap->name);
	return (unsigned)network->queues.v;
}

unsigned net_add_tap(struct composer *c, const struct network *network, const char *id)
{
	const struct net_interface *tap = find_interface(c, network->tap.v);
	unsigned queues = queues_of(c, network, tap);
	own_buf struct buf fds = {0};
	own_free char *why = NULL;
	struct option o = option_new("tap");

	for (unsigned i = 0; i < queues; i++) {
		int number = compose_fd(c, FD_TAP, xstrdup(tap->name));

		c->plan->fd[c->plan->fds - 1].multi_queue = tap->multi_queue;
		buf_addf(&fds, "%s%d", i ? ":" : "", number);
	}
	option_text(&o, "id", id);
	option_text(&o, queues > 1 ? "fds" : "fd", fds.data);
	/* The kernel moves the packets, past QEMU. */
	if (network->model.v == MODEL_VIRTIO && c->facts->net.vhost_open)
		option_on(&o, "vhost", true);
	why = xasprintf("%s%s%s", tap->name, tap->master ? ", a port of " : "",
			tap->master ? tap->master : "");
	compose_argument(c, "-netdev", option_done(&o), &network->tap.at, why);
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
