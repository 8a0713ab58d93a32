/* Whole-token numbers, UTF-8, the nearest name, quoting for messages. */
#include "unit.h"

#include <string.h>

#include "base/own.h"
#include "base/text.h"

static void starts_and_ends(void **state)
{
	(void)state;
	assert_true(text_starts("pc-q35-7.2", "pc-"));
	assert_true(text_starts("pc", ""));
	assert_false(text_starts("pc", "pc-"));
	assert_true(text_ends("a.qcow2", ".qcow2"));
	assert_true(text_ends(".qcow2", ".qcow2"));
	assert_false(text_ends("qcow2", ".qcow2"));
}

static void numbers_are_whole_tokens(void **state)
{
	static const char *const bad[] = {"",	" 1",  "1 ",  "+1",  "-1", "0x1",
					  "1a", "1.0", "1\n", "one", "1,0"};
	uint64_t v = 42;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(text_u64(bad[i], 10, &v));
	assert_int_equal(v, 42);
	assert_true(text_u64("007", 10, &v));
	assert_int_equal(v, 7);
	assert_true(text_u64("fF", 16, &v));
	assert_int_equal(v, 255);
	assert_false(text_u64("g", 16, &v));
}

static void numbers_do_not_wrap(void **state)
{
	uint64_t v = 0;

	(void)state;
	assert_true(text_u64("18446744073709551615", 10, &v));
	assert_true(v == UINT64_MAX);
	assert_true(text_u64("ffffffffffffffff", 16, &v));
	assert_true(v == UINT64_MAX);
	v = 1;
	assert_false(text_u64("18446744073709551616", 10, &v));
	assert_false(text_u64("28446744073709551615", 10, &v));
	assert_false(text_u64("10000000000000000", 16, &v));
	assert_int_equal(v, 1);
}

/* RFC 3629: the longest good start of each. */
static void utf8_by_the_book(void **state)
{
	static const struct {
		const char *s;
		size_t good;
	} row[] = {
		{"abc", 3},
		{"\xc3\xa4", 2},	     /* U+00E4 */
		{"\xe2\x82\xac", 3},	     /* U+20AC */
		{"\xf0\x9f\x98\x80", 4},     /* U+1F600 */
		{"\xf4\x8f\xbf\xbf", 4},     /* U+10FFFF */
		{"\xf4\x90\x80\x80", 0},     /* above it */
		{"\xed\x9f\xbf", 3},	     /* U+D7FF */
		{"\xed\xa0\x80", 0},	     /* a surrogate */
		{"\xee\x80\x80", 3},	     /* U+E000 */
		{"\xc0\x80", 0},	     /* overlong NUL */
		{"\xc1\xbf", 0},	     /* overlong */
		{"\xe0\x9f\xbf", 0},	     /* overlong */
		{"\xf0\x8f\xbf\xbf", 0},     /* overlong */
		{"\x80", 0},		     /* continuation alone */
		{"\xff", 0},		     /* never */
		{"\xf8\x88\x80\x80\x80", 0}, /* five bytes */
		{"ab\xc3", 2},		     /* cut off */
		{"a\xc3(", 1},		     /* not continued */
		{"\xe2\x82", 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++)
		assert_int_equal(text_utf8(row[i].s, strlen(row[i].s)), row[i].good);
	assert_int_equal(text_utf8("a\0b", 3), 3);
}

static const char *nearest(const char *s)
{
	static const char *const names[] = {"vm",   "cpu",     "memory",
					    "disk", "network", "secure-boot"};

	return text_nearest(s, names, ARRAY_SIZE(names));
}

static void the_nearest_name(void **state)
{
	(void)state;
	assert_string_equal(nearest("memroy"), "memory"); /* swapped */
	assert_string_equal(nearest("memor"), "memory");  /* left out */
	assert_string_equal(nearest("diskk"), "disk");	  /* too many */
	assert_string_equal(nearest("dosk"), "disk");	  /* another */
	assert_string_equal(nearest("secureboot"), "secure-boot");
	assert_string_equal(nearest("vn"), "vm");
	assert_string_equal(nearest("netwrok"), "network");
}

/* Three letters that share one with a name are no typing error. */
static void what_is_far_is_not_offered(void **state)
{
	own_free char *huge = malloc(100000);

	(void)state;
	assert_null(nearest("bus"));
	assert_null(nearest("gpu-stuff"));
	assert_null(nearest("x"));
	assert_null(nearest("dxxk")); /* two of four letters */
	assert_null(nearest("disc-image"));
	assert_null(nearest(""));
	memset(huge, 'm', 99999);
	huge[99999] = '\0';
	assert_null(nearest(huge));
	assert_null(text_nearest("vm", NULL, 0));
}

static void quoted(const char *s, size_t max, const char *want)
{
	own_free char *got = text_quote(s, max);

	assert_string_equal(got, want);
}

static void quoting_spares_the_terminal(void **state)
{
	(void)state;
	quoted("plain 'text'", 40, "plain 'text'");
	quoted("\xc3\xa4\xe2\x82\xac", 40, "\xc3\xa4\xe2\x82\xac");
	quoted("a\tb\nc\x1b[31m\x7f", 40, "a\\x09b\\x0ac\\x1b[31m\\x7f");
	quoted("\xff\xc3", 40, "\\xff\\xc3");
	quoted("\xc2\x9b"
	       "31m",
	       40, "\\xc2\\x9b31m");
	quoted("\xc2\xa0", 40, "\xc2\xa0");
	quoted("12345", 5, "12345");
	quoted("123456", 5, "12345...");
	quoted("1234\xc3\xa4", 5, "1234\xc3\xa4");
	quoted("", 5, "");
}

static void printable(void **state)
{
	(void)state;
	assert_true(text_is_printable("a b \xc3\xa4\xc2\xa0"));
	assert_true(text_is_printable(""));
	assert_false(text_is_printable("a\nb"));
	assert_false(text_is_printable("\x1b"));
	assert_false(text_is_printable("\x7f"));
	assert_false(text_is_printable("\xc2\x9b"));
	assert_false(text_is_printable("a\xff"));
}

static void word_is(const char *s, const char *want)
{
	own_free char *got = text_word(s);

	assert_string_equal(got, want);
}

static void words_of_a_shell(void **state)
{
	(void)state;
	word_is("plain,1=2/a.b:c@d%e+f-g_h", "plain,1=2/a.b:c@d%e+f-g_h");
	word_is("", "''");
	word_is("a b", "'a b'");
	word_is("$HOME", "'$HOME'");
	word_is("a\\b", "'a\\b'");
	word_is("it's", "'it'\\''s'");
	word_is("~", "'~'");
	word_is("\xc3\xa4", "'\xc3\xa4'");
	word_is("x'\\\n\xff\xc3\xa4", "$'x\\'\\\\\\x0a\\xff\\xc3\\xa4'");
	word_is("\xc2\x9b", "$'\\xc2\\x9b'");
}

static void columns_count_characters(void **state)
{
	(void)state;
	assert_int_equal(text_column("abc", 0), 1);
	assert_int_equal(text_column("abc", 2), 3);
	assert_int_equal(text_column("\xc3\xa4\xe2\x82\xac=", 5), 3);
	assert_int_equal(text_column("abc", 100), 4);
}

static void sizes(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *words;
	} row[] = {{0, "0"},
		   {100, "100"},
		   {1024, "1K"},
		   {1536, "1536"},
		   {1280 << 10, "1280K"},
		   {36 << 20, "36M"},
		   {UINT64_C(5) << 40, "5T"},
		   {UINT64_C(1) << 63, "8192P"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		own_free char *words = text_size(row[i].bytes);

		assert_string_equal(words, row[i].words);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),
		cmocka_unit_test(starts_and_ends),
		cmocka_unit_test(numbers_are_whole_tokens),
		cmocka_unit_test(numbers_do_not_wrap),
		cmocka_unit_test(utf8_by_the_book),
		cmocka_unit_test(the_nearest_name),
		cmocka_unit_test(what_is_far_is_not_offered),
		cmocka_unit_test(quoting_spares_the_terminal),
		cmocka_unit_test(printable),
		cmocka_unit_test(words_of_a_shell),
		cmocka_unit_test(columns_count_characters),
	};

	return cmocka_run_group_tests_name("base_text", tests, NULL, NULL);
}
