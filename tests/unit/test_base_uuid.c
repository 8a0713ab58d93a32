#include "unit.h"

#include <string.h>

#include "base/uuid.h"

static void text_and_bytes(void **state)
{
	static const uint8_t id[UUID_BYTES] = {0xb1, 0x55, 0x14, 0x7a, 0x66, 0x3a, 0x40, 0x09,
					       0xae, 0x7f, 0xe9, 0xa9, 0x68, 0x05, 0xb3, 0xce};
	uint8_t found[UUID_BYTES];
	char text[UUID_TEXT];

	(void)state;
	assert_string_equal(uuid_format(id, text), "b155147a-663a-4009-ae7f-e9a96805b3ce");
	assert_true(uuid_parse(text, found));
	assert_memory_equal(found, id, sizeof(id));
	assert_true(uuid_parse("B155147A-663A-4009-AE7F-E9A96805B3CE", found));
	assert_memory_equal(found, id, sizeof(id));
}

static void what_is_none(void **state)
{
	static const char *const bad[] = {
		"",
		"b155147a",
		"b155147a-663a-4009-ae7f-e9a96805b3c",
		"b155147a-663a-4009-ae7f-e9a96805b3ce0",
		"b155147a-663a-4009-ae7f-e9a96805b3ce\n",
		"b155147a663a-4009-ae7f-e9a96805b3ce0",
		"b155147a-663a-4009-ae7f-e9a96805b3cg",
		"../../../../../../../../../etc/passw",
	};
	uint8_t id[UUID_BYTES], before[UUID_BYTES];

	(void)state;
	memset(id, 7, sizeof(id));
	memcpy(before, id, sizeof(id));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(uuid_parse(bad[i], id));
	assert_memory_equal(id, before, sizeof(id));
}

/* RFC 9562, 5.8: four bits of version, two of the variant. */
static void marked(void **state)
{
	uint8_t id[UUID_BYTES];
	char text[UUID_TEXT];

	(void)state;
	memset(id, 0xff, sizeof(id));
	uuid_mark(id);
	assert_string_equal(uuid_format(id, text), "ffffffff-ffff-8fff-bfff-ffffffffffff");
	memset(id, 0, sizeof(id));
	uuid_mark(id);
	assert_string_equal(uuid_format(id, text), "00000000-0000-8000-8000-000000000000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_and_bytes),
		cmocka_unit_test(what_is_none),
		cmocka_unit_test(marked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
