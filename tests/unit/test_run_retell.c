/* The keeper's sentences in another language: by a table and a language of the test's. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/own.h"
#include "run/retell.h"

/* Format and translation; NULL: there is none. Those with more letters of their own first. */
static const char *const WORDS[][2] = {
	{"%s is '%s' after '%s' was written", "%3$s -> %1$s, ma %2$s"},
	{"node %d has no huge pages of %u KiB", "nodo %d senza pagine di %u KiB"},
	{"%s does not let go of 100%%", "100%%: %s"},
	{"%s failed with status %d%s", "%s, stato %d%s"},
	{"cannot load the module %s", "il modulo %s non si carica"},
	{"%s is in use by %s (pid %d)", "%s: %s (%d) lo usa"},
	{"a mistake of numbers", NULL},
	{"there is no PCI %s", "PCI %2$s"},
	{"holds %lu MiB", "tiene %1$lu MiB, %1$lu"},
	{"%s stays %s", "%s resta %s"},
	{"no driver", "nessun driver"},
	{"by now", "adesso"},
};

static const char *translate(const char *format)
{
	for (size_t i = 0; i < ARRAY_SIZE(WORDS); i++)
		if (WORDS[i][0] == format && WORDS[i][1])
			return WORDS[i][1];
	return format;
}

static char *told(const char *text)
{
	const char *format[ARRAY_SIZE(WORDS)];

	for (size_t i = 0; i < ARRAY_SIZE(WORDS); i++)
		format[i] = WORDS[i][0];
	return retell_by(&(struct retell_table){format, ARRAY_SIZE(WORDS), translate}, text);
}

static void becomes(const char *text, const char *want)
{
	own_free char *is = told(text);

	assert_string_equal(is, want);
}

static void a_sentence_and_what_is_in_it(void **state)
{
	(void)state;
	becomes("node 1 has no huge pages of 2048 KiB", "nodo 1 senza pagine di 2048 KiB");
	becomes("0000:01:00.0 is '' after 'vfio-pci' was written", "vfio-pci -> 0000:01:00.0, ma ");
	/* A part of it is a sentence, too. */
	becomes("01:00.0 stays no driver", "01:00.0 resta nessun driver");
	becomes("holds 64 MiB", "tiene 64 MiB, 64");
}

static void a_chain_of_contexts(void **state)
{
	(void)state;
	becomes("cannot load the module vfio_pci: modprobe failed with status 1: no such module",
		"il modulo vfio_pci non si carica: modprobe, stato 1: no such module");
	becomes("by now: /dev/x: cannot load the module y",
		"adesso: /dev/x: il modulo y non si carica");
	becomes("a is in use by b (pid 1); c is in use by d (pid 2); and 3 more",
		"a: b (1) lo usa; c: d (2) lo usa; and 3 more");
	/* The C library's word, which the tests' process has no translation of. */
	becomes("/dev/x: Permission denied", "/dev/x: Permission denied");
}

static void what_is_not_ours_stays(void **state)
{
	static const char *const text[] = {
		"",
		"%",
		"%s%n%n%n",
		"echo vfio-pci > /sys/bus/pci/devices/0000:01:00.0/driver_override",
		"node q has no huge pages of 2048 KiB", /* no number */
		"node 1 has no huge pages of  KiB",
		"cannot load the modul",
		"a mistake of numbers",		/* known, and not translated */
		"x does not let go of 100%",	/* a percent sign of the format's own */
		"there is no PCI 0000:01:00.0", /* the translation asks for a second argument */
		": ",
		"; ; : : ",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(text); i++)
		becomes(text[i], text[i]);
	/* What stands in a piece is no format. */
	becomes("cannot load the module %n%5$s", "il modulo %n%5$s non si carica");
}

/* However long and however nested, it ends soon, and nothing is lost. */
static void a_hostile_text(void **state)
{
	struct buf text = {0};
	own_free char *all = NULL, *is = NULL;

	(void)state;
	while (text.len < 2000)
		buf_adds(&text, "by now: x stays ");
	all = buf_steal(&text);
	is = told(all);
	assert_non_null(strstr(is, "adesso: "));
	assert_true(strlen(is) < 3 * strlen(all));
	for (char *at = all; *at; at++)
		*at = (at - all) % 2 ? ' ' : ':';
	becomes(all, all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sentence_and_what_is_in_it),
		cmocka_unit_test(a_chain_of_contexts),
		cmocka_unit_test(what_is_not_ours_stays),
		cmocka_unit_test(a_hostile_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
