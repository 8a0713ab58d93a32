/* Sets of processors and their list form. */
#include "unit.h"

#include <string.h>

#include "base/alloc.h"
#include "base/cpu_set.h"
#include "base/own.h"

static void lists_come_back(void **state)
{
	static const struct {
		const char *list, *text;
		unsigned count;
	} cases[] = {
		{"", "", 0},
		{"\n", "", 0},
		{"0", "0", 1},
		{"0-1,10-15", "0-1,10-15", 8},
		{"10-15,0-1\n", "0-1,10-15", 8},
		{"3,2,1", "1-3", 3},
		{"5,5,5", "5", 1},
		{"63-64", "63-64", 2},
		{"0-1023", "0-1023", 1024},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct cpu_set set;
		own_free char *text = NULL;

		assert_true(cpu_set_parse(&set, cases[i].list));
		text = cpu_set_text(&set);
		assert_string_equal(text, cases[i].text);
		assert_int_equal(cpu_set_count(&set), cases[i].count);
	}
}

static void what_is_no_list_is_refused(void **state)
{
	static const char *const cases[] = {
		",",	 "1,",	"1,,2", "-1",	  "1-",
		"2-1",	 "a",	"1a",	"1-2-3",  " 1",
		"1 ",	 "0x1", "1024", "0-1024", "99999999999999999999",
		"1\n\n", "1,\n"};
	struct cpu_set set = {0};

	(void)state;
	cpu_set_add(&set, 7);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_false(cpu_set_parse(&set, cases[i]));
		assert_true(cpu_set_has(&set, 7) && cpu_set_count(&set) == 1);
	}
}

static void sets_meet_and_part(void **state)
{
	struct cpu_set a, b, c, none = {0};
	own_free char *text = NULL;

	(void)state;
	assert_true(cpu_set_parse(&a, "0-7") && cpu_set_parse(&b, "4-11"));
	c = cpu_set_common(&a, &b);
	assert_string_equal(text = cpu_set_text(&c), "4-7");
	assert_true(cpu_set_within(&c, &a) && !cpu_set_within(&a, &c));
	c = cpu_set_less(&a, &b);
	assert_int_equal(cpu_set_count(&c), 4);
	assert_false(cpu_set_meets(&c, &b));
	assert_true(cpu_set_meets(&a, &b));
	c = cpu_set_union(&a, &b);
	assert_int_equal(cpu_set_count(&c), 12);
	assert_true(cpu_set_within(&none, &a) && !cpu_set_meets(&none, &a));
	assert_true(cpu_set_is_empty(&none) && cpu_set_equal(&a, &a) && !cpu_set_equal(&a, &b));
	cpu_set_remove(&a, 0);
	assert_int_equal(cpu_set_next(&a, 0), 1);
	assert_int_equal(cpu_set_next(&a, 8), -1);
	assert_false(cpu_set_has(&a, 5000));
	cpu_set_add(&a, 5000);
	assert_int_equal(cpu_set_count(&a), 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_come_back),
		cmocka_unit_test(what_is_no_list_is_refused),
		cmocka_unit_test(sets_meet_and_part),
	};

	return cmocka_run_group_tests_name("base_cpu_set", tests, NULL, NULL);
}
