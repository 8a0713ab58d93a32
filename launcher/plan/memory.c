/* The guest's memory. */
#include "base/alloc.h"
#include "compose.h"

#define MIB (1UL << 20)

void compose_memory(struct composer *c)
{
	const struct number *memory = &c->p->vm.memory;
	const struct memory_facts *host = &c->facts->memory;
	struct option o = option_new(NULL);

	if (memory->v % (2 * MIB))
		compose_refuse(c, memory->at, "vm.memory: not a multiple of 2M");
	if (host->total && memory->v >= host->total)
		compose_refuse(c, memory->at, "vm.memory: %luM, but this host has %luM in all",
			       memory->v / MIB, host->total / MIB);
	else if (host->available && memory->v > host->available)
		compose_note(c, "the guest may use %luM, of which the host has %luM free now",
			     memory->v / MIB, host->available / MIB);
	option_number(&o, "size", memory->v / MIB);
	buf_addc(&o.text, 'M');
	compose_argument(c, "-m", option_done(&o), "vm.memory", memory->at, NULL);
	o = option_new("memory-backend-ram");
	option_text(&o, "id", "ram");
	option_number(&o, "size", memory->v);
	compose_argument(c, "-object", option_done(&o), "vm.memory", memory->at, NULL);
}
