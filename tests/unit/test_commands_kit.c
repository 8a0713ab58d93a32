/* Words of the host's that become Windows'. */
#include "unit.h"

#include <string.h>

#include "commands/kit.h"

static void is(char *got, const char *want)
{
	own_free char *mine = got;

	if (!want)
		assert_null(mine);
	else
		assert_string_equal(mine, want);
}

static void locales(void **state)
{
	static const char *const none[] = {"",	    "C",       "C.UTF-8", "POSIX",  "de",
					   "de_",   "_DE",     "de_D",	  "d_DE",   "de_DEU",
					   "de-DE", "de_DE/x", "de_419",  "de_DE;x"};

	(void)state;
	is(kit_locale("de_DE.UTF-8"), "de-DE");
	is(kit_locale("zh_CN"), "zh-CN");
	is(kit_locale("fil_PH.utf8"), "fil-PH");
	is(kit_locale("ca_ES@valencia"), "ca-ES");
	is(kit_locale(NULL), NULL);
	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		is(kit_locale(none[i]), NULL);
}

/* By the labels of ISO files that Microsoft has given out. */
static void labels(void **state)
{
	(void)state;
	is(kit_language("CCCOMA_X64FRE_EN-US_DV9"), "en-US");
	is(kit_language("CPBA_X64FRE_ZH-CN_DV9"), "zh-CN");
	is(kit_language("CCCOMA_X64FRE_DE-DE"), "de-DE");
	is(kit_language("DE-DE"), "de-DE");
	is(kit_language("ESD-ISO"), NULL);
	is(kit_language("Debian 13.1.0 amd64 n"), NULL);
	is(kit_language("X64FRE_EN-USA_DV9"), NULL);
	is(kit_language(""), NULL);
	is(kit_language("___"), NULL);
}

static void accounts(void **state)
{
	static const char *const no[] = {
		"",   "root", "Guest", "ADMINISTRATOR",	       "a b", "a\\b",
		"-a", "ä",    "a.",    "twenty-one-characters"};

	(void)state;
	is(kit_user("me"), "me");
	is(kit_user("a-b_2"), "a-b_2");
	is(kit_user("twenty-characters-ok"), "twenty-characters-ok");
	is(kit_user(NULL), "user");
	for (size_t i = 0; i < ARRAY_SIZE(no); i++)
		is(kit_user(no[i]), "user");
}

static void computers(void **state)
{
	(void)state;
	is(kit_computer("win11", "me"), "win11");
	is(kit_computer("Windows 11 (test)", "me"), "Windows-11-test");
	is(kit_computer("fourteen-long-x", "me"), "fourteen-long-x");
	is(kit_computer("fourteen-char-xyz", "me"), "fourteen-char-x");
	is(kit_computer("sixteen-letter-x", "me"), "sixteen-letter");
	is(kit_computer("..a", "me"), "a");
	is(kit_computer("11", "me"), "*");
	is(kit_computer("日本", "me"), "*");
	is(kit_computer("Me", "me"), "*");
}

static void passwords(void **state)
{
	own_error struct error *err = NULL;
	own_free char *a = kit_password(&err), *b = kit_password(&err);

	(void)state;
	assert_int_equal(strlen(a), 12);
	assert_string_not_equal(a, b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(locales),   cmocka_unit_test(labels),
		cmocka_unit_test(accounts),  cmocka_unit_test(computers),
		cmocka_unit_test(passwords),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
