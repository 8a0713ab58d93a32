/* Hex digits are base64's as well, so that dumps are looked for first; and both are taken for what
 * they look like only where a table, or a compressed one, stands at their beginning.
 */
#include "text_forms.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/own.h"

#define BYTES_ENOUGH 4 /* of what a dump holds: a table's signature */

static bool text_has(const char *text, size_t len, const char *word)
{
	return memmem(text, len, word, strlen(word));
}

/* ACPI 6.4, 5.2.6: four characters, here those that signatures really have. */
static bool is_signature(const uint8_t *byte, size_t n)
{
	for (size_t i = 0; i < 4; i++)
		if (n < 4 || (!isupper(byte[i]) && !isdigit(byte[i]) && byte[i] != '_'))
			return false;
	return true;
}

static bool text_begins(const char *text, size_t len, const char *word)
{
	return len >= strlen(word) && strncasecmp(text, word, strlen(word)) == 0;
}

static bool is_markup(const char *text, size_t len)
{
	static const char *const begin[] = {"<!doctype", "<html", "<head", "<body",
					    "<?xml",	 "<!--",  "<svg",  "<pre"};

	for (size_t i = 0; i < ARRAY_SIZE(begin); i++)
		if (text_begins(text, len, begin[i]))
			return true;
	return false;
}

/* The end of the line that begins at text: its line feed, or the end of all. */
static size_t line_length(const char *text, size_t len)
{
	const char *end = memchr(text, '\n', len);

	return end ? (size_t)(end - text) : len;
}

/* "SSDT @ 0x00000000BF8D1000", at the start of a line. */
static bool is_acpidump(const char *text, size_t len)
{
	while (len) {
		size_t line = line_length(text, len), step = line < len ? line + 1 : len;

		if (line > 9 && is_signature((const uint8_t *)text, line) &&
		    memcmp(text + 4, " @ 0x", 5) == 0)
			return true;
		text += step;
		len -= step;
	}
	return false;
}

static bool is_hex(char c)
{
	return isxdigit((unsigned char)c);
}

static unsigned hex_digit(char c)
{
	return isdigit((unsigned char)c) ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a' + 10);
}

/* Of two digits. */
static uint8_t hex_byte(const char digit[2])
{
	return (uint8_t)(hex_digit(digit[0]) << 4 | hex_digit(digit[1]));
}

/* ------------------------------------------------------------------ dumps */

/* The bytes of "53 53 44 54" or "53534454" at the start of text, in groups of any length that is
 * even; *group is the first one's number of digits. How many bytes, at most BYTES_ENOUGH.
 */
static size_t hex_bytes(const char *text, size_t len, uint8_t byte[BYTES_ENOUGH], size_t *group)
{
	size_t n = 0, at = 0, run = 0;

	*group = 0;
	while (at < len && is_hex(text[at])) {
		if (at + 1 >= len || !is_hex(text[at + 1]))
			return 0;
		if (n < BYTES_ENOUGH)
			byte[n++] = hex_byte(text + at);
		at += 2;
		run += 2;
		if (at < len && is_hex(text[at]))
			continue;
		if (!*group)
			*group = run;
		if (n == BYTES_ENOUGH)
			break;
		while (at < len && isspace((unsigned char)text[at]))
			at++;
	}
	return n;
}

static bool is_swapped(const uint8_t byte[BYTES_ENOUGH])
{
	const uint8_t turned[] = {byte[1], byte[0], byte[3], byte[2]};

	return is_signature(turned, 4);
}

/* A line with an offset before it. */
static enum text_kind dump_kind(const char *text, size_t len)
{
	uint8_t byte[BYTES_ENOUGH];
	size_t line = line_length(text, len), at = 0, group;
	bool colon;

	while (at < line && is_hex(text[at]))
		at++;
	if (at < 4 || at > 16)
		return TEXT_PLAIN;
	colon = at < line && text[at] == ':';
	at += colon;
	if (at >= line || !isspace((unsigned char)text[at]))
		return TEXT_PLAIN;
	while (at < line && isspace((unsigned char)text[at]))
		at++;
	/* od's default, in octal. */
	if (text_begins(text + at, line - at, "051523 052104"))
		return TEXT_WORDS;
	if (hex_bytes(text + at, line - at, byte, &group) != BYTES_ENOUGH)
		return TEXT_PLAIN;
	/* Words are printed as numbers, whose bytes lie the other way round; xxd's are not. */
	if (!colon && group > 2)
		return is_swapped(byte) ? TEXT_WORDS : TEXT_PLAIN;
	if (!is_signature(byte, BYTES_ENOUGH))
		return TEXT_PLAIN;
	return colon ? TEXT_XXD : TEXT_HEXDUMP;
}

/* A line of just a star, which stands for any number of those before it. */
static bool is_squeezed(const char *text, size_t len)
{
	return text_has(text, len, "\n*\n") || text_has(text, len, "\n*\r\n");
}

static bool is_plain_hex(const char *text, size_t len)
{
	uint8_t byte[BYTES_ENOUGH];
	size_t group;

	for (size_t i = 0; i < len; i++)
		if (!is_hex(text[i]) && !isspace((unsigned char)text[i]))
			return false;
	return hex_bytes(text, len, byte, &group) == BYTES_ENOUGH &&
	       is_signature(byte, BYTES_ENOUGH);
}

/* The first bytes as numbers of C: 0x53, 0x53, 0x44, 0x54. */
static bool is_c_array(const char *text, size_t len)
{
	uint8_t byte[BYTES_ENOUGH];
	size_t n = 0;

	for (size_t i = 0; i + 3 < len && n < BYTES_ENOUGH; i++)
		if (text[i] == '0' && (text[i + 1] | 0x20) == 'x' && is_hex(text[i + 2]) &&
		    is_hex(text[i + 3]))
			byte[n++] = hex_byte(text + i + 2);
	return n == BYTES_ENOUGH && is_signature(byte, n);
}

/* ------------------------------------------------------------------ base64 */

/* RFC 4648, tables 1 and 2; -1: none of them. */
static int base64_digit(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	const char *at = c ? strchr(digits, c) : NULL;

	if (at)
		return (int)(at - digits);
	return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

static bool is_base64(const char *text, size_t len, struct text_form *form)
{
	uint8_t byte[BYTES_ENOUGH];
	uint32_t bits = 0;
	size_t n = 0;
	unsigned have = 0; /* bits that are in no byte yet */

	for (size_t i = 0; i < len; i++) {
		int digit = base64_digit(text[i]);
		bool blank = isspace((unsigned char)text[i]);

		form->blanks |= blank && text[i] != '\n';
		form->url |= text[i] == '-' || text[i] == '_';
		if (digit < 0 && text[i] != '=' && !blank)
			return false;
		if (digit < 0)
			continue;
		bits = bits << 6 | (uint32_t)digit;
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		if (n < BYTES_ENOUGH)
			byte[n++] = (uint8_t)(bits >> have);
	}
	form->gzip = n >= 2 && byte[0] == 0x1f && byte[1] == 0x8b;
	return form->gzip || is_signature(byte, n);
}

struct text_form text_form_of(const char *text, size_t len)
{
	struct text_form form = {0};

	if (text_begins(text, len, "\xef\xbb\xbf")) {
		text += 3;
		len -= 3;
		form.blanks = true; /* base64 has to pass over it as well */
	}
	while (len && isspace((unsigned char)*text)) {
		text++;
		len--;
	}
	if (is_markup(text, len))
		form.kind = TEXT_MARKUP;
	else if (text_begins(text, len, "data:") &&
		 text_has(text, line_length(text, len), ";base64,"))
		form.kind = TEXT_DATA_URI;
	else if (text_begins(text, len, "begin-base64 ") ||
		 (text_begins(text, len, "begin ") && text_has(text, len, "\nend")))
		form.kind = TEXT_UUENCODE;
	else if (is_acpidump(text, len))
		form.kind = TEXT_ACPIDUMP;
	else if (text_has(text, len, "DefinitionBlock"))
		form.kind = TEXT_ASL;
	else if (text_has(text, len, "Signature : \"") && text_has(text, len, "Table Length : "))
		form.kind = TEXT_DATA_TABLE;
	else if ((form.kind = dump_kind(text, len)) != TEXT_PLAIN)
		form.squeezed = is_squeezed(text, len);
	else if (is_plain_hex(text, len))
		form.kind = TEXT_HEX;
	else if (is_c_array(text, len))
		form.kind = TEXT_C_ARRAY;
	else if (is_base64(text, len, &form))
		form.kind = TEXT_BASE64;
	return form;
}
