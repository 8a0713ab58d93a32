/* The kinds, by their first bytes, and a qcow2's header. Numbers in it are big-endian. */
#include "image.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"

struct bytes {
	const uint8_t *data;
	size_t len;
};

static bool bytes_are(struct bytes b, size_t at, const char *text, size_t len)
{
	return at <= b.len && len <= b.len - at && memcmp(b.data + at, text, len) == 0;
}

static uint32_t be32(struct bytes b, size_t at)
{
	if (at > b.len || b.len - at < 4)
		return 0;
	return (uint32_t)b.data[at] << 24 | (uint32_t)b.data[at + 1] << 16 |
	       (uint32_t)b.data[at + 2] << 8 | b.data[at + 3];
}

static uint64_t be64(struct bytes b, size_t at)
{
	return (uint64_t)be32(b, at) << 32 | be32(b, at + 4);
}

/* ------------------------------------------------------------------ kinds */

#define MAGIC(at, text, kind)                    \
	{                                        \
		at, text, sizeof(text) - 1, kind \
	}

static enum image_kind kind_by_head(struct bytes head)
{
	static const struct {
		size_t at;
		const char *text;
		size_t len;
		enum image_kind kind;
	} row[] = {
		MAGIC(0, "QFI\xfb\0\0\0\1", IMAGE_QCOW),
		MAGIC(0, "QFI\xfb", IMAGE_QCOW2),
		MAGIC(0, "QED\0", IMAGE_QED),
		MAGIC(0, "KDMV", IMAGE_VMDK),
		MAGIC(0, "COWD", IMAGE_VMDK),
		MAGIC(0, "# Disk DescriptorFile", IMAGE_VMDK_TEXT),
		MAGIC(0, "vhdxfile", IMAGE_VHDX),
		MAGIC(0, "conectix", IMAGE_VHD),
		MAGIC(0x40, "\x7f\x10\xda\xbe", IMAGE_VDI),
		MAGIC(0, "WithoutFreeSpace", IMAGE_PARALLELS),
		MAGIC(0, "WithouFreSpacExt", IMAGE_PARALLELS),
		MAGIC(32769, "CD001", IMAGE_ISO),
		MAGIC(0, "\x1f\x8b\x08", IMAGE_PACKED),
		MAGIC(0,
		      "\xfd"
		      "7zXZ\0",
		      IMAGE_PACKED),
		MAGIC(0, "\x28\xb5\x2f\xfd", IMAGE_PACKED),
		MAGIC(0, "BZh", IMAGE_PACKED),
		MAGIC(0, "PK\3\4", IMAGE_PACKED),
		MAGIC(0, "7z\xbc\xaf\x27\x1c", IMAGE_PACKED),
		MAGIC(0, "Rar!\x1a\x07", IMAGE_PACKED),
		MAGIC(257, "ustar", IMAGE_PACKED), /* tar, and so OVA */
	};

	for (size_t i = 0; i < ARRAY_SIZE(row); i++)
		if (bytes_are(head, row[i].at, row[i].text, row[i].len))
			return row[i].kind;
	return IMAGE_OTHER;
}

/* A footer with the type "fixed" (2): the specification, "Hard Disk Footer Format". */
static bool is_fixed_vhd(struct bytes tail)
{
	return tail.len == IMAGE_TAIL && bytes_are(tail, 0, "conectix", 8) && be32(tail, 60) == 2;
}

const char *image_words(enum image_kind kind)
{
	static const char *const words[] = {
		[IMAGE_OTHER] = "no image of a kind that is known",
		[IMAGE_EMPTY] = "empty",
		[IMAGE_QCOW] = "a qcow image of version 1",
		[IMAGE_QCOW2] = "a qcow2 image",
		[IMAGE_QED] = "a QED image",
		[IMAGE_VMDK] = "a VMware image (VMDK)",
		[IMAGE_VMDK_TEXT] = "the description of a VMware image (VMDK)",
		[IMAGE_VHD] = "a Virtual PC or Hyper-V image (VHD)",
		[IMAGE_VHD_FIXED] = "a Hyper-V image of fixed size (VHD), with a footer at its end",
		[IMAGE_VHDX] = "a Hyper-V image (VHDX)",
		[IMAGE_VDI] = "a VirtualBox image (VDI)",
		[IMAGE_PARALLELS] = "a Parallels image",
		[IMAGE_ISO] = "an image of a CD or DVD (ISO 9660)",
		[IMAGE_PACKED] = "compressed, or an archive",
	};
	static_assert(ARRAY_SIZE(words) == IMAGE_KINDS, "words for each");

	return words[kind];
}

const char *image_format(enum image_kind kind)
{
	static const char *const format[IMAGE_KINDS] = {
		[IMAGE_QCOW] = "qcow",		 [IMAGE_QCOW2] = "qcow2",    [IMAGE_QED] = "qed",
		[IMAGE_VMDK] = "vmdk",		 [IMAGE_VMDK_TEXT] = "vmdk", [IMAGE_VHD] = "vpc",
		[IMAGE_VHD_FIXED] = "vpc",	 [IMAGE_VHDX] = "vhdx",	     [IMAGE_VDI] = "vdi",
		[IMAGE_PARALLELS] = "parallels",
	};

	return format[kind];
}

/* ------------------------------------------------------------------ qcow2 */

/* Offsets in its header. */
#define AT_VERSION 4
#define AT_BACKING_OFFSET 8
#define AT_BACKING_SIZE 16
#define AT_CLUSTER_BITS 20
#define AT_SIZE 24
#define AT_CRYPT 32
#define AT_L1_SIZE 36
#define AT_L1_OFFSET 40
#define AT_REFCOUNT_OFFSET 48
#define AT_REFCOUNT_CLUSTERS 56
#define AT_INCOMPATIBLE 72
#define AT_REFCOUNT_ORDER 96
#define AT_HEADER_LENGTH 100
#define SIZE_2 72 /* of a header of version 2 */
#define SIZE_3 104

/* Header extensions. */
#define EXTENSION_END 0
#define EXTENSION_BACKING_FORMAT 0xe2792aca
#define EXTENSION_FEATURES 0x6803f857
#define EXTENSION_DATA_FILE 0x44415441

#define NAME_MAX_BYTES 1023 /* of a backing file's */
#define L1_MAX_BYTES (32U << 20)

static char *name_at(struct bytes b, uint64_t at, uint64_t len)
{
	if (len == 0 || len > NAME_MAX_BYTES || at > b.len || len > b.len - at)
		return NULL;
	return xstrndup((const char *)b.data + at, len);
}

/* The feature's own name from the image's table (48 bytes a row: kind, bit, name), or its bit. */
static void name_unknown(struct qcow2_image *q, struct bytes table)
{
	unsigned bit = 0;

	if (!(q->incompatible & ~(uint64_t)QCOW2_KNOWN) || q->unknown)
		return;
	while (!(q->incompatible & ~(uint64_t)QCOW2_KNOWN & 1ULL << bit))
		bit++;
	for (size_t at = 0; at + 48 <= table.len; at += 48)
		if (table.data[at] == 0 && table.data[at + 1] == bit) {
			own_free char *name = xstrndup((const char *)table.data + at + 2, 46);

			q->unknown = text_quote(name, 46);
			return;
		}
	q->unknown = xasprintf("bit %u", bit);
}

static void read_extensions(struct qcow2_image *q, struct bytes b, size_t at)
{
	struct bytes features = {b.data, 0};

	while (at + 8 <= b.len && be32(b, at) != EXTENSION_END) {
		uint32_t type = be32(b, at), len = be32(b, at + 4);

		at += 8;
		if (len > b.len - at)
			break;
		if (type == EXTENSION_BACKING_FORMAT && !q->backing_format)
			q->backing_format = name_at(b, at, len);
		if (type == EXTENSION_DATA_FILE && !q->data.name)
			q->data.name = name_at(b, at, len);
		if (type == EXTENSION_FEATURES)
			features = (struct bytes){b.data + at, len};
		/* Rounded up to 8 bytes. */
		if (((uint64_t)len + 7) / 8 * 8 > b.len - at)
			break;
		at += (len + 7) / 8 * 8;
	}
	name_unknown(q, features);
}

/* What no QEMU opens, as block/qcow2.c has it; NULL: nothing. */
static const char *damage_of(struct bytes b, uint32_t version)
{
	uint32_t bits = be32(b, AT_CLUSTER_BITS);
	uint64_t cluster = bits >= 9 && bits <= 21 ? 1ULL << bits : 0;

	if (b.len < SIZE_2)
		return "its header is cut off";
	if (version < 2)
		return "its header names no version";
	if (version > 3)
		return NULL;
	if (!cluster)
		return "the size of its clusters is none";
	if (be64(b, AT_L1_OFFSET) % cluster || be64(b, AT_REFCOUNT_OFFSET) % cluster)
		return "its tables lie beside the borders of clusters";
	if ((uint64_t)be32(b, AT_L1_SIZE) * 8 > L1_MAX_BYTES)
		return "its table of tables (L1) is too large";
	if (be32(b, AT_BACKING_SIZE) > NAME_MAX_BYTES)
		return "the name of its backing file is too long";
	if (be64(b, AT_SIZE) > INT64_MAX)
		return "it is larger than a disk can be";
	if (version == 3 && be32(b, AT_REFCOUNT_ORDER) > 6)
		return "its reference counts are too wide";
	return NULL;
}

/* Whether so many bytes from at on lie in the file; what is beyond reads as zeros. */
static bool is_inside(uint64_t at, uint64_t len, uint64_t size)
{
	return at <= size && len <= size - at;
}

/* What is wrong, though QEMU may open it; NULL: nothing. */
static char *doubt_of(struct bytes b, uint32_t version, uint64_t size)
{
	uint32_t bits = be32(b, AT_CLUSTER_BITS);
	uint64_t cluster = 1ULL << bits, l1 = be32(b, AT_L1_SIZE);
	unsigned l2_bits =
		bits - (version == 3 && be64(b, AT_INCOMPATIBLE) & QCOW2_EXTENDED_L2 ? 4 : 3);
	uint64_t reach = 1ULL << (bits + l2_bits), disk = be64(b, AT_SIZE);

	if (!is_inside(be64(b, AT_L1_OFFSET), l1 * 8, size) ||
	    !is_inside(be64(b, AT_REFCOUNT_OFFSET), be32(b, AT_REFCOUNT_CLUSTERS) * cluster, size))
		return xasprintf(
			"it is cut off: the file has %llu bytes, and its tables lie behind them",
			(unsigned long long)size);
	if (disk / reach + (disk % reach != 0) > l1)
		return xstrdup("it is damaged: its table of tables (L1) is too small for its size");
	if (version == 3 && be32(b, AT_HEADER_LENGTH) < SIZE_3)
		return xstrdup("it is damaged: its header says that it is shorter than any");
	return NULL;
}

static void read_qcow2(struct image *image, struct bytes b, uint64_t size)
{
	struct qcow2_image *q = &image->qcow2;
	const char *damage;
	uint32_t header;

	q->version = be32(b, AT_VERSION);
	damage = damage_of(b, q->version);
	if (damage)
		q->damage = xstrdup(damage);
	if (damage || q->version > 3)
		return;
	q->crypt_method = be32(b, AT_CRYPT);
	q->incompatible = q->version == 3 ? be64(b, AT_INCOMPATIBLE) : 0;
	q->backing.name = name_at(b, be64(b, AT_BACKING_OFFSET), be32(b, AT_BACKING_SIZE));
	header = q->version == 3 ? be32(b, AT_HEADER_LENGTH) : SIZE_2;
	q->doubt = doubt_of(b, q->version, size);
	if (header >= SIZE_2)
		read_extensions(q, b, header);
	else
		name_unknown(q, (struct bytes){b.data, 0});
}

void image_read(struct image *image, const void *head, size_t len, const void *tail,
		size_t tail_len, uint64_t size)
{
	struct bytes b = {head, len}, end = {tail, tail_len};

	image->kind = size == 0 ? IMAGE_EMPTY : kind_by_head(b);
	if (image->kind == IMAGE_OTHER && is_fixed_vhd(end))
		image->kind = IMAGE_VHD_FIXED;
	if (image->kind == IMAGE_QCOW2)
		read_qcow2(image, b, size);
}

static void name_free(struct image_name *name)
{
	free(name->name);
	free(name->path);
}

void image_free(struct image *image)
{
	while (image) {
		struct image *backing = image->backing;

		free(image->path);
		free(image->qcow2.unknown);
		free(image->qcow2.damage);
		free(image->qcow2.doubt);
		free(image->qcow2.backing_format);
		name_free(&image->qcow2.backing);
		name_free(&image->qcow2.data);
		free(image);
		image = backing;
	}
}
