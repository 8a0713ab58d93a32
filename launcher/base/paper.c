#include "paper.h"

#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include "alloc.h"
#include "text.h"
#include "tongue.h"
#include "width.h"

/* Signs that no line begins with. */
static const char *const CLOSING[] = {"，", "。", "：", "；", "）", "、", "”"};

static bool is_closing(const char *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(CLOSING); i++)
		if (text_starts(s, CLOSING[i]))
			return true;
	return false;
}

/* Bytes to the next place where a line may end: before a blank, and in Chinese, which has none,
 * behind each character.
 */
static size_t run_length(const char *s)
{
	size_t len = 0, step;
	bool wide = false, was_wide = false;

	while (s[len] && s[len] != ' ') {
		step = width_step(s + len, &wide);
		if (len && (wide || was_wide) && !is_closing(s + len))
			break;
		was_wide = wide;
		len += step;
	}
	return len;
}

void paper_put(struct buf *out, int indent, int hang, const char *fmt, ...)
{
	own_free char *raw = NULL, *text = NULL;
	size_t column = (size_t)indent, start = (size_t)indent;
	va_list args;

	va_start(args, fmt);
	raw = xvasprintf(tongue(fmt), args);
	va_end(args);
	text = text_quote(raw, SIZE_MAX);
	buf_addf(out, "%*s", indent, "");
	for (const char *at = text; *at;) {
		size_t blank = strspn(at, " "), len = run_length(at + blank);
		size_t need = width_of(at + blank, len);

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
