/* The chassis record, byte by byte. */
#include "unit.h"

#include <string.h>

#include "scratch.h"

#include "firmware/smbios.h"

static void a_record(void **state)
{
	static const struct smbios_chassis chassis = {
		.manufacturer = "MECHREVO", .serial = "S1", .asset = "", .sku = "K"};
	static const char wanted[] = "\x03\x16\x00\x03"		/* type, length, handle */
				     "\x01\x0a\x00\x02\x00"	/* maker, notebook, -, serial, - */
				     "\x03\x03\x03\x02\0\0\0\0" /* safe, security unknown, OEM */
				     "\0\0\0\0\x03" /* height, cords, no elements, SKU */
				     "MECHREVO\0S1\0K\0";
	own_buf struct buf record = {0};
	struct error *err = NULL;

	(void)state;
	assert_true(smbios_chassis(&chassis, &record, &err));
	assert_int_equal(record.len, sizeof(wanted));
	assert_memory_equal(record.data, wanted, sizeof(wanted));
}

static void without_strings(void **state)
{
	own_buf struct buf record = {0};
	struct error *err = NULL;

	(void)state;
	assert_true(smbios_chassis(&(struct smbios_chassis){.type = SMBIOS_CHASSIS_LAPTOP}, &record,
				   &err));
	assert_int_equal(record.len, 24);
	assert_int_equal(record.data[5], 9);
	assert_memory_equal(record.data + 22, "\0", 2);
}

static void all_strings(void **state)
{
	own_buf struct buf record = {0};
	struct error *err = NULL;

	(void)state;
	assert_true(smbios_chassis(&(struct smbios_chassis){3, "a", "b", "c", "d", "e"}, &record,
				   &err));
	assert_memory_equal(record.data + 22, "a\0b\0c\0d\0e\0\0", 11);
	assert_int_equal(record.len, 33);
	assert_memory_equal(record.data + 4, "\1\3\2\3\4", 5);
	assert_int_equal(record.data[21], 5);
}

static void what_cannot_be_said(void **state)
{
	own_buf struct buf record = {0};
	own_free char *longest = xcalloc(1, 257);
	struct error *err = NULL;

	(void)state;
	memset(longest, 'x', 255);
	assert_true(smbios_chassis(&(struct smbios_chassis){.version = longest}, &record, &err));
	buf_free(&record);
	longest[255] = 'x';
	assert_false(smbios_chassis(&(struct smbios_chassis){37, "a\n", longest, "\xff", "", NULL},
				    &record, &err));
	assert_messages(
		err,
		"there is no chassis type 37; SMBIOS has 1 to 36\n"
		"the chassis' manufacturer is at most 255 bytes of UTF-8 without control "
		"characters\n"
		"the chassis' version is at most 255 bytes of UTF-8 without control characters\n"
		"the chassis' serial number is at most 255 bytes of UTF-8 without control "
		"characters\n");
	assert_null(record.data);
}

static void words(void **state)
{
	(void)state;
	assert_null(smbios_chassis_word(0));
	for (unsigned i = 1; i <= SMBIOS_CHASSIS_LAST; i++)
		assert_non_null(smbios_chassis_word(i));
	assert_string_equal(smbios_chassis_word(10), "notebook");
	assert_null(smbios_chassis_word(37));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record),    cmocka_unit_test(without_strings),
		cmocka_unit_test(all_strings), cmocka_unit_test(what_cannot_be_said),
		cmocka_unit_test(words),
	};

	return cmocka_run_group_tests_name("smbios", tests, NULL, NULL);
}
