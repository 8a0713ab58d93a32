/* What the maker of our tables says of them, and what is said of anybody's header. */
#include "unit.h"

#include <string.h>

#include "scratch.h"

#include "base/text.h"
#include "firmware/acpi/compose.h"
#include "firmware/acpi/show.h"
#include "firmware/acpi/table.h"

#define GPU "\\_SB.PCI0.S08.S00"

/* All that is told of what is wished for. */
static void assert_told(const struct acpi_wish *wish, const char *wanted)
{
	own_acpi_tables struct acpi_tables tables = {0};
	struct error *err = NULL;
	own_buf struct buf out = {0};

	assert_true(acpi_compose(wish, &tables, &err));
	for (size_t i = 0; i < tables.n; i++)
		buf_addf(&out, "%s\n%s", tables.table[i].name, tables.table[i].told);
	assert_string_equal(out.data, wanted);
}

static void a_battery(void **state)
{
	(void)state;
	assert_told(
		&(struct acpi_wish){
			.battery = &(struct acpi_battery){.capacity = 60000, .maker = "ASUSTeK"}},
		"battery.aml\n"
		"    device \\_SB.ADP0: AC adapter (ACPI0003)\n"
		"        _STA: present\n"
		"        _PSR: 1, on mains\n"
		"    device \\_SB.BAT0: battery (PNP0C0A)\n"
		"        _STA: present, in its bay\n"
		"        _BIF and _BIX: 60000 mWh by design and when last full, 15000 mV, rechargeable, warns at 3000 mWh, low at 1200 mWh\n"
		"        _BIF and _BIX: model \"Primary\", serial \"00001\", type \"LION\", maker \"ASUSTeK\"\n"
		"        _BST: idle, 60000 mWh left, 15000 mV\n");
}

static void a_rom(void **state)
{
	static char image[ACPI_ROM_SLICE + 10];
	const struct acpi_gpu gpu = {"[gpu]", {1, 0, 0}, image, sizeof(image), NULL};

	(void)state;
	assert_told(
		&(struct acpi_wish){.gpu = &gpu, .gpus = 1},
		"gpu-rom-00.aml\n"
		"    name " GPU ".VR00: bytes 0x0 to 0xefff of the option ROM\n"
		"gpu-rom-01.aml\n"
		"    name " GPU ".VR01: bytes 0xf000 to 0xf009 of the option ROM\n"
		"gpu-rom.aml\n"
		"    method " GPU
		"._ROM: gives 61450 bytes of option ROM by offset and length, at most 4096 in a call, and zeros behind them\n"
		"    method " GPU ".VRSL: a piece of one of the names VR00 on, for _ROM\n");
}

static void recorded_answers(void **state)
{
	static const char text[] = "a486d8f8-0bda-471b-a72b-6042a6b5bee0 0 01 00 00 0c\n"
				   "01234567-89ab-cdef-0123-456789abcdef 2 00\n"
				   "A486D8F8-0bda-471b-a72b-6042a6b5bee0 1a 41\n"
				   "36b49710-2483-11e7-9598-0800200c9a66 1 20 21\n";
	own_acpi_dsm struct acpi_dsm dsm = {0};
	struct error *err = NULL;
	const struct acpi_gpu gpu = {"[gpu]", {1, 0, 0}, NULL, 0, &dsm};

	(void)state;
	assert_true(acpi_dsm_parse(&dsm, "a", text, strlen(text), &err));
	assert_told(
		&(struct acpi_wish){.gpu = &gpu, .gpus = 1},
		"gpu-dsm.aml\n"
		"    method " GPU "._DSM: recorded answers\n"
		"        UUID a486d8f8-0bda-471b-a72b-6042a6b5bee0 (NVOP, Optimus), functions: 0 (4 bytes) 1a (1 bytes)\n"
		"        UUID 01234567-89ab-cdef-0123-456789abcdef, functions: 2 (1 bytes)\n"
		"npcf.aml\n"
		"    device \\_SB.NPCF: NVIDIA platform controller (NVDA0820)\n"
		"    method \\_SB.NPCF._DSM: recorded answers\n"
		"        UUID 36b49710-2483-11e7-9598-0800200c9a66 (NVPCF), functions: 1 (2 bytes)\n");
}

static void the_articles_devices(void **state)
{
	(void)state;
	assert_told(&(struct acpi_wish){.nvidia_power = true},
		    "nvidia-power.aml\n"
		    "    device \\_SB.ADP1: AC adapter (ACPI0003)\n"
		    "        _PSR: 1, on mains\n"
		    "        _DSM: 3 for UUID 7a3a6a8a-40d5-4b5b-9d51-4d1a012a6f23, else 0\n"
		    "    device \\_SB.NVDR: of one published table (NVDA0000)\n"
		    "        _DSM: 3\n"
		    "    device \\_SB.NPCF: of one published table (NVDA0001)\n"
		    "        NPCF: 1\n");
}

static void own_tables(void **state)
{
	own_buf struct buf table = acpi_ssdt(NULL, "MINE", (struct buf){0});
	const struct acpi_own own = {"mine", "/home/anna/mine.aml", table.data, table.len};

	(void)state;
	assert_told(&(struct acpi_wish){.own = &own, .owns = 1},
		    "own-mine.aml\n    /home/anna/mine.aml, as it is\n");
}

/* ------------------------------------------------------------------ headers */

static char *show(const struct buf *table)
{
	struct buf out = {0};
	struct error *err = NULL;
	/* Exactly as large as it is, so that the sanitizer sees a byte too much. */
	own_free char *copy = xmalloc(table->len);

	memcpy(copy, table->data, table->len);
	assert_true(acpi_show(&out, "t.aml", copy, table->len, &err));
	return buf_steal(&out);
}

static void a_good_header(void **state)
{
	own_buf struct buf table = acpi_ssdt(NULL, "TEST", (struct buf){0});
	own_free char *text = show(&table);

	(void)state;
	assert_string_equal(text,
			    "t.aml: SSDT (more devices), 36 bytes, revision 1, of BOCHS TEST, "
			    "checksum right\n");
	assert_true(acpi_has_code(table.data));
}

static void a_bad_header(void **state)
{
	struct buf body = {0};
	own_buf struct buf table = {0};
	own_free char *text = NULL, *want = NULL;
	uint8_t sum;

	(void)state;
	buf_add(&body, "\0\x11\x22", 3);
	table = acpi_ssdt("a\x01z", "B\xff", body);
	memcpy(table.data, "SLIC", 4);
	table.data[4]++;
	text = show(&table);
	sum = (uint8_t)table.data[9];
	want = xasprintf("t.aml: SLIC (Windows licence), 39 bytes, revision 1, of a.z B., "
			 "LENGTH IN THE HEADER 40, CHECKSUM WRONG: %02x, and %02x would be right\n"
			 "  THE FILE has 39 bytes, but its header says 40: it is cut off\n",
			 sum, (uint8_t)(sum - acpi_sum(table.data, table.len)));
	assert_string_equal(text, want);
	assert_false(acpi_has_code(table.data));
}

static void no_tables(void **state)
{
	struct error *err = NULL;
	struct buf out = {0};
	static const char zeros[36];

	(void)state;
	assert_false(acpi_show(&out, "f", "SSDT", 4, &err));
	assert_messages(err, "f is text, and no ACPI table: a compiled one (.aml) is needed\n");
	assert_false(acpi_show(&out, "f", zeros, 36, &err));
	assert_messages(
		err,
		"f is no ACPI table: its first four bytes, 00 00 00 00, should be a signature such as SSDT\n");
	assert_null(out.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_battery),	    cmocka_unit_test(a_rom),
		cmocka_unit_test(recorded_answers), cmocka_unit_test(the_articles_devices),
		cmocka_unit_test(own_tables),	    cmocka_unit_test(a_good_header),
		cmocka_unit_test(a_bad_header),	    cmocka_unit_test(no_tables),
	};

	return cmocka_run_group_tests_name("acpi show", tests, NULL, NULL);
}
