#include "root.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>

#include "alloc.h"
#include "file.h"

/* #syscalls(keeper) openat2 */

#define READ_LIMIT (1U << 20)
#define RACES 1000 /* so often a path is asked for again */

bool root_init(struct root *root, const char *dir, struct error **err)
{
	*root = ROOT_REAL;
	if (!dir)
		return true;
	root->fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root->fd < 0) {
		error_errno(err, ERROR_USAGE, errno, "cannot use --host-root %s", dir);
		return false;
	}
	root->path = xstrdup(dir);
	return true;
}

void root_done(struct root *root)
{
	close_fd(&root->fd);
	free(steal(&root->path));
}

static unsigned long shortages;
static int last_shortage;

unsigned long root_shortages(void)
{
	return shortages;
}

int root_shortage(void)
{
	return last_shortage;
}

static int counted_fd(int fd)
{
	if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)) {
		shortages++;
		last_shortage = errno;
	}
	return fd;
}

DIR *root_dir(int fd)
{
	DIR *dir = fdopendir(fd);

	if (dir)
		return dir;
	counted_fd(-1);
	close(fd);
	return NULL;
}

static struct {
	root_watcher *tell;
	void *context;
} watcher;

void root_watch(root_watcher *tell, void *context)
{
	watcher.tell = tell;
	watcher.context = context;
}

static int open_below(const struct root *root, const char *path, int flags)
{
	struct open_how how = {
		.flags = (unsigned)flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};

	if (root_is_real(root))
		return counted_fd(open(path, (int)how.flags));
	if (flags & O_PATH)
		how.flags = (unsigned)flags | O_CLOEXEC;
	/* A rename anywhere at the wrong moment makes the kernel unsure whether the path left the
	 * root (openat2(2), EAGAIN): then it asks to be asked again.
	 */
	for (int tries = 0;; tries++) {
		int fd = (int)syscall(SYS_openat2, root->fd, path, &how, sizeof(how));

		if (fd >= 0 || errno != EAGAIN || tries == RACES)
			return counted_fd(fd);
	}
}

int root_open(const struct root *root, const char *path, int flags)
{
	int fd = open_below(root, path, flags);

	if (fd >= 0 && watcher.tell)
		watcher.tell(watcher.context, root, path, flags);
	return fd;
}

#define FORMAT_PATH(path, fmt)                 \
	own_free char *path = NULL;            \
	do {                                   \
		va_list args_;                 \
		va_start(args_, fmt);          \
		path = xvasprintf(fmt, args_); \
		va_end(args_);                 \
	} while (0)

static char *read_all(const struct root *root, const char *path)
{
	own_fd int fd = root_open(root, path, O_RDONLY);

	return fd < 0 ? NULL : fd_read_all(fd, READ_LIMIT, NULL);
}

/* One read gives a whole attribute of sysfs, which is a page at most: there are hundreds of them to
 * look at before a start, and a second read only to see the end of each adds up.
 */
static char *first_line(const struct root *root, const char *path)
{
	own_fd int fd = root_open(root, path, O_RDONLY);
	char page[4096];
	ssize_t n = fd < 0 ? -1 : read(fd, page, sizeof(page));
	const char *end = n > 0 ? memchr(page, '\n', (size_t)n) : NULL;
	char *text;

	if (end)
		return xstrndup(page, (size_t)(end - page));
	if (fd < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return NULL;
	text = fd_read_all(fd, READ_LIMIT, NULL);
	if (text)
		text[strcspn(text, "\n")] = '\0';
	return text;
}

char *root_read(const struct root *root, const char *fmt, ...)
{
	FORMAT_PATH(path, fmt);
	return read_all(root, path);
}

char *root_line(const struct root *root, const char *fmt, ...)
{
	FORMAT_PATH(path, fmt);
	return first_line(root, path);
}

bool root_number(const struct root *root, unsigned long long *value, const char *fmt, ...)
{
	own_free char *text = NULL;
	char *end;
	unsigned long long v;

	FORMAT_PATH(path, fmt);
	text = first_line(root, path);
	if (!text)
		return false;
	errno = 0;
	v = strtoull(text, &end, 0);
	if (errno)
		return false;
	if (end == text || end[strspn(end, " \t")]) {
		errno = EINVAL;
		return false;
	}
	*value = v;
	return true;
}

char *root_readlink(const struct root *root, const char *fmt, ...)
{
	char target[4096];
	ssize_t n;

	FORMAT_PATH(path, fmt);
	own_fd int fd = root_open(root, path, O_PATH | O_NOFOLLOW);
	if (fd < 0)
		return NULL;
	n = readlinkat(fd, "", target, sizeof(target));
	if (n < 0)
		return NULL;
	return xstrndup(target, (size_t)n);
}

bool root_stat(const struct root *root, const char *path, struct stat *st)
{
	own_fd int fd = root_open(root, path, O_PATH);

	return fd >= 0 && fstat(fd, st) == 0;
}

bool root_exists(const struct root *root, const char *fmt, ...)
{
	struct stat st;

	FORMAT_PATH(path, fmt);
	return root_stat(root, path, &st);
}

static int by_version(const void *a, const void *b)
{
	return strverscmp(*(char *const *)a, *(char *const *)b);
}

char **root_list(const struct root *root, size_t *n, const char *fmt, ...)
{
	own_dir DIR *dir = NULL;
	char **names = NULL;
	struct dirent *entry;
	int fd;

	*n = 0;
	FORMAT_PATH(path, fmt);
	fd = root_open(root, path, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return NULL;
	dir = root_dir(fd);
	if (!dir)
		return NULL;
	errno = 0;
	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			*xappend(names, *n) = xstrdup(entry->d_name);
	if (*n)
		qsort(names, *n, sizeof(*names), by_version);
	return names;
}

void names_free(char **names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	free(names);
}
