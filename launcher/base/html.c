#include "html.h"

#include <stdint.h>
#include <string.h>

#include "alloc.h"
#include "text.h"

/* HTML, 13.1.2: elements that hold nothing; of these, those that are used. */
static const char *const VOID[] = {"meta", "br", "hr"};

/* Elements behind which a line ends, for whoever reads the source. */
static const char *const LINE[] = {"html", "head", "meta",    "title", "style", "body", "header",
				   "main", "div",  "section", "h1",    "h2",	"p",	"ul",
				   "ol",   "li",   "details", "table", "tr",	"dl"};

static bool is_among(const char *name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static void end_tag(struct html *h)
{
	if (h->in_tag)
		buf_addc(&h->out, '>');
	h->in_tag = false;
}

/* Of one character of valid UTF-8, its number. */
static uint32_t code_of(const unsigned char *s, size_t n)
{
	uint32_t code = n == 1 ? s[0] : s[0] & (0xffU >> (n + 1));

	for (size_t i = 1; i < n; i++)
		code = code << 6 | (s[i] & 0x3f);
	return code;
}

/* What a reader does not see, or sees elsewhere than it stands (Unicode, Bidi_Control), and what no
 * XML may hold (Extensible Markup Language 1.0, 2.2).
 */
static bool is_treacherous(uint32_t code)
{
	return (code < 0x20 && code != '\n' && code != '\t') || (code >= 0x7f && code < 0xa0) ||
	       code == 0x61c || (code >= 0x200b && code <= 0x200f) ||
	       (code >= 0x2028 && code <= 0x202e) || (code >= 0x2060 && code <= 0x206f) ||
	       code == 0xfeff || code == 0xfffe || code == 0xffff;
}

static void add_character(struct html *h, const char *s, size_t n)
{
	uint32_t code = code_of((const unsigned char *)s, n);

	switch (code) {
	case '&':
		buf_adds(&h->out, "&amp;");
		break;
	case '<':
		buf_adds(&h->out, "&lt;");
		break;
	case '>':
		buf_adds(&h->out, "&gt;");
		break;
	case '"':
		buf_adds(&h->out, "&quot;");
		break;
	case '\'':
		buf_adds(&h->out, "&#39;");
		break;
	default:
		if (is_treacherous(code))
			buf_addf(&h->out, code < 0x100 ? "\\x%02x" : "\\u%04x", code);
		else
			buf_add(&h->out, s, n);
	}
}

static size_t character_length(const char *s, size_t len)
{
	for (size_t n = 1; n <= 4 && n <= len; n++)
		if (text_utf8(s, n) == n)
			return n;
	return 0;
}

static void add_escaped(struct html *h, const char *s)
{
	size_t len = strlen(s);

	for (size_t at = 0, n; at < len; at += n) {
		n = character_length(s + at, len - at);
		if (n)
			add_character(h, s + at, n);
		else
			buf_addf(&h->out, "\\x%02x", (unsigned char)s[at]);
		n = n ? n : 1;
	}
}

void html_begin(struct html *h, const char *element)
{
	end_tag(h);
	buf_addf(&h->out, "<%s", element);
	h->in_tag = true;
	if (h->depth < HTML_DEPTH)
		h->open[h->depth] = element;
	h->depth++;
}

void html_attribute(struct html *h, const char *name, const char *value)
{
	buf_addf(&h->out, " %s=\"", name);
	add_escaped(h, value);
	buf_addc(&h->out, '"');
}

void html_attributef(struct html *h, const char *name, const char *fmt, ...)
{
	own_free char *value = NULL;
	va_list args;

	va_start(args, fmt);
	value = xvasprintf(fmt, args);
	va_end(args);
	html_attribute(h, name, value);
}

void html_end(struct html *h)
{
	const char *element = h->open[--h->depth];

	if (h->in_tag && is_among(element, VOID, ARRAY_SIZE(VOID))) {
		buf_adds(&h->out, "/>");
		h->in_tag = false;
	} else {
		end_tag(h);
		buf_addf(&h->out, "</%s>", element);
	}
	if (is_among(element, LINE, ARRAY_SIZE(LINE)))
		buf_addc(&h->out, '\n');
}

void html_text(struct html *h, const char *text)
{
	end_tag(h);
	add_escaped(h, text);
}

void html_textf(struct html *h, const char *fmt, ...)
{
	own_free char *text = NULL;
	va_list args;

	va_start(args, fmt);
	text = xvasprintf(fmt, args);
	va_end(args);
	html_text(h, text);
}

void html_element(struct html *h, const char *element, const char *class, const char *text)
{
	html_begin(h, element);
	if (class)
		html_attribute(h, "class", class);
	html_text(h, text);
	html_end(h);
}

void html_elementf(struct html *h, const char *element, const char *class, const char *fmt, ...)
{
	own_free char *text = NULL;
	va_list args;

	va_start(args, fmt);
	text = xvasprintf(fmt, args);
	va_end(args);
	html_element(h, element, class, text);
}

void html_style(struct html *h, const char *sheet)
{
	html_begin(h, "style");
	end_tag(h);
	buf_adds(&h->out, sheet);
	html_end(h);
}

char *html_done(struct html *h)
{
	struct buf out = {0};

	while (h->depth)
		html_end(h);
	buf_addf(&out, "<!DOCTYPE html>\n%s", h->out.data ? h->out.data : "");
	buf_free(&h->out);
	return buf_steal(&out);
}
