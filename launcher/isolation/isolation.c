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
 *  A keeper, as root, before it hears its client (act/keeper.c, keeper_serve()): the capabilities
 * that its steps need and a bounding set without others, not dumpable, no_new_privs, then a process
 * that runs programs for it (act/runner.c), then a filter, which its workers (act/worker.c)
 * inherit. Modules are loaded and services started again at the very end, when a driver that was
 * unloaded comes back; so the programs for that cannot all run before the filter. The runner has
 * none, as a filter would be modprobe's, systemctl's and ip's as well, which are other people's; it
 * runs the lines that a table names and nothing else.
 *
 * A keeper must not die of a call that was forgotten: nobody would give back what it holds, and the
 * one that recovers from its journal, being the same program, would die at the same place. So what
 * is not in its list fails, as on a kernel that does not have it (ENOSYS): libc takes another way,
 * or one step fails with words and the others go on; the kernel's log names the call where it keeps
 * one of such calls (audit), and the lab's tests look there. Fatal are those that no fault makes:
 * to run a program, to trace, to load a module or a program into the kernel, to mount. Whoever
 * makes them has got hold of it; then its death is better than what it would give back. It is
 * SIGKILL's as far as the host is concerned: what was changed is in the journal before it is
 * changed, so `vmlaunch recover`, or the next start, gives all of it back, with --sandbox=off where
 * the filter itself was wrong.
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
