/* The writer of XML: what is well-formed, whatever the words are. */
#include "unit.h"

#include "base/alloc.h"
#include "base/xml_write.h"

#define HEAD "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"

static void is_leaf(const char *text, const char *want)
{
	own_xml_writer struct xml_writer w = {0};
	own_free char *whole = NULL, *got = NULL;

	xml_leaf(&w, "a", text);
	got = xml_done(&w);
	whole = xasprintf(HEAD "<a>%s</a>\n", want);
	assert_string_equal(got, whole);
}

static void text(void **state)
{
	(void)state;
	is_leaf("", "");
	is_leaf("plain", "plain");
	is_leaf("<&>\"'", "&lt;&amp;&gt;&quot;'");
	is_leaf("]]>", "]]&gt;");
	is_leaf("a\tb\nc\rd", "a&#9;b&#10;c&#13;d");
	is_leaf("Größe 日本 \xf0\x9f\x92\xbe", "Größe 日本 \xf0\x9f\x92\xbe");
}

/* Each byte that cannot be part of a document is one U+FFFD, and those around it stay. */
static void no_characters(void **state)
{
	(void)state;
	is_leaf("a\x01z", "a\xef\xbf\xbdz");
	is_leaf("a\x1bz", "a\xef\xbf\xbdz");
	is_leaf("a\x7fz", "a\x7fz");
	is_leaf("a\xffz", "a\xef\xbf\xbdz");
	is_leaf("a\xe4z", "a\xef\xbf\xbdz");
	is_leaf("a\xc3", "a\xef\xbf\xbd");
	is_leaf("a\xc0\xafz", "a\xef\xbf\xbd\xef\xbf\xbdz");
	is_leaf("a\xed\xa0\x80z", "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz");
	is_leaf("a\xef\xbf\xbfz", "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz");
}

static void elements(void **state)
{
	own_xml_writer struct xml_writer w = {0};
	own_free char *got = NULL;

	(void)state;
	xml_begin(&w, "a");
	xml_attribute(&w, "b", "\"<\n");
	xml_attribute(&w, "c", "");
	xml_begin(&w, "d");
	xml_end(&w);
	xml_leaf(&w, "e", "1");
	xml_begin(&w, "f");
	xml_leaf(&w, "g", "2");
	/* What is open is ended. */
	got = xml_done(&w);
	assert_string_equal(got, HEAD "<a b=\"&quot;&lt;&#10;\" c=\"\">\n"
				      "  <d/>\n"
				      "  <e>1</e>\n"
				      "  <f>\n"
				      "    <g>2</g>\n"
				      "  </f>\n"
				      "</a>\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text),
		cmocka_unit_test(no_characters),
		cmocka_unit_test(elements),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
