/* Theory of operation: the drawing is a hide and a show. The cursor goes up to where the prompt
 * begins, all below is erased, and prompt and line are written again, with a line break of our own
 * at the last column, as terminals differ in when they wrap. Only the row of the cursor has to be
 * remembered for that.
 */
#include <string.h>
#include <wchar.h>

#include "base/alloc.h"
#include "base/own.h"
#include "base/text.h"
#include "editor_private.h"

struct pen {
	struct buf *out;
	size_t columns, row, column;
};

static void break_line(struct pen *pen)
{
	buf_adds(pen->out, "\r\n");
	pen->row++;
	pen->column = 0;
}

/* Writes one character of len bytes; what is no UTF-8 or controls something becomes "?". */
static void draw_character(struct pen *pen, const char *p, size_t len)
{
	own_free char *one = xstrndup(p, len);
	bool good = text_is_printable(one);
	wchar_t wide = 0;
	mbstate_t state = {0};
	int width = 1;

	if (good && mbrtowc(&wide, p, len, &state) == len)
		width = wcwidth(wide);
	width = width < 0 ? 1 : width;
	if (pen->column + (size_t)width > pen->columns)
		break_line(pen);
	buf_adds(pen->out, good ? one : "?");
	pen->column += (size_t)width;
}

/* Draws text, and notes where the pen is when it comes to byte mark. */
static void draw_text(struct pen *pen, const char *text, size_t mark, struct pen *marked)
{
	size_t at = 0, len;

	for (; text[at]; at += len) {
		for (len = 1; is_inside(text[at + len]); len++)
			;
		if (at == mark)
			*marked = *pen;
		if (text[at] == '\n')
			break_line(pen);
		else
			draw_character(pen, text + at, len);
	}
	if (pen->column == pen->columns)
		break_line(pen);
	if (at <= mark)
		*marked = *pen;
}

void editor_show(struct editor *editor, const char *prompt, size_t columns, struct buf *out)
{
	struct pen pen = {out, columns < 2 ? 80 : columns, 0, 0}, unused, cursor = pen;
	own_free char *searching =
		editor->searching ? xasprintf("(%ssearch) '%s': ", editor->failed ? "failed " : "",
					      editor->needle.data)
				  : NULL;

	draw_text(&pen, searching ? searching : prompt, 0, &unused);
	draw_text(&pen, editor->text.data, editor->cursor, &cursor);
	if (cursor.column == cursor.columns) { /* the next character begins a row */
		cursor.row++;
		cursor.column = 0;
	}
	if (pen.row > cursor.row)
		buf_addf(out, "\x1b[%zuA", pen.row - cursor.row);
	buf_addc(out, '\r');
	if (cursor.column)
		buf_addf(out, "\x1b[%zuC", cursor.column);
	editor->row = cursor.row;
	editor->last_row = pen.row;
	editor->shown = true;
}

void editor_hide(struct editor *editor, struct buf *out)
{
	if (!editor->shown)
		return;
	if (editor->row)
		buf_addf(out, "\x1b[%zuA", editor->row);
	buf_adds(out, "\r\x1b[J");
	editor->shown = false;
}

void editor_leave(struct editor *editor, struct buf *out)
{
	if (!editor->shown)
		return;
	if (editor->last_row > editor->row)
		buf_addf(out, "\x1b[%zuB", editor->last_row - editor->row);
	buf_adds(out, "\r\n");
	editor->shown = false;
}
