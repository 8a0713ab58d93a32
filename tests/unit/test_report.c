/* The guest's-eye program's lines: what is of the grammar, and what a hostile guest may write. */
#include "unit.h"

#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "firmware/report.h"
#include "scratch.h"

#define BEGIN "VMPROBE begin version=1\n"
#define END "VMPROBE end\n"

static struct report parsed(const char *text, size_t len)
{
	struct report report = {0};
	struct error *err = NULL;

	assert_true(report_parse(&report, text, len, &err));
	assert_messages(err, "");
	return report;
}

static struct report read_report(const char *lines)
{
	own_free char *text = xasprintf("What this guest sees\n" BEGIN "%s" END "later\n", lines);

	return parsed(text, strlen(text));
}

static void refused(const char *text, size_t len, const char *want)
{
	own_report struct report report = {0};
	struct error *err = NULL;

	assert_false(report_parse(&report, text, len, &err));
	assert_int_equal(error_kind(err), ERROR_FAILED);
	assert_int_equal(report.lines, 0);
	assert_messages(err, want);
}

static void lines_and_values(void **state)
{
	own_report struct report r = read_report(
		"VMPROBE cpu vendor=AuthenticAMD brand=A%20%c3%bc%3d physbits=40 empty=\n"
		"VMPROBE pci address=01:00.0 id=10de:2820\n"
		"VMPROBE pci address=01:00.1 id=10de:22bd\n"
		"VMPROBE nothing\n");
	const struct report_line *cpu = report_one(&r, "cpu", NULL, NULL), *pci;
	uint64_t n = 0;

	(void)state;
	assert_int_equal(r.lines, 4);
	assert_int_equal(r.broken, 0);
	assert_non_null(cpu);
	assert_string_equal(report_text(cpu, "brand"), "A \xc3\xbc=");
	assert_string_equal(report_text(cpu, "empty"), "");
	assert_null(report_text(cpu, "bran"));
	assert_true(report_number(cpu, "physbits", &n));
	assert_int_equal(n, 40);
	assert_null(report_one(&r, "pci", NULL, NULL));
	pci = report_one(&r, "pci", "id", "10de:22bd");
	assert_ptr_equal(pci, report_one(&r, "pci", "address", "01:00.1"));
	assert_ptr_equal(
		report_next(&r, report_next(&r, NULL, "pci", NULL, NULL), "pci", NULL, NULL), pci);
	assert_null(report_next(&r, pci, "pci", NULL, NULL));
	assert_non_null(report_one(&r, "nothing", NULL, NULL));
}

static void where_it_stands(void **state)
{
	const char text[] = "people\n" BEGIN "VMPROBE a\n" END "rest";
	own_report struct report r = parsed(text, strlen(text));

	(void)state;
	assert_int_equal(r.begin, strlen("people\n"));
	assert_string_equal(text + r.end, "rest");
}

static void numbers_ids_and_places(void **state)
{
	static const struct {
		const char *value;
		bool number, ids, place;
	} table[] = {
		{"0", true, false, false},
		{"18446744073709551615", true, false, false},
		{"18446744073709551616", false, false, false},
		{"0xff", true, false, false},
		{"0x", false, false, false},
		{"-1", false, false, false},
		{"+1", false, false, false},
		{"%201", false, false, false},
		{"", false, false, false},
		{"10de:2820", false, true, false},
		{"10DE:2820", false, false, false},
		{"10de:28200", false, false, false},
		{"10de-2820", false, false, false},
		{"10de:%00820", false, false, false},
		{"01:00.0", false, false, true},
		{"01:1f.7", false, false, true},
		{"01:20.0", false, false, false},
		{"01:00.8", false, false, false},
		{"0001:00.0", false, false, false},
		{"01:00.0x", false, false, false},
		{"none", false, false, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		own_free char *line = xasprintf("VMPROBE k v=%s\n", table[i].value);
		own_report struct report r = read_report(line);
		uint64_t number = 7;
		unsigned id[2] = {7, 7};
		struct report_place place = {7, 7, 7};
		const struct report_line *k = report_one(&r, "k", NULL, NULL);

		assert_non_null(k);
		assert_int_equal(report_number(k, "v", &number), table[i].number);
		assert_int_equal(report_ids(k, "v", id), table[i].ids);
		assert_int_equal(report_place(k, "v", &place), table[i].place);
		/* What failed has changed nothing. */
		assert_true(table[i].number || number == 7);
		assert_true(table[i].ids || (id[0] == 7 && id[1] == 7));
		assert_true(table[i].place || place.bus == 7);
	}
}

static void lines_that_break_the_grammar(void **state)
{
	static const char *const lines[] = {
		"",
		"VMPROBE",
		"VMPROBE ",
		"VMPROBE  pci a=1",
		"VMPROBE pci  a=1",
		"VMPROBE pci a=1 ",
		"VMPROBE Pci a=1",
		"VMPROBE pci a",
		"VMPROBE pci =1",
		"VMPROBE pci a=1 a=2",
		"VMPROBE pci a=1=2",
		"VMPROBE pci a=%",
		"VMPROBE pci a=%4",
		"VMPROBE pci a=%4g",
		"VMPROBE pci a=%4A",
		"VMPROBE pci a=\xc3\xbc",
		"VMPROBE pci a=\x1b[2J",
		"VMPROBE pci a_b=1",
		" VMPROBE pci a=1",
		"vmprobe pci a=1",
		"VMPROBEpci a=1",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		own_free char *all = xasprintf("%s\nVMPROBE pci b=1\n", lines[i]);
		own_report struct report r = read_report(all);

		assert_int_equal(r.broken, 1);
		assert_int_equal(r.lines, 1);
		assert_string_equal(report_text(&r.line[0], "b"), "1");
	}
}

/* A value with a NUL is there for JSON, and no text for a judge. */
static void nul_in_a_value(void **state)
{
	own_report struct report r = read_report("VMPROBE k v=KVM%00x\n");

	(void)state;
	assert_int_equal(r.lines, 1);
	assert_int_equal(r.line[0].pair[0].len, 5);
	assert_null(report_text(&r.line[0], "v"));
	assert_null(report_next(&r, NULL, "k", "v", "KVM"));
}

static void reports_that_are_none(void **state)
{
	static const char late[] = "the guest's-eye program did not finish its report; a longer "
				   "--timeout gives a slow machine more time\n";
	static const char never[] = "the guest's-eye program did not report; a longer --timeout "
				    "gives a slow machine more time\n";

	(void)state;
	refused(NULL, 0, never);
	refused("", 0, never);
	refused("hello\n", 6, never);
	refused(END BEGIN, strlen(END BEGIN), late);
	refused(BEGIN "VMPROBE pci", strlen(BEGIN "VMPROBE pci"), late);
	/* Cut off in its last line. */
	refused(BEGIN "VMPROBE end", strlen(BEGIN "VMPROBE end"), late);
	refused("VMPROBE begin version=2\n" END, strlen("VMPROBE begin version=2\n" END), never);
	refused("x" BEGIN END, strlen("x" BEGIN END), never);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_and_values),
		cmocka_unit_test(where_it_stands),
		cmocka_unit_test(numbers_ids_and_places),
		cmocka_unit_test(lines_that_break_the_grammar),
		cmocka_unit_test(nul_in_a_value),
		cmocka_unit_test(reports_that_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
