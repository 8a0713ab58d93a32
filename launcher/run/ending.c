#include "ending.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "base/alloc.h"
#include "base/root.h"

static const struct cause_words {
	const char *reason, *words;
	bool good;
} CAUSE[] = {
	{"guest-shutdown", "the guest powered itself off", true},
	{"guest-reset", "the guest asked for a reboot, which ends this machine", true},
	{"guest-panic", "the guest's system crashed (panic)", false},
	{"host-qmp-quit", "QEMU was told to quit", true},
	{"host-qmp-system-reset", "QEMU was told to reset the guest, which ends this machine",
	 true},
	{"host-signal", "QEMU was ended by a signal", true},
	{"host-ui", "its window was closed", true},
	{"host-error", "QEMU ended because of an error on the host", false},
	{"subsystem-reset", "a subsystem of the guest was reset, which ends this machine", true},
	{"snapshot-load", "QEMU loaded a snapshot and ended", false},
};

static const struct cause_words *cause_of(const struct ending *ending)
{
	for (size_t i = 0; i < sizeof(CAUSE) / sizeof(*CAUSE); i++)
		if (strcmp(CAUSE[i].reason, ending->reason) == 0)
			return &CAUSE[i];
	return NULL;
}

static const char *signal_words(int sig, const struct ending *ending, char **made)
{
	if (sig == SIGSYS)
		return "QEMU was stopped by its own sandbox (signal 31): an argument or a library makes it do what -sandbox forbids, such as becoming another user or, in older versions of QEMU, running a helper program";
	if (sig == SIGTERM && !ending->running)
		return "QEMU was ended while it was still building the machine";
	if (sig == SIGKILL && !ending->told && ending->starved)
		return "QEMU was killed by signal 9, and at that time the kernel killed for want of memory ('journalctl -k' names whom): give the guest less memory, or end what else takes it";
	if (sig == SIGKILL && !ending->told)
		return "QEMU was killed by signal 9: by somebody, or by the kernel for want of memory";
	*made = xasprintf("QEMU was killed by signal %d (%s)", sig, strsignal(sig));
	return *made;
}

uint64_t ending_oom_kills(void)
{
	struct root real = ROOT_REAL;
	own_free char *stat = root_read(&real, "/proc/vmstat");
	const char *at = stat ? strstr(stat, "\noom_kill ") : NULL;

	return at ? strtoull(at + strlen("\noom_kill "), NULL, 10) : 0;
}

const char *ending_sentence(const struct ending *ending, char **made)
{
	const struct cause_words *cause = cause_of(ending);
	int code;

	*made = NULL;
	if (*ending->lacks) {
		*made = xasprintf("not started, as %s", ending->lacks);
		return *made;
	}
	if (*ending->refused) {
		*made = xasprintf("QEMU would not start the guest: %s", ending->refused);
		return *made;
	}
	if (ending->unknown && !*ending->reason)
		return ending->told
			       ? "QEMU was ended"
			       : "QEMU ended without a word; with what status, only the vmlaunch that started it could have told";
	if (WIFSIGNALED(ending->status))
		return signal_words(WTERMSIG(ending->status), ending, made);
	code = WEXITSTATUS(ending->status);
	if (!ending->running && code != 0) {
		*made = xasprintf("QEMU refused to start (exit status %d)", code);
		return *made;
	}
	if (code != 0) {
		*made = xasprintf("QEMU failed (exit status %d)%s%s", code, cause ? " after: " : "",
				  cause ? cause->words : "");
		return *made;
	}
	if (*ending->crash && strcmp(ending->reason, "guest-panic") == 0)
		return ending->crash;
	if (cause)
		return cause->words;
	if (*ending->reason) {
		*made = xasprintf("QEMU ended (%s)", ending->reason);
		return *made;
	}
	return "QEMU ended without a word";
}

bool ending_is_good(const struct ending *ending)
{
	const struct cause_words *cause = cause_of(ending);

	if (*ending->refused || *ending->lacks)
		return false;
	if (WIFSIGNALED(ending->status))
		return ending->told;
	if (WEXITSTATUS(ending->status) != 0)
		return false;
	return cause ? cause->good : *ending->reason || ending->told;
}
