#include "interrupt.h"

#include <signal.h>
#include <time.h>

/* #syscalls(supervisor) rt_sigpending rt_sigtimedwait */

static const int SIGNALS[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

bool interrupt_is_pending(void)
{
	sigset_t pending;
	bool is = false;

	sigpending(&pending);
	for (size_t i = 0; i < sizeof(SIGNALS) / sizeof(*SIGNALS); i++)
		is = is || sigismember(&pending, SIGNALS[i]);
	return is;
}

int interrupt_take(void)
{
	const struct timespec now = {0};
	sigset_t set;
	int sig;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(SIGNALS) / sizeof(*SIGNALS); i++)
		sigaddset(&set, SIGNALS[i]);
	sig = sigtimedwait(&set, NULL, &now);
	return sig > 0 ? sig : 0;
}
