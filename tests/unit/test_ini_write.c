/* Profiles as they are written: whatever a value is, the parser reads it back. */
#include "scratch.h"

#include "profile/ini.h"
#include "profile/ini_write.h"

/* Writes one value, and reads it back. */
static void survives(const char *value)
{
	own_ini_writer struct ini_writer w = {0};
	own_ini struct ini ini = {0};
	own_free char *text = NULL;
	struct error *err = NULL;

	ini_put_section(&w, "disk", "system");
	ini_put(&w, "path", value);
	text = ini_text(&w);
	assert_true(ini_parse(&ini, "f.ini", text, strlen(text), &err));
	assert_int_equal(ini.n, 2);
	assert_string_equal(ini.entry[1].name, "system");
	assert_string_equal(ini.entry[1].value, value);
}

static void each_byte_alone_and_between(void **state)
{
	(void)state;
	for (int byte = 1; byte < 256; byte++) {
		const char before[] = {'a', (char)byte, '\0'}, alone[] = {(char)byte, '\0'};
		const char between[] = {'a', (char)byte, 'b', ' ', (char)byte, 'c', '\0'};

		survives(alone);
		survives(before);
		survives(between);
	}
}

static void values_that_look_like_something_else(void **state)
{
	static const char *const value[] = {
		"",
		" ",
		"a # b",
		"#a",
		"a ;b",
		"a#b",
		"\"",
		"\"a\"",
		"\\",
		"a\\x41",
		" a",
		"a\t",
		"[gpu]",
		"a\nb = c",
		"a\r",
		"a\rb",
		"\\n",
		"a = b",
		"Gr\xc3\xb6\xc3\x9f"
		"e",
		"\xe2\x82\xac",
		"\xf0\x9f\x98\x80 #",
		"\xc3",
		"\xe2\x82",
		"\xf0\x9f\x98",
		"\xed\xa0\x80",
		"\xc0\xaf",
		"\xff\xc3\xa4\xff",
		"\xef\xbb\xbf",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(value); i++)
		survives(value[i]);
}

static void what_needs_no_quotes_has_none(void **state)
{
	own_ini_writer struct ini_writer w = {0};
	own_free char *text = NULL;

	(void)state;
	ini_put_section(&w, "disk", "");
	ini_put(&w, "path", "my disk, \"1\"\\2.img");
	ini_putf(&w, "x", "%d", 7);
	ini_put_off(&w, "cache", "none #");
	ini_gap(&w);
	ini_gap(&w);
	ini_put_override(&w, "disk", "a", "path", "x");
	ini_put_override(&w, "boot", "", "menu", "yes");
	ini_gap(&w);
	text = ini_text(&w);
	assert_string_equal(text, "[disk]\n"
				  "path  = my disk, \"1\"\\2.img\n"
				  "x     = 7\n"
				  "#cache = \"none #\"\n"
				  "\n"
				  "disk/a.path = x\n"
				  "boot.menu   = yes\n");
}

/* A comment can neither end early nor be anything but one. */
static void comments_are_comments(void **state)
{
	own_ini_writer struct ini_writer w = {0};
	own_ini struct ini ini = {0};
	own_free char *text = NULL, *lines = NULL;
	struct error *err = NULL;
	struct buf words = {0};

	(void)state;
	for (int i = 0; i < 40; i++)
		buf_adds(&words, "eight876 ");
	lines = buf_steal(&words);
	ini_comment(&w, "%s", "one\n[gpu]\ndevice = x\r\xff\x1b[2J");
	ini_comment(&w, "%s", lines);
	ini_code(&w, "%s", "two\n[gpu]");
	text = ini_text(&w);
	assert_true(ini_parse(&ini, "f.ini", text, strlen(text), &err));
	assert_int_equal(ini.n, 0);
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		assert_int_equal(line[0], '#');
		assert_true(strlen(line) <= 100);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_byte_alone_and_between),
		cmocka_unit_test(values_that_look_like_something_else),
		cmocka_unit_test(what_needs_no_quotes_has_none),
		cmocka_unit_test(comments_are_comments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
