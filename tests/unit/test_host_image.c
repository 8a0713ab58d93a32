/* What an image's first and last bytes say, and where the names in it lead. */
#include "scratch.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "host/image.h"

static void put32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static enum image_kind kind_of(const void *head, size_t len, const void *tail, size_t tail_len,
			       uint64_t size)
{
	struct image *image = xcalloc(1, sizeof(*image));
	enum image_kind kind;

	image_read(image, head, len, tail, tail_len, size);
	kind = image->kind;
	image_free(image);
	return kind;
}

static void kinds_by_their_first_bytes(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		enum image_kind kind;
	} row[] = {
		{"", 0, IMAGE_OTHER},
		{"QFI\xfb\0\0\0\1", 8, IMAGE_QCOW},
		{"QFI\xfb\0\0\0\3", 8, IMAGE_QCOW2},
		{"QFI", 3, IMAGE_OTHER},
		{"QED\0", 4, IMAGE_QED},
		{"KDMV", 4, IMAGE_VMDK},
		{"COWD", 4, IMAGE_VMDK},
		{"# Disk DescriptorFile\n", 22, IMAGE_VMDK_TEXT},
		{"# Disk\n", 7, IMAGE_OTHER},
		{"vhdxfile", 8, IMAGE_VHDX},
		{"conectix", 8, IMAGE_VHD},
		{"WithoutFreeSpace", 16, IMAGE_PARALLELS},
		{"\x1f\x8b\x08\0", 4, IMAGE_PACKED},
		{"\xeb\x63\x90", 3, IMAGE_OTHER},
	};
	uint8_t head[IMAGE_HEAD] = {0}, tail[IMAGE_TAIL] = "conectix";

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++)
		assert_int_equal(kind_of(row[i].bytes, row[i].len, "", 0, 1 << 20), row[i].kind);
	assert_int_equal(kind_of("", 0, "", 0, 0), IMAGE_EMPTY);
	memcpy(head + 32769, "CD001", 5);
	assert_int_equal(kind_of(head, sizeof(head), "", 0, 1 << 20), IMAGE_ISO);
	memcpy(head + 0x40, "\x7f\x10\xda\xbe", 4);
	assert_int_equal(kind_of(head, 0x44, "", 0, 1 << 20), IMAGE_VDI);
	/* A footer of fixed size alone: others have it at the start as well. */
	put32(tail + 60, 2);
	assert_int_equal(kind_of(head, 0x40, tail, sizeof(tail), 1 << 20), IMAGE_VHD_FIXED);
	put32(tail + 60, 3);
	assert_int_equal(kind_of(head, 0x40, tail, sizeof(tail), 1 << 20), IMAGE_OTHER);
	assert_int_equal(kind_of(head, 0x40, tail, 100, 1 << 20), IMAGE_OTHER);
}

static void every_kind_has_words(void **state)
{
	(void)state;
	for (int kind = 0; kind < IMAGE_KINDS; kind++)
		assert_true(text_is_printable(image_words((enum image_kind)kind)));
	assert_string_equal(image_format(IMAGE_VHD_FIXED), "vpc");
	assert_null(image_format(IMAGE_ISO));
	assert_null(image_format(IMAGE_OTHER));
}

/* A header that is cut off anywhere: nothing is read behind its end. */
static void headers_of_any_length(void **state)
{
	uint8_t head[160] = "QFI\xfb";

	(void)state;
	head[7] = 3;
	head[23] = 16;
	put32(head + 8, 0);
	put32(head + 12, 120); /* the backing file's name */
	put32(head + 16, 20);
	put32(head + 100, 104);
	put32(head + 104, 0xe2792aca);
	put32(head + 108, 5);
	memcpy(head + 112, "qcow2", 5);
	memcpy(head + 120, "/there/is/a name.img", 20);
	for (size_t len = 4; len <= sizeof(head); len++) {
		own_free uint8_t *exact = xmalloc(len);
		struct image *image = xcalloc(1, sizeof(*image));

		memcpy(exact, head, len);
		image_read(image, exact, len, "", 0, 1 << 20);
		assert_int_equal(image->kind, IMAGE_QCOW2);
		assert_int_equal(image->qcow2.damage != NULL, len < 72);
		assert_int_equal(image->qcow2.backing.name != NULL, len >= 140);
		if (len == sizeof(head)) {
			assert_string_equal(image->qcow2.backing.name, "/there/is/a name.img");
			assert_string_equal(image->qcow2.backing_format, "qcow2");
		}
		image_free(image);
	}
}

static void what_is_no_file(void **state)
{
	own_free char *fifo = xasprintf("%s/fifo", (char *)*state);
	own_free char *nothing = xasprintf("%s/nothing", (char *)*state);
	struct image *image;

	assert_return_code(mkfifo(fifo, 0600), errno);
	image = image_load(fifo, true); /* and comes back */
	assert_int_equal(image->kind, IMAGE_OTHER);
	assert_int_equal(image->errnum, 0);
	image_free(image);
	image = image_load(nothing, true);
	assert_true(image->missing);
	assert_int_equal(image->errnum, ENOENT);
	image_free(image);
	image = image_load(*state, true);
	assert_false(image->missing);
	image_free(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_by_their_first_bytes),
		cmocka_unit_test(every_kind_has_words),
		cmocka_unit_test(headers_of_any_length),
		cmocka_unit_test_setup_teardown(what_is_no_file, scratch_make, scratch_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
