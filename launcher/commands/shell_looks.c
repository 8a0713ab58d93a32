/* Words of the shell that look at a guest which misbehaves (look.h), with events shown and Ctrl-C
 * heard meanwhile.
 */
#include "base/alloc.h"
#include "base/json.h"
#include "look.h"
#include "qmp/format.h"
#include "shell_private.h"

/* What went wrong is in *err, or was told. */
static bool ask_qemu(struct looking *looking, const char *command, json_object *arguments,
		     json_object **answer, struct error **err)
{
	struct shell *shell = looking->context;
	bool good;

	shell->problem = err;
	good = shell_ask(shell, command, arguments, answer);
	shell->problem = NULL;
	return good;
}

static bool rest_awhile(struct looking *looking, int ms)
{
	return shell_wait(looking->context, ms, NULL, NULL, NULL);
}

char *shell_look_text(struct shell *shell, const struct shell_word *word, const char *rest)
{
	const struct look *look = word->look;
	struct looking looking = {shell->session, ask_qemu,	 rest_awhile,
				  shell->panic,	  shell->damage, shell};
	own_json json_object *found = NULL;
	own_error struct error *err = NULL;
	own_buf struct buf out = {0};

	shell->failed = look->asks && !shell_sure(shell, look->asks);
	if (shell->failed)
		return NULL;
	found = look_find(&looking, look, word->name, *word->usage, rest, &err);
	if (err)
		shell_say(shell, "%s", error_message(err, 0));
	if (!found) {
		shell->failed = true;
		return NULL;
	}
	if (shell->raw)
		return qmp_json_line(found);
	if (shell->json)
		return qmp_json_pretty(found);
	buf_adds(&out, "");
	look->print(&out, found);
	return buf_steal(&out);
}

void shell_look(struct shell *shell, const struct shell_word *word, const char *rest)
{
	own_free char *text = shell_look_text(shell, word, rest);

	if (text && *text)
		terminal_print(&shell->terminal, text);
}

const struct shell_word SHELL_LOOKS[] = {
	{"why", "", "why the guest does not go on, and what to do", .look = &LOOK_WHY},
	{"vcpus", "", "each vCPU's thread: its time, where it ran and may run, KVM's exits",
	 .look = &LOOK_VCPUS},
	{"memory", "", "what the guest has and what that is on the host", .look = &LOOK_MEMORY},
	{"pci", "", "the guest's PCI devices", .look = &LOOK_PCI},
	{"gpu", "", "functions of the host in this guest: power, resets, BARs, interrupts",
	 .look = &LOOK_GPU},
	{"usb", "[attach|detach DEVICE]", "the guest's USB devices; gives it one of the host's",
	 .takes = TAKES_USB, .look = &LOOK_USB},
	{"firmware", "", "what the firmware has logged, where QEMU can tell",
	 .look = &LOOK_FIRMWARE},
	{"screenshot", "FILE", "the guest's screen as PNG (FILE.ppm: PPM)", .takes = TAKES_FILE,
	 .look = &LOOK_SCREENSHOT},
	{"dump", "FILE", "the guest's memory as an ELF core", .takes = TAKES_FILE,
	 .look = &LOOK_DUMP},
	{"key", "NAME-NAME...", "press keys together: key ctrl-alt-delete", .look = &LOOK_KEY},
	{0},
};
