/* Paths as file URIs: every byte comes back, and what no path can be is none. */
#include "base/alloc.h"
#include "base/own.h"
#include "base/uri.h"
#include "unit.h"

static void every_byte_comes_back(void **state)
{
	char path[257] = "/";

	(void)state;
	for (int i = 1; i < 256; i++)
		path[i] = (char)i;
	own_free char *uri = uri_of_path(path), *back = uri_path(uri);

	for (const char *c = uri; *c; c++)
		assert_true(*c > ' ' && *c < 0x7f);
	assert_string_equal(back, path);
}

static void plain_ones_stay_readable(void **state)
{
	(void)state;
	own_free char *uri = uri_of_path("/home/me/win-11_a.b~.ini");
	own_free char *odd = uri_of_path("/a b%\xff");

	assert_string_equal(uri, "file:///home/me/win-11_a.b~.ini");
	assert_string_equal(odd, "file:///a%20b%25%FF");
}

static void others_are_refused(void **state)
{
	static const char *const bad[] = {"/home/me",	   "file:/x",	    "file://host/x",
					  "file:///a%",	   "file:///a%4",   "file:///a%zz",
					  "file:///a%00b", "http:///x",	    "",
					  "file://",	   "file:///a%+1b", "file:///a% 1b"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		own_free char *path = uri_path(bad[i]);

		assert_null(path);
	}
	own_free char *lower = uri_path("file:///%c3%a9");

	assert_string_equal(lower, "/\xc3\xa9");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_byte_comes_back),
		cmocka_unit_test(plain_ones_stay_readable),
		cmocka_unit_test(others_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
