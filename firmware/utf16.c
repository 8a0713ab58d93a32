#include "utf16.h"

#include <stdint.h>

#include "base/buf.h"

#define REPLACEMENT 0xfffdU

static void add_point(struct buf *out, uint32_t point)
{
	if (point < 0x80) {
		buf_addc(out, (char)point);
	} else if (point < 0x800) {
		buf_addc(out, (char)(0xc0 | point >> 6));
		buf_addc(out, (char)(0x80 | (point & 0x3f)));
	} else if (point < 0x10000) {
		buf_addc(out, (char)(0xe0 | point >> 12));
		buf_addc(out, (char)(0x80 | (point >> 6 & 0x3f)));
		buf_addc(out, (char)(0x80 | (point & 0x3f)));
	} else {
		buf_addc(out, (char)(0xf0 | point >> 18));
		buf_addc(out, (char)(0x80 | (point >> 12 & 0x3f)));
		buf_addc(out, (char)(0x80 | (point >> 6 & 0x3f)));
		buf_addc(out, (char)(0x80 | (point & 0x3f)));
	}
}

char *utf16_text(const unsigned char *p, size_t len, bool big_endian, size_t *used)
{
	struct buf out = {0};
	uint32_t high = 0;
	size_t at;

	buf_adds(&out, "");
	for (at = 0; at + 2 <= len; at += 2) {
		uint32_t unit = big_endian ? (uint32_t)(p[at] << 8 | p[at + 1])
					   : (uint32_t)(p[at + 1] << 8 | p[at]);
		bool low = unit >= 0xdc00 && unit < 0xe000;

		if (high && !low)
			add_point(&out, REPLACEMENT);
		if (!unit) {
			at += 2;
			high = 0;
			break;
		}
		if (low)
			add_point(&out, high ? 0x10000 + ((high - 0xd800) << 10) + (unit - 0xdc00)
					     : REPLACEMENT);
		else if (unit < 0xd800 || unit >= 0xe000)
			add_point(&out, unit);
		high = unit >= 0xd800 && unit < 0xdc00 ? unit : 0;
	}
	if (high)
		add_point(&out, REPLACEMENT);
	if (used)
		*used = at;
	return buf_steal(&out);
}
