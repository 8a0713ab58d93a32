/* Files and directories of the user's side: whole reads with a bound, writes that are whole or
 * absent. Paths are real ones; what belongs to the host's description is read through root.h.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "error.h"

/* dir/name, or name alone when it is absolute. The caller owns it. */
char *path_join(const char *dir, const char *name);
/* The directory part of a path: "." when there is none. The caller owns it. */
char *path_dir(const char *path);
/* The last part of a path, a pointer into it. */
const char *path_base(const char *path);
/* The path without "." parts, empty parts and a trailing slash; ".." stays, as a link may stand
 * before it. The caller owns it.
 */
char *path_tidy(const char *path);

/* Reads all of fd, at most limit bytes (more: EFBIG), into a NUL-ended string that the caller owns;
 * *len (may be NULL) is its length. Returns NULL with errno set.
 */
char *fd_read_all(int fd, size_t limit, size_t *len);
/* The same for a file; only regular files, so that a FIFO or a terminal cannot hold us up. */
char *file_read(const char *path, size_t limit, size_t *len);

/* Opens a regular file at most tail bytes before its end; -1 with errno set. */
int open_tail(const char *path, size_t tail);

/* Writes all of data; false with errno set. */
bool fd_write_all(int fd, const void *data, size_t len);

/* Puts data into path by a temporary file beside it and rename: path is old or new, never half.
 * The temporary file is removed on failure. What must survive a power failure is durable (fsync);
 * what dies with this boot anyway need not wait for the disk.
 */
enum durability { VOLATILE, DURABLE };
bool file_write(const char *path, const void *data, size_t len, mode_t mode,
		enum durability durability, struct error **err);
/* Copies a regular file in the same way and refuses to replace path if it exists. */
bool file_copy_new(const char *from, const char *path, mode_t mode, struct error **err);

/* mkdir -p; what has to be made gets the mode. */
bool dir_make(const char *path, mode_t mode, struct error **err);

/* A file without a name in dir, read and written by nobody but this user. *name becomes NULL, or
 * where the file system cannot make one without, the path that it has all the same; the caller owns
 * both. -1 with words (ERROR_HOST).
 */
int file_nameless(const char *dir, char **name, struct error **err);

#endif
