/* What is wished for, and the tables that come of it; the file of recorded answers. */
#include "unit.h"

#include <string.h>

#include "scratch.h"

#include "firmware/acpi/aml.h"
#include "firmware/acpi/compose.h"
#include "firmware/smbios.h"

#define NVOP "a486d8f8-0bda-471b-a72b-6042a6b5bee0"

static const struct acpi_battery full = {0};

/* The names of all tables, each with what it is for. */
static char *list(const struct acpi_tables *tables)
{
	struct buf out = {0};

	for (size_t i = 0; i < tables->n; i++)
		buf_addf(&out, "%s: %s\n", tables->table[i].name, tables->table[i].what);
	for (size_t i = 0; i < tables->warnings; i++)
		buf_addf(&out, "! %s\n", tables->warning[i]);
	return buf_steal(&out);
}

static void expect(const struct acpi_wish *wish, const char *wanted)
{
	own_acpi_tables struct acpi_tables tables = {0};
	struct error *err = NULL;
	own_free char *found = NULL;

	assert_true(acpi_compose(wish, &tables, &err));
	found = list(&tables);
	assert_string_equal(found, wanted);
	for (size_t i = 0; i < tables.n; i++) {
		const struct buf *t = &tables.table[i].bytes;

		assert_memory_equal(t->data, "SSDT", 4);
		assert_int_equal(acpi_sum(t->data, t->len), 0);
		/* The specification wants table ids to differ (5.2.11.2). */
		for (size_t b = 0; b < i; b++)
			assert_memory_not_equal(t->data + 16, tables.table[b].bytes.data + 16, 8);
	}
}

static void refuse(const struct acpi_wish *wish, const char *wanted)
{
	struct acpi_tables tables = {0};
	struct error *err = NULL;

	assert_false(acpi_compose(wish, &tables, &err));
	assert_messages(err, wanted);
	assert_null(tables.table);
}

static void nothing(void **state)
{
	(void)state;
	expect(&(struct acpi_wish){0}, "");
}

static void power(void **state)
{
	(void)state;
	expect(&(struct acpi_wish){.battery = &full}, "battery.aml: battery and AC adapter\n");
	expect(&(struct acpi_wish){.nvidia_power = true},
	       "nvidia-power.aml: NVIDIA power devices\n");
	expect(&(struct acpi_wish){.battery = &full, .nvidia_power = true},
	       "battery.aml: battery\nnvidia-power.aml: NVIDIA power devices\n");
}

static void there_is_one_adapter(void **state)
{
	(void)state;
	for (int article = 0; article < 2; article++) {
		own_acpi_tables struct acpi_tables tables = {0};
		struct error *err = NULL;
		size_t adapters = 0;

		assert_true(
			acpi_compose(&(struct acpi_wish){.battery = &full, .nvidia_power = article},
				     &tables, &err));
		for (size_t i = 0; i < tables.n; i++)
			adapters += memmem(tables.table[i].bytes.data, tables.table[i].bytes.len,
					   "ACPI0003", 8) != NULL;
		assert_int_equal(adapters, 1);
	}
}

static void batteries_that_cannot_be_said(void **state)
{
	const struct acpi_battery wrong = {
		.capacity = 0x80000000, .device = "bat", .model = "\xc3\xa9", .maker = "a\nb"};

	(void)state;
	refuse(&(struct acpi_wish){.battery = &wrong},
	       "a battery's capacity (mWh) and voltage (mV) are at most 2147483647\n"
	       "a battery's ACPI name has 1 to 4 capital letters, digits and _, such as BAT0\n"
	       "a battery's model is printable ASCII; ACPI strings hold nothing else\n"
	       "a battery's maker is printable ASCII; ACPI strings hold nothing else\n");
}

static void owner(void **state)
{
	own_acpi_tables struct acpi_tables tables = {0};
	struct error *err = NULL;

	(void)state;
	assert_true(acpi_compose(&(struct acpi_wish){.battery = &full, .oem_id = "LENOVO"}, &tables,
				 &err));
	assert_memory_equal(tables.table[0].bytes.data + 10, "LENOVOBATTERY ", 14);
	refuse(&(struct acpi_wish){.oem_id = "TOOLONG"},
	       "an ACPI OEM id has 1 to 6 printable ASCII characters, no comma or quote\n");
}

static void paths_of_gpus(void **state)
{
	char path[ACPI_PATH_SIZE];

	(void)state;
	acpi_place_path(path, &(struct acpi_place){1, 0, 0});
	assert_string_equal(path, "\\_SB.PCI0.S08.S00");
	acpi_place_path(path, &(struct acpi_place){1, 1, 0});
	assert_string_equal(path, "\\_SB.PCI0.S09.S00");
	acpi_place_path(path, &(struct acpi_place){31, 7, 7});
	assert_string_equal(path, "\\_SB.PCI0.SFF.S07");
}

static void roms(void **state)
{
	static char image[174080];
	struct acpi_gpu gpu[2] = {{"[gpu]", {1, 0, 0}, image, sizeof(image), NULL},
				  {"[gpu b]", {2, 0, 0}, image, 1, NULL}};

	(void)state;
	assert_int_equal(acpi_rom_slices(0), 0);
	assert_int_equal(acpi_rom_slices(1), 1);
	assert_int_equal(acpi_rom_slices(ACPI_ROM_SLICE), 1);
	assert_int_equal(acpi_rom_slices(ACPI_ROM_SLICE + 1), 2);
	expect(&(struct acpi_wish){.gpu = gpu, .gpus = 1},
	       "gpu-rom-00.aml: option ROM, part 1 of 3\n"
	       "gpu-rom-01.aml: option ROM, part 2 of 3\n"
	       "gpu-rom-02.aml: option ROM, part 3 of 3\n"
	       "gpu-rom.aml: _ROM of \\_SB.PCI0.S08.S00\n");
	gpu[0].rom_size = 1;
	expect(&(struct acpi_wish){.gpu = gpu, .gpus = 2},
	       "gpu0-rom-00.aml: option ROM, part 1 of 1\n"
	       "gpu0-rom.aml: _ROM of \\_SB.PCI0.S08.S00\n"
	       "gpu1-rom-00.aml: option ROM, part 1 of 1\n"
	       "gpu1-rom.aml: _ROM of \\_SB.PCI0.S10.S00\n");
	gpu[1].place = gpu[0].place;
	refuse(&(struct acpi_wish){.gpu = gpu, .gpus = 2},
	       "[gpu] and [gpu b] stand in one place, \\_SB.PCI0.S08.S00\n");
}

static void roms_that_are_too_large(void **state)
{
	own_free char *image = xcalloc(1, 4U << 20);
	struct acpi_gpu gpu = {"[gpu]", {1, 0, 0}, image, 2029520 /* 33 slices and a bit */, NULL};

	(void)state;
	refuse(&(struct acpi_wish){.gpu = &gpu, .gpus = 1},
	       "the ACPI tables have 2032576 bytes together; QEMU has room for 2031616 beside its "
	       "own; a large option ROM is better given to the guest without _ROM\n");
	gpu.rom_size = SIZE_MAX; /* never looked into */
	refuse(&(struct acpi_wish){.gpu = &gpu, .gpus = 1},
	       "[gpu]: an option ROM of 18446744073709551615 bytes cannot be handed out by _ROM: "
	       "all ACPI tables together have at most 2031616\n");
	gpu.rom_size = 0;
	refuse(&(struct acpi_wish){.gpu = &gpu, .gpus = 1}, "[gpu]: the option ROM is empty\n");
}

static void own_tables(void **state)
{
	own_buf struct buf table = acpi_ssdt(NULL, "OWN", aml_name("A", aml_int(1)));
	struct acpi_own own = {"fan", "/x/fan.aml", table.data, table.len};

	(void)state;
	expect(&(struct acpi_wish){.own = &own, .owns = 1}, "own-fan.aml: the table /x/fan.aml\n");
	own.size = 10;
	refuse(&(struct acpi_wish){.own = &own, .owns = 1},
	       "/x/fan.aml has 10 bytes, but an ACPI table begins with a header of 36\n");
}

/* ------------------------------------------------------------------ recorded answers */

static bool parse(struct acpi_dsm *dsm, const char *text, struct error **err)
{
	return acpi_dsm_parse(dsm, "a.dsm", text, strlen(text), err);
}

static void refuse_text(const char *text, const char *wanted)
{
	struct acpi_dsm dsm = {0};
	struct error *err = NULL;

	assert_false(parse(&dsm, text, &err));
	assert_messages(err, wanted);
	assert_null(dsm.answer);
}

static void answers(void **state)
{
	own_acpi_dsm struct acpi_dsm dsm = {0};
	struct error *err = NULL;

	(void)state;
	assert_true(parse(&dsm,
			  "# recorded\n\n  ; too\n"
			  "A486D8F8-0BDA-471B-A72B-6042A6B5BEE0\t0x1a  41 0000 05 # caps\r\n" NVOP
			  " 0 01\n" ACPI_UUID_NVPCF " 2 00ff",
			  &err));
	assert_int_equal(dsm.n, 3);
	assert_string_equal(dsm.answer[0].uuid, NVOP);
	assert_int_equal(dsm.answer[0].function, 0x1a);
	assert_int_equal(dsm.answer[0].bytes.len, 4);
	assert_memory_equal(dsm.answer[0].bytes.data, "\x41\0\0\5", 4);
	assert_int_equal(dsm.answer[2].function, 2);
	assert_memory_equal(dsm.answer[2].bytes.data, "\0\xff", 2);
	assert_int_equal(acpi_dsm_count(&dsm, true), 1);
	assert_int_equal(acpi_dsm_count(&dsm, false), 2);
}

static void wrong_answers(void **state)
{
	(void)state;
	refuse_text("", "a.dsm has no answers: UUID, function and bytes on a line\n");
	refuse_text("# none\n", "a.dsm has no answers: UUID, function and bytes on a line\n");
	refuse_text("hello\n" NVOP " x 00\n" NVOP " 100 00\n" NVOP "\n" NVOP " 1\n" NVOP
		    " 1 0\n" NVOP " 1 00 zz\n",
		    "a.dsm:1:1: 'hello' where a UUID should be, such as " NVOP "\n"
		    "a.dsm:2:38: 'x' where the function's number should be, in hex, 0 to ff\n"
		    "a.dsm:3:38: '100' where the function's number should be, in hex, 0 to ff\n"
		    "a.dsm:4:37: '' where the function's number should be, in hex, 0 to ff\n"
		    "a.dsm:5:39: the answer is missing: bytes in hex, such as 02 00 00 80\n"
		    "a.dsm:6:40: '0' where two hex digits of the answer should be\n"
		    "a.dsm:7:43: 'zz' where two hex digits of the answer should be\n");
	refuse_text(NVOP " 1 00\n  " NVOP " 01 00\n",
		    "a.dsm:2:3: function 1 of " NVOP " stands twice\n");
}

static void wrong_answers_are_told_up_to_a_point(void **state)
{
	own_buf struct buf text = {0};
	struct acpi_dsm dsm = {0};
	struct error *err = NULL;

	(void)state;
	for (int i = 0; i < 30; i++)
		buf_adds(&text, "\x01\n");
	buf_add(&text, "a\0b\n", 4);
	assert_false(acpi_dsm_parse(&dsm, "a.dsm", text.data, text.len, &err));
	assert_int_equal(error_count(err), 21);
	assert_string_equal(error_message(err, 20), "a.dsm: 11 more errors");
	error_free(err);
	err = NULL;
	assert_false(acpi_dsm_parse(&dsm, "a.dsm", "a\0b", 3, &err));
	assert_messages(err, "a.dsm:1:2: a NUL byte; this is no text\n");
}

static void long_answers(void **state)
{
	own_buf struct buf text = {0};
	struct acpi_dsm dsm = {0};
	struct error *err = NULL;

	(void)state;
	buf_adds(&text, NVOP " 1 ");
	for (int i = 0; i < 4096; i++)
		buf_adds(&text, "ab");
	assert_true(parse(&dsm, text.data, &err));
	acpi_dsm_free(&dsm);
	buf_adds(&text, "ab");
	refuse_text(text.data, "a.dsm:1:1: the answer has 4097 bytes, more than 4096\n");

	/* Each is well, but together they are more than a table. */
	text.len = 0;
	for (int f = 0; f < 17; f++) {
		buf_addf(&text, "%s %x ", NVOP, f);
		for (int i = 0; i < 4000; i++)
			buf_adds(&text, "00");
		buf_adds(&text, "\n");
	}
	assert_true(parse(&dsm, text.data, &err));
	refuse(&(struct acpi_wish){.gpu = &(struct acpi_gpu){"[gpu]", {1, 0, 0}, NULL, 0, &dsm},
				   .gpus = 1},
	       "recorded _DSM of \\_SB.PCI0.S08.S00 would take 68339 bytes; an ACPI table has at "
	       "most 65535\n");
	acpi_dsm_free(&dsm);
}

static void answers_find_their_place(void **state)
{
	own_acpi_dsm struct acpi_dsm both = {0}, npcf = {0};
	struct error *err = NULL;
	struct acpi_gpu gpu[2] = {{"[gpu]", {1, 0, 0}, NULL, 0, &both},
				  {"[gpu b]", {2, 0, 0}, NULL, 0, &npcf}};

	(void)state;
	assert_true(parse(&both, NVOP " 0 01\n" ACPI_UUID_NVPCF " 0 07\n", &err));
	assert_true(parse(&npcf, ACPI_UUID_NVPCF " 0 07\n", &err));
	expect(&(struct acpi_wish){.gpu = gpu, .gpus = 1},
	       "gpu-dsm.aml: recorded _DSM of \\_SB.PCI0.S08.S00\n"
	       "npcf.aml: recorded NVPCF answers\n");
	expect(&(struct acpi_wish){.gpu = gpu + 1, .gpus = 1},
	       "npcf.aml: recorded NVPCF answers\n");
	expect(&(struct acpi_wish){.gpu = gpu + 1, .gpus = 1, .nvidia_power = true},
	       "nvidia-power.aml: NVIDIA power devices\nnpcf.aml: recorded NVPCF answers\n"
	       "! [gpu b] has recorded answers of NVPCF: they stand on \\_SB.NPCF, and the "
	       "article's device of that name is left out\n");
	refuse(&(struct acpi_wish){.gpu = gpu, .gpus = 2},
	       "[gpu] and [gpu b] both have recorded answers of NVPCF "
	       "(36b49710-2483-11e7-9598-0800200c9a66), but a machine has one device "
	       "\\_SB.NPCF: leave them out of one file\n");
}

/* ------------------------------------------------------------------ for tests with a real guest */

static bool write_one(const char *dir, const char *name, const struct buf *bytes)
{
	own_free char *path = path_join(dir, name);
	own_error struct error *err = NULL;

	return file_write(path, bytes->data, bytes->len, 0644, VOLATILE, &err);
}

/* Writes what a machine with everything gets into the directory, for the test that boots it. */
static bool write_all(const char *dir, const char *rom)
{
	size_t size = 0;
	own_free char *image = file_read(rom, 4U << 20, &size);
	own_acpi_dsm struct acpi_dsm dsm = {0};
	own_acpi_tables struct acpi_tables tables = {0};
	own_buf struct buf chassis = {0};
	own_error struct error *err = NULL;
	const struct acpi_gpu gpu = {"[gpu]", {1, 0, 0}, image, size, &dsm};
	const struct acpi_wish wish = {
		.battery = &full, .nvidia_power = true, .gpu = &gpu, .gpus = 1};

	if (!image || !parse(&dsm, NVOP " 0 01\n" ACPI_UUID_NVPCF " 0 07\n", &err) ||
	    !acpi_compose(&wish, &tables, &err) ||
	    !smbios_chassis(&(struct smbios_chassis){.manufacturer = "A maker"}, &chassis, &err))
		return false;
	for (size_t i = 0; i < tables.n; i++)
		if (!write_one(dir, tables.table[i].name, &tables.table[i].bytes))
			return false;
	return write_one(dir, "chassis.bin", &chassis);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing),
		cmocka_unit_test(power),
		cmocka_unit_test(there_is_one_adapter),
		cmocka_unit_test(batteries_that_cannot_be_said),
		cmocka_unit_test(owner),
		cmocka_unit_test(paths_of_gpus),
		cmocka_unit_test(roms),
		cmocka_unit_test(roms_that_are_too_large),
		cmocka_unit_test(own_tables),
		cmocka_unit_test(answers),
		cmocka_unit_test(wrong_answers),
		cmocka_unit_test(wrong_answers_are_told_up_to_a_point),
		cmocka_unit_test(long_answers),
		cmocka_unit_test(answers_find_their_place),
	};

	if (argc == 4 && strcmp(argv[1], "write") == 0)
		return !write_all(argv[2], argv[3]);
	return cmocka_run_group_tests_name("acpi compose", tests, NULL, NULL);
}
