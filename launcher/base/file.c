#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "alloc.h"
#include "buf.h"

/* #syscalls(all) mkdir rename renameat2 link unlink fsync fchmod */

char *path_join(const char *dir, const char *name)
{
	if (*name == '/' || !*dir || strcmp(dir, ".") == 0)
		return xstrdup(name);
	return xasprintf("%s%s%s", dir, dir[strlen(dir) - 1] == '/' ? "" : "/", name);
}

char *path_dir(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return xstrdup(".");
	return xstrndup(path, slash == path ? 1 : (size_t)(slash - path));
}

const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

char *path_tidy(const char *path)
{
	struct buf out = {0};

	if (*path == '/')
		buf_addc(&out, '/');
	while (*path) {
		size_t n = strcspn(path, "/");

		if (n && !(n == 1 && *path == '.')) {
			if (out.len && out.data[out.len - 1] != '/')
				buf_addc(&out, '/');
			buf_add(&out, path, n);
		}
		path += n;
		path += *path == '/';
	}
	if (!out.len)
		buf_addc(&out, '.');
	return buf_steal(&out);
}

char *fd_read_all(int fd, size_t limit, size_t *len)
{
	own_buf struct buf all = {0};
	struct stat st;
	bool sized = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0;
	/* A byte more than there should be: the next read then only says that this was all. */
	size_t want = sized && (size_t)st.st_size < limit ? (size_t)st.st_size + 1 : 4095;

	for (;;) {
		ssize_t n = read(fd, buf_room(&all, want), want);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return NULL;
		if (all.len + (size_t)n > limit) {
			errno = EFBIG;
			return NULL;
		}
		buf_filled(&all, (size_t)n);
		if (n == 0)
			break;
		want = all.room - all.len - 1;
		want = want ? want : all.room;
	}
	if (len)
		*len = all.len;
	return buf_steal(&all);
}

/* Opens without waiting for a FIFO's writer, then insists on a regular file. */
static int open_regular(const char *path)
{
	own_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	if (!S_ISREG(st.st_mode)) {
		errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
		return -1;
	}
	return steal_fd(&fd);
}

char *file_read(const char *path, size_t limit, size_t *len)
{
	own_fd int fd = open_regular(path);

	return fd < 0 ? NULL : fd_read_all(fd, limit, len);
}

int open_tail(const char *path, size_t tail)
{
	own_fd int fd = open_regular(path);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	if (st.st_size > (off_t)tail && lseek(fd, st.st_size - (off_t)tail, SEEK_SET) < 0)
		return -1;
	return steal_fd(&fd);
}

bool fd_write_all(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

/* A temporary file in the directory of path, with the mode wanted. */
static int temporary(const char *path, mode_t mode, char **name)
{
	own_free char *pattern = xasprintf("%s.XXXXXX", path);
	own_fd int fd = mkostemp(pattern, O_CLOEXEC);

	if (fd < 0)
		return -1;
	if (fchmod(fd, mode) < 0) {
		int saved = errno;

		unlink(pattern);
		errno = saved;
		return -1;
	}
	*name = steal(&pattern);
	return steal_fd(&fd);
}

bool file_write(const char *path, const void *data, size_t len, mode_t mode,
		enum durability durability, struct error **err)
{
	own_free char *name = NULL;
	own_fd int fd = temporary(path, mode, &name);

	if (fd < 0) {
		error_errno(err, ERROR_FAILED, errno, "cannot write %s", path);
		return false;
	}
	if (!fd_write_all(fd, data, len) || (durability == DURABLE && fsync(fd) < 0) ||
	    rename(name, path) < 0) {
		error_errno(err, ERROR_FAILED, errno, "cannot write %s", path);
		unlink(name);
		return false;
	}
	return true;
}

static bool copy_bytes(int from, int to)
{
	char chunk[65536];

	for (;;) {
		ssize_t n = read(from, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0;
		if (!fd_write_all(to, chunk, (size_t)n))
			return false;
	}
}

/* Renames, and fails with EEXIST where the new name is taken; not every file system knows the flag
 * for it, and a link does the same in two steps.
 */
static bool rename_new(const char *from, const char *to)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return true;
	if (errno != EINVAL && errno != ENOSYS)
		return false;
	return link(from, to) == 0 && unlink(from) == 0;
}

bool file_copy_new(const char *from, const char *path, mode_t mode, struct error **err)
{
	own_free char *name = NULL;
	own_fd int in = open_regular(from);
	own_fd int out = -1;

	if (in < 0) {
		error_errno(err, ERROR_HOST, errno, "cannot read %s", from);
		return false;
	}
	out = temporary(path, mode, &name);
	if (out < 0) {
		error_errno(err, ERROR_HOST, errno, "cannot write %s", path);
		return false;
	}
	if (!copy_bytes(in, out) || fsync(out) < 0 || !rename_new(name, path)) {
		error_errno(err, ERROR_HOST, errno, "cannot copy %s to %s", from, path);
		unlink(name);
		return false;
	}
	return true;
}

bool dir_make(const char *path, mode_t mode, struct error **err)
{
	own_free char *part = xstrdup(path);
	struct stat st;

	for (char *at = part + (*part != '\0');; at++) {
		if (*at && *at != '/')
			continue;
		char kept = *at;

		*at = '\0';
		if (mkdir(part, mode) < 0 && errno != EEXIST) {
			error_errno(err, ERROR_HOST, errno, "cannot make directory %s", part);
			return false;
		}
		*at = kept;
		if (!kept)
			break;
	}
	if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode)) {
		error_errno(err, ERROR_HOST, ENOTDIR, "cannot make directory %s", path);
		return false;
	}
	return true;
}

int file_nameless(const char *dir, char **name, struct error **err)
{
	own_fd int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	own_free char *path = NULL;

	*name = NULL;
	if (fd >= 0)
		return steal_fd(&fd);
	path = path_join(dir, ".vmlaunch.XXXXXX");
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0) {
		error_errno(err, ERROR_HOST, errno, "cannot make a file in %s", dir);
		return -1;
	}
	*name = steal(&path);
	return steal_fd(&fd);
}
