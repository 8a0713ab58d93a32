/* What goes wrong for a keeper, at a moment that a test chooses. Preloaded into vmlaunch, so that
 *the keeper that it forks, or is, has it too.
 *
 *	POINT=n POINT_FILE=path	 stops its process right after the nth change of a journal on disk
 *	FAIL=call:n FAIL_FILE=path  the keeper's own nth fork (rename, unlink, open, mkostemp,
 *		socketpair) fails; its workers' do not
 *
 * The files are rewritten at each change and at each such call with its number, so that a run with
 *a large n counts them.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int point, count, fail_at, calls;
static char file[256], fail_file[256], fail_call[32];
static pid_t keeper;

__attribute__((constructor)) static void remember(void)
{
	const char *n = getenv("POINT"), *path = getenv("POINT_FILE");
	const char *fail = getenv("FAIL"), *fails = getenv("FAIL_FILE");

	point = n ? atoi(n) : 0;
	snprintf(file, sizeof(file), "%s", path ? path : "/dev/null");
	snprintf(fail_file, sizeof(fail_file), "%s", fails ? fails : "/dev/null");
	if (fail)
		sscanf(fail, "%31[a-z]:%d", fail_call, &fail_at);
}

/* Not by open(), which may be the call that fails. */
static void tell_number(const char *path, int number)
{
	int saved = errno;
	long fd = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	char text[16];
	size_t n = (size_t)snprintf(text, sizeof(text), "%d\n", number);

	if (fd >= 0 && write((int)fd, text, n) == (ssize_t)n)
		close((int)fd);
	errno = saved;
}

static void changed(const char *path)
{
	size_t n = strlen(path);

	if (n < 8 || strcmp(path + n - 8, ".journal") != 0)
		return;
	count++;
	tell_number(file, count);
	if (count == point)
		raise(SIGSTOP);
}

/* Whether this call is to fail, with that errno. */
static int fails(const char *call, int errnum)
{
	if (strcmp(call, fail_call) != 0 || getpid() != keeper)
		return 0;
	tell_number(fail_file, ++calls);
	errno = calls == fail_at ? errnum : errno;
	return calls == fail_at;
}

#define REAL(name) *(void **)&real = dlsym(RTLD_NEXT, name)

/* The first act of a keeper's process, and of no other one of root's that this is loaded into. */
pid_t setsid(void)
{
	pid_t (*real)(void);

	REAL("setsid");
	if (!keeper && geteuid() == 0)
		keeper = getpid();
	return real();
}

pid_t fork(void)
{
	pid_t (*real)(void);

	REAL("fork");
	return fails("fork", EAGAIN) ? -1 : real();
}

int socketpair(int domain, int type, int protocol, int pair[2])
{
	int (*real)(int, int, int, int[2]);

	REAL("socketpair");
	return fails("socketpair", EMFILE) ? -1 : real(domain, type, protocol, pair);
}

int mkostemp(char *pattern, int flags)
{
	int (*real)(char *, int);

	REAL("mkostemp");
	return fails("mkostemp", ENOSPC) ? -1 : real(pattern, flags);
}

/* The mode is there with O_CREAT alone. */
#define MODE_OF(flags)                                          \
	({                                                      \
		va_list args;                                   \
		mode_t mode;                                    \
                                                                \
		va_start(args, flags);                          \
		mode = (flags)&O_CREAT ? va_arg(args, int) : 0; \
		va_end(args);                                   \
		mode;                                           \
	})

int open(const char *path, int flags, ...)
{
	int (*real)(const char *, int, ...);
	mode_t mode = MODE_OF(flags);

	REAL("open");
	return fails("open", EMFILE) ? -1 : real(path, flags, mode);
}

int openat(int dir, const char *path, int flags, ...)
{
	int (*real)(int, const char *, int, ...);
	mode_t mode = MODE_OF(flags);

	REAL("openat");
	return fails("open", EMFILE) ? -1 : real(dir, path, flags, mode);
}

/* What open() is where the compiler checks it (_FORTIFY_SOURCE). */
int __open_2(const char *path, int flags)
{
	return open(path, flags);
}

int rename(const char *from, const char *to)
{
	int (*real)(const char *, const char *);
	int result;

	REAL("rename");
	result = fails("rename", EIO) ? -1 : real(from, to);
	if (result == 0)
		changed(to);
	return result;
}

int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
	int (*real)(int, const char *, int, const char *, unsigned);
	int result;

	REAL("renameat2");
	result = fails("rename", EIO) ? -1 : real(from_dir, from, to_dir, to, flags);
	if (result == 0)
		changed(to);
	return result;
}

int unlink(const char *path)
{
	int (*real)(const char *);
	int result;

	REAL("unlink");
	result = fails("unlink", EIO) ? -1 : real(path);
	if (result == 0)
		changed(path);
	return result;
}
