/* Tables: their header, what may be a user's, and the limits of QEMU. */
#include "unit.h"

#include <string.h>

#include "scratch.h"

#include "base/text.h"
#include "firmware/acpi/aml.h"
#include "firmware/acpi/sniff.h"
#include "firmware/acpi/table.h"

static uint32_t length_of(const struct buf *table)
{
	const uint8_t *at = (const uint8_t *)table->data + 4;

	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
	       (uint32_t)at[3] << 24;
}

static void the_header(void **state)
{
	own_buf struct buf table = acpi_ssdt("ABC", "TABLE1", aml_name("A", aml_int(1)));

	(void)state;
	assert_int_equal(table.len, ACPI_HEADER_SIZE + 6);
	assert_memory_equal(table.data, "SSDT", 4);
	assert_int_equal(length_of(&table), table.len);
	assert_int_equal(table.data[8], 1);
	assert_memory_equal(table.data + 10, "ABC   TABLE1  \1\0\0\0BXPC\1\0\0\0", 26);
	assert_int_equal(acpi_sum(table.data, table.len), 0);
}

static void qemu_is_the_owner_by_default(void **state)
{
	own_buf struct buf table = acpi_ssdt(NULL, "12345678", (struct buf){0});

	(void)state;
	assert_int_equal(table.len, ACPI_HEADER_SIZE);
	assert_memory_equal(table.data + 10, "BOCHS 12345678", 14);
	assert_int_equal(acpi_sum(table.data, table.len), 0);
}

static void owners_names(void **state)
{
	(void)state;
	assert_true(acpi_is_oem_id("A") && acpi_is_oem_id("LENOVO") && acpi_is_oem_id("_ASUS_"));
	assert_false(acpi_is_oem_id("") || acpi_is_oem_id("LENOVO1") || acpi_is_oem_id("A,B") ||
		     acpi_is_oem_id("A\n") || acpi_is_oem_id("\xc3\xa9"));
}

/* ------------------------------------------------------------------ a table of the user's */

static void check(const struct buf *table, const char *wanted_warning, const char *wanted_error)
{
	struct error *err = NULL;
	own_free char *warning = NULL;
	bool good = acpi_table_check("my.aml", table->data, table->len, &warning, &err);

	assert_int_equal(good, wanted_error == NULL);
	if (wanted_error)
		assert_messages(err, wanted_error);
	assert_string_equal(warning ? warning : "", wanted_warning);
}

/* The warning for a table whose checksum is off by what its bytes' sum is. */
static void check_sum(const struct buf *table)
{
	uint8_t is = (uint8_t)table->data[9];
	own_free char *want = xasprintf(
		"my.aml: the checksum is %02x, and %02x would be right (QEMU puts it right without "
		"a word): was the file changed after it was compiled?",
		is, (uint8_t)(is - acpi_sum(table->data, table->len)));

	check(table, want, NULL);
}

static void a_users_table(void **state)
{
	own_buf struct buf table = acpi_ssdt(NULL, "OWN", aml_name("A", aml_int(1)));

	(void)state;
	check(&table, "", NULL);
	table.data[9]++;
	check_sum(&table);
	table.data[9]--;

	table.len--;
	check(&table, "", "my.aml has 41 bytes, but its header says 42: it is cut off\n");
	table.len = 35;
	check(&table, "", "my.aml has 35 bytes, but an ACPI table begins with a header of 36\n");
	table.len = 42;
	buf_addc(&table, 0);
	check(&table, "",
	      "my.aml has 43 bytes, but its header says 42: padding follows, which QEMU would make "
	      "part of the table. It is cut off by: head -c 42 my.aml >my.aml.aml\n");
	table.data[42] = 7;
	check(&table, "",
	      "my.aml has 43 bytes, but its header says 42: something follows, which QEMU would "
	      "make part of the table. It is cut off by: head -c 42 my.aml >my.aml.aml\n");
	table.data[1] = '\x01';
	check(&table, "",
	      "my.aml is no ACPI table: its first four bytes, 53 01 44 54, should be a signature "
	      "such as SSDT\n");
}

static void several_tables_in_a_file(void **state)
{
	own_buf struct buf table = acpi_ssdt(NULL, "OWN", aml_name("A", aml_int(1)));
	own_buf struct buf more = acpi_ssdt(NULL, "OWN2", (struct buf){0});

	(void)state;
	buf_add(&table, more.data, more.len);
	check(&table, "",
	      "my.aml has 78 bytes, but its header says 42: these are 2 tables, of which QEMU "
	      "would "
	      "make one, with its length changed. Give each a file and a section [acpi NAME]; the "
	      "first: head -c 42 my.aml >my.aml.aml\n");
}

/* What a file is told to be, by the start of the words. */
static void other_files(void **state)
{
	static const struct {
		const char *text, *words;
	} row[] = {
		{"", "is empty"},
		{"U1NEVKEAAAABTkJPQ0hTIEJYUENTU0RUAQAAAEJYUEMBAAAA",
		 "is still base64: base64 -d 'a b' >'a b'.aml"},
		{"U1NEVKEAAAABTkJP\nQ0hTIEJY\n", "is still base64: base64 -d 'a b'"},
		{"U1NEVKEAAAABTkJP\r\nQ0hTIEJY\r\n", "is still base64: base64 -di 'a b'"},
		{"\xef\xbb\xbfU1NEVKEAAAAB", "is still base64: base64 -di"},
		{"U1NEVKEAAAAB_-8=", "is still base64: tr -- -_ +/ < 'a b' | base64 -di"},
		{"H4sIAAAAAAAAAwsODnEJAQA=", "is base64 of a file compressed by gzip: base64 -di"},
		{"data:application/octet-stream;base64,U1NEVA==",
		 "is a data URI in base64: sed 's/^[^,]*,//' 'a b' | base64 -di"},
		{"begin-base64 644 x\nU1NEVA==\n====\n", "is uuencoded: uudecode -o 'a b'.aml"},
		{"00000000: 5353 4454 a100 0000  SSDT....\n",
		 "is a hex dump of xxd's: xxd -r 'a b'"},
		{"00000000  53 53 44 54 a1 00 00 00  |SSDT....|\n", "is a hex dump: sed -E"},
		{"0000000 53 53 44 54 a1 00 00 00\n*\n0000020\n", "is a hex dump that has left"},
		{"0000000 5353 5444 00a1 0000\n0000010\n", "is a dump in words"},
		{"0000000 051523 052104 000241 000000\n", "is a dump in words"},
		{"53534454a1000000", "is a hex dump: xxd -r -p 'a b'"},
		{"53 53 44 54\na1 00 00 00", "is a hex dump: xxd -r -p 'a b'"},
		{"unsigned char a[] = {\n 0x53, 0x53, 0x44, 0x54, 0xa1 };", "is an array for a C"},
		{"DSDT @ 0x0000000000000000\n    0000: 44 53 44 54", "is the text of acpidump"},
		{"/* x */\nDefinitionBlock (\"\", \"SSDT\", 1",
		 "is source text (ASL), not compiled"},
		{"<!DOCTYPE html><html>", "is a web page"},
		{"\n <?xml version", "is a web page"},
		{"\x1f\x8b\x08", "is compressed by gzip: gzip -dc 'a b' >'a b'.aml"},
		{"\xff\xfe"
		 "U",
		 "is text in UTF-16"},
		{"root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1::/:/bin/sh\n", "is text, and no"},
		{"hello", "is text, and no"},
		{"deadbeef", "is text, and no"},
		{"RSD PTR \1\2\3", "is the root pointer"},
		{"SSDT\1", "has 5 bytes"},
		{"SSDT\xff\xff\xff\xff\x1 BOCHS BXPCSSDT    BXPC    ",
		 "has 36 bytes, but its header says 4294967295: it is no ACPI table"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		own_free char *words = acpi_other_file("a b", row[i].text, strlen(row[i].text));

		assert_non_null(words);
		if (!text_starts(words, row[i].words))
			fail_msg("'%s': %s", row[i].text, words);
	}
}

static void a_users_table_that_qemu_makes(void **state)
{
	own_buf struct buf table = acpi_ssdt(NULL, "OWN", (struct buf){0});

	(void)state;
	memcpy(table.data, "DSDT", 4);
	table.data[9] = (char)(table.data[9] + 'S' - 'D' + 'S' - 'S');
	check(&table,
	      "my.aml: QEMU makes a table DSDT itself, the guest will see both and may use either",
	      NULL);
}

static void a_users_table_that_is_too_large(void **state)
{
	own_buf struct buf table = acpi_ssdt(NULL, "OWN", (struct buf){0});
	static char zeros[65536];

	(void)state;
	buf_add(&table, zeros, 65535 - table.len);
	table.data[4] = table.data[5] = '\xff';
	check_sum(&table);
	buf_addc(&table, 0);
	memcpy(table.data + 4, "\0\0\1", 3);
	check(&table, "", "my.aml has 65536 bytes; QEMU takes ACPI tables of at most 65535\n");
}

/* ------------------------------------------------------------------ limits */

static void add(struct acpi_tables *tables, size_t size)
{
	struct acpi_table *t = xappend(tables->table, tables->n);
	static char zeros[65536];

	t->name = xasprintf("t%zu.aml", tables->n - 1);
	t->what = xstrdup("test");
	buf_add(&t->bytes, zeros, size);
}

static void limits(void **state)
{
	own_acpi_tables struct acpi_tables large = {0}, many = {0}, one = {0};
	struct error *err = NULL;

	(void)state;
	/* 31 of the largest were seen to work, 32 to kill QEMU. */
	for (int i = 0; i < 31; i++)
		add(&large, 65535);
	assert_true(acpi_tables_fit(&large, &err));
	add(&large, 32);
	assert_false(acpi_tables_fit(&large, &err));
	assert_messages(err,
			"the ACPI tables have 2031617 bytes together; QEMU has room for 2031616 "
			"beside its own; a large option ROM is better given to the guest without "
			"_ROM\n");

	for (int i = 0; i < 49; i++)
		add(&many, 36);
	assert_true(acpi_tables_fit(&many, &err));
	add(&many, 36);
	assert_false(acpi_tables_fit(&many, &err));
	assert_messages(err,
			"50 ACPI tables; more than 49 are not safe, because firmware drops all "
			"tables when there are too many\n");

	add(&one, 65536);
	assert_false(acpi_tables_fit(&one, &err));
	assert_messages(err,
			"the ACPI table t0.aml (test) has 65536 bytes; QEMU takes at most 65535\n");

	assert_true(acpi_body_fits(65499));
	assert_false(acpi_body_fits(65500));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_header),
		cmocka_unit_test(qemu_is_the_owner_by_default),
		cmocka_unit_test(owners_names),
		cmocka_unit_test(a_users_table),
		cmocka_unit_test(several_tables_in_a_file),
		cmocka_unit_test(other_files),
		cmocka_unit_test(a_users_table_that_qemu_makes),
		cmocka_unit_test(a_users_table_that_is_too_large),
		cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests_name("acpi table", tests, NULL, NULL);
}
