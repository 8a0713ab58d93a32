/* A file that is no table, told by what it is. First what its bytes say, then what its text says:
 * the forms of text go from those that name themselves to those that can only be guessed.
 */
#include "sniff.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/own.h"
#include "base/text.h"
#include "text_forms.h"

#define HEADER_SIZE 36U /* ACPI 6.4, 5.2.6, with its length at 4 and its checksum at 9 */
#define LENGTH_ENOUGH (1U << 24)
#define TABLES_TOLD 64U

static uint32_t length_at(const uint8_t *at)
{
	return (uint32_t)at[7] << 24 | (uint32_t)at[6] << 16 | (uint32_t)at[5] << 8 | at[4];
}

/* A line for a shell with the file's name, and another's that is made of it: never the file's own,
 * which the shell would empty first.
 */
static char *table_remedy(const char *path, const char *what, const char *before, const char *after)
{
	own_free char *from = text_word(path);

	return xasprintf("is %s: %s %s%s >%s.aml", what, before, from, after, from);
}

/* ------------------------------------------------------------------ by its first bytes */

static char *packed_problem(const char *path, const uint8_t *data, size_t len)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *what, *line;
	} row[] = {
		{"\x1f\x8b", 2, "compressed by gzip", "gzip -dc"},
		{"\xfd"
		 "7zXZ",
		 5, "compressed by xz", "xz -dc"},
		{"BZh", 3, "compressed by bzip2", "bzip2 -dc"},
		{"\x28\xb5\x2f\xfd", 4, "compressed by zstd", "zstd -dc"},
	};
	static const struct {
		const char *bytes;
		size_t len;
		const char *words;
	} archive[] = {
		{"PK\3\4", 4,
		 "is a ZIP archive: unpack it first (unzip); the table is a file in it"},
		{"7z\xbc\xaf\x27\x1c", 6, "is a 7-Zip archive: unpack it first"},
		{"Rar!\x1a\x07", 6, "is a RAR archive: unpack it first"},
		{"RSD PTR ", 8,
		 "is the root pointer (RSDP), which QEMU makes itself, and no table"},
		{"\x7f"
		 "ELF",
		 4, "is a program, and no ACPI table"},
		{"MZ", 2, "is a program for Windows or EFI, and no ACPI table"},
		{"%PDF", 4, "is a PDF document, and no ACPI table"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(row); i++)
		if (len >= row[i].len && memcmp(data, row[i].bytes, row[i].len) == 0)
			return table_remedy(path, row[i].what, row[i].line, "");
	for (size_t i = 0; i < ARRAY_SIZE(archive); i++)
		if (len >= archive[i].len && memcmp(data, archive[i].bytes, archive[i].len) == 0)
			return xstrdup(archive[i].words);
	return NULL;
}

/* Windows' PowerShell writes what it is given so. A table never begins like that. */
static char *utf16_problem(const char *path, const uint8_t *data, size_t len)
{
	own_free char *from = text_word(path);

	if (len < 2 || (memcmp(data, "\xff\xfe", 2) != 0 && memcmp(data, "\xfe\xff", 2) != 0))
		return NULL;
	return xasprintf(
		"is text in UTF-16, as PowerShell writes it, and no table: make it plain text first: iconv -f UTF-16 -t UTF-8 %s >%s.txt",
		from, from);
}

/* A table has a zero byte in its length, whatever it is. */
static bool is_text(const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((data[i] < 0x20 && !strchr("\t\r\n\f\033", data[i])) || data[i] == 0 ||
		    data[i] == 0x7f)
			return false;
	return true;
}

/* ------------------------------------------------------------------ by its text */

static char *source_problem(const char *path, const char *what)
{
	own_free char *from = text_word(path);

	if (!text_ends(path, ".aml"))
		return xasprintf("is %s, not compiled: iasl %s makes a table (.aml) of it", what,
				 from);
	/* iasl's result would take the place of what it is made of. */
	return xasprintf(
		"is %s, not compiled, whatever its name says: call it .dsl (mv), and iasl makes a table (.aml) of it",
		what);
}

static char *base64_problem(const char *path, const struct text_form *form)
{
	const char *before = form->url	    ? "tr -- -_ +/ <"
			     : form->blanks ? "base64 -di"
					    : "base64 -d";
	const char *after = form->url ? " | base64 -di" : "";

	if (form->gzip)
		return table_remedy(path, "base64 of a file compressed by gzip", "base64 -di",
				    " | gzip -d");
	return table_remedy(path, "still base64", before, after);
}

static char *dump_problem(const char *path, const struct text_form *form)
{
	if (form->squeezed)
		return xstrdup(
			"is a hex dump that has left out lines that repeat (*): dump the table with -v, or take the table itself");
	switch (form->kind) {
	case TEXT_XXD:
		return table_remedy(path, "a hex dump of xxd's", "xxd -r", "");
	case TEXT_HEXDUMP:
		return table_remedy(path, "a hex dump", "sed -E 's/^[0-9A-Fa-f]+//; s/[|>].*//'",
				    " | xxd -r -p");
	case TEXT_HEX:
		return table_remedy(path, "a hex dump", "xxd -r -p", "");
	case TEXT_C_ARRAY:
		return table_remedy(path, "an array for a C compiler", "sed 's,/\\*.*\\*/,,'",
				    " | grep -oiE '0x[0-9a-f]{2}' | cut -c3- | xxd -r -p");
	default:
		return xstrdup(
			"is a dump in words of more than a byte (hexdump without -C, od), and no table: take the table itself");
	}
}

static char *by_text(const char *path, const char *text, size_t len)
{
	struct text_form form = text_form_of(text, len);
	own_free char *from = text_word(path);

	switch (form.kind) {
	case TEXT_MARKUP:
		return xstrdup(
			"is a web page (HTML or XML), not a table: a browser saved the page around the file; follow its link again (raw, download)");
	case TEXT_DATA_URI:
		return table_remedy(path, "a data URI in base64", "sed 's/^[^,]*,//'",
				    " | base64 -di");
	case TEXT_UUENCODE:
		return xasprintf("is uuencoded: uudecode -o %s.aml %s", from, from);
	case TEXT_ACPIDUMP:
		return xasprintf(
			"is the text of acpidump: acpixtract -a %s makes a file (.dat) of each table in it",
			from);
	case TEXT_ASL:
		return source_problem(path, "source text (ASL)");
	case TEXT_DATA_TABLE:
		return source_problem(path, "the source text of a table");
	case TEXT_BASE64:
		return base64_problem(path, &form);
	case TEXT_PLAIN:
		return xstrdup("is text, and no ACPI table: a compiled one (.aml) is needed");
	default:
		return dump_problem(path, &form);
	}
}

/* What should be a header. A length of no table is no length. */
static char *no_header(const uint8_t *data, size_t len)
{
	if (len < HEADER_SIZE)
		return xasprintf("has %zu bytes, but an ACPI table begins with a header of %u", len,
				 HEADER_SIZE);
	for (size_t i = 0; i < 4; i++)
		if (data[i] < 0x20 || data[i] >= 0x7f)
			return xasprintf(
				"is no ACPI table: its first four bytes, %02x %02x %02x %02x, should be a signature such as SSDT",
				data[0], data[1], data[2], data[3]);
	if (length_at(data) < HEADER_SIZE || length_at(data) > LENGTH_ENOUGH)
		return xasprintf("has %zu bytes, but its header says %u: it is no ACPI table", len,
				 length_at(data));
	return NULL;
}

char *acpi_other_file(const char *path, const void *data, size_t len)
{
	char *words;

	if (len == 0)
		return xstrdup("is empty");
	words = packed_problem(path, data, len);
	if (!words)
		words = utf16_problem(path, data, len);
	if (!words && is_text(data, len))
		words = by_text(path, data, len);
	return words ? words : no_header(data, len);
}

/* ------------------------------------------------------------------ what a table's header says */

static bool begins_table(const uint8_t *at, size_t len)
{
	if (len < HEADER_SIZE || length_at(at) < HEADER_SIZE || length_at(at) > len)
		return false;
	for (size_t i = 0; i < 4; i++)
		if (!isupper(at[i]) && !isdigit(at[i]) && at[i] != '_')
			return false;
	return true;
}

/* How many whole tables the bytes are, one behind the other; 0: they are something else. */
static size_t tables_in(const uint8_t *data, size_t len)
{
	size_t n = 0;

	while (len && n < TABLES_TOLD && begins_table(data, len)) {
		size_t one = length_at(data);

		data += one;
		len -= one;
		n++;
	}
	return len ? 0 : n;
}

static bool is_filling(const uint8_t *data, size_t len)
{
	for (size_t i = 1; i < len; i++)
		if (data[i] != data[0])
			return false;
	return len && (data[0] == 0 || data[0] == 0xff);
}

char *acpi_length_words(const char *path, const void *data, size_t len)
{
	const uint8_t *table = data;
	uint32_t length = length_at(table);
	size_t n = tables_in(table, len);
	own_free char *from = text_word(path);

	if (length == len)
		return NULL;
	if (length > len)
		return xasprintf("has %zu bytes, but its header says %u: it is cut off", len,
				 length);
	if (n > 1)
		return xasprintf(
			"has %zu bytes, but its header says %u: these are %zu tables, of which QEMU would make one, with its length changed. Give each a file and a section [acpi NAME]; the first: head -c %u %s >%s.aml",
			len, length, n, length, from, from);
	return xasprintf(
		"has %zu bytes, but its header says %u: %s, which QEMU would make part of the table. It is cut off by: head -c %u %s >%s.aml",
		len, length,
		is_filling(table + length, len - length) ? "padding follows" : "something follows",
		length, from, from);
}

char *acpi_checksum_words(const void *data, size_t len)
{
	const uint8_t *table = data;
	uint8_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum = (uint8_t)(sum + table[i]);
	if (sum == 0)
		return NULL;
	return xasprintf("%02x, and %02x would be right", table[9], (uint8_t)(table[9] - sum));
}
