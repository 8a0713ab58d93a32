/* Signatures: ACPI 6.4, 5.2.6. */
#include "show.h"

#include <stdint.h>
#include <string.h>

#include "base/own.h"
#include "sniff.h"
#include "table.h"

/* NULL where we don't know. */
static const char *signature_word(const uint8_t *signature)
{
	static const struct {
		char signature[5];
		const char *means;
	} table[] = {
		{"APIC", "processors and interrupts"},
		{"BGRT", "boot logo"},
		{"DMAR", "Intel IOMMU"},
		{"DSDT", "the machine's devices"},
		{"FACP", "fixed features"},
		{"HPET", "HPET timer"},
		{"IVRS", "AMD IOMMU"},
		{"MCFG", "PCI Express configuration space"},
		{"MSDM", "Windows product key"},
		{"PSDT", "more devices, old form"},
		{"SLIC", "Windows licence"},
		{"SRAT", "which memory is near which processor"},
		{"SSDT", "more devices"},
		{"TPM2", "TPM"},
		{"WAET", "hints for Windows in a virtual machine"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (memcmp(table[i].signature, signature, 4) == 0)
			return table[i].means;
	return NULL;
}

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
	const char *word = signature_word(table);
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

bool acpi_has_code(const void *data)
{
	return memcmp(data, "DSDT", 4) == 0 || memcmp(data, "SSDT", 4) == 0 ||
	       memcmp(data, "PSDT", 4) == 0;
}

bool acpi_show(struct buf *out, const char *path, const void *data, size_t len, struct error **err)
{
	const uint8_t *table = data;

	if (!may_be_a_table(path, table, len, err))
		return false;
	tell_header(out, path, table, len, get32(table + 4) < len ? get32(table + 4) : len);
	return true;
}
