/* What people have instead of a ROM: the page that a download button led to, the archive or the
 * updater that the ROM is inside of, a dump of a card that was asleep. Told by the first bytes, so
 * that the message can say what to do.
 */
#include <strings.h>

#include "rom_parts.h"

static bool is_all(struct span rom, uint8_t byte)
{
	for (size_t i = 0; i < rom.len; i++)
		if (rom.data[i] != byte)
			return false;
	return true;
}

/* Text begins after a byte order mark and white space. */
static struct span without_blanks(struct span rom)
{
	size_t at = span_is(rom, 0, "\xef\xbb\xbf", 3) ? 3 : 0;

	while (at < rom.len && strchr(" \t\r\n", rom.data[at]) && rom.data[at])
		at++;
	return span_part(rom, at, SIZE_MAX);
}

static bool is_markup(struct span rom)
{
	static const char *const begin[] = {"<!doctype", "<html", "<head",
					    "<body",	 "<?xml", "<!--"};
	struct span text = without_blanks(rom);

	for (size_t i = 0; i < ARRAY_SIZE(begin); i++)
		if (text.len >= strlen(begin[i]) &&
		    strncasecmp((const char *)text.data, begin[i], strlen(begin[i])) == 0)
			return true;
	return false;
}

/* All of it: a ROM has other bytes, wherever it begins. */
static bool is_text(struct span rom)
{
	for (size_t i = 0; i < rom.len; i++) {
		uint8_t c = rom.data[i];

		if (c >= 0x7f || (c < 0x20 && c != '\t' && c != '\r' && c != '\n'))
			return false;
	}
	return true;
}

static enum rom_refusal known_file(struct span rom)
{
	static const struct {
		const char *bytes;
		size_t len;
		enum rom_refusal what;
	} row[] = {
		{"\x1f\x8b", 2, ROM_GZIP},
		{"PK\3\4", 4, ROM_ZIP},
		{"PK\5\6", 4, ROM_ZIP},
		{"7z\xbc\xaf\x27\x1c", 6, ROM_ARCHIVE},
		{"Rar!\x1a\x07", 6, ROM_ARCHIVE},
		{"\xfd"
		 "7zXZ",
		 6, ROM_ARCHIVE},
		{"BZh", 3, ROM_ARCHIVE},
		{"\x28\xb5\x2f\xfd", 4, ROM_ARCHIVE},
		{"MZ", 2, ROM_EXE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(row); i++)
		if (span_is(rom, 0, row[i].bytes, row[i].len))
			return row[i].what;
	return ROM_FINE;
}

enum rom_refusal rom_sniff(struct span rom)
{
	enum rom_refusal known = known_file(rom);

	if (rom.len == 0)
		return ROM_EMPTY;
	if (rom.len > ROM_MAX)
		return ROM_TOO_LARGE;
	if (is_all(rom, 0xff))
		return ROM_ALL_FF;
	if (is_all(rom, 0))
		return ROM_ALL_00;
	if (known != ROM_FINE)
		return known;
	if (is_markup(rom))
		return ROM_HTML;
	if (is_text(rom))
		return ROM_TEXT;
	return rom.len < ROM_BLOCK ? ROM_TOO_SMALL : ROM_FINE;
}
