/* Stages of isolation, after the example of passt's isolation.c: a process gives up what it does
 * not need any more as soon as it does not need it, and never what it still needs.
 *
 *  QEMU, as the user. The child that becomes it: no signal of ours, no descriptor but the plan's,
 * no capability, no_new_privs (run/child.c), no core file, and Landlock (run/confine.c): the files
 * of the plan (plan/reach.c) and the system's own, read only; no ptrace of, and no signal to, a
 * process outside. Then the exec, behind which QEMU's own -sandbox forbids programs, other users
 * and what is obsolete.
 *
 *  The supervisor, as the user, when the guest runs and all that it starts was started
 * (run/supervise.c, settle()): no capability, no_new_privs, and a filter for system calls: no
 * program, no process, no tracing, no socket of a network, no terminal's input for somebody else.
 * Whoever tells the desktop (run/notify.c) was forked before, and runs programs. A call that was
 * forgotten costs little there: SIGSYS, of which the terminal and the desktop are told; QEMU goes
 * on, its keeper gives back, `vmlaunch attach` takes it over.
 *
 *  Companions, as the user: the same without Landlock, under which passt and virtiofsd could not
 * make sandboxes of their own (a Landlock domain may not mount), which are narrower.
 *
 * Whoever adds a system call to a file that runs under a filter names it in a comment of that file:
 * #syscalls, with its stages in parentheses (compiler/filters.c). A build with sanitizers has a
 * list of their own calls beside that (filter.c).
 *
 * What a kernel does not know is left out: what is missing is told at the start, in silence never,
 * and by `vmlaunch doctor`.
 */
#include "isolation.h"

#include <stddef.h>
#include <string.h>

#include "base/own.h"
#include "filter.h"
#include "landlock.h"

const char *const sandbox_word[SANDBOXES] = {
	[SANDBOX_ENFORCE] = "enforce", [SANDBOX_LOG] = "log", [SANDBOX_OFF] = "off"};

static enum sandbox mode_of_process = SANDBOX_ENFORCE;

bool sandbox_parse(const char *word, enum sandbox *mode)
{
	for (size_t i = 0; i < ARRAY_SIZE(sandbox_word); i++) {
		if (strcmp(word, sandbox_word[i]) != 0)
			continue;
		*mode = (enum sandbox)i;
		return true;
	}
	return false;
}

void sandbox_set(enum sandbox mode)
{
	mode_of_process = mode;
}

enum sandbox sandbox_mode(void)
{
	return mode_of_process;
}

struct sandbox_means sandbox_means(void)
{
	return (struct sandbox_means){.landlock = landlock_version(), .filters = filter_is_known()};
}
