/* The header, and the limits; they were each found by running QEMU 7.2 and 10.0 into them. The sum
 * cannot be exact, because QEMU's own tables are made after its command line was read: 64 KiB are
 * kept for them.
 */
#include "table.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "sniff.h"

/* 5.2.6, offsets of the header's fields. */
#define AT_LENGTH 4
#define AT_REVISION 8
#define AT_CHECKSUM 9
#define AT_OEM_ID 10
#define AT_OEM_TABLE_ID 16
#define AT_OEM_REVISION 24
#define AT_CREATOR_ID 28
#define AT_CREATOR_REVISION 32

#define OEM_ID_SIZE 6
#define OEM_TABLE_ID_SIZE 8

void acpi_tables_free(struct acpi_tables *tables)
{
	for (size_t i = 0; i < tables->n; i++) {
		free(tables->table[i].name);
		free(tables->table[i].what);
		free(tables->table[i].told);
		buf_free(&tables->table[i].bytes);
	}
	for (size_t i = 0; i < tables->warnings; i++)
		free(tables->warning[i]);
	free(tables->table);
	free(tables->warning);
	*tables = (struct acpi_tables){0};
}

uint8_t acpi_sum(const void *data, size_t len)
{
	const uint8_t *byte = data;
	uint8_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum = (uint8_t)(sum + byte[i]);
	return sum;
}

bool acpi_body_fits(size_t len)
{
	return len <= ACPI_TABLE_MAX - ACPI_HEADER_SIZE;
}

static void put32(uint8_t *at, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

/* A text field of the header, filled up with spaces as QEMU does in its own tables. */
static void put_text(uint8_t *at, size_t size, const char *text)
{
	size_t len = strlen(text);

	if (len > size)
		abort();
	for (size_t i = 0; i < size; i++)
		at[i] = i < len ? (uint8_t)text[i] : ' ';
}

struct buf acpi_ssdt(const char *oem_id, const char *oem_table_id, struct buf body)
{
	own_buf struct buf content = body;
	uint8_t header[ACPI_HEADER_SIZE] = "SSDT";
	struct buf table = {0};

	if (!acpi_body_fits(content.len))
		abort();
	put32(header + AT_LENGTH, (uint32_t)(sizeof(header) + content.len));
	header[AT_REVISION] = 1;
	put_text(header + AT_OEM_ID, OEM_ID_SIZE, oem_id ? oem_id : ACPI_OEM_QEMU);
	put_text(header + AT_OEM_TABLE_ID, OEM_TABLE_ID_SIZE, oem_table_id);
	put32(header + AT_OEM_REVISION, 1);
	/* As in the tables that QEMU makes, so that ours don't stand out. */
	put_text(header + AT_CREATOR_ID, 4, "BXPC");
	put32(header + AT_CREATOR_REVISION, 1);
	header[AT_CHECKSUM] = (uint8_t) - (acpi_sum(header, sizeof(header)) +
					   acpi_sum(content.data, content.len));
	buf_add(&table, header, sizeof(header));
	buf_add(&table, content.data, content.len);
	return table;
}

static bool is_printable(uint8_t c)
{
	return c >= 0x20 && c < 0x7f;
}

bool acpi_is_oem_id(const char *s)
{
	size_t len = strlen(s);

	for (size_t i = 0; i < len; i++)
		if (!is_printable((uint8_t)s[i]) || s[i] == ',' || s[i] == '"')
			return false;
	return len > 0 && len <= OEM_ID_SIZE;
}

/* ------------------------------------------------------------------ a table of the user's */

/* Tables that every machine has just once, made by QEMU. */
static bool is_qemus(const uint8_t *signature)
{
	static const char own[][5] = {"DSDT", "FACP", "FACS", "RSDT", "XSDT", "APIC", "MCFG"};

	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		if (memcmp(signature, own[i], 4) == 0)
			return true;
	return false;
}

/* Looks for what nobody can use; false when there is such a thing. */
static bool check_shape(const char *path, const uint8_t *data, size_t len, struct error **err)
{
	own_free char *words = acpi_other_file(path, data, len);

	if (!words)
		words = acpi_length_words(path, data, len);
	if (words) {
		error_add(err, ERROR_USAGE, "%s %s", path, words);
		return false;
	}
	if (len > ACPI_TABLE_MAX) {
		error_add(err, ERROR_USAGE,
			  "%s has %zu bytes; QEMU takes ACPI tables of at most %u", path, len,
			  ACPI_TABLE_MAX);
		return false;
	}
	return true;
}

bool acpi_table_check(const char *path, const void *data, size_t len, char **warning,
		      struct error **err)
{
	const uint8_t *table = data;
	own_buf struct buf text = {0};
	own_free char *sum = NULL;

	if (!check_shape(path, table, len, err))
		return false;
	sum = acpi_checksum_words(table, len);
	if (sum)
		buf_addf(
			&text,
			"%s: the checksum is %s (QEMU puts it right without a word): was the file changed after it was compiled?",
			path, sum);
	if (is_qemus(table))
		buf_addf(
			&text,
			"%s%s: QEMU makes a table %.4s itself, the guest will see both and may use either",
			text.len ? "; " : "", path, (const char *)table);
	*warning = text.len ? buf_steal(&text) : NULL;
	return true;
}

/* ------------------------------------------------------------------ all together */

static size_t total_size(const struct acpi_tables *tables)
{
	size_t sum = 0;

	for (size_t i = 0; i < tables->n; i++)
		sum += tables->table[i].bytes.len;
	return sum;
}

bool acpi_tables_fit(const struct acpi_tables *tables, struct error **err)
{
	size_t sum = total_size(tables);
	bool good = true;

	for (size_t i = 0; i < tables->n; i++) {
		const struct acpi_table *t = &tables->table[i];

		if (t->bytes.len <= ACPI_TABLE_MAX)
			continue;
		error_add(err, ERROR_USAGE,
			  "the ACPI table %s (%s) has %zu bytes; QEMU takes at most %u", t->name,
			  t->what, t->bytes.len, ACPI_TABLE_MAX);
		good = false;
	}
	if (tables->n > ACPI_TABLES_MAX) {
		error_add(
			err, ERROR_USAGE,
			"%zu ACPI tables; more than %u are not safe, because firmware drops all tables when there are too many",
			tables->n, ACPI_TABLES_MAX);
		good = false;
	}
	if (sum > ACPI_TOTAL_MAX - ACPI_TOTAL_QEMU) {
		error_add(
			err, ERROR_USAGE,
			"the ACPI tables have %zu bytes together; QEMU has room for %u beside its own%s",
			sum, ACPI_TOTAL_MAX - ACPI_TOTAL_QEMU,
			"; a large option ROM is better given to the guest without _ROM");
		good = false;
	}
	return good;
}
