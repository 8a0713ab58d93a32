#include "xml_write.h"

#include <assert.h>
#include <string.h>

#include "text.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* U+FFFE and U+FFFF, which are UTF-8 and no characters of XML's (XML 1.0, 2.2). */
static bool is_no_character(const char *s)
{
	return strncmp(s, "\xef\xbf\xbe", 3) == 0 || strncmp(s, "\xef\xbf\xbf", 3) == 0;
}

/* One character of a text or a value; returns its bytes. A line's end stays one in a value, where a
 * reader would make a blank of it, and in a text, where CR would become LF (XML 1.0, 2.11, 3.3.3).
 */
static size_t put_character(struct buf *out, const char *s, size_t left)
{
	static const char *const escape[] = {
		['&'] = "&amp;", ['<'] = "&lt;",   ['>'] = "&gt;",  ['"'] = "&quot;",
		['\t'] = "&#9;", ['\n'] = "&#10;", ['\r'] = "&#13;"};
	unsigned char c = (unsigned char)*s;
	size_t width = 1;

	if (c < ARRAY_SIZE(escape) && escape[c]) {
		buf_adds(out, escape[c]);
		return 1;
	}
	if (c >= 0x20 && c < 0x80) {
		buf_addc(out, *s);
		return 1;
	}
	while (width < left && ((unsigned char)s[width] & 0xc0) == 0x80)
		width++;
	if (c < 0x20 || text_utf8(s, width) != width || is_no_character(s)) {
		buf_adds(out, REPLACEMENT);
		return 1;
	}
	buf_add(out, s, width);
	return width;
}

static void put_escaped(struct buf *out, const char *s)
{
	size_t left = strlen(s);

	while (left) {
		size_t n = put_character(out, s, left);

		s += n;
		left -= n;
	}
}

static void end_tag(struct xml_writer *w)
{
	if (w->in_tag)
		buf_adds(&w->out, ">\n");
	w->in_tag = false;
}

static void put_start(struct xml_writer *w, const char *name)
{
	if (!w->out.len)
		buf_adds(&w->out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
	end_tag(w);
	buf_addf(&w->out, "%*s<%s", (int)(2 * w->depth), "", name);
}

void xml_begin(struct xml_writer *w, const char *name)
{
	assert(w->depth < XML_DEPTH);
	put_start(w, name);
	w->open[w->depth++] = name;
	w->in_tag = true;
}

void xml_attribute(struct xml_writer *w, const char *name, const char *value)
{
	assert(w->in_tag);
	buf_addf(&w->out, " %s=\"", name);
	put_escaped(&w->out, value);
	buf_addc(&w->out, '"');
}

void xml_end(struct xml_writer *w)
{
	assert(w->depth);
	w->depth--;
	if (w->in_tag)
		buf_adds(&w->out, "/>\n");
	else
		buf_addf(&w->out, "%*s</%s>\n", (int)(2 * w->depth), "", w->open[w->depth]);
	w->in_tag = false;
}

void xml_leaf(struct xml_writer *w, const char *name, const char *text)
{
	put_start(w, name);
	buf_addc(&w->out, '>');
	put_escaped(&w->out, text);
	buf_addf(&w->out, "</%s>\n", name);
}

char *xml_done(struct xml_writer *w)
{
	while (w->depth)
		xml_end(w);
	return buf_steal(&w->out);
}

void xml_writer_free(struct xml_writer *w)
{
	buf_free(&w->out);
}
