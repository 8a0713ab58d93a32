/* Bad luck for a user's vmlaunch, at a moment that a test chooses. Preloaded into it; the processes
 * that it starts know nothing of it.
 *
 *	FAULT=kind:n	  the nth call of that kind fails, in this process and not in those that it
 *			  forks; n 0: none
 *	FAULT_CALLS=path  each call of that kind appends a line: a number for where it came from, by
 *			  the calls that led to it
 *
 * Kinds: alloc (ENOMEM), open (EMFILE), read (EIO), read-short, write (ENOSPC), write-short, rename
 * (EIO), fsync (EIO), fork (EAGAIN); and eintr: whatever a signal may interrupt (a wait, a read or
 * write of what is no file) is, the nth such call and about half of those behind it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define FRAMES 24

static char kind[16];
static long fail_at, calls;
static int log_fd = -1;
static const char *log_path; /* of the environment's own memory, which stays */
static pid_t whose;
static int busy; /* our own calls do not count */

/* glibc's own, since dlsym() itself allocates. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);

__attribute__((constructor)) static void remember(void)
{
	const char *fault = getenv("FAULT"), *path = getenv("FAULT_CALLS");
	void *frame[FRAMES];

	if (!fault || sscanf(fault, "%15[a-z-]:%ld", kind, &fail_at) != 2)
		return;
	/* It loads a library the first time. */
	backtrace(frame, FRAMES);
	if (path)
		log_path = path;
	unsetenv("FAULT");
	unsetenv("FAULT_CALLS");
	unsetenv("LD_PRELOAD");
	whose = getpid();
}

/* By the places in their objects, which are the same in each run. */
static uint64_t hash_callers(void)
{
	void *frame[FRAMES];
	int n = backtrace(frame, FRAMES);
	uint64_t hash = 14695981039346656037U;

	for (int i = 2; i < n; i++) {
		Dl_info info;
		uintptr_t base = dladdr(frame[i], &info) ? (uintptr_t)info.dli_fbase : 0;

		hash = (hash ^ ((uintptr_t)frame[i] - base)) * 1099511628211U;
	}
	return hash;
}

static void *next(const char *name);

static void busy_write(const char *line, size_t n)
{
	static ssize_t (*real)(int, const void *, size_t);

	if (!real)
		*(void **)&real = next("write");
	if (real(log_fd, line, n) < 0)
		abort();
}

static void log_call(void)
{
	char line[32];
	int n = snprintf(line, sizeof(line), "%016llx\n", (unsigned long long)hash_callers());

	/* Main closes all descriptors that it was given. */
	if (log_fd < 0) {
		log_fd = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
		log_fd = fcntl(log_fd, F_DUPFD_CLOEXEC, 900);
	}
	busy_write(line, (size_t)n);
}

/* No rhythm that a loop of two calls could fall into. */
static unsigned storm(void)
{
	static unsigned state = 1;

	state = state * 1103515245 + 12345;
	return state >> 16;
}

/* Whether this call is to fail. */
static int fails(const char *call)
{
	int saved = errno, due;

	if (!whose || busy || strcmp(call, kind) != 0 || getpid() != whose)
		return 0;
	busy = 1;
	calls++;
	if (log_path)
		log_call();
	busy = 0;
	errno = saved;
	due = fail_at &&
	      (calls == fail_at || (calls > fail_at && strcmp(kind, "eintr") == 0 && storm() % 2));
	return due;
}

static int fails_by(const char *call, int errnum)
{
	int due = fails(call);

	if (due)
		errno = errnum;
	return due;
}

#define interrupted() fails_by("eintr", EINTR)

/* A file's reads and writes come to their end whatever signal there is, and so do those of what
 * is not waited for.
 */
static int is_slow(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode) &&
	       !(fcntl(fd, F_GETFL) & O_NONBLOCK);
}

static void *next(const char *name)
{
	void *found;

	busy++;
	found = dlsym(RTLD_NEXT, name);
	busy--;
	return found;
}

#define REAL(name)                     \
	static __typeof__(name) *real; \
	if (!real)                     \
		*(void **)&real = next(#name);

void *malloc(size_t size)
{
	return fails_by("alloc", ENOMEM) ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	return fails_by("alloc", ENOMEM) ? NULL : __libc_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
	return fails_by("alloc", ENOMEM) ? NULL : __libc_realloc(old, size);
}

/* The mode is there with O_CREAT alone. */
#define MODE_OF(flags)                                                            \
	({                                                                        \
		va_list args;                                                     \
		mode_t mode;                                                      \
                                                                                  \
		va_start(args, flags);                                            \
		mode = (flags) & (O_CREAT | __O_TMPFILE) ? va_arg(args, int) : 0; \
		va_end(args);                                                     \
		mode;                                                             \
	})

int open(const char *path, int flags, ...)
{
	mode_t mode = MODE_OF(flags);
	REAL(open)

	return fails_by("open", EMFILE) ? -1 : real(path, flags, mode);
}

int openat(int dir, const char *path, int flags, ...)
{
	mode_t mode = MODE_OF(flags);
	REAL(openat)

	return fails_by("open", EMFILE) ? -1 : real(dir, path, flags, mode);
}

int __open_2(const char *path, int flags);
int __openat_2(int dir, const char *path, int flags);

/* openat2(2), which has no function in this libc, goes by here. */
long syscall(long number, ...)
{
	long arg[6];
	va_list args;
	REAL(syscall)

	va_start(args, number);
	for (size_t i = 0; i < 6; i++)
		arg[i] = va_arg(args, long);
	va_end(args);
	if (number == SYS_openat2 && fails_by("open", EMFILE))
		return -1;
	return real(number, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
}

/* What these are where the compiler checks them (_FORTIFY_SOURCE). */
int __open_2(const char *path, int flags)
{
	return open(path, flags);
}

int __openat_2(int dir, const char *path, int flags)
{
	return openat(dir, path, flags);
}

static size_t shorter(size_t n, const char *call)
{
	return n > 1 && fails(call) ? 1 : n;
}

ssize_t read(int fd, void *to, size_t n)
{
	REAL(read)

	if ((is_slow(fd) && interrupted()) || fails_by("read", EIO))
		return -1;
	return real(fd, to, shorter(n, "read-short"));
}

ssize_t __read_chk(int fd, void *to, size_t n, size_t room);

ssize_t __read_chk(int fd, void *to, size_t n, size_t room)
{
	(void)room;
	return read(fd, to, n);
}

ssize_t pread(int fd, void *to, size_t n, off_t at)
{
	REAL(pread)

	if (fails_by("read", EIO))
		return -1;
	return real(fd, to, shorter(n, "read-short"), at);
}

ssize_t write(int fd, const void *from, size_t n)
{
	REAL(write)

	if (is_slow(fd) && interrupted())
		return -1;
	/* Not what tells of it. */
	if (fd != STDERR_FILENO && fails_by("write", ENOSPC))
		return -1;
	return real(fd, from, shorter(n, "write-short"));
}

ssize_t pwrite(int fd, const void *from, size_t n, off_t at)
{
	REAL(pwrite)

	if (fails_by("write", ENOSPC))
		return -1;
	return real(fd, from, shorter(n, "write-short"), at);
}

ssize_t sendfile(int to, int from, off_t *at, size_t n)
{
	REAL(sendfile)

	return fails_by("write", ENOSPC) ? -1 : real(to, from, at, n);
}

int mkostemp(char *pattern, int flags)
{
	REAL(mkostemp)

	return fails_by("write", ENOSPC) ? -1 : real(pattern, flags);
}

int mkdir(const char *path, mode_t mode)
{
	REAL(mkdir)

	return fails_by("write", ENOSPC) ? -1 : real(path, mode);
}

int ftruncate(int fd, off_t size)
{
	REAL(ftruncate)

	return fails_by("write", ENOSPC) ? -1 : real(fd, size);
}

int rename(const char *from, const char *to)
{
	REAL(rename)

	return fails_by("rename", EIO) ? -1 : real(from, to);
}

int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
	REAL(renameat2)

	return fails_by("rename", EIO) ? -1 : real(from_dir, from, to_dir, to, flags);
}

int link(const char *from, const char *to)
{
	REAL(link)

	return fails_by("rename", EIO) ? -1 : real(from, to);
}

int linkat(int from_dir, const char *from, int to_dir, const char *to, int flags)
{
	REAL(linkat)

	return fails_by("rename", EIO) ? -1 : real(from_dir, from, to_dir, to, flags);
}

int fsync(int fd)
{
	REAL(fsync)

	return fails_by("fsync", EIO) ? -1 : real(fd);
}

int fdatasync(int fd)
{
	REAL(fdatasync)

	return fails_by("fsync", EIO) ? -1 : real(fd);
}

pid_t fork(void)
{
	REAL(fork)

	return fails_by("fork", EAGAIN) ? -1 : real();
}

int poll(struct pollfd *fds, nfds_t n, int ms)
{
	REAL(poll)

	return interrupted() ? -1 : real(fds, n, ms);
}

int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *time, const sigset_t *mask)
{
	REAL(ppoll)

	return interrupted() ? -1 : real(fds, n, time, mask);
}

pid_t waitpid(pid_t pid, int *status, int flags)
{
	REAL(waitpid)

	return interrupted() ? -1 : real(pid, status, flags);
}

int waitid(idtype_t type, id_t id, siginfo_t *info, int flags)
{
	REAL(waitid)

	return interrupted() ? -1 : real(type, id, info, flags);
}

ssize_t recv(int fd, void *to, size_t n, int flags)
{
	REAL(recv)

	return !(flags & MSG_DONTWAIT) && is_slow(fd) && interrupted() ? -1
								       : real(fd, to, n, flags);
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	REAL(recvmsg)

	return !(flags & MSG_DONTWAIT) && is_slow(fd) && interrupted() ? -1
								       : real(fd, message, flags);
}

ssize_t send(int fd, const void *from, size_t n, int flags)
{
	REAL(send)

	return !(flags & MSG_DONTWAIT) && is_slow(fd) && interrupted() ? -1
								       : real(fd, from, n, flags);
}
