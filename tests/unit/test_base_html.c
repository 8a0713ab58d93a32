/* The writer of HTML: what is begun is ended, and no text becomes markup. */
#include "unit.h"

#include <string.h>

#include "base/alloc.h"
#include "base/html.h"
#include "base/own.h"

static char *text_of(const char *text)
{
	struct html h = {0};
	char *page;

	html_element(&h, "b", NULL, text);
	page = html_done(&h);
	return page;
}

static void assert_written(const char *text, const char *want)
{
	own_free char *page = text_of(text);
	own_free char *whole = xasprintf("<!DOCTYPE html>\n<b>%s</b>", want);

	assert_string_equal(page, whole);
}

static void text_is_no_markup(void **state)
{
	(void)state;
	assert_written("</b><script>alert(\"x\")&'y'",
		       "&lt;/b&gt;&lt;script&gt;alert(&quot;x&quot;)"
		       "&amp;&#39;y&#39;");
	assert_written("&lt;", "&amp;lt;");
	assert_written("Größe €, 大页, 🖥", "Größe €, 大页, 🖥");
}

static void treacherous_bytes_are_shown(void **state)
{
	(void)state;
	assert_written("a\x1b[31mb\x7f\xc2\x85", "a\\x1b[31mb\\x7f\\x85");
	assert_written("a\n\tb", "a\n\tb");
	/* No UTF-8, overlong forms and surrogates among it. */
	assert_written("a\xff\xc0\xbc\xed\xa0\x80z", "a\\xff\\xc0\\xbc\\xed\\xa0\\x80z");
	assert_written("\xe2\x82", "\\xe2\\x82");
	/* Writing from right to left, an end of line, a byte order mark, a noncharacter. */
	assert_written("exe\u202egnp.", "exe\\u202egnp.");
	assert_written("\u2066\u200f\u2028\ufeff\uffff", "\\u2066\\u200f\\u2028\\ufeff\\uffff");
}

static void attributes_are_escaped(void **state)
{
	struct html h = {0};
	own_free char *page = NULL;

	(void)state;
	html_begin(&h, "p");
	html_attribute(&h, "title", "\" onclick='x' <&>");
	html_attributef(&h, "class", "n%d", 1);
	page = html_done(&h);
	assert_string_equal(page, "<!DOCTYPE html>\n<p title=\"&quot; onclick=&#39;x&#39; "
				  "&lt;&amp;&gt;\" class=\"n1\"></p>\n");
}

static void all_is_ended(void **state)
{
	struct html h = {0};
	own_free char *page = NULL;

	(void)state;
	html_begin(&h, "i");
	html_begin(&h, "meta");
	html_end(&h);
	html_begin(&h, "b");
	html_textf(&h, "%s", "x");
	page = html_done(&h);
	assert_string_equal(page, "<!DOCTYPE html>\n<i><meta/>\n<b>x</b></i>");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_no_markup),
		cmocka_unit_test(treacherous_bytes_are_shown),
		cmocka_unit_test(attributes_are_escaped),
		cmocka_unit_test(all_is_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
