/* What a flash image is to a guest, whatever file it is kept in. Private to this room.
 */
#ifndef FIRMWARE_IMAGE_H
#define FIRMWARE_IMAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The bytes that a guest sees in the image: the file's own, but for qcow2 (told by its magic, which
 * no UEFI volume begins with) the size in its header, because such a file grows with use. False
 * with errno set.
 */
static inline bool image_size(int fd, bool *is_qcow2, uint64_t *size)
{
	unsigned char head[32] = {0};
	struct stat st;

	if (fstat(fd, &st) < 0 || pread(fd, head, sizeof(head), 0) < 0)
		return false;
	*is_qcow2 = memcmp(head, "QFI\xfb", 4) == 0;
	*size = (uint64_t)st.st_size;
	if (*is_qcow2) {
		*size = 0;
		for (int i = 24; i < 32; i++)
			*size = *size << 8 | head[i];
	}
	return true;
}

#endif
