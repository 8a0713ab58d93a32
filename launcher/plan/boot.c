/* What is started: a kernel handed over directly, or the firmware's choice among the bootindexes.
 */
#include "base/alloc.h"
#include "compose.h"

static void add_probe(struct composer *c)
{
	compose_fixed(c, "-kernel", xstrdup(c->in->probe_program), "the guest's-eye program");
	compose_fixed(c, "-append", xstrdup(c->in->probe_parameters), "its parameters");
}

void compose_boot(struct composer *c)
{
	const struct boot_section *boot = &c->p->boot;
	struct option o = option_new(NULL);

	option_on(&o, "strict", true);
	if (c->in->purpose == PURPOSE_RUN)
		option_on(&o, "menu", boot->menu.v);
	compose_argument(c, "-boot", option_done(&o), &boot->menu.at,
			 "only from what the profile names");
	if (c->in->purpose == PURPOSE_PROBE) {
		add_probe(c);
		return;
	}
	if (boot->kernel.v)
		compose_argument(c, "-kernel", xstrdup(boot->kernel.v), &boot->kernel.at, NULL);
	if (boot->initrd.v)
		compose_argument(c, "-initrd", xstrdup(boot->initrd.v), &boot->initrd.at, NULL);
	if (boot->append.v)
		compose_argument(c, "-append", xstrdup(boot->append.v), &boot->append.at, NULL);
}
