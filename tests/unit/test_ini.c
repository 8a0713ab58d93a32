/* The INI grammar, rule by rule; every error with its place and words. */
#include "scratch.h"

#include "base/text.h"
#include "profile/ini.h"

/* The entries, one a line: "[vm] @1:1" and "vm.memory=4G @2:1 @2:10", names as vm/NAME; values as
 * for a message, so that control bytes show.
 */
static char *dump(const struct ini *ini)
{
	struct buf out = {0};

	for (size_t i = 0; i < ini->n; i++) {
		const struct ini_entry *e = &ini->entry[i];
		const char *slash = *e->name ? "/" : "";
		own_free char *value = e->key ? text_quote(e->value, 4000) : NULL;

		if (e->key)
			buf_addf(&out, "%s%s%s.%s=%s @%u:%u @%u:%u\n", e->section, slash, e->name,
				 e->key, value, e->key_at.line, e->key_at.column, e->value_at.line,
				 e->value_at.column);
		else
			buf_addf(&out, "[%s%s%s] @%u:%u\n", e->section, slash, e->name,
				 e->section_at.line, e->section_at.column);
	}
	return buf_steal(&out);
}

static void parse(const char *text, size_t len, const char *entries, const char *errors)
{
	own_ini struct ini ini = {0};
	own_free char *got = NULL, *exact = xmalloc(len);
	struct error *err = NULL;
	bool good;

	memcpy(exact, text, len); /* so that a read past the end is seen */
	good = ini_parse(&ini, "f.ini", exact, len, &err);
	got = dump(&ini);
	assert_int_equal(good, !*errors);
	assert_messages(err, errors);
	assert_string_equal(got, entries);
}

/* Some of it can be understood, some not. */
static void mixed(const char *text, const char *entries, const char *errors)
{
	parse(text, strlen(text), entries, errors);
}

static void gives(const char *text, const char *entries)
{
	parse(text, strlen(text), entries, "");
}

static void fails(const char *text, const char *errors)
{
	parse(text, strlen(text), "", errors);
}

/* The value of the key a of section s whose line is given. */
static void value(const char *line, const char *want)
{
	own_free char *text = xasprintf("[s]\n%s", line);
	own_ini struct ini ini = {0};
	struct error *err = NULL;

	assert_true(ini_parse(&ini, "f.ini", text, strlen(text), &err));
	assert_int_equal(ini.n, 2);
	assert_string_equal(ini.entry[1].value, want);
}

static void bad_value(const char *line, const char *message)
{
	own_free char *text = xasprintf("[s]\n%s\n", line);
	own_free char *want = xasprintf("f.ini:2:%s\n", message);

	parse(text, strlen(text), "[s] @1:1\n", want);
}

static void sections_and_keys(void **state)
{
	(void)state;
	gives("[vm]\nmemory = 4G\n[disk system]\npath=a.img\n",
	      "[vm] @1:1\n"
	      "vm.memory=4G @2:1 @2:10\n"
	      "[disk/system] @3:1\n"
	      "disk/system.path=a.img @4:1 @4:6\n");
}

static void nothing_is_a_profile_too(void **state)
{
	(void)state;
	gives("", "");
	gives("\n\n  \n\t\n", "");
	gives("\xef\xbb\xbf", "");
	gives("# only\n; comments", "");
}

static void white_space_is_free(void **state)
{
	(void)state;
	gives("  [ disk \t system ]  \n\tpath\t=\ta b  \n", "[disk/system] @1:3\n"
							    "disk/system.path=a b @2:2 @2:9\n");
	gives("[s]\na=\nb=  \n", "[s] @1:1\ns.a= @2:1 @2:3\ns.b= @3:1 @3:5\n");
}

static void the_last_line_needs_no_end(void **state)
{
	(void)state;
	gives("[s]\na=1", "[s] @1:1\ns.a=1 @2:1 @2:3\n");
	gives("[s]", "[s] @1:1\n");
}

static void names_of_many_kinds(void **state)
{
	(void)state;
	gives("[Disk-2 a.b_C-3]\nread-only.x/y_z = 1\n",
	      "[Disk-2/a.b_C-3] @1:1\nDisk-2/a.b_C-3.read-only.x/y_z=1 @2:1 @2:19\n");
	assert_true(ini_is_name("a.b_C-3"));
	assert_true(ini_is_name(""));
	assert_false(ini_is_name("a b"));
	assert_false(ini_is_name("a/b"));
	assert_false(ini_is_name("a,b"));
	assert_false(ini_is_name("\xc3\xa4"));
}

static void comments(void **state)
{
	(void)state;
	gives("# a\n ; b\n[s] # c\na = 1 ; d\n\t#e\n", "[s] @3:1\ns.a=1 @4:1 @4:5\n");
	value("a = x#y;z", "x#y;z"); /* no white space before it */
	value("a = x #y", "x");
	value("a = x\t;y", "x");
	value("a = # all of it", "");
	value("a =#no comment", "#no comment");
	value("a = \"x # y\" ; c", "x # y");
	value("a = \"#\"", "#");
}

static void plain_values_are_as_they_are(void **state)
{
	(void)state;
	value("a = b c  d ", "b c  d");
	value("a = it's", "it's");
	value("a = C:\\new\\x41", "C:\\new\\x41");
	value("a = b=c", "b=c");
	value("a = x\"y\"", "x\"y\"");
	value("a = [x]", "[x]");
	value("a = \xc3\xa4,\xe2\x82\xac", "\xc3\xa4,\xe2\x82\xac");
	value("a = -global", "-global");
}

static void quoted_values(void **state)
{
	(void)state;
	value("a = \"\"", "");
	value("a = \" b \"", " b ");
	value("a = \"\\\"\\\\\\n\\t\"", "\"\\\n\t");
	value("a = \"\\x41\\xfF\\x0a\"", "A\xff\n");
	value("a = \"b\"  ", "b");
	value("a = \"it's\"", "it's");
	value("a = \"\xc3\xa4\"", "\xc3\xa4");
}

static void errors_of_quoted_values(void **state)
{
	(void)state;
	bad_value("a = \"b", "5: this quote is not closed on its line");
	bad_value("a = \"", "5: this quote is not closed on its line");
	bad_value("a = \"b\\", "7: unknown escape; there are \\\" \\\\ \\n \\t and \\xHH");
	bad_value("a = \"b\\\"", "5: this quote is not closed on its line");
	bad_value("a = \"b\\q\"", "7: unknown escape; there are \\\" \\\\ \\n \\t and \\xHH");
	bad_value("a = \"\\x4\"", "6: unknown escape; there are \\\" \\\\ \\n \\t and \\xHH");
	bad_value("a = \"\\xg1\"", "6: unknown escape; there are \\\" \\\\ \\n \\t and \\xHH");
	bad_value("a = \"\\x", "6: unknown escape; there are \\\" \\\\ \\n \\t and \\xHH");
	bad_value("a = \"b\\x00\"", "7: \\x00 cannot be part of a value");
	bad_value("a = \"b\" c", "9: 'c' follows; a comment needs white space and # before it");
	bad_value("a = \"b\"#c", "8: '#c' follows; a comment needs white space and # before it");
	bad_value("a = \"\xc3\xa4\"x",
		  "8: 'x' follows; a comment needs white space and # before it");
}

static void errors_of_headers(void **state)
{
	(void)state;
	fails("[]", "f.ini:1:2: a section's name is missing; write [section] or [section name]\n");
	fails("  [ ]",
	      "f.ini:1:5: a section's name is missing; write [section] or [section name]\n");
	fails("[\"vm\"]",
	      "f.ini:1:2: a section's name is missing; write [section] or [section name]\n");
	fails("[vm",
	      "f.ini:1:4: '' where ] should close the section; names are made of letters, digits "
	      "and '.', '_', '-'\n");
	fails("[disk a b]",
	      "f.ini:1:9: 'b]' where ] should close the section; names are made of letters, digits "
	      "and '.', '_', '-'\n");
	fails("[d\xc3\xa4sk]",
	      "f.ini:1:3: '\xc3\xa4sk]' where ] should close the section; names are made of "
	      "letters, digits and '.', '_', '-'\n");
	fails("[vm] x", "f.ini:1:6: 'x' follows; a comment needs white space and # before it\n");
	fails("[vm]#x", "f.ini:1:5: '#x' follows; a comment needs white space and # before it\n");
}

/* What stands below a broken header is looked at, but belongs nowhere. */
static void below_a_broken_header(void **state)
{
	(void)state;
	mixed("[s]\na=1\n[\nb=2\nc\n[t]\nd=3\n",
	      "[s] @1:1\ns.a=1 @2:1 @2:3\n[t] @6:1\n"
	      "t.d=3 @7:1 @7:3\n",
	      "f.ini:3:2: a section's name is missing; write [section] or [section name]\n"
	      "f.ini:5:2: 'c' is neither [section] nor key = value\n");
}

static void errors_of_lines(void **state)
{
	(void)state;
	fails("a = 1", "f.ini:1:1: 'a' stands before the first [section]\n");
	bad_value("memory 4G", "8: 'memory 4G' is neither [section] nor key = value");
	bad_value("memory", "7: 'memory' is neither [section] nor key = value");
	bad_value("= 4G", "1: '= 4G' is neither [section] nor key = value");
	bad_value("  \"a\" = 4G", "3: '\"a\" = 4G' is neither [section] nor key = value");
	bad_value("mem+ory = 4G", "4: 'mem+ory = 4G' is neither [section] nor key = value");
	bad_value("<vm memory='4' unit='GiB' cpu='4'/>",
		  "1: '<vm memory='4' unit='GiB...' is neither [section] nor key = value");
	bad_value("a\x1b[2J = 1", "2: 'a\\x1b[2J = 1' is neither [section] nor key = value");
}

static void all_errors_in_one_run(void **state)
{
	(void)state;
	mixed("x\n[s]\na=\"\nb\n[t\n", "[s] @2:1\n",
	      "f.ini:1:2: 'x' is neither [section] nor key = value\n"
	      "f.ini:3:3: this quote is not closed on its line\n"
	      "f.ini:4:2: 'b' is neither [section] nor key = value\n"
	      "f.ini:5:3: '' where ] should close the section; names are made of letters, digits "
	      "and '.', '_', '-'\n");
}

static void bytes_that_are_no_utf8(void **state)
{
	(void)state;
	bad_value("a = x\xff", "6: byte 0xff is not UTF-8; write it as \\xff in double quotes");
	bad_value("a = \xc3\xa4\xe4.img",
		  "6: byte 0xe4 is not UTF-8; write it as \\xe4 in double quotes");
	bad_value("# \x80", "3: byte 0x80 is not UTF-8; write it as \\x80 in double quotes");
	fails("\xff\xfe[\0s\0", "f.ini:1:1: byte 0xff is not UTF-8; write it as \\xff in double "
				"quotes\n");
}

static void a_nul_ends_it(void **state)
{
	(void)state;
	parse("[s]\na=1\nb=\xc3\xa4\0\nc", 15, "[s] @1:1\ns.a=1 @2:1 @2:3\n",
	      "f.ini:3:4: a NUL byte; a profile is text\n");
	parse("\0", 1, "", "f.ini:1:1: a NUL byte; a profile is text\n");
}

static void from_other_editors(void **state)
{
	(void)state;
	gives("\xef\xbb\xbf[s]\r\na = 1\r\nb = \"2\"\r\n\r\n# c\r\n",
	      "[s] @1:1\ns.a=1 @2:1 @2:5\ns.b=2 @3:1 @3:5\n");
	/* Only one before the line's end belongs to it. */
	gives("[s]\na = 1\r2\r\n", "[s] @1:1\ns.a=1\\x0d2 @2:1 @2:5\n");
	/* A mark anywhere else is text, and is shown: nobody would see it. */
	fails("\n\xef\xbb\xbf[s]\n",
	      "f.ini:2:1: '\\xef\\xbb\\xbf[s]' is neither [section] nor key = value\n");
}

static void columns_are_characters(void **state)
{
	(void)state;
	gives("[s]\na = 1\nb = \xe2\x82\xac\n", "[s] @1:1\ns.a=1 @2:1 @2:5\n"
						"s.b=\xe2\x82\xac @3:1 @3:5\n");
	bad_value("a = \"\xe2\x82\xac\xe2\x82\xac\" b",
		  "10: 'b' follows; a comment needs white space and # before it");
}

static void long_lines(void **state)
{
	const size_t n = 1 << 20;
	own_free char *line = xmalloc(n + 1), *bad = NULL;

	(void)state;
	memset(line, 'x', n);
	line[n] = '\0';
	memcpy(line, "a = ", 4);
	value(line, line + 4);
	line[1] = '#';
	bad = xasprintf("2: 'a#%.22s...' is neither [section] nor key = value", line + 2);
	bad_value(line, bad);
}

static void many_lines(void **state)
{
	own_buf struct buf text = {0};
	own_ini struct ini ini = {0};
	struct error *err = NULL;

	(void)state;
	buf_adds(&text, "[s]\n");
	for (int i = 0; i < 100000; i++)
		buf_adds(&text, "a=1\n");
	assert_true(ini_parse(&ini, "f", text.data, text.len, &err));
	assert_int_equal(ini.n, 100001);
	assert_int_equal(ini.entry[100000].key_at.line, 100001);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sections_and_keys),
		cmocka_unit_test(nothing_is_a_profile_too),
		cmocka_unit_test(white_space_is_free),
		cmocka_unit_test(the_last_line_needs_no_end),
		cmocka_unit_test(names_of_many_kinds),
		cmocka_unit_test(comments),
		cmocka_unit_test(plain_values_are_as_they_are),
		cmocka_unit_test(quoted_values),
		cmocka_unit_test(errors_of_quoted_values),
		cmocka_unit_test(errors_of_headers),
		cmocka_unit_test(below_a_broken_header),
		cmocka_unit_test(errors_of_lines),
		cmocka_unit_test(all_errors_in_one_run),
		cmocka_unit_test(bytes_that_are_no_utf8),
		cmocka_unit_test(a_nul_ends_it),
		cmocka_unit_test(from_other_editors),
		cmocka_unit_test(columns_are_characters),
		cmocka_unit_test(long_lines),
		cmocka_unit_test(many_lines),
	};

	return cmocka_run_group_tests_name("ini", tests, NULL, NULL);
}
