/* Network cards, and what is behind them: a network behind the host's address, QEMU's own or
 * passt's, a tap interface that is there already, or one that the keeper makes. A probe has the
 * first of these always: it needs no network, and the machine may run beside it.
 */
#include <string.h>

#include "base/alloc.h"
#include "compose.h"
#include "net.h"

/* What the guest's card has. */
static void card_address(const struct composer *c, const struct network *network, const char *id,
			 uint8_t mac[MAC_BYTES])
{
	/* QEMU's and KVM's customary prefix, a locally administered one. */
	static const uint8_t prefix[3] = {0x52, 0x54, 0x00};
	own_free char *word = xasprintf("mac %s", id);

	if (network->mac.given) {
		memcpy(mac, network->mac.v, MAC_BYTES);
		return;
	}
	memcpy(mac, prefix, sizeof(prefix));
	compose_identity(c, word, mac + sizeof(prefix), MAC_BYTES - sizeof(prefix));
}

/* queues: pairs of them. */
static void add_card(struct composer *c, const struct network *network, const char *id,
		     const uint8_t mac[MAC_BYTES], unsigned queues)
{
	char text[MAC_TEXT];
	own_free char *bus = compose_port(c, &network->item);
	unsigned index = compose_bootindex(c, &network->item);
	struct option o =
		option_new(network->model.v == MODEL_E1000E ? "e1000e" : "virtio-net-pci");

	option_text(&o, "id", id);
	option_text(&o, "bus", bus);
	option_slot(&o, "addr", 0, 0);
	option_text(&o, "netdev", id);
	option_text(&o, "mac", mac_format(mac, text));
	/* An interrupt for each queue, for the configuration and for the control queue. */
	if (queues > 1) {
		option_on(&o, "mq", true);
		option_number(&o, "vectors", 2 * queues + 2);
	}
	/* The option ROM boots from the network, which costs minutes where nothing answers. (By
	 * rombar=0 SeaBIOS would get it all the same: QEMU, pci_add_option_rom().)
	 */
	if (index)
		option_number(&o, "bootindex", index);
	else
		option_text(&o, "romfile", "");
	compose_argument(c, "-device", option_done(&o), &network->model.at,
			 network->mac.given ? NULL : "the address is the same on every start");
}

void net_check_forward(struct composer *c, const struct forward *forward)
{
	unsigned lowest = c->facts->net.unprivileged;

	if (forward->host < lowest)
		compose_refuse(
			c, forward->at,
			"%s: the host's ports below %u are root's, and QEMU never runs as root: choose a higher one for the host; the guest's may be any",
			compose_key(c, &forward->at), lowest);
}

char *net_address_text(uint32_t a)
{
	return xasprintf("%u.%u.%u.%u", a >> 24, a >> 16 & 0xff, a >> 8 & 0xff, a & 0xff);
}

/* QEMU takes ports one by one. */
static void add_forward(struct composer *c, struct option *o, const struct forward *forward)
{
	own_free char *address = net_address_text(forward->address);

	net_check_forward(c, forward);
	for (unsigned i = 0; i < forward->ports; i++) {
		own_free char *rule =
			xasprintf("%s:%s:%u-:%u", forward->protocol == FORWARD_TCP ? "tcp" : "udp",
				  address, forward->host + i, forward->guest + i);

		option_text(o, "hostfwd", rule);
	}
}

/* ------------------------------------------------------------------ behind the host's address */

static void add_user(struct composer *c, const struct network *network, const char *id)
{
	struct option o = option_new("user");
	own_free char *why = NULL;

	option_text(&o, "id", id);
	/* The machine itself may run beside its probe, and have them. */
	for (size_t i = 0; i < network->forward.n && c->in->purpose == PURPOSE_RUN; i++)
		add_forward(c, &o, &network->forward.v[i]);
	why = network->mode.v == NETWORK_AUTO ? net_passt_lack(c) : NULL;
	compose_argument(c, "-netdev", option_done(&o), &network->mode.at, why);
}

/* ------------------------------------------------------------------ all of them */

/* Where nothing is named to boot from, the firmware tries all that it finds. It reads these (edk2,
 * OvmfPkg/README, NetworkPkg) and finds no network then.
 */
static void keep_firmware_off(struct composer *c)
{
	static const char *const WORDS[] = {"IPv4PXESupport", "IPv6PXESupport", "IPv4Support",
					    "IPv6Support"};

	for (size_t i = 0; i < ARRAY_SIZE(WORDS); i++) {
		own_free char *name = xasprintf("opt/org.tianocore/%s", WORDS[i]);
		struct option o = option_new(NULL);

		option_text(&o, "name", name);
		option_text(&o, "string", "n");
		compose_fixed(c, "-fw_cfg", option_done(&o),
			      "the firmware boots from no network where it has nothing else");
	}
}

/* A USB device that comes later has no boot index yet. */
static bool is_there(const struct composer *c, const struct item *item)
{
	size_t found;

	return usb_find(&c->facts->devices.usb, &((const struct usb *)item)->device.v, &found);
}

/* Whether anything has a boot index. */
static bool machine_boots(const struct composer *c)
{
	const struct items *const items[] = {&c->p->disk, &c->p->pci, &c->p->usb};
	size_t kinds = c->in->no_devices ? 1 : ARRAY_SIZE(items);

	for (size_t k = 0; k < kinds; k++)
		for (size_t i = 0; i < items[k]->n; i++)
			if (items[k]->v[i]->enabled.v && compose_bootindex(c, items[k]->v[i]) &&
			    (items[k] != &c->p->usb || is_there(c, items[k]->v[i])))
				return true;
	for (size_t i = 0; i < c->p->network.n; i++)
		if (net_is_there((const struct network *)c->p->network.v[i]) &&
		    compose_bootindex(c, c->p->network.v[i]))
			return true;
	return false;
}

void compose_networks(struct composer *c)
{
	bool cards = false;

	for (size_t i = 0; i < c->p->network.n; i++) {
		const struct network *network = (const struct network *)c->p->network.v[i];
		own_free char *id = compose_id(&network->item);
		uint8_t mac[MAC_BYTES];
		unsigned queues = 1;

		if (!net_is_there(network))
			continue;
		cards = true;
		card_address(c, network, id, mac);
		if (net_gets_tap(c, network))
			queues = net_add_tap(c, network, id);
		else if (net_is_made(network) && c->in->purpose == PURPOSE_RUN)
			queues = net_add_made(c, network, id, mac);
		else if (net_is_by_passt(c, network))
			net_add_passt(c, network, id);
		else
			add_user(c, network, id);
		add_card(c, network, id, mac, queues);
	}
	if (cards && c->firmware && c->in->purpose == PURPOSE_RUN && !machine_boots(c))
		keep_firmware_off(c);
}
