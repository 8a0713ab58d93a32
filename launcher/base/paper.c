#include "paper.h"

#include <stdarg.h>
#include <string.h>

#include "alloc.h"
#include "text.h"

/* How many columns a run of bytes takes, counting code points. */
static size_t text_width(const char *s, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)s[i] & 0xc0) != 0x80;
	return n;
}

void paper_put(struct buf *out, int indent, int hang, const char *fmt, ...)
{
	own_free char *raw = NULL, *text = NULL;
	size_t column = (size_t)indent, start = (size_t)indent;
	va_list args;

	va_start(args, fmt);
	raw = xvasprintf(fmt, args);
	va_end(args);
	text = text_quote(raw, SIZE_MAX);
	buf_addf(out, "%*s", indent, "");
	for (const char *at = text; *at;) {
		size_t blank = strspn(at, " "), len = strcspn(at + blank, " ");
		size_t need = text_width(at + blank, len);

		if (column > start && column + blank + need > PAPER_COLUMNS) {
			buf_addf(out, "\n%*s", hang, "");
			column = start = (size_t)hang;
		} else {
			buf_add(out, at, blank);
			column += blank;
		}
		buf_add(out, at + blank, len);
		column += need;
		at += blank + len;
	}
	buf_addc(out, '\n');
}
