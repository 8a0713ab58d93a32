/* Network cards. */
#include "base/alloc.h"
#include "compose.h"

static char *mac_of(const struct composer *c, const struct network *network, const char *id)
{
	own_free char *word = xasprintf("mac %s", id);
	uint8_t bytes[3];

	if (network->mac.v)
		return xstrdup(network->mac.v);
	compose_identity(c, word, bytes, sizeof(bytes));
	/* QEMU's and KVM's customary prefix, a locally administered one. */
	return xasprintf("52:54:00:%02x:%02x:%02x", bytes[0], bytes[1], bytes[2]);
}

static void add_card(struct composer *c, const struct network *network, const char *id)
{
	own_free char *bus = compose_port(c, &network->item);
	own_free char *mac = mac_of(c, network, id);
	unsigned index = compose_bootindex(c, &network->item);
	struct option o =
		option_new(network->model.v == MODEL_E1000E ? "e1000e" : "virtio-net-pci");

	option_text(&o, "id", id);
	option_text(&o, "bus", bus);
	option_slot(&o, "addr", 0, 0);
	option_text(&o, "netdev", id);
	option_text(&o, "mac", mac);
	/* The option ROM boots from the network, which costs minutes where nothing answers. (By
	 * rombar=0 SeaBIOS would get it all the same: QEMU, pci_add_option_rom().)
	 */
	if (index)
		option_number(&o, "bootindex", index);
	else
		option_text(&o, "romfile", "");
	compose_argument(c, "-device", option_done(&o), &network->model.at,
			 network->mac.v ? NULL : "the address is the same on every start");
}

/* QEMU takes ports one by one. */
static void add_forward(struct composer *c, struct option *o, const struct forward *forward)
{
	const uint32_t a = forward->address;
	unsigned lowest = c->facts->net.unprivileged;

	if (forward->host < lowest)
		compose_refuse(
			c, forward->at,
			"%s: the host's ports below %u are root's, and QEMU never runs as root: choose a higher one for the host; the guest's may be any",
			compose_key(c, &forward->at), lowest);
	for (unsigned i = 0; i < forward->ports; i++) {
		own_free char *rule = xasprintf("%s:%u.%u.%u.%u:%u-:%u",
						forward->protocol == FORWARD_TCP ? "tcp" : "udp",
						a >> 24, a >> 16 & 0xff, a >> 8 & 0xff, a & 0xff,
						forward->host + i, forward->guest + i);

		option_text(o, "hostfwd", rule);
	}
}

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

static bool is_there(const struct network *network)
{
	return network->item.enabled.v && network->mode.v != NETWORK_NONE;
}

/* Whether anything has a boot index. */
static bool boots(const struct composer *c)
{
	for (size_t i = 0; i < c->p->disk.n; i++)
		if (c->p->disk.v[i]->enabled.v && compose_bootindex(c, c->p->disk.v[i]))
			return true;
	for (size_t i = 0; i < c->p->network.n; i++)
		if (is_there((const struct network *)c->p->network.v[i]) &&
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
		struct option o;

		if (!is_there(network))
			continue;
		cards = true;
		o = option_new("user");
		option_text(&o, "id", id);
		for (size_t k = 0; k < network->forward.n; k++)
			add_forward(c, &o, &network->forward.v[k]);
		compose_argument(c, "-netdev", option_done(&o), &network->mode.at, NULL);
		add_card(c, network, id);
	}
	if (cards && c->firmware && c->in->purpose == PURPOSE_RUN && !boots(c))
		keep_firmware_off(c);
}
