/* The framing of QMP: every split, every kind of garbage, every bound. */
#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "qmp/wire.h"

#define LIMIT (1 << 20)

/* Adds what the wire has next to a transcript: O(json), G(text), B(text), each with a newline. */
static enum wire_kind tell_next(struct wire *wire, struct buf *out)
{
	struct wire_item item;
	enum wire_kind kind = wire_next(wire, &item);

	if (kind == WIRE_OBJECT)
		buf_addf(out, "O %s\n",
			 json_object_to_json_string_ext(item.object, JSON_C_TO_STRING_PLAIN));
	else if (kind != WIRE_NOTHING)
		buf_addf(out, "%c %s\n", kind == WIRE_GARBAGE ? 'G' : 'B', item.text);
	wire_item_clear(&item);
	return kind;
}

static void tell_all(struct wire *wire, struct buf *out)
{
	enum wire_kind kind;

	do
		kind = tell_next(wire, out);
	while (kind != WIRE_NOTHING && kind != WIRE_BROKEN);
}

/* What comes out when input arrives in pieces of the given size and then ends. */
static char *transcript(const char *input, size_t len, size_t piece, size_t limit)
{
	struct wire *wire = wire_new(limit);
	struct buf out = {0};

	for (size_t at = 0; at < len; at += piece) {
		wire_add(wire, input + at, len - at < piece ? len - at : piece);
		tell_all(wire, &out);
	}
	wire_end(wire);
	tell_all(wire, &out);
	assert_int_equal(wire_waiting(wire), 0);
	wire_free(wire);
	return buf_steal(&out);
}

/* The same transcript whatever the split. */
static void check_bytes(const char *input, size_t len, const char *want)
{
	static const size_t pieces[] = {1, 2, 3, 5, 7, 16, 4096};

	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		own_free char *got = transcript(input, len, pieces[i], LIMIT);

		if (strcmp(got, want) != 0)
			print_message("in pieces of %zu\n", pieces[i]);
		assert_string_equal(got, want);
	}
}

static void check(const char *input, const char *want)
{
	check_bytes(input, strlen(input), want);
}

static void test_lines(void **state)
{
	(void)state;
	check("{\"return\": {}, \"id\": 1}\r\n{\"event\": \"STOP\"}\r\n",
	      "O {\"return\":{},\"id\":1}\nO {\"event\":\"STOP\"}\n");
	check("{}{}\n {} \t{\"a\":[]}", "O {}\nO {}\nO {}\nO {\"a\":[]}\n");
	check("", "");
	check(" \r\n\r\n\t", "");
}

static void test_pretty(void **state)
{
	(void)state;
	check("{\r\n    \"QMP\": {\r\n        \"version\": {\r\n            \"qemu\": {\r\n"
	      "                \"micro\": 22,\r\n                \"minor\": 2,\r\n"
	      "                \"major\": 7\r\n            },\r\n            \"package\": "
	      "\"Debian\"\r\n"
	      "        },\r\n        \"capabilities\": [\r\n            \"oob\"\r\n        ]\r\n"
	      "    }\r\n}\r\n",
	      "O {\"QMP\":{\"version\":{\"qemu\":{\"micro\":22,\"minor\":2,\"major\":7},"
	      "\"package\":\"Debian\"},\"capabilities\":[\"oob\"]}}\n");
}

/* Nothing is taken before its line ends, and then all that stands on it. */
static void test_waits_for_line(void **state)
{
	struct wire *wire = wire_new(LIMIT);
	struct wire_item item;

	(void)state;
	wire_add(wire, "{\"a\":1}{\"b\":", 12);
	assert_int_equal(wire_next(wire, &item), WIRE_NOTHING);
	wire_add(wire, "2}\r", 3);
	assert_int_equal(wire_next(wire, &item), WIRE_NOTHING);
	wire_add(wire, "\n", 1);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(wire_next(wire, &item), WIRE_OBJECT);
		assert_int_equal(item.size, 7);
		wire_item_clear(&item);
	}
	assert_int_equal(wire_next(wire, &item), WIRE_NOTHING);
	assert_int_equal(wire_waiting(wire), 0);
	wire_free(wire);
}

static void test_strings(void **state)
{
	(void)state;
	check("{\"a\":\"}{\\\"\\\\\\u00e4\"}", "O {\"a\":\"}{\\\"\\\\\xc3\xa4\"}\n");
	check("{\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\":\"\xf0\x9f\x98\x80\xe2\x82\xac\"}",
	      "O {\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\":\"\xf0\x9f\x98\x80\xe2\x82\xac\"}\n");
	check("{\"a\":\"\\ud83d\\ude00\"}", "O {\"a\":\"\xf0\x9f\x98\x80\"}\n");
}

static void test_numbers(void **state)
{
	(void)state;
	check("{\"a\":[0,-1,9223372036854775807,-9223372036854775808,18446744073709551615]}",
	      "O {\"a\":[0,-1,9223372036854775807,-9223372036854775808,18446744073709551615]}\n");
	check("{\"a\":2-}\n{\"a\":-}\n{\"a\":1e}\n{\"a\":1e5e5}\n{}",
	      "G no good JSON: {\"a\":2-}\nG no good JSON: {\"a\":-}\nG no good JSON: {\"a\":1e}\n"
	      "G no good JSON: {\"a\":1e5e5}\nO {}\n");
	check("{\"a\":18446744073709551616}\n{\"a\":-9223372036854775809}\n{}",
	      "G a number beyond 64 bits: {\"a\":18446744073709551616}\n"
	      "G a number beyond 64 bits: {\"a\":-9223372036854775809}\nO {}\n");
	check("{\"a\":1e3,\"b\":-1.5E-10,\"c\":0.10}\n{}",
	      "O {\"a\":1e3,\"b\":-1.5E-10,\"c\":0.10}\nO {}\n");
}

static void test_garbage(void **state)
{
	(void)state;
	check("char device redirected to /dev/pts/1\n{\"a\":1}\n",
	      "G no JSON object: char device redirected to /dev/pts/1\nO {\"a\":1}\n");
	check("{\"a\" 1}\r\n{\"b\":2}\r\n", "G no good JSON: {\"a\" 1}\nO {\"b\":2}\n");
	check("[{\"a\":1}]\n\"s\"\n12\nnull\n{}",
	      "G no JSON object: [{\"a\":1}]\nG no JSON object: \"s\"\nG no JSON object: 12\n"
	      "G no JSON object: null\nO {}\n");
	check("\x1b[31mred\n{}", "G no JSON object: \\x1b[31mred\nO {}\n");
	check("0123456789012345678901234567890123456789012345678901234567890123456789\n{}",
	      "G no JSON object: 012345678901234567890123456789012345678901234567890123456789...\n"
	      "O {}\n");
	check("{\"a\":1,}\n{}", "G no good JSON: {\"a\":1,}\nO {}\n");
	check("{/* no comments */}\n{}", "G no good JSON: {/* no comments */}\nO {}\n");
	check("{\"a\":NaN}\n{'a':1}\n{\"a\":True}\n{}",
	      "G no good JSON: {\"a\":NaN}\nG no good JSON: {'a':1}\n"
	      "G no good JSON: {\"a\":True}\nO {}\n");
}

/* A message that was cut short does not take the next line with it. */
static void test_cut_then_new(void **state)
{
	(void)state;
	check("{\"a\": 1\r\n{\"b\":2}\r\n", "G no good JSON: {\"a\": 1\n"
					    "O {\"b\":2}\n");
}

static void test_cut_short(void **state)
{
	(void)state;
	check("{\"a\":1}\n{\"b\":", "O {\"a\":1}\nG cut short: {\"b\":\n");
	check("{\"a\":\"\xe2\x82", "G cut short: {\"a\":\"\\xe2\\x82\n");
	check("noise", "G no JSON object: noise\n");
}

/* 0xFF ends whatever was there and starts anew, by the specification. */
static void test_flush_byte(void **state)
{
	(void)state;
	check("\xff{\"a\":1}\xff\xff{\"b\":2}", "O {\"a\":1}\nO {\"b\":2}\n");
	check("{\"a\":\xff{\"b\":2}\n", "G a byte that is not UTF-8: {\"a\":\nO {\"b\":2}\n");
	check("{\"a\":\"x\xff{\"b\":2}\n", "G a byte that is not UTF-8: {\"a\":\"x\nO {\"b\":2}\n");
	check("noise\xff{\"b\":2}\n", "G no JSON object: noise\nO {\"b\":2}\n");
}

static void test_not_utf8(void **state)
{
	(void)state;
	check("{\"a\":\"\x80\"}\n{}", "G a byte that is not UTF-8: {\"a\":\"\\x80\"}\nO {}\n");
	check("{\"a\":\"\xc0\xaf\"}\n{}",
	      "G a byte that is not UTF-8: {\"a\":\"\\xc0\\xaf\"}\nO {}\n");
	check("{\"a\":\"\xe2\x82\"}\n{}",
	      "G a byte that is not UTF-8: {\"a\":\"\\xe2\\x82\"}\nO {}\n");
	check("{\"a\":\"\xed\xa0\x80\"}\n{}",
	      "G a byte that is not UTF-8: {\"a\":\"\\xed\\xa0\\x80\"}\nO {}\n");
	check_bytes("{\"a\":\0 1}\n{}", 12, "G no good JSON: {\"a\":\nO {}\n");
	check_bytes("{\"a\":\"x\0y\"}\n{}", 14, "G no good JSON: {\"a\":\"x\nO {}\n");
}

static void test_nesting(void **state)
{
	struct buf in = {0};
	char *got;

	(void)state;
	for (int i = 0; i < WIRE_DEPTH - 2; i++)
		buf_adds(&in, "{\"a\":");
	buf_adds(&in, "1");
	for (int i = 0; i < WIRE_DEPTH - 2; i++)
		buf_adds(&in, "}");
	buf_adds(&in, "\n");
	got = transcript(in.data, in.len, in.len, LIMIT);
	assert_int_equal(got[0], 'O');
	free(got);

	in.len = 0;
	for (int i = 0; i < 100000; i++)
		buf_adds(&in, "{\"a\":");
	buf_adds(&in, "\n{}\n");
	got = transcript(in.data, in.len, 4096, LIMIT);
	assert_non_null(strstr(got, "G nested too deep: {\"a\":{"));
	assert_non_null(strstr(got, "\nO {}\n"));
	free(got);
	buf_free(&in);
}

/* A message of exactly the limit passes, one byte more is the end. */
static void test_size(void **state)
{
	struct buf in = {0};
	char *got;

	(void)state;
	buf_adds(&in, "{\"a\":\"");
	while (in.len < 98)
		buf_addc(&in, 'x');
	buf_adds(&in, "\"}\n{}\n");
	for (size_t piece = 1; piece < 110; piece += 9) {
		got = transcript(in.data, in.len, piece, 100);
		assert_int_equal(got[0], 'O');
		assert_non_null(strstr(got, "\nO {}\n"));
		free(got);
		got = transcript(in.data, in.len, piece, 99);
		assert_int_equal(strncmp(got, "B a message is larger than the limit\n", 37), 0);
		assert_null(strstr(got, "O {}"));
		free(got);
	}
	buf_free(&in);
}

static void test_weight(void **state)
{
	struct buf in = {0};
	own_free char *got = NULL;

	(void)state;
	buf_adds(&in, "{\"a\":[{}");
	for (int i = 0; i < 200000; i++)
		buf_adds(&in, ",{}");
	got = transcript(in.data, in.len, in.len, LIMIT);
	assert_non_null(strstr(got, "B a message needs more memory than the limit\n"));
	free(steal(&got));

	/* In strings the same bytes cost nothing. */
	in.len = 0;
	buf_adds(&in, "{\"a\":\"\\\"");
	for (int i = 0; i < 200000; i++)
		buf_adds(&in, ",{}");
	buf_adds(&in, "\\\\\"}");
	got = transcript(in.data, in.len, 5000, LIMIT);
	assert_int_equal(got[0], 'O');
	buf_free(&in);
}

/* A fraction of very many digits is garbage, whatever the split; one of fewer is a number. */
static void test_long_number(void **state)
{
	struct buf in = {0};

	(void)state;
	buf_adds(&in, "{\"a\":0.");
	while (in.len < 1100)
		buf_addc(&in, '1');
	for (size_t piece = 1; piece < in.len; piece += 100) {
		own_free char *got = transcript(in.data, in.len, piece, LIMIT);

		assert_int_equal(strncmp(got, "G a number of too many digits: ", 31), 0);
	}
	in.data[104] = '}';
	for (size_t piece = 1; piece < 200; piece += 11) {
		own_free char *got = transcript(in.data, 105, piece, LIMIT);

		assert_int_equal(got[0], 'O');
	}
	buf_free(&in);
}

static void test_too_much_garbage(void **state)
{
	struct buf in = {0};
	char *got;
	unsigned n = 0;

	(void)state;
	for (int i = 0; i < WIRE_GARBAGE_RUN - 1; i++)
		buf_adds(&in, "x\n");
	buf_adds(&in, "{}\n");
	for (int i = 0; i < WIRE_GARBAGE_RUN - 1; i++)
		buf_adds(&in, "x\n");
	got = transcript(in.data, in.len, 64, LIMIT);
	assert_null(strstr(got, "B "));
	free(got);

	buf_adds(&in, "x\n{}\n");
	got = transcript(in.data, in.len, 64, LIMIT);
	assert_non_null(strstr(got, "B so much garbage in a row is no QMP\n"));
	for (const char *p = got; (p = strstr(p, "O {}")); p++)
		n++;
	assert_int_equal(n, 1);
	free(got);

	in.len = 0;
	for (int i = 0; i < 3000; i++)
		buf_adds(&in, "xxxxxxxxxx");
	got = transcript(in.data, in.len, 1000, 10000);
	assert_int_equal(strncmp(got, "B so much garbage is no QMP\n", 27), 0);
	free(got);
	buf_free(&in);
}

static double seconds(void)
{
	struct timespec now;

	/* Our own, so that a busy machine does not count. */
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Time for one string, one number and one list of n bytes in small reads. */
static double time_big(size_t n, char first, char fill)
{
	struct wire *wire = wire_new(16 << 20);
	struct buf in = {0}, out = {0};
	double start;

	buf_adds(&in, "{\"a\":");
	buf_addc(&in, first);
	for (size_t i = 0; i < n; i++)
		buf_addc(&in, fill);
	if (first == '"')
		buf_addc(&in, '"');
	buf_adds(&in, "}\n");
	start = seconds();
	for (size_t at = 0; at < in.len; at += 4096) {
		wire_add(wire, in.data + at, in.len - at < 4096 ? in.len - at : 4096);
		if (at + 4096 >= in.len)
			assert_int_equal(tell_next(wire, &out), WIRE_OBJECT);
		else
			assert_int_equal(tell_next(wire, &out), WIRE_NOTHING);
	}
	start = seconds() - start;
	wire_free(wire);
	buf_free(&in);
	buf_free(&out);
	return start;
}

/* The shortest of five: what else the computer does only adds. */
static double shortest(size_t n)
{
	double best = time_big(n, '"', 'x');

	for (int i = 1; i < 5; i++) {
		double again = time_big(n, '"', 'x');

		best = again < best ? again : best;
	}
	return best;
}

/* Four times the bytes may take ten times the time (noise), not sixteen and more. */
static void test_linear(void **state)
{
	double small = shortest(500 << 10), large = shortest(2000 << 10);

	(void)state;
	if (large > 0.05)
		assert_true(large < 10 * small);
}

/* Thousands of messages in one buffer cost no more than one by one. */
static void test_many_in_one_read(void **state)
{
	struct wire *wire = wire_new(LIMIT);
	struct buf in = {0};
	struct wire_item item;
	unsigned n = 0;

	(void)state;
	for (int i = 0; i < 10000; i++)
		buf_adds(&in, "{\"event\": \"A\"}\r\n");
	wire_add(wire, in.data, in.len);
	while (wire_next(wire, &item) == WIRE_OBJECT) {
		assert_int_equal(item.size, 14);
		wire_item_clear(&item);
		n++;
	}
	assert_int_equal(n, 10000);
	wire_free(wire);
	buf_free(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_pretty),
		cmocka_unit_test(test_waits_for_line),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_cut_then_new),
		cmocka_unit_test(test_cut_short),
		cmocka_unit_test(test_flush_byte),
		cmocka_unit_test(test_not_utf8),
		cmocka_unit_test(test_nesting),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_weight),
		cmocka_unit_test(test_long_number),
		cmocka_unit_test(test_too_much_garbage),
		cmocka_unit_test(test_linear),
		cmocka_unit_test(test_many_in_one_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
