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
	if (index)
		option_number(&o, "bootindex", index);
	compose_argument(c, "-device", option_done(&o), &network->model.at,
			 network->mac.v ? NULL : "the address is the same on every start");
}

void compose_networks(struct composer *c)
{
	for (size_t i = 0; i < c->p->network.n; i++) {
		const struct network *network = (const struct network *)c->p->network.v[i];
		own_free char *id = compose_id(&network->item);
		struct option o;

		if (!network->item.enabled.v || network->mode.v == NETWORK_NONE)
			continue;
		o = option_new("user");
		option_text(&o, "id", id);
		compose_argument(c, "-netdev", option_done(&o), &network->mode.at, NULL);
		add_card(c, network, id);
	}
}
