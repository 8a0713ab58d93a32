/* Which of the host's TCP ports lead into the guest: what a viewer is told, and who waits for the
 * guest's port; the record keeps it, as a profile may be started otherwise than it stands.
 */
#include <json-c/json.h>

#include "base/alloc.h"
#include "base/json.h"
#include "plan.h"

void plan_forwards(const struct profile *profile, struct plan_forward **forward, size_t *n)
{
	for (size_t i = 0; i < profile->network.n; i++) {
		const struct network *network = (const struct network *)profile->network.v[i];

		for (size_t k = 0; network->item.enabled.v && k < network->forward.n; k++) {
			const struct forward *f = &network->forward.v[k];

			if (f->protocol == FORWARD_TCP)
				*xappend(*forward, *n) = (struct plan_forward){
					.address = f->address,
					.host = f->host,
					.guest = f->guest,
					.n = f->ports,
				};
		}
	}
}

bool plan_forward_to(const struct plan_forward *forward, size_t n, uint16_t guest,
		     struct plan_forward *found)
{
	for (size_t i = 0; i < n; i++) {
		const struct plan_forward *f = &forward[i];

		if (guest < f->guest || guest - f->guest >= f->n)
			continue;
		*found = (struct plan_forward){
			.address = f->address ? f->address : PLAN_LOOPBACK,
			.host = (uint16_t)(f->host + (guest - f->guest)),
			.guest = guest,
			.n = 1,
		};
		return true;
	}
	return false;
}

json_object *plan_forwards_json(const struct plan_forward *forward, size_t n)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < n; i++) {
		json_object *o = json_object_new_object();

		json_add_number(o, "address", forward[i].address);
		json_add_number(o, "host", forward[i].host);
		json_add_number(o, "guest", forward[i].guest);
		json_add_number(o, "ports", forward[i].n);
		json_object_array_add(list, o);
	}
	return list;
}
