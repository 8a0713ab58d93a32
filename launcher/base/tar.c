/* Layout of a header: POSIX.1-2017, pax, "ustar Interchange Format"; longer names go into an
 * extended header before it. Holes: GNU tar's manual, "Old GNU Format".
 */
#include "tar.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "alloc.h"

#define BLOCK 512

struct header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type;
	char link[100], magic[6], version[2], user[32], group[32], major[8], minor[8];
	union {
		char prefix[155];
		struct {
			char times[41];
			struct {
				char offset[12], bytes[12];
			} piece[4];
			char extended, real_size[12];
		} gnu;
	};
	char pad[12];
};
_Static_assert(sizeof(struct header) == BLOCK, "one block");

#define TYPE_FILE '0'
#define TYPE_LINK '2'
#define TYPE_DIRECTORY '5'
#define TYPE_SPARSE 'S'
#define TYPE_EXTENDED 'x'

/* Octal digits and a NUL; what is larger than the field becomes base-256 (GNU), as sizes over 8 GiB
 * do.
 */
static void put_number(char *field, size_t size, uint64_t value)
{
	for (size_t i = size - 1; i-- > 0; value >>= 3)
		field[i] = (char)('0' + (value & 7));
	field[size - 1] = '\0';
}

static void put_text(char *field, size_t size, const char *text)
{
	size_t len = strlen(text);

	memcpy(field, text, len < size ? len : size);
}

static void put_header(struct buf *tar, struct header *h)
{
	unsigned sum = 0;

	memset(h->checksum, ' ', sizeof(h->checksum));
	for (size_t i = 0; i < sizeof(*h); i++)
		sum += ((unsigned char *)h)[i];
	put_number(h->checksum, sizeof(h->checksum) - 1, sum);
	buf_add(tar, h, sizeof(*h));
}

static void put_data(struct buf *tar, const void *data, size_t len)
{
	static const char zeros[BLOCK];

	if (len)
		buf_add(tar, data, len);
	if (len % BLOCK)
		buf_add(tar, zeros, BLOCK - len % BLOCK);
}

/* "LENGTH key=value\n", where the length counts itself. */
static void add_record(struct buf *records, const char *key, const char *value)
{
	size_t rest = strlen(key) + strlen(value) + 3, len = rest, before;

	do {
		before = len;
		len = rest + (size_t)snprintf(NULL, 0, "%zu", before);
	} while (len != before);
	buf_addf(records, "%zu %s=%s\n", len, key, value);
}

static struct header tar_header(char type, const char *path, unsigned mode, uint64_t size)
{
	struct header h = {.type = type};

	put_text(h.name, sizeof(h.name), path);
	put_number(h.mode, sizeof(h.mode), mode);
	put_number(h.uid, sizeof(h.uid), 0);
	put_number(h.gid, sizeof(h.gid), 0);
	put_number(h.size, sizeof(h.size), size);
	put_number(h.mtime, sizeof(h.mtime), 0);
	memcpy(h.magic, "ustar", sizeof(h.magic));
	memcpy(h.version, "00", sizeof(h.version));
	return h;
}

/* What does not fit into the header that follows. */
static void put_extended(struct buf *tar, const char *path, const char *target)
{
	own_buf struct buf records = {0};
	struct header h;

	if (strlen(path) >= sizeof(h.name))
		add_record(&records, "path", path);
	if (target && strlen(target) >= sizeof(h.link))
		add_record(&records, "linkpath", target);
	if (!records.len)
		return;
	h = tar_header(TYPE_EXTENDED, "extended", 0644, records.len);
	put_header(tar, &h);
	put_data(tar, records.data, records.len);
}

void tar_directory(struct buf *tar, const char *path)
{
	own_free char *slashed = xasprintf("%s/", path);
	struct header h = tar_header(TYPE_DIRECTORY, slashed, 0755, 0);

	put_extended(tar, slashed, NULL);
	put_header(tar, &h);
}

void tar_link(struct buf *tar, const char *path, const char *target)
{
	struct header h = tar_header(TYPE_LINK, path, 0777, 0);

	put_extended(tar, path, target);
	put_text(h.link, sizeof(h.link), target);
	put_header(tar, &h);
}

void tar_file(struct buf *tar, const char *path, const void *data, size_t len, uint64_t size)
{
	struct header h = tar_header(size > len ? TYPE_SPARSE : TYPE_FILE, path, 0644, len);

	put_extended(tar, path, NULL);
	if (size > len) {
		memcpy(h.magic, "ustar ", sizeof(h.magic));
		memcpy(h.version, " ", sizeof(h.version));
		put_number(h.gnu.piece[0].offset, 12, 0);
		put_number(h.gnu.piece[0].bytes, 12, len);
		put_number(h.gnu.piece[1].offset, 12, size);
		put_number(h.gnu.piece[1].bytes, 12, 0);
		put_number(h.gnu.real_size, 12, size);
	}
	put_header(tar, &h);
	put_data(tar, data, len);
}

void tar_end(struct buf *tar)
{
	static const char zeros[2 * BLOCK];

	buf_add(tar, zeros, sizeof(zeros));
}
