/* The encoder, against bytes worked out by hand from the grammar (ACPI 6.4, 20.2). */
#include "unit.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "firmware/acpi/aml.h"

/* Compares with hex digits, white space between them at will, and frees the term. */
static void assert_bytes_are(struct buf term, const char *hex)
{
	own_buf struct buf found = {0}, wanted = {0};

	for (size_t i = 0; i < term.len; i++)
		buf_addf(&found, "%02x", (unsigned char)term.data[i]);
	for (; *hex; hex++)
		if (*hex != ' ')
			buf_addc(&wanted, *hex);
	assert_string_equal(found.data ? found.data : "", wanted.data ? wanted.data : "");
	buf_free(&term);
}

static void integers_take_their_smallest_form(void **state)
{
	(void)state;
	assert_bytes_are(aml_int(0), "00");
	assert_bytes_are(aml_int(1), "01");
	assert_bytes_are(aml_int(2), "0a 02");
	assert_bytes_are(aml_int(0xff), "0a ff");
	assert_bytes_are(aml_int(0x100), "0b 00 01");
	assert_bytes_are(aml_int(0xffff), "0b ff ff");
	assert_bytes_are(aml_int(0x10000), "0c 00 00 01 00");
	assert_bytes_are(aml_int(0xffffffff), "0c ff ff ff ff");
}

static void paths(void **state)
{
	(void)state;
	assert_bytes_are(aml_path("A"), "41 5f 5f 5f");
	assert_bytes_are(aml_path("_HID"), "5f 48 49 44");
	assert_bytes_are(aml_path("\\"), "5c 00");
	assert_bytes_are(aml_path("\\_SB"), "5c 5f 53 42 5f");
	assert_bytes_are(aml_path("^^AB"), "5e 5e 41 42 5f 5f");
	assert_bytes_are(aml_path("AB.CD"), "2e 41 42 5f 5f 43 44 5f 5f");
	assert_bytes_are(aml_path("\\_SB.PCI0.S08.S00"),
			 "5c 2f 04 5f53425f 50434930 5330385f 5330305f");
}

static void names_are_told_from_others(void **state)
{
	static const char *const good[] = {"A", "_", "BAT0", "_SB", "A123"};
	static const char *const bad[] = {"", "0AB", "bat0", "BATT0", "B-", "A B", "\\", "A.B"};
	static const char *const good_path[] = {"\\", "^", "\\_SB", "^^A.B", "A.B.C.D"};
	static const char *const bad_path[] = {"",     "\\^A", "A.", ".A",  "A..B",
					       "\\.A", "A^",   "a",  "A.0", "\\\\A"};
	own_buf struct buf longest = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(aml_is_segment(good[i]) && aml_is_path(good[i]));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(aml_is_segment(bad[i]));
	for (size_t i = 0; i < ARRAY_SIZE(good_path); i++)
		assert_true(aml_is_path(good_path[i]));
	for (size_t i = 0; i < ARRAY_SIZE(bad_path); i++)
		assert_false(aml_is_path(bad_path[i]));
	for (int i = 0; i < 254; i++)
		buf_adds(&longest, "A.");
	buf_adds(&longest, "A");
	assert_true(aml_is_path(longest.data));
	buf_adds(&longest, ".A");
	assert_false(aml_is_path(longest.data));

	assert_true(aml_is_string("") && aml_is_string(" ~"));
	assert_false(aml_is_string("\x7f") || aml_is_string("\n") || aml_is_string("\xc3\xa9"));
}

static void data(void **state)
{
	(void)state;
	assert_bytes_are(aml_string("LION"), "0d 4c494f4e 00");
	assert_bytes_are(aml_string(""), "0d 00");
	assert_bytes_are(aml_buffer(1, "\x03", 1), "11 03 01 03");
	assert_bytes_are(aml_buffer(0xf000, "ab", 2), "11 06 0b00f0 6162");
	assert_bytes_are(aml_buffer(0, NULL, 0), "11 02 00");
	assert_bytes_are(aml_zeros(aml_arg(2)), "11 02 6a");
	assert_bytes_are(aml_eisa_id("PNP0C0A"), "0c 41d00c0a");
	assert_bytes_are(aml_uuid("36b49710-2483-11e7-9598-0800200C9A66"),
			 "11 13 0a10 1097b436 8324 e711 9598 0800200c9a66");
	assert_bytes_are(aml_package(aml_int(0), aml_path("\\_SB"), aml_string("")),
			 "12 0a 03 00 5c5f53425f 0d00");
}

static void objects(void **state)
{
	(void)state;
	assert_bytes_are(aml_name("_UID", aml_int(1)), "08 5f554944 01");
	assert_bytes_are(aml_scope("\\_SB", aml_name("A", aml_int(0))),
			 "10 0c 5c5f53425f 08 415f5f5f 00");
	assert_bytes_are(aml_device("BAT0", aml_list(aml_name("_UID", aml_int(1)))),
			 "5b82 0b 42415430 08 5f554944 01");
	assert_bytes_are(aml_method("_STA", 0, aml_return(aml_int(0x1f))),
			 "14 09 5f535441 00 a4 0a1f");
	assert_bytes_are(aml_method("_DSM", 4, (struct buf){0}), "14 06 5f44534d 04");
}

static void code(void **state)
{
	(void)state;
	assert_bytes_are(aml_arg(6), "6e");
	assert_bytes_are(aml_local(7), "67");
	assert_bytes_are(aml_if(aml_equal(aml_arg(0), aml_int(1)), aml_return(aml_int(0))),
			 "a0 06 93 68 01 a4 00");
	assert_bytes_are(aml_store(aml_arg(1), aml_local(0)), "70 69 60");
	assert_bytes_are(aml_add(aml_local(2), aml_int(1)), "72 62 01 00");
	assert_bytes_are(aml_subtract(aml_local(0), aml_local(4)), "74 60 64 00");
	assert_bytes_are(aml_divide(aml_arg(0), aml_int(0xf000), aml_local(1), aml_local(2)),
			 "78 68 0b00f0 61 62");
	assert_bytes_are(aml_mid(aml_path("VR00"), aml_arg(1), aml_arg(2)), "9e 56523030 69 6a 00");
	assert_bytes_are(aml_concatenate(aml_local(0), aml_local(1), aml_local(2)), "73 60 61 62");
	assert_bytes_are(aml_size_of(aml_local(3)), "87 63");
	assert_bytes_are(aml_less(aml_local(4), aml_local(0)), "95 64 60");
	assert_bytes_are(aml_greater(aml_local(4), aml_int(2)), "94 64 0a02");
	assert_bytes_are(aml_call("VRSL", aml_list(aml_int(0), aml_int(1))), "5652534c 00 01");
}

/* The length counts itself, so each form begins one byte earlier than one would think. */
static void lengths_take_their_smallest_form(void **state)
{
	static const struct {
		size_t content; /* behind the length: a size of 3 or 5 bytes and the buffer's */
		const char *length;
	} row[] = {
		{0x3e, "3f"},	   {0x3f, "4104"},	{0xffd, "4fff"},
		{0xffe, "810001"}, {0xffffc, "8fffff"}, {0xffffd, "c1000001"},
	};
	static char zeros[1 << 20];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		own_buf struct buf size = aml_int((uint32_t)row[i].content);
		own_buf struct buf term = {0}, hex = {0};
		size_t data = row[i].content - size.len;
		size_t digits = strlen(row[i].length);

		term = aml_buffer((uint32_t)row[i].content, zeros, data);
		for (size_t b = 1; b <= digits / 2; b++)
			buf_addf(&hex, "%02x", (unsigned char)term.data[b]);
		assert_string_equal(hex.data, row[i].length);
		assert_int_equal(term.len, 1 + digits / 2 + row[i].content);
	}
}

/* ------------------------------------------------------------------ mistakes in our source */

static void bad_name(void)
{
	aml_path("bat0");
}

static void bad_string(void)
{
	aml_string("\xff");
}

static void bad_uuid(void)
{
	aml_uuid("36b49710-2483-11e7-9598-0800200c9a6");
}

static void bad_digit(void)
{
	aml_uuid("36b49710-2483-11e7-9598-0800200c9a6g");
}

static void bad_id(void)
{
	aml_eisa_id("pnp0C0A");
}

static void bad_arg(void)
{
	aml_arg(7);
}

static void bad_local(void)
{
	aml_local(8);
}

static void bad_size(void)
{
	aml_buffer(1, "ab", 2);
}

static void bad_count(void)
{
	static struct buf none[256];

	aml_package_(none, 256);
}

static void mistakes_abort(void **state)
{
	static void (*const mistake[])(void) = {bad_name, bad_string, bad_uuid, bad_digit, bad_id,
						bad_arg,  bad_local,  bad_size, bad_count};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(mistake); i++) {
		pid_t pid = fork();
		int status;

		if (pid == 0) {
			signal(SIGABRT, SIG_DFL);
			mistake[i]();
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers_take_their_smallest_form),
		cmocka_unit_test(paths),
		cmocka_unit_test(names_are_told_from_others),
		cmocka_unit_test(data),
		cmocka_unit_test(objects),
		cmocka_unit_test(code),
		cmocka_unit_test(lengths_take_their_smallest_form),
		cmocka_unit_test(mistakes_abort),
	};

	return cmocka_run_group_tests_name("acpi aml", tests, NULL, NULL);
}
