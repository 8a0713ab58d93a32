/* Processors: model and topology. */
#include "base/alloc.h"
#include "compose.h"

static void add_model(struct composer *c)
{
	const struct text *model = &c->p->cpu.model;
	const char *name = model->v ? model->v : c->plan->kvm ? "host" : "max";
	struct option o = option_new(name);

	compose_argument(c, "-cpu", option_done(&o), "cpu.model", model->at,
			 model->v	? NULL
			 : c->plan->kvm ? "the host's own"
					: "all that the emulation has");
}

static void add_topology(struct composer *c)
{
	const struct cpu_section *cpu = &c->p->cpu;
	uint64_t threads = cpu->threads.automatic ? 1 : cpu->threads.v;
	uint64_t half = c->facts->cpu.online / 2 / threads;
	uint64_t cores = !cpu->cores.automatic ? cpu->cores.v : half ? half : 1;
	struct option o = option_new(NULL);

	option_number(&o, "cpus", cores * threads);
	option_number(&o, "sockets", 1);
	option_number(&o, "cores", cores);
	option_number(&o, "threads", threads);
	compose_argument(c, "-smp", option_done(&o), "cpu.cores", cpu->cores.at,
			 cpu->cores.automatic ? "half of the host's processors" : NULL);
	if (cores * threads > c->facts->cpu.online)
		compose_note(c, "%lu virtual processors on a host that has %u", cores * threads,
			     c->facts->cpu.online);
}

void compose_cpu(struct composer *c)
{
	add_model(c);
	add_topology(c);
}
