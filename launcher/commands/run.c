#include "apps.h"
#include "base/say.h"
#include "base/tongue.h"
#include "common.h"
#include "plugged.h"
#include "run/attach.h"
#include "run/machine.h"
#include "run/window.h"

/* A machine that runs already, and a second click on its icon: its window comes again if it was
 * closed, on a picture that moves (who clicks wants the machine, so one that was paused goes on,
 * whether a rule or a person did it, and that is said), whoever watches over it is replaced if that
 * has died, and the user is told. False: it does not run.
 */
static bool shown_again(const struct arguments *args, int *status, struct error **err)
{
	own_error struct error *ignored = NULL;
	own_run_record struct run_record record = {0};
	own_free char *name = machine_named(args, &ignored);
	own_free char *dir = name ? running(name, &record, &ignored) : NULL;
	const struct plan_companion *window = window_program(&record);
	struct ending ending;
	bool woken;

	if (!dir)
		return false;
	*status = wake_machine(name, dir, &woken, err) ? 0 : ERROR_FAILED;
	if (*status)
		return true;
	if (!process_alive(record.supervisor)) {
		*status = machine_attach(dir, plugged_find, &ending, err) ? 0 : ERROR_FAILED;
	} else if (window && !window_is_open(window)) {
		say(SAY_NOTE, "%s: runs already; its window is opened again", name);
		window_show(&record);
	} else if (woken) {
		/* That was said. */
	} else if (window) {
		say(SAY_NOTE, "%s: runs already, in the window of %s", name, window->name);
	} else {
		say(SAY_NOTE, "%s: runs already", name);
	}
	return true;
}

int command_run(const struct arguments *args, struct error **err)
{
	own_gathered struct gathered g = GATHERED_NONE;
	struct supervise_options options = {.find_usb = plugged_find};
	struct ending ending;
	int status;

	if (argument_option(args, "wait-port"))
		return run_until_port(args, err);
	if (argument_option(args, "timeout")) {
		error_add(err, ERROR_USAGE, "--timeout goes with --wait-port");
		return ERROR_USAGE;
	}
	if (argument_option(args, "notify") && shown_again(args, &status, err))
		return status;
	if (!gather(&g, args, &(struct gather_for){.purpose = PURPOSE_RUN, .acts = true}, err))
		return ERROR_FAILED;
	say(SAY_NOTE, "%s: starting QEMU %s with %s", g.plan->name, g.plan->qemu_version,
	    g.plan->kvm ? "KVM" : _("emulation"));
	return run_gathered(&g, &options, &ending, err) ? 0 : ERROR_FAILED;
}
