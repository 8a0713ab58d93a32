#include "base/say.h"
#include "common.h"
#include "run/machine.h"

int command_run(const struct arguments *args, struct error **err)
{
	own_gathered struct gathered g = GATHERED_NONE;
	struct supervise_options options = {0};
	struct ending ending;

	if (!gather(&g, args, &(struct gather_for){.purpose = PURPOSE_RUN, .acts = true}, err))
		return ERROR_FAILED;
	say(SAY_NOTE, "%s: starting QEMU %s with %s", g.plan->name, g.plan->qemu_version,
	    g.plan->kvm ? "KVM" : "emulation");
	return run_gathered(&g, &options, &ending, err) ? 0 : ERROR_FAILED;
}
