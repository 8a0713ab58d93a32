/* One file, one write(2), all of it in a worker: opening may block as well. The path is ours, but
 * it is checked all the same, and so is the file system that the file turns out to be on: a mistake
 * here would be made as root.
 */
#include "sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>

#include "base/alloc.h"
#include "base/text.h"

/* #syscalls(keeper) fstatfs */

/* What the worker returns beside an errno. A driver's own ETIMEDOUT is not ours. */
enum { PART_WRITTEN = -1, NOT_KERNELS = -2, TIMED_OUT = -3 };

struct write {
	const struct root *root;
	const char *path;
	const char *line; /* value and newline */
	size_t len;
};

static bool is_kernels(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return false;
	return fs.f_type == SYSFS_MAGIC || fs.f_type == PROC_SUPER_MAGIC ||
	       fs.f_type == CGROUP_SUPER_MAGIC || fs.f_type == CGROUP2_SUPER_MAGIC;
}

/* Opens the file in the worker, where root's own descriptor is closed by now. -1 with errno set. */
static int open_again(const struct root *root, const char *path)
{
	struct root again = ROOT_REAL;
	int fd, errnum;

	if (root_is_real(root))
		return root_open(root, path, O_WRONLY);
	if (!root_init(&again, root->path, NULL)) {
		errno = ENOENT;
		return -1;
	}
	/* The kernel's files forget what they held; these are plain ones. */
	fd = root_open(&again, path, O_WRONLY | O_TRUNC);
	errnum = errno;
	root_done(&again);
	errno = errnum;
	return fd;
}

static int write_line(void *context)
{
	const struct write *w = context;
	own_fd int fd = open_again(w->root, w->path);
	ssize_t n;

	if (fd < 0)
		return errno;
	if (root_is_real(w->root) && !is_kernels(fd))
		return NOT_KERNELS;
	n = write(fd, w->line, w->len);
	if (n < 0)
		return errno == ETIMEDOUT ? TIMED_OUT : errno;
	return (size_t)n == w->len ? 0 : PART_WRITTEN;
}

/* Whether it is a file of the kernel's by its name, and one line that would go there. */
static bool is_sane(const char *path, const char *value)
{
	if (!text_starts(path, "/sys/") && !text_starts(path, "/proc/sys/") &&
	    !text_starts(path, "/proc/irq/"))
		return false;
	return !strstr(path, "/../") && !text_ends(path, "/..") && !strchr(value, '\n');
}

struct writes {
	const struct root *root;
	const struct sysfs_value *value;
	size_t n;
};

static int write_each(void *context)
{
	const struct writes *all = context;

	for (size_t i = 0; i < all->n; i++) {
		own_free char *line = xasprintf("%s\n", all->value[i].value);
		struct write one = {
			.root = all->root,
			.path = all->value[i].path,
			.line = line,
			.len = strlen(line),
		};

		write_line(&one);
	}
	return 0;
}

bool sysfs_write_each(const struct root *root, const struct sysfs_value *values, size_t n,
		      int deadline_ms, struct error **err)
{
	struct writes all = {.root = root, .value = values, .n = n};
	enum worker_end end;
	int errnum;

	for (size_t i = 0; i < n; i++) {
		if (is_sane(values[i].path, values[i].value))
			continue;
		error_add(err, ERROR_HOST, "refused to write to %s: a mistake in vmlaunch",
			  values[i].path);
		return false;
	}
	end = worker_run(write_each, &all, deadline_ms, &errnum, NULL);
	worker_count();
	if (end == WORKER_DONE)
		return true;
	error_errno(err, ERROR_HOST, errnum, "cannot write %zu files such as %s", n,
		    n ? values[0].path : "none");
	return false;
}

void sysfs_values_free(struct sysfs_value *values, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(values[i].path);
		free(values[i].value);
	}
	free(values);
}

bool sysfs_write(const struct root *root, const char *path, const char *value, int deadline_ms,
		 struct worker *stuck, struct error **err)
{
	own_free char *line = xasprintf("%s\n", value), *shown = text_quote(value, 100);
	struct write w = {.root = root, .path = path, .line = line, .len = strlen(line)};
	struct worker held = WORKER_NONE;
	enum worker_end end;
	int errnum;

	if (!is_sane(path, value)) {
		error_add(err, ERROR_HOST, "refused to write \"%s\" to %s: a mistake in vmlaunch",
			  shown, path);
		return false;
	}
	end = worker_run(write_line, &w, deadline_ms, &errnum, &held);
	worker_count();
	if (end == WORKER_DONE)
		return true;
	if (end == WORKER_STUCK)
		error_add(err, ERROR_HOST,
			  "writing \"%s\" to %s is stuck in the kernel (process %d)", shown, path,
			  (int)held.pid);
	else if (errnum == PART_WRITTEN)
		error_add(err, ERROR_HOST, "%s took only a part of \"%s\"", path, shown);
	else if (errnum == NOT_KERNELS)
		error_add(err, ERROR_HOST, "%s is not a file of the kernel", path);
	else if (errnum == ETIMEDOUT)
		error_add(err, ERROR_HOST, "writing \"%s\" to %s took longer than %g s", shown,
			  path, deadline_ms / 1000.0);
	else
		error_errno(err, ERROR_HOST, errnum == TIMED_OUT ? ETIMEDOUT : errnum,
			    "cannot write \"%s\" to %s", shown, path);
	if (stuck && end == WORKER_STUCK)
		*stuck = held;
	else
		worker_abandon(&held);
	return false;
}
