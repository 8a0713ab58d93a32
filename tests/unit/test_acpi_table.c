/* Tables: their header, what may be a user's, and the limits of QEMU. */
#include "unit.h"

#include <string.h>

#include "scratch.h"

#include "firmware/acpi/aml.h"
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

static void a_users_table(void **state)
{
	own_buf struct buf table = acpi_ssdt(NULL, "OWN", aml_name("A", aml_int(1)));

	(void)state;
	check(&table, "", NULL);
	table.data[9]++;
	check(&table,
	      "my.aml: the checksum is wrong (QEMU will put it right): was the file changed after "
	      "it "
	      "was compiled?",
	      NULL);
	table.data[9]--;

	table.len--;
	check(&table, "",
	      "my.aml has 41 bytes, but its header says 42: it is cut off, or no ACPI table\n");
	table.len = 35;
	check(&table, "",
	      "my.aml has 35 bytes, but an ACPI table begins with a header of 36; give the "
	      "compiled "
	      "table (.aml), not its source\n");
	table.len = 42;
	buf_addc(&table, 0);
	check(&table, "",
	      "my.aml has 43 bytes, but its header says 42: it is longer than the table in it, or "
	      "no "
	      "ACPI table\n");
	table.data[1] = '\x01';
	check(&table, "",
	      "my.aml is no ACPI table: its first four bytes, 53 01 44 54, should be a signature "
	      "such "
	      "as SSDT\n");
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
	check(&table,
	      "my.aml: the checksum is wrong (QEMU will put it right): was the file changed after "
	      "it "
	      "was compiled?",
	      NULL);
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
		cmocka_unit_test(a_users_table_that_qemu_makes),
		cmocka_unit_test(a_users_table_that_is_too_large),
		cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests_name("acpi table", tests, NULL, NULL);
}
