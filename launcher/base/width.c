#include "width.h"

#include <stdint.h>
#include <string.h>

#include "own.h"

/* The blocks of which nearly all is wide, or assigned to be (EastAsianWidth.txt). */
static const struct range {
	uint32_t first, last;
} WIDE[] = {
	{0x1100, 0x115f},   {0x2e80, 0x303e},	{0x3041, 0xa4cf},   {0xac00, 0xd7a3},
	{0xf900, 0xfaff},   {0xfe30, 0xfe6f},	{0xff01, 0xff60},   {0xffe0, 0xffe6},
	{0x1f300, 0x1f64f}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
};

static bool is_wide(uint32_t c)
{
	for (size_t i = 0; i < ARRAY_SIZE(WIDE); i++)
		if (c >= WIDE[i].first && c <= WIDE[i].last)
			return true;
	return false;
}

size_t width_step(const char *s, bool *wide)
{
	unsigned char lead = (unsigned char)*s;
	size_t n = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
	uint32_t c = n == 1 ? lead : lead & (0x7fU >> n);

	*wide = false;
	if (!lead)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if (((unsigned char)s[i] & 0xc0) != 0x80)
			return i;
		c = c << 6 | ((unsigned char)s[i] & 0x3f);
	}
	*wide = is_wide(c);
	return n;
}

size_t width_of(const char *s, size_t len)
{
	size_t columns = 0, step;
	bool wide;

	for (size_t i = 0; i < len; i += step) {
		step = width_step(s + i, &wide);
		if (!step)
			break;
		columns += wide ? 2 : 1;
	}
	return columns;
}

int width_gap(const char *s, int columns)
{
	int has = (int)width_of(s, strlen(s));

	return has < columns ? columns - has : 0;
}
