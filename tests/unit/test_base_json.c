/* What is JSON: the same with every json-c, in one piece and in any pieces. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/json.h"

#define DEPTH 8

/* Whether a text comes to the same end when it is given byte by byte. */
static enum json_state state_in_pieces(const char *text)
{
	struct json_check check;
	size_t n = strlen(text);

	json_check_start(&check, DEPTH);
	for (size_t i = 0; i < n && check.state == JSON_MORE; i++)
		json_check_add(&check, text + i, 1);
	return json_check_end(&check);
}

/* Each is JSON, and printed again what json-c prints of it. */
static void test_good(void **state)
{
	static const char *const row[][2] = {
		{"{}", "{}"},
		{" [ ] ", NULL},
		{"\t{\"a\" : [1,-2, 3.50,1e9 ,true,false,null]}\r\n",
		 "{\"a\":[1,-2,3.50,1e9,true,false,null]}"},
		{"0", "0"},
		{"-0.0", "-0.0"},
		{"12", "12"},
		{"-9223372036854775808", "-9223372036854775808"},
		{"18446744073709551615", "18446744073709551615"},
		{"1E+2", "1E+2"},
		{"true", "true"},
		{"null", "null"},
		{"\"\"", "\"\""},
		{"\"b\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80\"",
		 "\"b\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80\""},
		{"{\"\xc3\xa4\":\"\x7f\xc2\x80\"}", "{\"\xc3\xa4\":\"\x7f\xc2\x80\"}"},
		{"\"\\u00e4\\ud83d\\ude00\\n\\/\\\"\"", "\"\xc3\xa4\xf0\x9f\x98\x80\\n/\\\"\""},
		{"{\"a\":{\"b\":[{\"c\":[[[1]]]}]}}", "{\"a\":{\"b\":[{\"c\":[[[1]]]}]}}"},
		{"[{},[]]", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct json_fault fault = {0, "nothing"};
		json_object *value = NULL;
		bool good = json_read(row[i][0], strlen(row[i][0]), DEPTH, &value, &fault);

		if (!good)
			print_message("%s: %s at %zu\n", row[i][0], fault.why, fault.at);
		assert_true(good);
		if (row[i][1])
			assert_string_equal(json_object_to_json_string_ext(
						    value, JSON_C_TO_STRING_PLAIN |
								   JSON_C_TO_STRING_NOSLASHESCAPE),
					    row[i][1]);
		json_object_put(value);
	}
}

static const struct {
	const char *text, *why;
	size_t at;
} BAD[] = {
	{"", "middle", 0},
	{"  ", "middle", 2},
	{"{", "middle", 1},
	{"{\"a\":[1,", "middle", 8},
	{"\"abc", "middle", 4},
	{"tru", "middle", 3},
	{"-", "middle", 1},
	{"1.", "middle", 2},
	{"1e+", "middle", 3},
	{"{} {}", "follows", 3},
	{"1 2", "follows", 2},
	{"nullx", "follows", 4},
	{"{\"a\":1,}", "no good", 7},
	{"[1,]", "no good", 3},
	{"[,1]", "no good", 1},
	{"[1 2]", "no good", 3},
	{"{1:2}", "no good", 1},
	{"{\"a\" 1}", "no good", 5},
	{"[1}", "no good", 2},
	{"{]", "no good", 1},
	{"]", "no good", 0},
	{"'x'", "no good", 0},
	{"// x\n{}", "no good", 0},
	{"{/**/}", "no good", 1},
	{"NaN", "no good", 0},
	{"nan", "no good", 1},
	{"Infinity", "no good", 0},
	{"[-Infinity]", "no good", 2},
	{"True", "no good", 0},
	{"[tRUE]", "no good", 2},
	{"01", "no good", 1},
	{"-01", "no good", 2},
	{"+1", "no good", 0},
	{".5", "no good", 0},
	{"[1.]", "no good", 3},
	{"[1e]", "no good", 3},
	{"[1e5.0]", "no good", 4},
	{"[2-]", "no good", 2},
	{"0x10", "follows", 1},
	{"\"a\tb\"", "no good", 2},
	{"\"\\x\"", "no good", 2},
	{"\"\\u12g4\"", "no good", 5},
	{"18446744073709551616", "64 bits", 20},
	{"[-9223372036854775809]", "64 bits", 21},
	{"{\"a\":123456789012345678901234567890}", "64 bits", 35},
	{"[[[[[[[[[1]]]]]]]]]", "too deep", 8},
	{"\"\xff\"", "not UTF-8", 1},
	{"\"\xc3\"", "not UTF-8", 1},
	{"\"\xed\xa0\x80\"", "not UTF-8", 1},
	{"\xef\xbb\xbf{}", "no good", 0},
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(BAD); i++) {
		struct json_fault fault = {0, "nothing"};
		json_object *value = NULL;
		bool good = json_read(BAD[i].text, strlen(BAD[i].text), DEPTH, &value, &fault);

		if (good || !strstr(fault.why, BAD[i].why) || fault.at != BAD[i].at)
			print_message("%s: %s at %zu\n", BAD[i].text, fault.why, fault.at);
		assert_false(good);
		assert_null(value);
		assert_non_null(strstr(fault.why, BAD[i].why));
		assert_int_equal(fault.at, BAD[i].at);
		if (strcmp(BAD[i].why, "not UTF-8") != 0 && strcmp(BAD[i].why, "follows") != 0)
			assert_int_equal(state_in_pieces(BAD[i].text), JSON_BAD);
	}
}

/* A NUL is no end, neither between tokens nor in a string. */
static void test_nul(void **state)
{
	json_object *value = NULL;
	struct json_fault fault;

	(void)state;
	assert_false(json_read("{}\0", 3, DEPTH, &value, &fault));
	assert_int_equal(fault.at, 2);
	assert_false(json_read("\"a\0b\"", 5, DEPTH, &value, &fault));
	assert_int_equal(fault.at, 2);
	assert_false(json_read("\"\\\0\"", 4, DEPTH, &value, NULL));
}

/* A value in pieces ends where it ends; what follows is left. */
static void test_pieces(void **state)
{
	static const char text[] = "{\"a\": [1.5, \"x}\\\"]\", {}, -7]} {}";
	struct json_check check;
	size_t at = 0;

	(void)state;
	json_check_start(&check, DEPTH);
	while (json_check_add(&check, text + at, 1) == 1 && check.state == JSON_MORE)
		at++;
	assert_int_equal(check.state, JSON_WHOLE);
	assert_int_equal(at, strlen(text) - 4);
	assert_int_equal(json_check_add(&check, text + at, 1), 0);
	assert_int_equal(check.objects, 2);
	assert_int_equal(check.arrays, 1);
	assert_int_equal(check.commas, 3);

	json_check_start(&check, DEPTH);
	assert_int_equal(json_check_add(&check, text, strlen(text)), strlen(text) - 3);
	assert_int_equal(check.state, JSON_WHOLE);
}

static void test_long_number(void **state)
{
	char text[JSON_NUMBER_MOST + 2] = "0.";
	json_object *value = NULL;
	struct json_fault fault;

	(void)state;
	memset(text + 2, '1', JSON_NUMBER_MOST - 2);
	assert_true(json_read(text, JSON_NUMBER_MOST, DEPTH, &value, &fault));
	json_object_put(value);
	text[JSON_NUMBER_MOST] = '1';
	assert_false(json_read(text, JSON_NUMBER_MOST + 1, DEPTH, &value, &fault));
	assert_non_null(strstr(fault.why, "too many digits"));
}

/* What one writes, the other one reads. */
static void test_mapping(void **state)
{
	own_json json_object *o = json_object_new_object();
	struct cpu_set cpus = {0};
	struct process process;
	int64_t number;
	json_object *list;

	(void)state;
	cpu_set_parse(&cpus, "1-3,7");
	json_add_text(o, "text", "\"\n\x80");
	json_add_text(o, "none", NULL);
	json_add_number(o, "number", INT64_MIN);
	json_add_unsigned(o, "unsigned", UINT64_MAX);
	json_add_bool(o, "bool", true);
	json_add_hex(o, "hex", 0xab, 4);
	json_add_cpus(o, "cpus", &cpus);
	list = json_add_list(o, "list");
	json_add_text(json_list_mapping(list), "a", "b");
	json_object_object_add(o, "process", json_process((struct process){7, 9}));
	own_free char *shown = json_shown(o, JSON_C_TO_STRING_PLAIN);

	assert_string_equal(
		shown,
		"{\"text\":\"\\\"\\n\xef\xbf\xbd\",\"none\":null,\"number\":-9223372036854775808,"
		"\"unsigned\":18446744073709551615,\"bool\":true,\"hex\":\"00ab\",\"cpus\":\"1-3,7\","
		"\"list\":[{\"a\":\"b\"}],\"process\":{\"pid\":7,\"start\":9}}");
	assert_string_equal(json_member_text(o, "text"), "\"\n\x80");
	assert_true(json_member_process(o, "process", &process));
	assert_int_equal(process.pid, 7);
	assert_int_equal(process.start, 9);
	assert_true(json_member_unsigned(o, "unsigned") == UINT64_MAX);
	assert_true(json_member_number(o, "number", INT64_MIN, 0, &number));
	assert_true(number == INT64_MIN);
	assert_ptr_equal(json_member(o, "list", json_type_array), list);
}

static void test_members_that_are_none(void **state)
{
	own_json json_object *o = json_tokener_parse(
		"{\"n\": -1, \"t\": \"x\", \"p\": {\"pid\": -1}, \"q\": {\"pid\": 4294967296}, \"l\": []}");
	struct process process = {1, 1};
	int64_t number = 1;

	(void)state;
	assert_string_equal(json_member_text(o, "n"), "");
	assert_string_equal(json_member_text(NULL, "n"), "");
	assert_string_equal(json_member_text(json_member(o, "l", json_type_array), "n"), "");
	assert_null(json_member(o, "t", json_type_int));
	assert_true(json_member_number(o, "absent", 1, 2, &number));
	assert_int_equal(number, 0);
	assert_false(json_member_number(o, "n", 0, 2, &number));
	assert_false(json_member_number(o, "t", 0, 2, &number));
	assert_int_equal(json_member_unsigned(o, "n"), 0);
	assert_int_equal(json_member_unsigned(o, "t"), 0);
	for (const char *key = "pqtx"; *key; key++) {
		assert_false(json_member_process(o, (char[]){*key, 0}, &process));
		assert_int_equal(process.pid, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_long_number),
		cmocka_unit_test(test_mapping),
		cmocka_unit_test(test_members_that_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
