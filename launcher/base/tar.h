/* Archives in the format of POSIX.1-2001 ("pax"): files, links and directories from memory. */
#ifndef BASE_TAR_H
#define BASE_TAR_H

#include <stdint.h>

#include "buf.h"

/* Appends a member. Paths are relative, of any length. Files get mode 0644, directories 0755; owner
 * and time are 0, so that the same content gives the same bytes.
 */
void tar_directory(struct buf *tar, const char *path);
void tar_link(struct buf *tar, const char *path, const char *target);
/* size is that of the file, of which data holds the first len bytes; the rest is a hole, as GNU
 * tar's old sparse format has it.
 */
void tar_file(struct buf *tar, const char *path, const void *data, size_t len, uint64_t size);
/* The end: two empty blocks. */
void tar_end(struct buf *tar);

#endif
