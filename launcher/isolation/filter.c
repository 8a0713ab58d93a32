/* A call that is not in the list gets a signal instead of its result. The handler says which one it
 * was, and sends the signal once more: by then SIGSYS is at its default, and the process is killed
 * as if there were no handler. Whoever takes the handler away, or blocks the signal, gains nothing:
 * the call is not made all the same.
 *
 * #syscalls(all) rt_sigreturn
 */
#include "filter.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/own.h"
#include "base/standard_error.h"
#include "isolation.h"

/* What libc does for itself, and what only looks: of all libcs that this is built with (glibc from
 * 2.36 on, musl), each in its own spelling. Memory, threads and time:
 *
 * #syscalls(all) brk mmap munmap mremap mprotect madvise futex futex_waitv set_robust_list
 * get_robust_list rseq membarrier set_tid_address arch_prctl sched_yield getcpu clock_gettime
 * clock_getres clock_nanosleep nanosleep gettimeofday time getrandom restart_syscall
 * prctl:PR_SET_VMA
 *
 * Itself:
 *
 * #syscalls(all) exit exit_group getpid getppid gettid getuid geteuid getgid getegid getgroups
 * getresuid getresgid getpgrp getpgid getsid uname sysinfo getrusage times umask getcwd getrlimit
 * prlimit64:self sched_getaffinity rt_sigaction rt_sigprocmask rt_sigpending rt_sigtimedwait
 * sigaltstack tgkill tkill
 *
 * Descriptors that are open:
 *
 * #syscalls(all) read write readv writev pread64 pwrite64 preadv pwritev lseek close close_range
 * fstat fcntl dup dup2 dup3 pipe pipe2 poll ppoll select pselect6 ioctl:TCGETS ioctl:TCGETS2
 * ioctl:TIOCGWINSZ ioctl:FIONREAD getsockopt getsockname getpeername
 *
 * Looking at files:
 *
 * #syscalls(all) open openat stat lstat newfstatat statx statfs fstatfs access faccessat faccessat2
 * readlink readlinkat getdents64 fadvise64
 *
 * A sanitizer looks at its own process at the end, by a child that stops its threads; what that is
 * not allowed kills the child, and the process waits for it without end.
 *
 * #syscalls(sanitizer) clone:process ptrace wait4 kill getdents prctl:PR_SET_PTRACER
 * prctl:PR_SET_PDEATHSIG prctl:PR_GET_DUMPABLE prctl:PR_SET_DUMPABLE prctl:PR_SET_NAME
 */

#define PATIENCE_MS 200

/* What becomes of the rest, and what helps. */
static const char *const CONSEQUENCE[] = {
	[FILTER_SUPERVISOR] = "QEMU goes on, and 'vmlaunch attach --sandbox=off' takes it over",
	[FILTER_KEEPER] =
		"'vmlaunch recover --sandbox=off' gives back what it has taken from the host",
};
_Static_assert(ARRAY_SIZE(CONSEQUENCE) == FILTERS, "each stage has one");

static enum filter_stage entered;
static void (*last_act)(void);
static void (*tell_by)(const char *line, size_t len);

struct words {
	char text[320];
	size_t len;
};

static void add(struct words *words, const char *more)
{
	while (*more && words->len < sizeof(words->text))
		words->text[words->len++] = *more++;
}

static void add_number(struct words *words, int number)
{
	char digits[12], *at = digits + sizeof(digits) - 1;

	*at = '\0';
	do
		*--at = (char)('0' + number % 10);
	while ((number /= 10) > 0 && at > digits);
	add(words, at);
}

/* Nobody who does not read it keeps us from our end. */
static void tell_on_standard_error(const char *line, size_t len)
{
	struct pollfd out = {.fd = standard_error_fd(), .events = POLLOUT};
	struct words words = {.len = 0};

	add(&words, "vmlaunch: error: ");
	for (size_t i = 0; i < len && words.len < sizeof(words.text) - 1; i++)
		words.text[words.len++] = line[i];
	add(&words, "\n");
	if (poll(&out, 1, PATIENCE_MS) > 0 && write(out.fd, words.text, words.len) < 0)
		(void)0;
}

static void tell_and_die(int sig, siginfo_t *info, void *context)
{
	struct words words = {.len = 0};

	(void)sig;
	(void)context;
	add(&words, "the ");
	add(&words, FILTER[entered].name);
	add(&words, " has made the system call ");
	add(&words, filter_call_name(info->si_syscall));
	add(&words, " (");
	add_number(&words, info->si_syscall);
	add(&words,
	    "), which its filter forbids, and is killed: a fault of vmlaunch's, please report it; ");
	add(&words, CONSEQUENCE[entered]);
	(tell_by ? tell_by : tell_on_standard_error)(words.text, words.len);
	if (last_act)
		last_act();
	raise(SIGSYS);
	_exit(128 + SIGSYS);
}

bool filter_is_known(void)
{
	/* EINVAL: CONFIG_SECCOMP is not set (prctl(2)). */
	return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0;
}

void filter_at_end(void (*act)(void))
{
	last_act = act;
}

void filter_tell_by(void (*tell)(const char *line, size_t len))
{
	tell_by = tell;
}

bool filter_enter(enum filter_stage stage)
{
	struct sigaction action = {.sa_sigaction = tell_and_die,
				   .sa_flags = SA_SIGINFO | SA_RESETHAND | SA_NODEFER};
	const struct filter *filter = &FILTER[stage];
	struct sock_fprog program = filter->enforce;
	unsigned flags = SECCOMP_FILTER_FLAG_TSYNC;
	sigset_t set;

	if (sandbox_mode() == SANDBOX_OFF)
		return true;
	if (sandbox_mode() == SANDBOX_LOG)
		program = filter->log;
	/* What is only refused nobody would hear of. */
	if (stage == FILTER_KEEPER)
		flags |= SECCOMP_FILTER_FLAG_LOG;
	entered = stage;
	sigemptyset(&set);
	sigaddset(&set, SIGSYS);
	return sigaction(SIGSYS, &action, NULL) == 0 && sigprocmask(SIG_UNBLOCK, &set, NULL) == 0 &&
	       syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program) == 0;
}
