/* A store's bytes out of its image. qcow2 (QEMU, docs/interop/qcow2): a table of tables of
 * clusters. What a variable store needs of it is read here, as asking qemu-img would fail while the
 * machine runs and where it is not installed; whatever needs more than that (a backing file,
 * encryption, compression, an unknown feature) is told and not read.
 */
#include "varstore.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "image.h"

/* The header's fields. */
#define QCOW2_HEADER 104
#define QCOW2_VERSION 4
#define QCOW2_BACKING 8
#define QCOW2_CLUSTER_BITS 20
#define QCOW2_CRYPT 32
#define QCOW2_TABLES 36
#define QCOW2_TABLE_AT 40
#define QCOW2_FEATURES 72
/* Bits 0 and 1, dirty and corrupt, say how the file was left, bit 3 how clusters are compressed. */
#define QCOW2_FEATURES_KNOWN 0xbU

/* Of a table's entry: where it points to, and what is not read. */
#define ENTRY_OFFSET 0x00fffffffffffe00ULL
#define ENTRY_COMPRESSED (1ULL << 62)
#define ENTRY_ZEROES 1ULL

static uint64_t big_endian(const unsigned char *p, unsigned n)
{
	uint64_t value = 0;

	while (n--)
		value = value << 8 | *p++;
	return value;
}

static bool read_at(int fd, void *to, size_t len, uint64_t at)
{
	size_t done = 0;

	while (at <= INT64_MAX - len && done < len) {
		ssize_t n = pread(fd, (char *)to + done, len - done, (off_t)(at + done));

		if (n == 0 || (n < 0 && errno != EINTR))
			break;
		done += n > 0 ? (size_t)n : 0;
	}
	return done == len;
}

struct qcow2 {
	int fd;
	unsigned bits; /* of a cluster */
	uint64_t tables, table_at;
};

static const char *open_qcow2(struct qcow2 *q)
{
	unsigned char h[QCOW2_HEADER] = {0};
	uint64_t version;

	if (!read_at(q->fd, h, 72, 0))
		return "its qcow2 header is cut short";
	version = big_endian(h + QCOW2_VERSION, 4);
	q->bits = (unsigned)big_endian(h + QCOW2_CLUSTER_BITS, 4);
	q->tables = big_endian(h + QCOW2_TABLES, 4);
	q->table_at = big_endian(h + QCOW2_TABLE_AT, 8);
	if (version != 2 && version != 3)
		return "it is a qcow2 file of an unknown version";
	if (version == 3 && !read_at(q->fd, h, sizeof(h), 0))
		return "its qcow2 header is cut short";
	if (q->bits < 9 || q->bits > 21)
		return "its qcow2 header is wrong";
	if (big_endian(h + QCOW2_BACKING, 8))
		return "it is a qcow2 file with a backing file";
	if (big_endian(h + QCOW2_CRYPT, 4))
		return "it is an encrypted qcow2 file";
	if (version == 3 && big_endian(h + QCOW2_FEATURES, 8) & ~(uint64_t)QCOW2_FEATURES_KNOWN)
		return "it is a qcow2 file with features that are not known here";
	return NULL;
}

/* Where a cluster lies; *at is 0 where the file has none and it is all zeroes. */
static const char *find_cluster(const struct qcow2 *q, uint64_t index, uint64_t *at)
{
	unsigned char entry[8];
	uint64_t per_table = 1ULL << (q->bits - 3), table = index / per_table, value;

	*at = 0;
	if (table >= q->tables)
		return "its qcow2 tables are too short";
	if (!read_at(q->fd, entry, sizeof(entry), q->table_at + table * sizeof(entry)))
		return "its qcow2 tables are cut short";
	value = big_endian(entry, 8) & ENTRY_OFFSET;
	if (!value)
		return NULL;
	if (!read_at(q->fd, entry, sizeof(entry), value + index % per_table * sizeof(entry)))
		return "its qcow2 tables are cut short";
	value = big_endian(entry, 8);
	if (value & ENTRY_COMPRESSED)
		return "it is a compressed qcow2 file";
	if (!(value & ENTRY_ZEROES))
		*at = value & ENTRY_OFFSET;
	return NULL;
}

static const char *read_qcow2(int fd, unsigned char *to, size_t size)
{
	struct qcow2 q = {.fd = fd};
	const char *wrong = open_qcow2(&q);

	for (size_t done = 0; !wrong && done < size;) {
		size_t cluster = (size_t)1 << q.bits, n = size - done;
		uint64_t at = 0;

		n = n < cluster ? n : cluster;
		wrong = find_cluster(&q, done >> q.bits, &at);
		if (!wrong && at && !read_at(fd, to + done, n, at))
			wrong = "it is a qcow2 file that is cut short";
		done += n;
	}
	return wrong;
}

bool varstore_read(struct varstore *store, int fd, char **why)
{
	unsigned char *bytes = NULL;
	const char *wrong = NULL;
	bool is_qcow2 = false;
	uint64_t size = 0;
	struct stat st;

	*store = (struct varstore){0};
	if (fstat(fd, &st) < 0 || (S_ISREG(st.st_mode) && !image_size(fd, &is_qcow2, &size)))
		wrong = strerror(errno);
	else if (!S_ISREG(st.st_mode))
		wrong = "it is no file";
	else if (size == 0 || size > VARSTORE_MOST)
		wrong = "no variable store has its size";
	if (!wrong) {
		bytes = xcalloc(1, size);
		if (is_qcow2)
			wrong = read_qcow2(fd, bytes, size);
		else if (!read_at(fd, bytes, size, 0))
			wrong = "it cannot be read to its end";
	}
	if (!wrong)
		return varstore_parse(store, bytes, size, why);
	free(bytes);
	*why = xstrdup(wrong);
	return false;
}
