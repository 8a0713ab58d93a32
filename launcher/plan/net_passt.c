/* Networks behind the host's address by passt, a program beside QEMU.
 *
 * By vhost-user, where both can: passt takes the packets out of the guest's memory and puts them
 * there, and QEMU moves none. QEMU hands memory over a socket that has a path alone; passt takes a
 * connection (-F), and of sockets only its own, which is there before passt is ready. So a socket
 * of ours listens, and who becomes passt takes QEMU's connection first (JOIN_ACCEPT): nobody waits
 * for anything, and no profile of AppArmor's is asked for a path.
 *
 * Else by a stream, of which each has an end: QEMU copies each packet, as it does for its own.
 * QEMU's -netdev passt would start the program, which its sandbox forbids.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/tongue.h"
#include "compose.h"
#include "net.h"

bool plan_wants_passt(const struct profile *profile)
{
	for (size_t i = 0; i < profile->network.n; i++) {
		const struct network *network = (const struct network *)profile->network.v[i];

		if (net_is_there(network) &&
		    (network->mode.v == NETWORK_PASST || network->mode.v == NETWORK_AUTO))
			return true;
	}
	return false;
}

/* It goes into a user namespace, where it may. */
char *net_passt_lack(const struct composer *c)
{
	own_free char *install = NULL;

	if (c->in->purpose != PURPOSE_RUN)
		return NULL;
	if (!compose_program(c, PASST)) {
		install = distribution_install(c->facts->distribution, PACKAGE_PASST);
		return xasprintf(_("passt, which is faster, is not there: %s"), install);
	}
	/* As nobody, whom it becomes, it has no right to what it is given; to stay root is refused
	 * to one of 2026 by the kernel (uid_map, user_namespaces(7): CAP_SETFCAP).
	 */
	if (c->facts->net.root)
		return xstrdup(_(
			"passt, which is faster, stays root in its older releases alone, where mode = passt asks for it"));
	return c->facts->userns_closed
		       ? xstrdup(_(
				 "passt, which is faster, needs a user namespace, and the kernel lets no user make one"))
		       : NULL;
}

/* The fastest that asks nobody for a password: passt moves twice as much as QEMU's own for each
 * second of a processor.
 */
bool net_is_by_passt(const struct composer *c, const struct network *network)
{
	own_free char *lack = NULL;

	if (c->in->purpose != PURPOSE_RUN || network->mode.v != NETWORK_AUTO)
		return c->in->purpose == PURPOSE_RUN && network->mode.v == NETWORK_PASST;
	/* Its tap is asked for first, and may not be had. */
	lack = net_passt_lack(c);
	return !lack;
}

/* passt(1): ADDRESS/FIRST-LAST:FIRST-LAST. */
static void add_passt_ports(struct composer *c, struct plan_companion *passt,
			    const struct forward *forward)
{
	own_free char *address = net_address_text(forward->address);
	unsigned more = forward->ports - 1U;

	net_check_forward(c, forward);
	compose_companion_arg(passt, xstrdup(forward->protocol == FORWARD_TCP ? "-t" : "-u"));
	compose_companion_arg(passt, xasprintf("%s/%u-%u:%u-%u", address, forward->host,
					       forward->host + more, forward->guest,
					       forward->guest + more));
}

/* Why it gets a stream, which the caller owns; NULL: it is joined by vhost-user. */
static char *stream_reason(const struct composer *c, const struct network *network)
{
	const struct plan_program *passt = compose_program_known(c, PASST);

	if (network->model.v != MODEL_VIRTIO)
		return xstrdup(_("QEMU itself moves the packets of a card of that model"));
	if (!passt || !passt->vhost_user)
		return xstrdup(_("this passt is older than that"));
	/* What is there tells whether QEMU was built with it. 7.2, whose plain memory is nobody
	 * else's, ends under emulation when the guest takes the card up.
	 */
	if (!compose_shares_plain_memory(c) ||
	    !qemu_offers(&c->facts->qemu, QEMU_DEVICES, VIRTIOFS_DEVICE))
		return xasprintf(_("QEMU %s cannot share plain memory, or is built without it"),
				 c->facts->qemu.version);
	return compose_sharing_cost(c);
}

bool compose_has_vhost_user(const struct composer *c)
{
	for (size_t i = 0; i < c->p->network.n; i++) {
		const struct network *network = (const struct network *)c->p->network.v[i];
		own_free char *reason = NULL;

		if (!net_is_there(network) || !net_is_by_passt(c, network))
			continue;
		reason = stream_reason(c, network);
		if (!reason)
			return true;
	}
	return false;
}

static void add_stream(struct composer *c, struct plan_companion *passt,
		       const struct network *network, const char *id, const char *reason)
{
	own_free char *why = xasprintf(
		_("passt is at the other end of a stream, not by vhost-user, which is faster: %s"),
		reason);
	struct option o = option_new("stream");

	option_text(&o, "id", id);
	option_on(&o, "server", false);
	option_text(&o, "addr.type", "fd");
	option_number(&o, "addr.str", (uint64_t)compose_companion_pair(c, passt));
	compose_argument(c, "-netdev", option_done(&o), &network->mode.at, why);
}

static void add_vhost_user(struct composer *c, struct plan_companion *passt,
			   const struct network *network, const char *id)
{
	struct option socket = option_new("socket"), o = option_new("vhost-user");

	compose_companion_arg(passt, xstrdup("--vhost-user"));
	option_text(&socket, "id", id);
	option_text(&socket, "path", compose_companion_accept(c, passt, id));
	compose_argument(c, "-chardev", option_done(&socket), &network->mode.at,
			 "passt comes to it there");
	option_text(&o, "id", id);
	option_text(&o, "chardev", id);
	compose_argument(c, "-netdev", option_done(&o), &network->mode.at,
			 "passt moves the packets, in the guest's memory");
}

static struct plan_companion *add_companion(struct composer *c, const struct network *network,
					    const char *id)
{
	static const char *const WORDS[] = {
		"-f", /* in the foreground */
		"-e", /* its words to the log, where it is old */
		"-q", /* but no page of facts */
		"-F", /* what leads to QEMU */
	};
	const char *program = compose_program(c, PASST);
	own_free char *name = item_text(&network->item), *install = NULL, *words = NULL;
	struct plan_companion *passt;

	if (!program) {
		install = distribution_install(c->facts->distribution, PACKAGE_PASST);
		compose_refuse(c, network->mode.at, "%s = passt: there is no program passt: %s",
			       compose_key(c, &network->mode.at), install);
		return NULL;
	}
	words = xasprintf("passt for %s", name);
	passt = compose_companion(
		c, words, id, program,
		N_("the guest has no network any more, until it is shut down and started anew (mode = user does without passt)"),
		&network->mode.at, NULL);
	if (!passt)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(WORDS); i++)
		compose_companion_arg(passt, xstrdup(WORDS[i]));
	compose_companion_arg(passt, xasprintf("%d", COMPANION_FD));
	/* Else it would become nobody, to which it has no right: it is root without capabilities.
	 */
	if (c->facts->net.root) {
		compose_companion_arg(passt, xstrdup("--runas"));
		compose_companion_arg(passt, xstrdup("0:0"));
	}
	for (size_t i = 0; i < network->forward.n; i++)
		add_passt_ports(c, passt, &network->forward.v[i]);
	return passt;
}

void net_add_passt(struct composer *c, const struct network *network, const char *id)
{
	struct plan_companion *passt = add_companion(c, network, id);
	own_free char *reason = stream_reason(c, network);

	if (passt && reason)
		add_stream(c, passt, network, id, reason);
	else if (passt)
		add_vhost_user(c, passt, network, id);
}
