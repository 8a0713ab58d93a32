/* Tables told in words: our own to the last line, others as far as they can be read, hostile ones
 * without harm.
 */
#include "unit.h"

#include <string.h>
#include <time.h>

#include "scratch.h"

#include "base/text.h"
#include "firmware/acpi/aml.h"
#include "firmware/acpi/compose.h"
#include "firmware/acpi/show.h"
#include "firmware/acpi/table.h"

static char *show(const struct buf *table, enum acpi_detail detail)
{
	struct buf out = {0};
	struct error *err = NULL;
	/* Exactly as large as it is, so that the sanitizer sees a byte too much. */
	own_free char *copy = xmalloc(table->len);

	memcpy(copy, table->data, table->len);
	assert_true(acpi_show(&out, "t.aml", copy, table->len, detail, &err));
	return buf_steal(&out);
}

/* The text for a body, without the line for the header. */
static char *show_body(struct buf body)
{
	own_buf struct buf table = acpi_ssdt(NULL, "TEST", body);
	own_free char *text = show(&table, ACPI_CODE);

	return xstrdup(strchr(text, '\n') + 1);
}

#define assert_shown(body, wanted)                       \
	do {                                             \
		own_free char *shown_ = show_body(body); \
		assert_string_equal(shown_, wanted);     \
	} while (0)

/* Bytes written by hand. */
static struct buf raw(const char *hex)
{
	struct buf out = {0};

	for (; *hex; hex += *hex == ' ' ? 1 : 2)
		if (*hex != ' ')
			buf_addc(&out, (char)strtoul((char[]){hex[0], hex[1], '\0'}, NULL, 16));
	return out;
}

static void a_battery(void **state)
{
	own_acpi_tables struct acpi_tables tables = {0};
	struct error *err = NULL;
	own_free char *text = NULL;

	(void)state;
	assert_true(acpi_compose(
		&(struct acpi_wish){.battery = &(struct acpi_battery){.capacity = 60000}}, &tables,
		&err));
	text = show(&tables.table[0].bytes, ACPI_CODE);
	assert_string_equal(
		text,
		"t.aml: SSDT (more devices), 314 bytes, revision 1, of BOCHS BATTERY, checksum "
		"right\n"
		"    scope \\_SB:\n"
		"        device ADP0, AC adapter:\n"
		"            _HID, hardware id: ACPI0003 (AC adapter)\n"
		"            _PCL, what it powers: { \\_SB }\n"
		"            _STA(), status: returns 0xF (present, enabled, shown, working)\n"
		"            _PSR(), whether on mains power: returns 1 (on mains)\n"
		"    scope \\_SB:\n"
		"        device BAT0, battery:\n"
		"            _HID, hardware id: PNP0C0A (battery)\n"
		"            _UID, unique id: 1\n"
		"            _PCL, what it powers: { \\_SB }\n"
		"            _STA(), status: returns 0x1F (present, enabled, shown, working, "
		"battery "
		"in its bay)\n"
		"            _BIF(), battery as it was made, old form, returns:\n"
		"                unit                            0 (mW, mWh)\n"
		"                capacity by design              60000\n"
		"                capacity when last full         60000\n"
		"                technology                      1 (rechargeable)\n"
		"                voltage by design, mV           15000\n"
		"                warns at                        3000\n"
		"                shuts down at                   1200\n"
		"                step between low and warning    600\n"
		"                step between warning and full   600\n"
		"                model                           \"Primary\"\n"
		"                serial                          \"00001\"\n"
		"                type                            \"LION\"\n"
		"                maker                           \"OEM\"\n"
		"            _BIX(), battery as it was made, returns:\n"
		"                revision                        0\n"
		"                unit                            0 (mW, mWh)\n"
		"                capacity by design              60000\n"
		"                capacity when last full         60000\n"
		"                technology                      1 (rechargeable)\n"
		"                voltage by design, mV           15000\n"
		"                warns at                        3000\n"
		"                shuts down at                   1200\n"
		"                charging cycles                 0\n"
		"                accuracy, 1/1000 %              95000\n"
		"                longest sampling, ms            1000\n"
		"                shortest sampling, ms           1000\n"
		"                longest averaging, ms           1000\n"
		"                shortest averaging, ms          1000\n"
		"                step between low and warning    600\n"
		"                step between warning and full   600\n"
		"                model                           \"Primary\"\n"
		"                serial                          \"00001\"\n"
		"                type                            \"LION\"\n"
		"                maker                           \"OEM\"\n"
		"            _BST(), battery now, returns:\n"
		"                state                           0 (idle: full, or not charging)\n"
		"                rate                            0\n"
		"                capacity left                   60000\n"
		"                voltage now, mV                 15000\n");
}

static void a_rom(void **state)
{
	(void)state;
	assert_shown(acpi_rom_slice("\\_SB.PCI0.S08.S00", "\x55\xaa", 2, 0),
		     "    scope \\_SB.PCI0.S08.S00:\n"
		     "        VR00: buffer of 61440 bytes: 55 AA\n");
	assert_shown(
		acpi_rom_method("\\_SB.PCI0.S08.S00", 1),
		"    scope \\_SB.PCI0.S08.S00:\n"
		"        VRSL(3 arguments):\n"
		"            if (Arg0 == 0):\n"
		"                return Mid(VR00, from Arg1, Arg2)\n"
		"            return buffer of Arg2 bytes\n"
		"        _ROM(2 arguments), option ROM, by offset and length:\n"
		"            Local0 = Arg1\n"
		"            if (Local0 > 0x1000):\n"
		"                Local0 = 0x1000\n"
		"            (remainder and quotient of Arg0 / 0xF000) -> Local1 -> Local2\n"
		"            Local3 = VRSL(Local2, Local1, Local0)\n"
		"            Local4 = SizeOf(Local3)\n"
		"            if (Local4 < Local0):\n"
		"                Concatenate(Local3, VRSL((Local2 + 1), 0, (Local0 - Local4))) -> "
		"Local3\n"
		"            return Local3\n");
}

static void the_articles_devices(void **state)
{
	(void)state;
	assert_shown(
		acpi_nvidia_power(true),
		"    scope \\_SB:\n"
		"        device ADP1, AC adapter:\n"
		"            _HID, hardware id: ACPI0003 (AC adapter)\n"
		"            _PCL, what it powers: { \\_SB }\n"
		"            _PSR(), whether on mains power: returns 1 (on mains)\n"
		"            _DSM(4 arguments), the device's own functions, by UUID:\n"
		"                if (Arg0 == UUID 7a3a6a8a-40d5-4b5b-9d51-4d1a012a6f23):\n"
		"                    return buffer of 1 byte: 03\n"
		"                return buffer of 1 byte: 00\n"
		"        device NPCF, NVIDIA power, an id of one published table:\n"
		"            _HID, hardware id: NVDA0001 (NVIDIA power, an id of one published "
		"table)\n"
		"            NPCF(4 arguments): returns buffer of 1 byte: 01\n"
		"        device NVDR, NVIDIA power, an id of one published table:\n"
		"            _HID, hardware id: NVDA0000 (NVIDIA power, an id of one published "
		"table)\n"
		"            _DSM(4 arguments), the device's own functions, by UUID: returns "
		"buffer of 1 byte: 03\n");
}

static void code_can_be_left_out(void **state)
{
	own_buf struct buf table = acpi_ssdt(NULL, "T", acpi_rom_method("\\_SB.A", 2));
	own_free char *text = show(&table, ACPI_NAMES);

	(void)state;
	assert_string_equal(
		strchr(text, '\n') + 1,
		"    scope \\_SB.A:\n"
		"        VRSL(3 arguments): 32 bytes of code\n"
		"        _ROM(2 arguments), option ROM, by offset and length: 58 bytes of "
		"code\n");
}

static void what_others_write(void **state)
{
	(void)state;
	/* Region, fields (one unnamed, an access and one of 16 bits), mutex, event, external. */
	assert_shown(raw("5b80 52454730 00 0c00200000 0a10  5b81 15 52454730 01 415f5f5f 08 00 08 "
			 "01 02 00 425f5f5f 10  5b01 4d545830 03  5b02 45565430  "
			 "15 5c2e5f53425f50434930 06 00"),
		     "    region REG0 in space 0 from 0x2000, 0x10 bytes\n"
		     "    fields of REG0, in bits: A[8], B[16]\n"
		     "    mutex MTX0\n"
		     "    event EVT0\n"
		     "    \\_SB.PCI0 is declared elsewhere\n");
	/* Processor, power resource, thermal zone. */
	assert_shown(
		raw("5b83 0b 43505530 01 10000000 06  5b84 08 50575230 00 0000  5b85 05 545a3030"),
		"    processor CPU0:\n    power resource PWR0:\n    thermal zone TZ00:\n");
	/* While, else, break; a call of a method that is declared later; notify. */
	assert_shown(raw("14 1e 4d414958 00  a2 0a 92 93 60 01  464f4f5f 60  a5  "
			 "a1 03 75 60  86 5e42415430 0a80  14 06 464f4f5f 01"),
		     "    MAIX():\n"
		     "        while not (Local0 == 1):\n"
		     "            FOO(Local0)\n"
		     "        break\n"
		     "        else:\n"
		     "            Local0++\n"
		     "        notify ^BAT0 of 0x80\n"
		     "    FOO(1 argument): 0 bytes of code\n");
	/* A quad word, all ones, a package of variable size with a name in it. */
	assert_shown(raw("08 415f5f5f 0e 8877665544332211  08 425f5f5f ff  "
			 "08 435f5f5f 13 08 0a02 ff 58595a5f"),
		     "    A: 0x1122334455667788\n    B: all ones\n    C: { all ones, XYZ }\n");
	/* A compatible id, and one that nobody knows. */
	assert_shown(raw("08 5f434944 0c 41d00a03  08 5f484944 0d 4142433100"),
		     "    _CID, compatible id: PNP0A03 (PCI host bridge)\n"
		     "    _HID, hardware id: ABC1\n");
}

static void what_is_not_understood(void **state)
{
	(void)state;
	/* Only the list that it stands in ends. */
	assert_shown(raw("10 09 5c5f53425f 08 41 42  08 415f5f5f 01"),
		     "    scope \\_SB:\n"
		     "        (from byte 44 on not understood: a name that is none)\n"
		     "    A: 1\n");
	assert_shown(
		raw("08 415f5f5f 01 fe 08 425f5f5f 01"),
		"    A: 1\n    (from byte 42 on not understood: a byte that begins nothing)\n");
	assert_shown(raw("5b"), "    (from byte 36 on not understood: the end in the middle of a "
				"term)\n");
	assert_shown(raw("10 7f 5c00"),
		     "    (from byte 37 on not understood: a length that leads too "
		     "far, or no name)\n");
	assert_shown(raw("10 c3ffffff"),
		     "    (from byte 37 on not understood: a length that leads too "
		     "far, or no name)\n");
	assert_shown(raw("08 415f5f5f 0d 4142"),
		     "    (from byte 41 on not understood: a string without end)\n");
	assert_shown(raw("14 02 41"),
		     "    (from byte 39 on not understood: a method that is cut off)\n");
	/* Two methods of one name with other arguments. */
	assert_shown(raw("14 06 464f4f5f 01 14 06 464f4f5f 02 464f4f5f 00"),
		     "    FOO(1 argument): 0 bytes of code\n    FOO(2 arguments): 0 bytes of code\n"
		     "    (from byte 54 on not understood: a call of what has several "
		     "declarations)\n");
}

static void data_tables(void **state)
{
	own_buf struct buf table = acpi_ssdt("a\x01z", "B\xff", raw("00 11 22"));
	own_free char *text = NULL, *want = NULL;
	uint8_t sum;

	(void)state;
	memcpy(table.data, "SLIC", 4);
	table.data[4]++;
	text = show(&table, ACPI_CODE);
	sum = (uint8_t)table.data[9];
	want = xasprintf("t.aml: SLIC (Windows licence), 39 bytes, revision 1, of a.z B., "
			 "LENGTH IN THE HEADER 40, CHECKSUM WRONG: %02x, and %02x would be right\n"
			 "  THE FILE has 39 bytes, but its header says 40: it is cut off\n",
			 sum, (uint8_t)(sum - acpi_sum(table.data, table.len)));
	assert_string_equal(text, want);
}

static void no_tables(void **state)
{
	struct error *err = NULL;
	struct buf out = {0};
	static const char zeros[36];

	(void)state;
	assert_false(acpi_show(&out, "f", "SSDT", 4, ACPI_CODE, &err));
	assert_messages(err, "f is text, and no ACPI table: a compiled one (.aml) is needed\n");
	assert_false(acpi_show(&out, "f", zeros, 36, ACPI_CODE, &err));
	assert_messages(
		err, "f is no ACPI table: its first four bytes, 00 00 00 00, should be a signature "
		     "such as SSDT\n");
	assert_null(out.data);
}

/* ------------------------------------------------------------------ hostile ones */

/* Shows the body; nothing but that it ends soon, printable and not too long. */
static void survive(struct buf body)
{
	own_buf struct buf out = {0};
	struct error *err = NULL;
	char header[36] = "SSDT";
	struct timespec begin, end;
	own_buf struct buf table = {0};

	header[4] = (char)(sizeof(header) + body.len);
	header[5] = (char)((sizeof(header) + body.len) >> 8);
	header[6] = (char)((sizeof(header) + body.len) >> 16);
	buf_add(&table, header, sizeof(header));
	buf_add(&table, body.data, body.len);
	buf_free(&body);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	assert_true(acpi_show(&out, "f", table.data, table.len, ACPI_CODE, &err));
	clock_gettime(CLOCK_MONOTONIC, &end);
	assert_within(end.tv_sec - begin.tv_sec, 0, 20);
	assert_within(out.len, 1, 10U << 20);
	for (char *c = out.data; *c; c++)
		*c = *c == '\n' ? ' ' : *c;
	assert_true(text_is_printable(out.data));
}

static struct buf repeat(const char *hex, size_t times)
{
	own_buf struct buf one = raw(hex);
	struct buf out = {0};

	for (size_t i = 0; i < times; i++)
		buf_add(&out, one.data, one.len);
	return out;
}

static void hostile_bodies(void **state)
{
	struct buf nested = raw("01");

	(void)state;
	survive(repeat("92", 1 << 17));				/* not not not ... */
	survive(repeat("5e", 1 << 17));				/* parent of the parent of ... */
	survive(repeat("72", 1 << 17));				/* sums of sums */
	survive(repeat("68", 1 << 17));				/* statements without end */
	survive(repeat("a3", 1 << 17));				/* that do nothing */
	survive(repeat("1001", 1 << 16));			/* scopes without names */
	survive(repeat("14 06 464f4f5f 07", 10000));		/* methods of one name */
	survive(repeat("464f4f5f", 1 << 15));			/* names only */
	survive(repeat("08 415f5f5f 0d 1b5b32 4a0a 00", 1000)); /* orders to a terminal */
	survive(repeat("08 5f484944 0d 1b5b32 4a0a 00", 1000));
	survive(repeat("ff", 100));
	survive(repeat("00", 1 << 17));
	for (int i = 0; i < 400; i++) /* devices in devices, deeper than is read */
		nested = aml_device("DEV0", aml_list(aml_name("_HID", aml_string("X")), nested));
	survive(nested);
	nested = raw("00");
	for (int i = 0; i < 400; i++)
		nested = aml_package(nested);
	survive(aml_name("A", nested));
	survive(aml_method("_BIX", 0, aml_return(raw("12 02 05"))));
	survive(aml_method("_BIX", 0, aml_return(raw("12 03 05 fe"))));
}

/* Every prefix and every changed byte of a real table. */
static void damaged_tables(void **state)
{
	own_acpi_tables struct acpi_tables tables = {0};
	struct error *err = NULL;

	(void)state;
	assert_true(acpi_compose(
		&(struct acpi_wish){.battery = &(struct acpi_battery){0}, .nvidia_power = true},
		&tables, &err));
	for (size_t i = 0; i < tables.n; i++) {
		struct buf *t = &tables.table[i].bytes;

		for (size_t at = 36; at < t->len; at++) {
			static const char value[] = {'\x00', '\xff', '\x5b',
						     '\x12', '\x3f', '\xc0'};
			struct buf prefix = {0};
			char was = t->data[at];

			buf_add(&prefix, t->data + 36, at - 36);
			survive(prefix);
			for (size_t v = 0; v < sizeof(value); v++) {
				struct buf copy = {0};

				t->data[at] = value[v];
				buf_add(&copy, t->data + 36, t->len - 36);
				survive(copy);
			}
			t->data[at] = was;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_battery),
		cmocka_unit_test(a_rom),
		cmocka_unit_test(the_articles_devices),
		cmocka_unit_test(code_can_be_left_out),
		cmocka_unit_test(what_others_write),
		cmocka_unit_test(what_is_not_understood),
		cmocka_unit_test(data_tables),
		cmocka_unit_test(no_tables),
		cmocka_unit_test(hostile_bodies),
		cmocka_unit_test(damaged_tables),
	};

	return cmocka_run_group_tests_name("acpi show", tests, NULL, NULL);
}
