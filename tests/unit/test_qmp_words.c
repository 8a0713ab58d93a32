/* Arguments of a QMP command from words. */
#include "unit.h"

#include <string.h>

#include "base/buf.h"
#include "qmp/words.h"

static void check(const char *want, const char *const *words)
{
	struct error *err = NULL;
	json_object *got;
	size_t n = 0;

	while (words[n])
		n++;
	got = qmp_arguments((char *const *)words, n, &err);
	if (!got)
		print_message("%s\n", error_message(err, 0));
	assert_non_null(got);
	assert_string_equal(json_object_to_json_string_ext(
				    got, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE),
			    want);
	json_object_put(got);
}
#define CHECK(want, ...) check(want, (const char *const[]){__VA_ARGS__, NULL})

/* All of the messages, joined by newlines. */
static void check_errors(const char *want, const char *const *words)
{
	own_buf struct buf got = {0};
	own_error struct error *err = NULL;
	size_t n = 0;

	while (words[n])
		n++;
	assert_null(qmp_arguments((char *const *)words, n, &err));
	assert_int_equal(error_kind(err), ERROR_USAGE);
	for (size_t i = 0; i < error_count(err); i++)
		buf_addf(&got, "%s%s", i ? "\n" : "", error_message(err, i));
	assert_string_equal(got.data, want);
}
#define CHECK_ERRORS(want, ...) check_errors(want, (const char *const[]){__VA_ARGS__, NULL})

static void test_plain(void **state)
{
	(void)state;
	check("{}", (const char *const[]){NULL});
	CHECK("{\"device\":\"d0\"}", "device=d0");
	CHECK("{\"a\":\"\",\"b\":\"x=y\",\"c\":\"a.b\"}", "a=", "b=x=y", "c=a.b");
	CHECK("{\"command-line\":\"info pci\"}", "command-line=info pci");
	CHECK("{\"f\":\"/a b,c/\xc3\xa4.img\"}", "f=/a b,c/\xc3\xa4.img");
}

static void test_nested(void **state)
{
	(void)state;
	CHECK("{\"a\":{\"b\":{\"c\":1},\"d\":2},\"e\":3}", "a.b.c=1", "a.d=2", "e=3");
	CHECK("{\"l\":[\"x\",{\"k\":1,\"m\":2},[true]]}", "l.0=x", "l.1.k=1", "l.1.m=2",
	      "l.2.0=true");
	CHECK("{\"0\":1}", "0=1");
}

static void test_json_values(void **state)
{
	(void)state;
	CHECK("{\"a\":0,\"b\":-12,\"c\":1.50,\"d\":-1e+3}", "a=0", "b=-12", "c=1.50", "d=-1e+3");
	CHECK("{\"a\":\"b\xc3\xa4\",\"b\":[\"\xe2\x82\xac\"]}", "a=\"b\xc3\xa4\"",
	      "b=[\"\xe2\x82\xac\"] ");
	CHECK("{\"a\":true,\"b\":false,\"c\":null}", "a=true", "b=false", "c=null");
	CHECK("{\"a\":{\"x\":[1,\"y\"]},\"b\":[],\"c\":\"123\"}", "a={\"x\": [1, \"y\"]}", "b=[]",
	      "c=\"123\"");
	CHECK("{\"a\":18446744073709551615,\"b\":-9223372036854775808}", "a=18446744073709551615",
	      "b=-9223372036854775808");
}

/* What only looks like JSON is a string, byte for byte. */
static void test_strings(void **state)
{
	static const char *const strings[] = {
		"52:54:00:12:34:56",
		"0x10",
		"010",
		"1.",
		"+1",
		".5",
		"-",
		"1e",
		"1 ",
		" 1",
		"18446744073709551616",
		"True",
		"nul",
		"NaN",
		"Infinity",
		"-9223372036854775809",
		"on",
		"{",
		"[0-9]",
		"{'a':1} x",
		"[a]",
		"{} {}",
		"[] x",
		"-0x1",
		"1_000",
		"123456789012345678901234567890",
		"[123456789012345678901234567890]",
		"{\"a\":-9223372036854775809}",
		"[NaN]",
		"// {}",
		"b\xc3\xa4",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		json_object *value = qmp_value(strings[i]);

		if (!json_object_is_type(value, json_type_string))
			print_message("%s\n", strings[i]);
		assert_true(json_object_is_type(value, json_type_string));
		assert_string_equal(json_object_get_string(value), strings[i]);
		json_object_put(value);
	}
}

static void test_wrong_keys(void **state)
{
	(void)state;
	CHECK_ERRORS("\"word\": no \"=\" in it, want KEY=VALUE\n"
		     "\"=x\": an empty name in the key\n"
		     "\".a=x\": an empty name in the key\n"
		     "\"a.=x\": an empty name in the key\n"
		     "\"a..b=x\": an empty name in the key\n"
		     "\"\": no \"=\" in it, want KEY=VALUE",
		     "word", "=x", ".a=x", "ok=1", "a.=x", "a..b=x", "");
	CHECK_ERRORS("\"a=\\xff\": not UTF-8, which QMP wants", "a=\xff");
}

static void test_clashes(void **state)
{
	(void)state;
	CHECK_ERRORS("\"a=2\": the same key as in \"a=1\"", "a=1", "b=1", "a=2");
	CHECK_ERRORS("\"a.b=2\": clashes with \"a={}\"", "a={}", "a.b=2");
	CHECK_ERRORS("\"a=2\": clashes with \"a.b=2\"", "a.b=2", "a=2");
	CHECK("{\"a\":1,\"ab\":2,\"a-b\":3}", "a=1", "ab=2", "a-b=3");
	CHECK_ERRORS("\"l.1=x\": a list is counted from 0 without gaps", "l.1=x");
	CHECK_ERRORS("\"l.2=x\": a list is counted from 0 without gaps", "l.0=x", "l.2=x");
	CHECK_ERRORS("\"l.00=x\": a list is counted from 0 without gaps", "l.0=x", "l.00=x");
	CHECK_ERRORS("\"l.00.x=1\": a list is counted from 0 without gaps", "l.0.y=5", "l.00.x=1");
	CHECK_ERRORS("\"l.99999999999999999999=x\": a list is counted from 0 without gaps",
		     "l.99999999999999999999=x");
	CHECK_ERRORS("\"l.k=x\": the same thing is a list in one key and an object in another",
		     "l.0=x", "l.k=x");
	CHECK_ERRORS("\"l.0=x\": the same thing is a list in one key and an object in another",
		     "l.k=x", "l.0=x");
}

static void test_deep(void **state)
{
	char word[200];

	(void)state;
	for (size_t i = 0; i < 63; i++)
		word[i] = i % 2 ? '.' : 'a';
	strcpy(word + 63, "=1");
	for (int times = 0; times < 2; times++) {
		const char *const words[] = {word, NULL};
		own_error struct error *err = NULL;
		json_object *got = qmp_arguments((char *const *)words, 1, &err);

		assert_int_equal(got != NULL, times == 0);
		json_object_put(got);
		strcpy(word + 63, ".a=1");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),	    cmocka_unit_test(test_nested),
		cmocka_unit_test(test_json_values), cmocka_unit_test(test_strings),
		cmocka_unit_test(test_wrong_keys),  cmocka_unit_test(test_clashes),
		cmocka_unit_test(test_deep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
