/* The growing buffer and the growing array. */
#include "unit.h"

#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"

static void pieces_come_in_order(void **state)
{
	own_buf struct buf b = {0};

	(void)state;
	buf_adds(&b, "a");
	buf_addc(&b, 'b');
	buf_add(&b, "cd", 2);
	buf_addf(&b, "%03d", 7);
	assert_string_equal(b.data, "abcd007");
	assert_int_equal(b.len, 7);
}

static void a_nul_is_a_byte(void **state)
{
	own_buf struct buf b = {0};

	(void)state;
	buf_add(&b, "a\0b", 3);
	buf_addc(&b, '\0');
	assert_int_equal(b.len, 4);
	assert_memory_equal(b.data, "a\0b\0", 5);
}

static void it_is_always_a_string(void **state)
{
	own_buf struct buf b = {0};

	(void)state;
	for (size_t i = 1; i < 5000; i++) {
		buf_addc(&b, 'x');
		assert_int_equal(b.len, i);
		assert_true(b.data[i] == '\0');
	}
	assert_int_equal(strspn(b.data, "x"), 4999);
}

static void stealing_empties_it(void **state)
{
	struct buf b = {0};
	own_free char *nothing = buf_steal(&b), *text = NULL;

	(void)state;
	assert_string_equal(nothing, "");
	buf_adds(&b, "text");
	text = buf_steal(&b);
	assert_string_equal(text, "text");
	assert_null(b.data);
	buf_adds(&b, "again");
	assert_string_equal(b.data, "again");
	buf_free(&b);
	buf_free(&b);
}

static void nothing_added_makes_a_string(void **state)
{
	own_buf struct buf b = {0};

	(void)state;
	buf_add(&b, NULL, 0);
	assert_string_equal(b.data, "");
}

static void arrays_grow_zeroed(void **state)
{
	int *array = NULL;
	size_t n = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		int *slot = xappend(array, n);

		assert_int_equal(*slot, 0);
		*slot = i;
	}
	assert_int_equal(n, 1000);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(array[i], i);
	free(array);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_come_in_order),
		cmocka_unit_test(a_nul_is_a_byte),
		cmocka_unit_test(it_is_always_a_string),
		cmocka_unit_test(stealing_empties_it),
		cmocka_unit_test(nothing_added_makes_a_string),
		cmocka_unit_test(arrays_grow_zeroed),
	};

	return cmocka_run_group_tests_name("base_buf", tests, NULL, NULL);
}
