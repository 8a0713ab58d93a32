/* The header, then both passes over the body. */
#include "show.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"
#include "term.h"
#include "words.h"

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)at[3] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[1] << 8 | at[0];
}

static bool is_printable(uint8_t c)
{
	return c >= 0x20 && c < 0x7f;
}

/* A text field of the header, without what fills it up. */
static void add_text(struct buf *out, const uint8_t *at, size_t len)
{
	while (len && (at[len - 1] == ' ' || at[len - 1] == '\0'))
		len--;
	for (size_t i = 0; i < len; i++)
		buf_addc(out, is_printable(at[i]) ? (char)at[i] : '.');
}

static bool begins_like_a_table(const char *path, const uint8_t *data, size_t len,
				struct error **err)
{
	if (len < ACPI_HEADER_SIZE) {
		error_add(err, ERROR_USAGE, "%s has %zu bytes; an ACPI table has at least %u", path,
			  len, ACPI_HEADER_SIZE);
		return false;
	}
	for (size_t i = 0; i < 4; i++)
		if (!is_printable(data[i])) {
			error_add(err, ERROR_USAGE,
				  "%s does not begin with an ACPI table's signature", path);
			return false;
		}
	return true;
}

/* Layout: ACPI 6.4, 5.2.6. */
static void tell_header(struct buf *out, const char *path, const uint8_t *table, size_t len)
{
	const char *word = acpi_signature_word((const char *)table);
	uint32_t length = get32(table + 4);

	buf_addf(out, "%s: %.4s", path, (const char *)table);
	if (word)
		buf_addf(out, " (%s)", word);
	buf_addf(out, ", %zu bytes, revision %u, of ", len, table[8]);
	add_text(out, table + 10, 6);
	buf_adds(out, " ");
	add_text(out, table + 16, 8);
	if (length != len)
		buf_addf(out, ", LENGTH IN THE HEADER %u", length);
	buf_adds(out, acpi_sum(table, len) == 0 ? ", checksum right\n" : ", CHECKSUM WRONG\n");
}

static bool is_aml(const uint8_t *signature)
{
	return memcmp(signature, "DSDT", 4) == 0 || memcmp(signature, "SSDT", 4) == 0 ||
	       memcmp(signature, "PSDT", 4) == 0;
}

bool acpi_show(struct buf *out, const char *path, const void *data, size_t len,
	       enum acpi_detail detail, struct error **err)
{
	const uint8_t *table = data;
	struct span body;
	struct buf text = {0};
	struct telling t = {.out = &text, .start = table, .detail = detail, .indent = 1};

	if (!begins_like_a_table(path, table, len, err))
		return false;
	tell_header(&text, path, table, len);
	body = (struct span){table + ACPI_HEADER_SIZE, table + len};
	if (is_aml(table)) {
		t.collecting = true;
		term_list(&t, body, 0);
		known_sort(&t);
		t.collecting = false;
		term_list(&t, body, 0);
	}
	free(t.known);
	buf_add(out, text.data, text.len);
	buf_free(&text);
	return true;
}
