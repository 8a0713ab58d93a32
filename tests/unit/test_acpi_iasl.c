/* Our tables before ACPICA, the interpreter that Linux has: iasl takes them apart and puts them
 * together again, acpiexec evaluates them. Both come with the package acpica-tools.
 */
#include "unit.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "scratch.h"

#include "base/digest.h"
#include "base/text.h"
#include "firmware/acpi/aml.h"
#include "firmware/acpi/compose.h"

#define GPU "\\_SB.PCI0.S08.S00"
#define ROM_SIZE 174080
#define NVOP "a486d8f8-0bda-471b-a72b-6042a6b5bee0"

static bool is_there(const char *program)
{
	own_free char *command = xasprintf("command -v %s >/dev/null", program);

	return system(command) == 0;
}

#define need(program)                                                       \
	do {                                                                \
		if (!is_there(program))                                     \
			skip_test("no " program " (package acpica-tools)"); \
	} while (0)

/* What a command prints in the test's directory, both streams. */
static char *run(void **state, const char *command)
{
	own_free char *line = xasprintf("cd '%s' && { %s; } 2>&1", (char *)*state, command);
	struct buf out = {0};
	char piece[4096];
	size_t n;
	FILE *p = popen(line, "re");

	assert_non_null(p);
	while ((n = fread(piece, 1, sizeof(piece), p)) > 0)
		buf_add(&out, piece, n);
	pclose(p);
	return buf_steal(&out);
}

/* Noise: no run of it looks like text or a resource list to the disassembler. */
static char *noise(size_t size)
{
	char *data = xmalloc(size);
	uint32_t x = 1;

	for (size_t i = 0; i < size; i++) {
		x = x * 1664525 + 1013904223;
		data[i] = (char)(x >> 24);
	}
	return data;
}

/* A machine with everything that we can make; rom_size bytes of image. */
static void everything(struct acpi_tables *tables, const char *image, size_t rom_size)
{
	static const char text[] = NVOP " 0 01 00 00 0c\n" NVOP " 1a 41 00 00 05\n"
					"36b49710-2483-11e7-9598-0800200c9a66 1 20 21\n";
	static const struct acpi_battery battery = {.capacity = 60000, .voltage = 15200};
	own_acpi_dsm struct acpi_dsm dsm = {0};
	struct error *err = NULL;
	const struct acpi_gpu gpu = {"[gpu]", {1, 0, 0}, image, rom_size, &dsm};
	const struct acpi_wish wish = {
		.battery = &battery, .nvidia_power = true, .gpu = &gpu, .gpus = 1};

	assert_true(acpi_dsm_parse(&dsm, "a", text, strlen(text), &err));
	assert_true(acpi_compose(&wish, tables, &err));
}

/* ------------------------------------------------------------------ iasl */

struct bytes {
	const uint8_t *at, *end;
};

/* iasl declares what it does not find in the table: "If (0) {External...}" before everything else.
 * The length behind the opcode (20.2.4) counts itself.
 */
static struct bytes without_externals(const struct buf *table)
{
	const uint8_t *at = (const uint8_t *)table->data + ACPI_HEADER_SIZE;
	struct bytes body = {at, (const uint8_t *)table->data + table->len};
	size_t more = at[1] >> 6, length = more ? at[1] & 0xf : at[1];

	if (at[0] != 0xa0)
		return body;
	for (size_t i = 0; i < more; i++)
		length |= (size_t)at[2 + i] << (4 + 8 * i);
	if (at[2 + more] == 0 && at[3 + more] == 0x15)
		body.at += 1 + length;
	return body;
}

/* -f: this version takes the revision in a _BIX for an error when it is written as Zero. */
static void is_what_iasl_writes(void **state, const char *name, const struct buf *table)
{
	own_free char *said = NULL, *path = in_dir(state, "new.aml"), *data = NULL;
	struct buf other = {0};
	struct bytes ours = without_externals(table), theirs;

	put_bytes(state, "t.aml", table->data, table->len);
	said = run(state, "rm -f t.dsl new.aml; iasl -dl t.aml && iasl -f -p new t.dsl");
	data = file_read(path, 1 << 20, &other.len);
	if (!data)
		fail_msg("%s: %s", name, said);
	other.data = data;
	theirs = without_externals(&other);
	if (ours.end - ours.at != theirs.end - theirs.at ||
	    memcmp(ours.at, theirs.at, (size_t)(ours.end - ours.at)) != 0)
		fail_msg("%s differs: %td bytes, iasl's %td", name, ours.end - ours.at,
			 theirs.end - theirs.at);
}

static void tables_are_what_iasl_writes(void **state)
{
	own_acpi_tables struct acpi_tables tables = {0}, plain = {0};
	own_free char *image = noise(300);
	struct error *err = NULL;

	need("iasl");
	everything(&tables, image, 300);
	assert_int_equal(tables.n, 6);
	for (size_t i = 0; i < tables.n; i++)
		is_what_iasl_writes(state, tables.table[i].name, &tables.table[i].bytes);
	/* With our own adapter, and with the article's NPCF. */
	assert_true(acpi_compose(&(struct acpi_wish){.battery = &(struct acpi_battery){0}}, &plain,
				 &err));
	is_what_iasl_writes(state, plain.table[0].name, &plain.table[0].bytes);
	acpi_tables_free(&plain);
	assert_true(acpi_compose(&(struct acpi_wish){.nvidia_power = true}, &plain, &err));
	is_what_iasl_writes(state, plain.table[0].name, &plain.table[0].bytes);
}

/* Each name of a line that is told, and each id and UUID, stands in what iasl makes of the table.
 */
static void told_is_there(const char *told, const char *source)
{
	static const struct {
		const char *told, *source, *behind;
	} kind[] = {{"    device ", "Device", ")"},
		    {"    method ", "Method", ","},
		    {"    name ", "Name", ","}};
	own_free char *copy = xstrdup(told);

	for (char *line = strtok(copy, "\n"); line; line = strtok(NULL, "\n")) {
		const char *id = strstr(line, "(NVDA"), *uuid = strstr(line, "UUID ");

		for (size_t i = 0; i < ARRAY_SIZE(kind); i++) {
			const char *end = strstr(line, ": ");

			if (!text_starts(line, kind[i].told))
				continue;
			assert_non_null(end);
			own_free char *wanted =
				xasprintf("%s (%.4s%s", kind[i].source, end - 4, kind[i].behind);
			if (!strstr(source, wanted))
				fail_msg("%s, and no %s in %s", line, wanted, source);
		}
		if (id && !memmem(source, strlen(source), id + 1, 8))
			fail_msg("%s, and not in %s", line, source);
		if (uuid && !memmem(source, strlen(source), uuid + 5, 36))
			fail_msg("%s, and not in %s", line, source);
	}
}

static void what_is_told_stands_in_the_tables(void **state)
{
	own_acpi_tables struct acpi_tables tables = {0};
	own_free char *image = noise(300);

	need("iasl");
	everything(&tables, image, 300);
	for (size_t i = 0; i < tables.n; i++) {
		const struct acpi_table *t = &tables.table[i];
		own_free char *source = NULL;

		put_bytes(state, "t.aml", t->bytes.data, t->bytes.len);
		source = run(state, "rm -f t.dsl; iasl -dl t.aml >iasl.said && cat t.dsl");
		told_is_there(t->told, source);
	}
}

/* ------------------------------------------------------------------ acpiexec */

/* A DSDT of revision 1, as QEMU's, with the node that QEMU makes for the GPU. */
static struct buf dsdt(void)
{
	struct buf gpu = aml_device("S00", aml_name("_ADR", aml_int(0)));
	struct buf port = aml_device("S08", aml_list(aml_name("_ADR", aml_int(0x10000)), gpu));
	struct buf bridge =
		aml_device("PCI0", aml_list(aml_name("_HID", aml_eisa_id("PNP0A08")), port));
	struct buf table = acpi_ssdt(NULL, "BXPC", aml_scope("\\_SB", bridge));

	table.data[0] = 'D';
	table.data[9] = (char)(table.data[9] + 'S' - 'D');
	return table;
}

/* Newer ones count their own blocks of memory at the end and find some left. */
static bool finds_fault(const char *said)
{
	for (const char *at = strstr(said, "ACPI E"); at; at = strstr(at + 1, "ACPI E")) {
		size_t len = strcspn(at, "\n");

		if ((text_starts(at, "ACPI Error") || text_starts(at, "ACPI Exception")) &&
		    !memmem(at, len, "Outstanding cache allocations", 29))
			return true;
	}
	return false;
}

/* Evaluates the commands with all tables loaded; what acpiexec says about them. */
static char *evaluate(void **state, const struct acpi_tables *tables, const char *commands)
{
	own_buf struct buf line = {0}, base = dsdt();
	char *said;

	put_bytes(state, "dsdt.aml", base.data, base.len);
	buf_addf(&line, "acpiexec -b '%s' dsdt.aml", commands);
	for (size_t i = 0; i < tables->n; i++) {
		put_bytes(state, tables->table[i].name, tables->table[i].bytes.data,
			  tables->table[i].bytes.len);
		buf_addf(&line, " %s", tables->table[i].name);
	}
	said = run(state, line.data);
	if (finds_fault(said))
		fail_msg("%s", said);
	return said;
}

/* Collects the bytes of all buffers in acpiexec's words; *n says how many buffers there were. */
static struct buf buffers(const char *said, size_t *n)
{
	struct buf bytes = {0};

	*n = 0;
	for (const char *at = strstr(said, "[Buffer] Length "); at;
	     at = strstr(at, "[Buffer] Length ")) {
		char *next;
		size_t left = strtoul(at + 16, &next, 16);

		for (++*n, at = next; left && (at = strstr(at, ": ")); at = next)
			for (next = (char *)at + 2; left && isxdigit((unsigned char)*next);
			     left--) {
				buf_addc(&bytes, (char)strtoul(next, &next, 16));
				next += *next == ' ';
			}
		if (!at)
			fail_msg("a buffer is cut off");
		at = next;
	}
	return bytes;
}

static void assert_said(const char *said, const char *wanted)
{
	if (!strstr(said, wanted))
		fail_msg("'%s' is not in: %s", wanted, said);
}

static void the_battery_speaks(void **state)
{
	own_acpi_tables struct acpi_tables tables = {0};
	struct error *err = NULL;
	own_free char *said = NULL;

	need("acpiexec");
	assert_true(acpi_compose(
		&(struct acpi_wish){.battery = &(struct acpi_battery){.capacity = 60000,
								      .voltage = 15200,
								      .model = "M",
								      .serial = "",
								      .maker = "X"}},
		&tables, &err));
	said = evaluate(
		state, &tables,
		"evaluate \\_SB.BAT0._BST; evaluate \\_SB.BAT0._BIX; evaluate \\_SB.BAT0._BIF; "
		"evaluate \\_SB.BAT0._STA; evaluate \\_SB.ADP0._PSR; evaluate \\_SB.ADP0._STA; "
		"evaluate \\_SB.BAT0._PCL");
#define INTEGER(hex) "    [Integer] = 00000000" hex "\n"
	assert_said(said, "[Package] Contains 4 Elements:\n" INTEGER("00000000") INTEGER("00000000")
				  INTEGER("0000EA60") INTEGER("00003B60"));
	assert_said(said,
		    "[Package] Contains 20 Elements:\n" INTEGER("00000000") INTEGER("00000000")
			    INTEGER("0000EA60") INTEGER("0000EA60") INTEGER("00000001")
				    INTEGER("00003B60") INTEGER("00000BB8") INTEGER("000004B0"));
	assert_said(said,
		    "[Package] Contains 13 Elements:\n" INTEGER("00000000") INTEGER("0000EA60")
			    INTEGER("0000EA60") INTEGER("00000001") INTEGER("00003B60") INTEGER(
				    "00000BB8") INTEGER("000004B0") INTEGER("00000258")
				    INTEGER("00000258") "    [String] Length 01 = \"M\"\n"
							"    [String] Length 00 = \"\"\n"
							"    [String] Length 04 = \"LION\"\n"
							"    [String] Length 01 = \"X\"\n");
	assert_said(said, "[Integer] = 000000000000001F");
	assert_said(said, "[Integer] = 0000000000000001");
	assert_said(said, "[Integer] = 000000000000000F");
	assert_said(said, "[Package] Contains 1 Elements:");
}

static void the_whole_rom_in_pages(void **state)
{
	own_acpi_tables struct acpi_tables tables = {0};
	own_free char *image = noise(ROM_SIZE);
	own_buf struct buf commands = {0}, read = {0};
	uint8_t wanted[32], found[32];
	size_t n, total = 0;

	need("acpiexec");
	everything(&tables, image, ROM_SIZE);
	for (size_t at = 0; at < ROM_SIZE; at += 4096) {
		own_buf struct buf bytes = {0};
		own_free char *said = NULL;

		/* acpiexec takes no more than 1023 bytes of commands. */
		buf_addf(&commands, "evaluate " GPU "._ROM 0x%zx 0x1000;", at);
		if (commands.len < 900 && at + 4096 < ROM_SIZE)
			continue;
		said = evaluate(state, &tables, commands.data);
		bytes = buffers(said, &n);
		buf_add(&read, bytes.data, bytes.len);
		total += n;
		commands.len = 0;
	}
	assert_int_equal(total, (ROM_SIZE + 4095) / 4096);
	assert_int_equal(read.len, total * 4096);
	for (size_t i = ROM_SIZE; i < read.len; i++)
		assert_int_equal(read.data[i], 0);
	sha256(image, ROM_SIZE, wanted);
	sha256(read.data, ROM_SIZE, found);
	assert_memory_equal(found, wanted, sizeof(found));
}

static void odd_reads_of_the_rom(void **state)
{
	static const struct {
		uint32_t at, length;
	} reads[] = {
		{0, 0},
		{0, 1},
		{1, 4096},
		{0, 0xffffffff} /* cut to 4096 */,
		{0xefff, 1},
		{0xefff, 2} /* over a border */,
		{0xe801, 0x1000},
		{0x1dfff, 0x1000},
		{ROM_SIZE - 1, 1},
		{ROM_SIZE - 3, 7} /* over the end */,
		{ROM_SIZE, 4096},
		{0x2d000 - 5, 16} /* over the last border */,
		{0x2d000, 0x1000},
		{0xfffff000, 4096},
		{0xffffffff, 0xffffffff},
	};
	own_acpi_tables struct acpi_tables tables = {0};
	own_free char *image = noise(ROM_SIZE), *said = NULL;
	own_buf struct buf commands = {0}, read = {0};
	const char *at;
	size_t n;

	need("acpiexec");
	everything(&tables, image, ROM_SIZE);
	for (size_t i = 0; i < ARRAY_SIZE(reads); i++)
		buf_addf(&commands, "evaluate " GPU "._ROM 0x%x 0x%x;", reads[i].at,
			 reads[i].length);
	said = evaluate(state, &tables, commands.data);
	read = buffers(said, &n);
	assert_int_equal(n, ARRAY_SIZE(reads));
	at = read.data;
	for (size_t i = 0; i < ARRAY_SIZE(reads); i++) {
		size_t length = reads[i].length < 4096 ? reads[i].length : 4096;

		assert_true(at + length <= read.data + read.len);
		for (size_t b = 0; b < length; b++, at++) {
			size_t where = (size_t)reads[i].at + b;

			assert_int_equal(*at, where < ROM_SIZE ? image[where] : 0);
		}
	}
	assert_ptr_equal(at, read.data + read.len);
}

/* An image that ends with a slice: the next one is not there. */
static void a_rom_of_whole_slices(void **state)
{
	own_acpi_tables struct acpi_tables tables = {0};
	own_free char *image = noise((size_t)2 * ACPI_ROM_SLICE), *said = NULL;
	own_buf struct buf read = {0};
	size_t n;

	need("acpiexec");
	everything(&tables, image, (size_t)2 * ACPI_ROM_SLICE);
	said = evaluate(state, &tables, "evaluate " GPU "._ROM 0x1dff8 0x10");
	read = buffers(said, &n);
	assert_int_equal(read.len, 16);
	assert_memory_equal(read.data, image + 2 * ACPI_ROM_SLICE - 8, 8);
	assert_memory_equal(read.data + 8, "\0\0\0\0\0\0\0", 8);
}

static void recorded_answers_are_replayed(void **state)
{
	/* The UUIDs as bytes, in acpiexec's form of a buffer. */
	static const char nvop[] = "(F8 D8 86 A4 DA 0B 1B 47 A7 2B 60 42 A6 B5 BE E0)";
	static const char npcf[] = "(10 97 B4 36 83 24 E7 11 95 98 08 00 20 0C 9A 66)";
	own_acpi_tables struct acpi_tables tables = {0};
	own_buf struct buf commands = {0}, read = {0};
	own_free char *said = NULL;
	size_t n;

	need("acpiexec");
	everything(&tables, "x", 1);
	buf_addf(&commands, "evaluate " GPU "._DSM %s 0x100 0x1A (00);", nvop);
	buf_addf(&commands, "evaluate " GPU "._DSM %s 0x100 0 (00);", nvop);
	buf_addf(&commands, "evaluate " GPU "._DSM %s 0x100 0x1B (00);", nvop);
	buf_addf(&commands, "evaluate " GPU "._DSM %s 0x100 1 (00);", npcf);
	buf_addf(&commands, "evaluate \\_SB.NPCF._DSM %s 0x200 1 (00);", npcf);
	buf_addf(&commands, "evaluate \\_SB.NPCF._DSM %s 0x200 0x1A (00);", nvop);
	buf_addf(&commands, "evaluate \\_SB.NVDR._DSM %s 0x200 0x1A (00);", nvop);
	buf_addf(&commands, "evaluate \\_SB.ADP1._DSM %s 0x200 0x1A (00);", nvop);
	buf_adds(&commands, "evaluate \\_SB.ADP1._DSM (8A 6A 3A 7A D5 40 5B 4B 9D 51 4D 1A 01 2A "
			    "6F 23) 1 1 (00)");
	said = evaluate(state, &tables, commands.data);
	read = buffers(said, &n);
	assert_int_equal(n, 9);
	assert_int_equal(read.len, 25);
	assert_memory_equal(read.data,
			    "\x41\0\0\x05" /* as recorded */ "\1\0\0\x0c"    /* as recorded */
			    "\2\0\0\x80" /* another function */ "\2\0\0\x80" /* another device's */
			    "\x20\x21" /* as recorded */ "\2\0\0\x80"	     /* another UUID */
			    "\3\0\3",
			    25);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(tables_are_what_iasl_writes),
		in_scratch(what_is_told_stands_in_the_tables),
		in_scratch(the_battery_speaks),
		in_scratch(the_whole_rom_in_pages),
		in_scratch(odd_reads_of_the_rom),
		in_scratch(a_rom_of_whole_slices),
		in_scratch(recorded_answers_are_replayed),
	};

	return cmocka_run_group_tests_name("acpi iasl", tests, NULL, NULL);
}
