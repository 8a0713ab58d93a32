#include "base/say.h"
#include "common.h"
#include "run/machine.h"

static void tell_notes(const struct plan *plan)
{
	for (size_t i = 0; i < plan->notes; i++)
		say(SAY_NOTE, "%s: %s", plan->name, plan->note[i]);
}

int command_run(const struct arguments *args, struct error **err)
{
	own_gathered struct gathered g = GATHERED_NONE;
	struct supervise_options options = {0};
	struct ending ending;

	if (argument_option(args, "host-root")) {
		error_add(err, ERROR_USAGE,
			  "a machine runs on this host: run takes no --host-root");
		return ERROR_USAGE;
	}
	if (!gather(&g, args, PURPOSE_RUN, NULL, NULL, err))
		return ERROR_FAILED;
	tell_notes(g.plan);
	say(SAY_NOTE, "%s: starting QEMU %s with %s", g.plan->name, g.plan->qemu_version,
	    g.plan->kvm ? "KVM" : "emulation");
	machine_hold_signals();
	return machine_run(g.plan, &options, &ending, err) ? 0 : ERROR_FAILED;
}
