#include "uuid.h"

#include <ctype.h>
#include <string.h>

/* Where a hyphen stands before the nth byte. */
static bool is_border(size_t n)
{
	return n == 4 || n == 6 || n == 8 || n == 10;
}

char *uuid_format(const uint8_t id[UUID_BYTES], char text[UUID_TEXT])
{
	static const char digit[] = "0123456789abcdef";
	char *at = text;

	for (size_t i = 0; i < UUID_BYTES; i++) {
		if (is_border(i))
			*at++ = '-';
		*at++ = digit[id[i] >> 4];
		*at++ = digit[id[i] & 15];
	}
	*at = '\0';
	return text;
}

static uint8_t value_of(char c)
{
	return (uint8_t)(isdigit((unsigned char)c) ? c - '0'
						   : tolower((unsigned char)c) - 'a' + 10);
}

bool uuid_parse(const char *s, uint8_t id[UUID_BYTES])
{
	uint8_t found[UUID_BYTES];

	for (size_t i = 0; i < UUID_BYTES; i++, s += 2) {
		if (is_border(i) && *s++ != '-')
			return false;
		if (!isxdigit((unsigned char)s[0]) || !isxdigit((unsigned char)s[1]))
			return false;
		found[i] = (uint8_t)(value_of(s[0]) << 4 | value_of(s[1]));
	}
	if (*s)
		return false;
	memcpy(id, found, sizeof(found));
	return true;
}

void uuid_mark(uint8_t id[UUID_BYTES])
{
	id[6] = (uint8_t)((id[6] & 0x0f) | 0x80);
	id[8] = (uint8_t)((id[8] & 0x3f) | 0x80);
}
