/* What becomes of a guest that nobody uses, and who counts as a user of it: whoever the host sees.
 * A connection to a port that is forwarded ends at QEMU or passt on this host, and QEMU tells of
 * those that look at its picture. Behind a bridge the guest has an address of its own.
 */
#include "base/alloc.h"
#include "base/json.h"
#include "compose.h"

const char *plan_idle_word(enum idle_action action)
{
	static const char *const WORD[] = {
		[IDLE_NONE] = "none",
		[IDLE_PAUSE] = "pause",
		[IDLE_SHUTDOWN] = "shutdown",
	};
	_Static_assert(ARRAY_SIZE(WORD) == IDLE_ACTIONS, "each has a word");

	return WORD[action];
}

const char *plan_picture_word(enum idle_picture picture)
{
	static const char *const WORD[] = {
		[PICTURE_NONE] = "",
		[PICTURE_SPICE] = "spice",
		[PICTURE_VNC] = "vnc",
	};
	_Static_assert(ARRAY_SIZE(WORD) == PICTURES, "each has a word");

	return WORD[picture];
}

json_object *plan_idle_json(const struct plan_idle *idle)
{
	json_object *o = json_object_new_object(), *list = json_object_new_array();

	for (size_t i = 0; i < idle->ranges; i++) {
		json_object *range = json_object_new_object();

		json_add_number(range, "address", idle->range[i].address);
		json_add_number(range, "first", idle->range[i].first);
		json_add_number(range, "ports", idle->range[i].n);
		json_object_array_add(list, range);
	}
	json_add_text(o, "action", plan_idle_word(idle->action));
	json_add_number(o, "after-ms", idle->after);
	json_add_text(o, "picture", plan_picture_word(idle->picture));
	json_object_object_add(o, "tcp", list);
	return o;
}

static void add_ranges(struct plan_idle *idle, const struct network *network)
{
	for (size_t i = 0; i < network->forward.n; i++) {
		const struct forward *f = &network->forward.v[i];

		if (f->protocol == FORWARD_TCP)
			*xappend(idle->range, idle->ranges) =
				(struct idle_ports){f->address, f->host, f->ports};
	}
}

static void warn_of_unseen(struct composer *c, const struct network *network)
{
	compose_warn(
		c, "%s = %s: who comes to the guest by %s is not seen, and does not keep it awake",
		compose_key(c, &c->p->idle.action.at), plan_idle_word(c->plan->idle.action),
		compose_key(c, &network->mode.at));
}

static bool has_viewer(const struct plan *plan)
{
	for (size_t i = 0; i < plan->companions; i++)
		if (plan->companion[i].when == COMPANION_RUNNING)
			return true;
	return false;
}

void compose_idle(struct composer *c)
{
	const struct choice *action = &c->p->idle.action;
	struct plan_idle *idle = &c->plan->idle;

	if (action->v == IDLE_NONE || c->in->purpose != PURPOSE_RUN)
		return;
	*idle = (struct plan_idle){
		.action = (enum idle_action)action->v,
		.after = (unsigned)c->p->idle.after.v,
		.picture = compose_has_spice(c)			 ? PICTURE_SPICE
			   : c->p->display.type.v == DISPLAY_VNC ? PICTURE_VNC
								 : PICTURE_NONE,
	};
	for (size_t i = 0; i < c->p->network.n; i++) {
		const struct network *network = (const struct network *)c->p->network.v[i];

		if (!network->item.enabled.v)
			continue;
		add_ranges(idle, network);
		if (network->mode.v == NETWORK_BRIDGE || network->mode.v == NETWORK_MACVTAP ||
		    network->mode.v == NETWORK_TAP)
			warn_of_unseen(c, network);
	}
	if (!idle->ranges && idle->picture == PICTURE_NONE && !has_viewer(c->plan))
		compose_wrong(
			c, action->at,
			"%s = %s: no client could ever be seen: it needs a TCP port that is forwarded ([network] forward = tcp ...), or a picture by SPICE or VNC (%s)",
			compose_key(c, &action->at), plan_idle_word(idle->action),
			compose_key(c, &c->p->display.type.at));
}
