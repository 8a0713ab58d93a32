/* Networks by an interface that the keeper makes for the machine's life: a tap as a port of a
 * bridge of the host's, or a macvtap on one of its cards. Root makes it, the user owns and opens
 * it; so QEMU needs no right, and no helper that is setuid.
 */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/tongue.h"
#include "net.h"

static bool is_macvtap(const struct network *network)
{
	return network->mode.v == NETWORK_MACVTAP;
}

bool net_is_made(const struct network *network)
{
	return network->mode.v == NETWORK_BRIDGE || is_macvtap(network);
}

bool plan_makes_interface(const struct profile *profile)
{
	for (size_t i = 0; i < profile->network.n; i++) {
		const struct network *network = (const struct network *)profile->network.v[i];

		if (net_is_there(network) && net_is_made(network))
			return true;
	}
	return false;
}

static const struct text *lower_of(const struct network *network)
{
	return is_macvtap(network) ? &network->interface : &network->bridge;
}

/* The same on every start, and nobody else's: of the machine's name as much as there is room for,
 * and what tells it from others that begin alike.
 */
static char *name_of(const struct composer *c, const char *id)
{
	own_free char *word = xasprintf("interface %s", id);
	uint8_t tail[2];
	char *name;

	compose_identity(c, word, tail, sizeof(tail));
	name = xasprintf(NET_MADE "%.7s-%02x%02x", c->p->vm.name.v, tail[0], tail[1]);
	/* A dot is a VLAN's to most eyes. */
	for (char *dot; (dot = strchr(name, '.'));)
		*dot = '_';
	return name;
}

/* Notes on what is no reason to refuse, and costs an evening. */
static void add_notes(struct composer *c, const struct network *network,
		      const struct net_interface *lower)
{
	if (!lower->up)
		compose_note(c, "the interface %s is down: sudo ip link set %s up", lower->name,
			     lower->name);
	if (is_macvtap(network))
		compose_note(
			c,
			"by macvtap the guest reaches everybody on %s's network but this host, and this host does not reach it: mode = bridge lets them talk",
			lower->name);
	else if (c->facts->net.bridge_filter)
		compose_note(
			c,
			"this host's firewall looks at what crosses bridges as well (br_netfilter is loaded, as Docker does): where its FORWARD policy is DROP, the guest gets no answer until a rule accepts %s: sudo iptables -I FORWARD -i %s -j ACCEPT; sudo iptables -I FORWARD -o %s -j ACCEPT",
			lower->name, lower->name, lower->name);
	if (lower->delay)
		compose_note(
			c,
			"the bridge %s has STP on and lets a new port wait for %u seconds: the guest has no network before",
			lower->name, lower->delay);
}

/* The interface that carries it, if it can; NULL with refusals. */
static const struct net_interface *find_lower(struct composer *c, const struct network *network)
{
	const struct text *text = lower_of(network);
	const char *key = compose_key(c, &text->at);
	const struct net_interface *lower = net_find(c, text->v);
	own_free char *problem = NULL;

	if (!lower) {
		compose_refuse(c, text->at, "%s: this host has no interface %s", key, text->v);
		return NULL;
	}
	if (is_macvtap(network))
		problem = net_macvtap_problem(lower);
	else if (net_bridge_problem(lower))
		problem = xstrdup(net_bridge_problem(lower));
	if (problem) {
		compose_refuse(c, text->at, "%s: %s %s", key, text->v, problem);
		return NULL;
	}
	/* A macvtap has a node of its own. */
	if (!is_macvtap(network) && !c->facts->net.tun_open) {
		compose_refuse(c, text->at, "%s: " NET_TUN_CLOSED, key);
		return NULL;
	}
	return lower;
}

/* The guest's, but for the first byte: a bridge takes the lowest address of its ports for its own,
 * and would change it for the machine's life.
 */
static void high_address(const uint8_t guest[MAC_BYTES], uint8_t mac[MAC_BYTES])
{
	memcpy(mac, guest, MAC_BYTES);
	mac[0] = guest[0] == 0xfe ? 0xfa : 0xfe;
}

unsigned net_add_made(struct composer *c, const struct network *network, const char *id,
		      const uint8_t mac[MAC_BYTES])
{
	const struct net_interface *lower = find_lower(c, network);
	unsigned queues = net_queues(c, network, true);
	own_free char *name = name_of(c, id), *why = NULL;
	struct made_place *made;

	if (!lower)
		return 1;
	if (c->mades == ARRAY_SIZE(c->made)) {
		compose_wrong(c, network->mode.at, "%s: more interfaces than %zu",
			      compose_key(c, &network->mode.at), ARRAY_SIZE(c->made));
		return 1;
	}
	made = &c->made[c->mades++];
	*made = (struct made_place){.network = network, .lower = lower, .queues = queues};
	snprintf(made->name, sizeof(made->name), "%s", name);
	memcpy(made->mac, mac, MAC_BYTES);
	why = xasprintf(is_macvtap(network) ? _("%s, made for this machine on %s")
					    : _("%s, made for this machine as a port of %s"),
			name, lower->name);
	net_add_queues(c, network, id,
		       &(const struct net_queues){
			       .interface = name,
			       .role = is_macvtap(network) ? FD_MACVTAP : FD_TAP,
			       .n = queues,
			       .multi_queue = queues > 1,
			       .vhost = c->facts->net.vhost_there,
			       .at = &lower_of(network)->at,
			       .why = why,
		       });
	add_notes(c, network, lower);
	return queues;
}

/* ------------------------------------------------------------------ for the keeper */

static void bridge_lines(struct plan_step *step, const struct made_place *made)
{
	char text[MAC_TEXT];
	const char *mac = mac_format(step->intent.tap.mac, text);

	compose_line(step, "ip tuntap add dev %s mode tap user $USER vnet_hdr%s", made->name,
		     made->queues > 1 ? " multi_queue" : "");
	compose_line(step, "ip link set dev %s address %s mtu %u master %s up", made->name, mac,
		     made->lower->mtu, made->lower->name);
}

static void macvtap_lines(struct plan_step *step, const struct made_place *made)
{
	char text[MAC_TEXT];
	const char *mac = mac_format(step->intent.tap.mac, text);

	compose_line(step, "ip link add link %s name %s address %s type macvtap mode bridge",
		     made->lower->name, made->name, mac);
	compose_line(step, "ip link set dev %s up", made->name);
	compose_line(step, "setfacl -m u:$USER:rw /dev/tap$(cat /sys/class/net/%s/ifindex)",
		     made->name);
}

static void step_made(struct composer *c, const struct made_place *made)
{
	bool macvtap = is_macvtap(made->network);
	struct plan_step *step =
		compose_step(c, STEP_TAP, &lower_of(made->network)->at, "removed again afterwards");

	_Static_assert(sizeof(step->intent.tap.name) == sizeof(made->name), "IFNAMSIZ, both");
	step->intent.tap.way = macvtap ? TAP_MACVTAP : TAP_BRIDGE;
	step->intent.tap.multi_queue = made->queues > 1;
	memcpy(step->intent.tap.name, made->name, sizeof(made->name));
	snprintf(step->intent.tap.lower, sizeof(step->intent.tap.lower), "%s", made->lower->name);
	if (macvtap)
		memcpy(step->intent.tap.mac, made->mac, sizeof(made->mac));
	else
		high_address(made->mac, step->intent.tap.mac);
	(macvtap ? macvtap_lines : bridge_lines)(step, made);
}

/* The kernel's own worker for the packets; who is not of the group kvm may not open it. */
static void step_vhost(struct composer *c)
{
	const struct net_facts *net = &c->facts->net;
	struct plan_step *step;

	for (size_t i = 0; i < c->mades && net->vhost_there && !net->vhost_open; i++) {
		const struct network *network = c->made[i].network;

		if (network->model.v != MODEL_VIRTIO)
			continue;
		step = compose_step(c, STEP_GRANT, &network->mode.at, "this user may not open it");
		step->intent.grant.node = NODE_VHOST;
		compose_line(step, "setfacl -m u:$USER:rw /dev/vhost-net");
		return;
	}
}

void compose_network_steps(struct composer *c)
{
	for (size_t i = 0; i < c->mades; i++)
		step_made(c, &c->made[i]);
	step_vhost(c);
}
