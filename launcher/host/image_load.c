/* Reading an image's ends, and following the names in it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "image.h"

/* The primary volume descriptor, and in it the volume's identifier (ECMA-119, 6.2.1 and 8.4.7). */
#define ISO_DESCRIPTOR 32768
#define ISO_LABEL 40
#define ISO_LABEL_SIZE 32

/* Where a name in an image leads; NULL: not to a file that we know. Like QEMU's path_combine(),
 * from the directory of the image by the name that it was opened with; what has a colon before any
 * slash is a protocol's.
 */
static char *place_of(const char *image, const char *name)
{
	own_free char *dir = path_dir(image);
	const char *colon = strchr(name, ':'), *slash = strchr(name, '/');

	if (text_starts(name, "file:"))
		name += strlen("file:");
	else if (colon && (!slash || colon < slash))
		return NULL;
	return path_join(dir, name);
}

/* All that fits, or up to the end; -1 with errno set. */
static ssize_t read_at(int fd, void *to, size_t len, off_t at)
{
	size_t have = 0;

	while (have < len) {
		ssize_t n = pread(fd, (char *)to + have, len - have, at + (off_t)have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		have += (size_t)n;
	}
	return (ssize_t)have;
}

static bool read_ends(struct image *image, int fd)
{
	own_free char *head = xmalloc(IMAGE_HEAD);
	char tail[IMAGE_TAIL];
	off_t size = lseek(fd, 0, SEEK_END);
	ssize_t len = size < 0 ? -1 : read_at(fd, head, IMAGE_HEAD, 0), tail_len = 0;

	/* The end of a partition may be what another use of the disk has left. */
	if (len >= 0 && !image->is_block && size >= IMAGE_TAIL)
		tail_len = read_at(fd, tail, IMAGE_TAIL, size - IMAGE_TAIL);
	if (len < 0 || tail_len < 0)
		return false;
	image_read(image, head, (size_t)len, tail, (size_t)tail_len, (uint64_t)size);
	return true;
}

struct seen {
	dev_t dev;
	ino_t ino;
};

/* What is not there yet will be where its directory is. */
static bool is_on_smb(const char *path)
{
	own_free char *dir = path_dir(path);
	struct statfs fs;

	if (statfs(path, &fs) < 0 && statfs(dir, &fs) < 0)
		return false;
	return (uint32_t)fs.f_type == CIFS_SUPER_MAGIC || (uint32_t)fs.f_type == SMB2_SUPER_MAGIC ||
	       (uint32_t)fs.f_type == SMB_SUPER_MAGIC;
}

/* One image, by itself. */
static struct image *load_one(const char *path, struct seen *seen)
{
	struct image *image = xcalloc(1, sizeof(*image));
	own_fd int fd = -1;
	struct stat st;

	image->path = xstrdup(path);
	image->is_smb = is_on_smb(path);
	if (stat(path, &st) < 0) {
		image->missing = errno == ENOENT || errno == ENOTDIR;
		image->errnum = errno;
		return image;
	}
	*seen = (struct seen){st.st_dev, st.st_ino};
	image->is_block = S_ISBLK(st.st_mode);
	if (!S_ISREG(st.st_mode) && !image->is_block)
		return image;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || !read_ends(image, fd))
		image->errnum = errno;
	return image;
}

static bool was_seen(const struct seen *seen, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (seen[i].dev == seen[n].dev && seen[i].ino == seen[n].ino)
			return true;
	return false;
}

static void find_names(struct image *image)
{
	struct qcow2_image *q = &image->qcow2;

	if (q->backing.name)
		q->backing.path = place_of(image->path, q->backing.name);
	if (q->data.name)
		q->data.path = place_of(image->path, q->data.name);
	image->data_missing = q->data.path && access(q->data.path, F_OK) < 0;
}

/* Whether the image below is opened as qcow2: by what the one above says, or QEMU's guess. */
static bool is_followed(const struct image *above)
{
	const char *format = above->qcow2.backing_format;

	return above->backing->kind == IMAGE_QCOW2 && (!format || strcmp(format, "qcow2") == 0);
}

struct image *image_load(const char *path, bool follow)
{
	struct seen seen[IMAGE_DEPTH + 1] = {{0}};
	struct image *first = load_one(path, &seen[0]), *top = first;

	for (size_t n = 1; follow && n <= IMAGE_DEPTH; n++) {
		find_names(top);
		if (!top->qcow2.backing.path)
			break;
		top->backing = load_one(top->qcow2.backing.path, &seen[n]);
		top->loop = !top->backing->missing && was_seen(seen, n);
		follow = !top->loop && is_followed(top);
		top = top->backing;
	}
	return first;
}

char *image_label(const char *path)
{
	own_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char sector[ISO_LABEL + ISO_LABEL_SIZE + 1] = {0};
	char *label = sector + ISO_LABEL;
	size_t n = ISO_LABEL_SIZE;

	if (fd < 0 ||
	    read_at(fd, sector, sizeof(sector) - 1, ISO_DESCRIPTOR) !=
		    (ssize_t)sizeof(sector) - 1 ||
	    memcmp(sector, "\1CD001", 6) != 0)
		return NULL;
	while (n && label[n - 1] == ' ')
		label[--n] = '\0';
	return xstrdup(label);
}
