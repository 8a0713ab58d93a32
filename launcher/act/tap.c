/* A network interface for a machine's life: a tap as a port of a bridge, or a macvtap on a card.
 * What comes in are two names and an address; the host says itself what is behind them.
 *
 * ip(8) does the work, as in a person's hands: making a macvtap is rtnetlink's, whose attributes it
 * knows, and the lines that a plan shows are those that run. It gets CAP_NET_ADMIN from us, who
 * have it for whom we start alone (rights.c).
 *
 * A tap that joins a bridge can change it: the bridge takes the lowest address and the smallest MTU
 * of its ports. So both are set before it joins. One without a port takes ours, and has none at all
 * when that goes: then it is given back the one that it had.
 */
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/mac_address.h"
#include "base/trusted.h"
#include "host/net.h"
#include "state.h"

#define IP_MS 10000
#define ARGUMENTS 16

struct wanted_tap {
	struct keeper *k;
	const char *name, *lower;
	enum step_tap way;
	bool multi_queue;
	char mac[MAC_TEXT];
	char mtu[sizeof("4294967295")];
};

/* argv begins with the place of the program's path, and ends with a NULL. */
static bool run_ip(struct keeper *k, const char *argv[], struct error **err)
{
	own_free char *program = NULL;
	own_buf struct buf line = {0};

	/* The programs of a recorded host are not here, and its interfaces neither. */
	if (!root_is_real(&k->root)) {
		error_add(err, ERROR_HOST, "this is not the machine that runs");
		return false;
	}
	program = trusted_program(&ROOT_REAL, "ip", err);
	if (!program) {
		error_context(err, "the program ip (iproute2) makes the guest's interface");
		return false;
	}
	argv[0] = program;
	buf_adds(&line, "ip");
	for (size_t i = 1; argv[i]; i++)
		buf_addf(&line, " %s", argv[i]);
	keeper_report(k, REPORT_PROGRESS, 0, "%s", line.data);
	return worker_exec(argv, IP_MS, NULL, err);
}

/* ------------------------------------------------------------------ what is meant, and can it be?
 */

static bool is_name(const char name[STEP_IFNAME])
{
	return memchr(name, '\0', STEP_IFNAME) && net_name_is_good(name);
}

static bool read_wish(struct wanted_tap *w, const struct intent *intent, struct error **err)
{
	const uint8_t *mac = intent->tap.mac;

	_Static_assert(STEP_IFNAME == IFNAMSIZ, "as the kernel's names");
	if (intent->tap.way >= TAP_WAYS || !is_name(intent->tap.name) ||
	    !is_name(intent->tap.lower) ||
	    strncmp(intent->tap.name, NET_MADE, strlen(NET_MADE)) != 0) {
		error_add(err, ERROR_HOST, "this is no interface that is made for a machine");
		return false;
	}
	if (mac_is_group(mac)) {
		error_add(err, ERROR_HOST, "an interface cannot have the address of a group");
		return false;
	}
	w->way = (enum step_tap)intent->tap.way;
	w->name = intent->tap.name;
	w->lower = intent->tap.lower;
	w->multi_queue = intent->tap.multi_queue;
	mac_format(mac, w->mac);
	return true;
}

static bool lower_can(struct wanted_tap *w, struct error **err)
{
	own_net_interface struct net_interface lower = {0};
	own_free char *problem = NULL;
	const char *fault = NULL;

	if (!net_interface_read(&lower, &w->k->root, w->lower)) {
		error_add(err, ERROR_HOST, "this host has no interface %s", w->lower);
		return false;
	}
	if (w->way == TAP_MACVTAP)
		problem = net_macvtap_problem(&lower);
	else
		fault = net_bridge_problem(&lower);
	if (fault)
		problem = xstrdup(fault);
	if (problem)
		error_add(err, ERROR_HOST, "%s %s", w->lower, problem);
	snprintf(w->mtu, sizeof(w->mtu), "%u", lower.mtu ? lower.mtu : 1500);
	return !problem;
}

static bool name_is_free(const struct wanted_tap *w, struct error **err)
{
	own_net_interface struct net_interface there = {0};

	if (!net_interface_read(&there, &w->k->root, w->name))
		return true;
	error_add(
		err, ERROR_HOST,
		"there is an interface %s already, which is in no journal: sudo ip link delete dev %s, if it is nobody's",
		w->name, w->name);
	return false;
}

/* ------------------------------------------------------------------ making */

/* Whether it is what a record speaks of: of the kind, the user's, and the very one where that was
 * written down.
 */
static bool is_ours(const struct net_interface *interface, const struct change *change)
{
	if (change->number && change->number != interface->index)
		return false;
	return strcmp(change->name[1], "macvtap") == 0
		       ? interface->macvtap
		       : interface->tap && interface->owner == change->uid;
}

#define NO_ADDRESS "000000000000"

/* A bridge's address without its colons, where it has no port; else NULL. The caller owns it. */
static char *lonely_address(const struct keeper *k, const char *bridge)
{
	own_free char *text = root_line(&k->root, "/sys/class/net/%s/address", bridge);
	char *digits = text;
	size_t n;
	char **port = root_list(&k->root, &n, "/sys/class/net/%s/brif", bridge);

	names_free(port, n);
	if (!text)
		return NULL;
	for (const char *at = text; *at; at++)
		if (*at != ':')
			*digits++ = *at;
	*digits = '\0';
	return n == 0 && strlen(text) == strlen(NO_ADDRESS) ? steal(&text) : NULL;
}

/* What is written down before it is made. */
static bool describe_tap(const struct wanted_tap *w, struct change *change, struct error **err)
{
	own_free char *address = w->way == TAP_BRIDGE ? lonely_address(w->k, w->lower) : NULL;

	if (!change_name(change, w->name) ||
	    !change_name(change, w->way == TAP_MACVTAP ? "macvtap" : "tap")) {
		error_add(err, ERROR_HOST, "%s: a name that the journal cannot hold", w->name);
		return false;
	}
	if (address && change_name(change, w->lower))
		change_name(change, address);
	return true;
}

static bool make_bare(struct wanted_tap *w, struct error **err)
{
	own_free char *uid = xasprintf("%u", w->k->uid);
	const char *tap[ARGUMENTS] = {
		NULL,
		"tuntap",
		"add",
		"dev",
		w->name,
		"mode",
		"tap",
		"user",
		uid,
		"vnet_hdr",
		w->multi_queue ? "multi_queue" : NULL,
	};
	const char *macvtap[ARGUMENTS] = {
		NULL,	   "link", "add",  "link",    w->lower, "name",	  w->name,
		"address", w->mac, "type", "macvtap", "mode",	"bridge",
	};

	return run_ip(w->k, w->way == TAP_MACVTAP ? macvtap : tap, err);
}

static bool switch_on(struct wanted_tap *w, struct error **err)
{
	const char *tap[ARGUMENTS] = {
		NULL,	"link", "set",	"dev",	  w->name,  "address",
		w->mac, "mtu",	w->mtu, "master", w->lower, "up",
	};
	const char *macvtap[ARGUMENTS] = {NULL, "link", "set", "dev", w->name, "up"};

	return run_ip(w->k, w->way == TAP_MACVTAP ? macvtap : tap, err);
}

bool make_tap(struct keeper *k, const struct intent *intent, struct error **err)
{
	struct wanted_tap w = {.k = k};
	struct change change = {.kind = CHANGE_TAP, .uid = k->uid};
	own_net_interface struct net_interface made = {0};
	own_free char *node = NULL;

	if (!read_wish(&w, intent, err) || !lower_can(&w, err) || !name_is_free(&w, err))
		return false;
	if (!describe_tap(&w, &change, err) || !journal_add(k->journal, &change, err) ||
	    !make_bare(&w, err))
		return false;
	if (!net_interface_read(&made, &k->root, w.name) || !is_ours(&made, &change)) {
		error_add(err, ERROR_HOST, "%s was made, and is not there as it should be", w.name);
		return false;
	}
	change.number = made.index;
	if (!journal_amend(k->journal, &change, err))
		return false;
	/* It gives a new interface an address of its own choosing, unless it finds one set. */
	let_udev_settle();
	if (!switch_on(&w, err))
		return false;
	node = xasprintf("/dev/tap%u", made.index);
	return w.way == TAP_BRIDGE || grant_path(k, node, err);
}

/* ------------------------------------------------------------------ and back */

static bool give_back_address(struct keeper *k, const struct change *change, struct error **err)
{
	const char *bridge = change->name[2], *was = change->name[3];
	const char *argv[ARGUMENTS] = {NULL, "link", "set", "dev", bridge, "address", NULL};
	own_free char *now = NULL, *text = NULL;

	if (change->names != 4 || strlen(was) != strlen(NO_ADDRESS))
		return true;
	now = lonely_address(k, bridge);
	if (!now || strcmp(now, NO_ADDRESS) != 0 || strcmp(was, NO_ADDRESS) == 0)
		return true;
	text = xasprintf("%.2s:%.2s:%.2s:%.2s:%.2s:%.2s", was, was + 2, was + 4, was + 6, was + 8,
			 was + 10);
	argv[6] = text;
	return run_ip(k, argv, err);
}

bool undo_tap(struct keeper *k, const struct change *change, struct error **err)
{
	own_net_interface struct net_interface now = {0}, left = {0};
	const char *name = change->name[0];
	const char *argv[ARGUMENTS] = {NULL, "link", "delete", "dev", name};

	if (change->names < 2)
		return true;
	if (!net_interface_read(&now, &k->root, name) || !is_ours(&now, change))
		return give_back_address(k, change, err);
	if (!run_ip(k, argv, err))
		return false;
	if (!net_interface_read(&left, &k->root, name))
		return give_back_address(k, change, err);
	error_add(err, ERROR_LEFT, "the interface %s is still there", name);
	return false;
}
