#include "journal_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/own.h"

/* #syscalls(keeper) pwrite64 fsync rename renameat2 unlink */

/* So much may a record grow before the next change: QEMU's number and start, pages. */
#define SLACK 512
#define BLOCK 4096

/* The size of a file; -1 when there is none. */
static off_t size_of(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISREG(st.st_mode) ? st.st_size : -1;
}

static bool fill_up(int fd, off_t from, off_t to)
{
	char lines[BLOCK];

	memset(lines, '\n', sizeof(lines));
	for (off_t n; from < to; from += n) {
		n = to - from < BLOCK ? to - from : BLOCK;
		if (pwrite(fd, lines, (size_t)n, from) != n) {
			errno = errno ? errno : ENOSPC;
			return false;
		}
	}
	return true;
}

/* Makes the file (at least) so large, and itself if need be. What is in it stays, as what reads it
 * does not mind lines behind the text.
 */
static bool grow_to(const char *path, off_t size)
{
	own_fd int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct stat st;

	errno = fd < 0 ? errno : 0;
	return fd >= 0 && fstat(fd, &st) == 0 && fill_up(fd, st.st_size, size);
}

/* The text, with lines up to size; the caller owns it. */
static char *padded_text(const char *text, off_t size)
{
	size_t n = (size_t)size, length = strlen(text);
	char *padded = xcalloc(n + 1, 1);

	for (size_t i = 0; i < n; i++)
		padded[i] = i < length ? text[i] : '\n';
	return padded;
}

static bool write_first(const char *path, const char *room, const char *text, off_t size)
{
	own_free char *padded = padded_text(text, size);
	int errnum;

	if (grow_to(room, size) && file_write(path, padded, (size_t)size, 0600, DURABLE, NULL))
		return true;
	errnum = errno;
	unlink(room);
	errno = errnum;
	return false;
}

static bool write_next(const char *path, const char *room, const char *text)
{
	/* Nothing of the state before the last one may stay behind the text. */
	off_t size = size_of(room);
	own_free char *padded = padded_text(text, size);
	own_fd int fd = open(room, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 || !fd_write_all(fd, padded, (size_t)size) || fsync(fd) < 0)
		return false;
	if (renameat2(AT_FDCWD, room, AT_FDCWD, path, RENAME_EXCHANGE) == 0)
		return true;
	/* A file system that cannot do that has to make the room anew. */
	if ((errno != EINVAL && errno != ENOSYS) || rename(room, path) < 0)
		return false;
	grow_to(room, size);
	return true;
}

bool journal_file_write(const char *path, const char *text, struct error **err)
{
	own_free char *room = xasprintf("%s" JOURNAL_ROOM, path);
	off_t len = (off_t)strlen(text), is = size_of(path), has = size_of(room);
	off_t size = (len + SLACK + BLOCK - 1) / BLOCK * BLOCK;
	bool good;

	/* As large as both are, where that is enough. */
	if (is >= len && has >= len)
		size = is < has ? is : has;
	good = is < 0 ? write_first(path, room, text, size)
		      : grow_to(path, size) && grow_to(room, size) && write_next(path, room, text);
	if (!good)
		error_errno(err, ERROR_HOST, errno, "cannot write %s", path);
	return good;
}

bool journal_file_remove(const char *path, struct error **err)
{
	own_free char *room = xasprintf("%s" JOURNAL_ROOM, path);

	if (unlink(path) < 0 && errno != ENOENT) {
		error_errno(err, ERROR_HOST, errno, "cannot remove %s", path);
		return false;
	}
	/* Whoever dies here leaves a half, which the next keeper removes. */
	if (unlink(room) == 0 || errno == ENOENT)
		return true;
	error_errno(err, ERROR_HOST, errno, "cannot remove %s", room);
	return false;
}
