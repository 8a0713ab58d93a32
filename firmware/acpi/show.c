/* The header, then both passes over the body. */
#include "show.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "sniff.h"
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

static bool may_be_a_table(const char *path, const uint8_t *data, size_t len, struct error **err)
{
	own_free char *words = acpi_other_file(path, data, len);

	if (words)
		error_add(err, ERROR_FAILED, "%s %s", path, words);
	return !words;
}

/* Layout: ACPI 6.4, 5.2.6. */
static void tell_header(struct buf *out, const char *path, const uint8_t *table, size_t len,
			size_t own)
{
	const char *word = acpi_signature_word((const char *)table);
	own_free char *wrong = acpi_length_words(path, table, len);
	own_free char *sum = acpi_checksum_words(table, own);

	buf_addf(out, "%s: %.4s", path, (const char *)table);
	if (word)
		buf_addf(out, " (%s)", word);
	buf_addf(out, ", %zu bytes, revision %u, of ", own, table[8]);
	add_text(out, table + 10, 6);
	buf_adds(out, " ");
	add_text(out, table + 16, 8);
	if (wrong)
		buf_addf(out, ", LENGTH IN THE HEADER %u", get32(table + 4));
	if (sum)
		buf_addf(out, ", CHECKSUM WRONG: %s\n", sum);
	else
		buf_adds(out, ", checksum right\n");
	if (wrong)
		buf_addf(out, "  THE FILE %s\n", wrong);
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

	size_t own;

	if (!may_be_a_table(path, table, len, err))
		return false;
	own = get32(table + 4) < len ? get32(table + 4) : len;
	tell_header(&text, path, table, len, own);
	body = (struct span){table + ACPI_HEADER_SIZE, table + own};
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
