#include "roff.h"

#include <stdbool.h>
#include <string.h>

#include "alloc.h"
#include "text.h"

#define LINE 55 /* characters, some of which take five as they are written */

/* One that begins a line must not be seen to. Hyphens are minus signs: what is typed is copied from
 * manuals (groff_man_style(7)).
 */
static void add_char(struct buf *out, char c)
{
	switch (c) {
	case '\\':
		buf_adds(out, "\\e");
		break;
	case '-':
		buf_adds(out, "\\-");
		break;
	case '"':
		buf_adds(out, "\\(dq");
		break;
	case '\'':
		buf_adds(out, "\\(aq");
		break;
	case '`':
		buf_adds(out, "\\(ga");
		break;
	case '^':
		buf_adds(out, "\\(ha");
		break;
	case '~':
		buf_adds(out, "\\(ti");
		break;
	default:
		buf_addc(out, c);
	}
}

static void add_literal(struct buf *out, const char *words)
{
	if (*words == '.')
		buf_adds(out, "\\&");
	for (; *words; words++)
		add_char(out, *words);
	buf_addc(out, '\n');
}

/* A source line ends with its sentence, or where it is long enough: the reader fills lines anew. */
void roff_line(struct buf *out, const char *words)
{
	size_t column = 0;

	for (const char *c = words; *c; c++, column++) {
		if (*c == ' ' && c > words && (column > LINE || c[-1] == '.') && c[1] != '.' &&
		    c[1] != ' ') {
			buf_addc(out, '\n');
			column = 0;
			continue;
		}
		if (c == words && *c == '.')
			buf_adds(out, "\\&");
		add_char(out, *c);
	}
	buf_addc(out, '\n');
}

/* In quotes, as a word alone could be the name of a macro, and with what keeps one of punctuation
 * from being taken for more.
 */
void roff_words(struct buf *out, const char *words)
{
	buf_adds(out, "\"\\&");
	for (; *words; words++)
		add_char(out, *words);
	buf_addc(out, '"');
}

void roff_text(struct buf *out, const char *text)
{
	bool literal = false, pending = false;

	while (*text) {
		size_t n = strcspn(text, "\n");
		own_free char *line = xstrndup(text, n);
		bool shown = text_starts(line, "  ");

		text += n + (text[n] == '\n');
		if (literal && !shown && *line) {
			buf_adds(out, ".Ed\n");
			literal = false;
			pending = true;
		}
		if (!*line) {
			pending = true;
			continue;
		}
		if (shown && !literal) {
			buf_adds(out, ".Bd -literal -offset Ds\n");
			literal = true;
		} else if (pending && !literal) {
			buf_adds(out, ".Pp\n");
		}
		pending = false;
		if (shown)
			add_literal(out, line + 2);
		else
			roff_line(out, line);
	}
	if (literal)
		buf_adds(out, ".Ed\n");
}
