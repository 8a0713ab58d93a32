#include "ini_write.h"

#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/text.h"
#include "ini.h"

#define WIDTH 100 /* columns of a comment */
#define ALIGN 24U /* a longer key has its own column */

struct ini_line {
	char *key;   /* NULL: value is the line as it is */
	char *value; /* of a key: as it is written */
	bool off;
};

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

/* Whether the value as it is would be read back as another one. */
static bool needs_quotes(const char *value)
{
	size_t n = strlen(value);

	if (!n || value[0] == '"' || is_space(value[0]) || is_space(value[n - 1]) ||
	    text_utf8(value, n) < n)
		return true;
	for (const char *c = value; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return true;
		if ((*c == '#' || *c == ';') && (c == value || is_space(c[-1])))
			return true;
	}
	return false;
}

/* Bytes that are no UTF-8, and controls, as \xHH; the rest of a character of several bytes as it
 * is.
 */
static char *quoted_value(const char *value)
{
	struct buf out = {0};
	const char *end = value + strlen(value);

	buf_addc(&out, '"');
	for (const char *c = value; c < end; c++) {
		unsigned char byte = (unsigned char)*c;
		size_t n = byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;

		if (*c == '"' || *c == '\\')
			buf_addf(&out, "\\%c", *c);
		else if (*c == '\n' || *c == '\t')
			buf_addf(&out, "\\%c", *c == '\n' ? 'n' : 't');
		else if (byte < ' ' || byte == 0x7f || (size_t)(end - c) < n || text_utf8(c, n) < n)
			buf_addf(&out, "\\x%02x", byte);
		else {
			buf_add(&out, c, n);
			c += n - 1;
		}
	}
	buf_addc(&out, '"');
	return buf_steal(&out);
}

static char *written_value(const char *value)
{
	return needs_quotes(value) ? quoted_value(value) : xstrdup(value);
}

static void add_line(struct ini_writer *w, char *key, char *value, bool off)
{
	*xappend(w->line, w->n) = (struct ini_line){key, value, off};
}

void ini_gap(struct ini_writer *w)
{
	if (w->n && (w->line[w->n - 1].key || *w->line[w->n - 1].value))
		add_line(w, NULL, xstrdup(""), false);
}

void ini_put_section(struct ini_writer *w, const char *section, const char *name)
{
	add_line(w, NULL, xasprintf("[%s%s%s]", section, *name ? " " : "", name), false);
}

void ini_put(struct ini_writer *w, const char *key, const char *value)
{
	add_line(w, xstrdup(key), written_value(value), false);
}

void ini_putf(struct ini_writer *w, const char *key, const char *fmt, ...)
{
	own_free char *value = NULL;
	va_list args;

	va_start(args, fmt);
	value = xvasprintf(fmt, args);
	va_end(args);
	ini_put(w, key, value);
}

void ini_put_off(struct ini_writer *w, const char *key, const char *value)
{
	add_line(w, xstrdup(key), written_value(value), true);
}

void ini_put_override(struct ini_writer *w, const char *section, const char *name, const char *key,
		      const char *value)
{
	add_line(w, xasprintf("%s%s%s.%s", section, *name ? "/" : "", name, key),
		 written_value(value), false);
}

/* How much of words stands on a line: up to the last space that fits, or the first one that is. */
static size_t line_length(const char *words)
{
	size_t cut = 0, n = 0;

	for (; words[n]; n++) {
		if (words[n] != ' ')
			continue;
		if (cut && n > WIDTH - 2)
			return cut;
		cut = n;
	}
	return n <= WIDTH - 2 || !cut ? n : cut;
}

void ini_comment(struct ini_writer *w, const char *fmt, ...)
{
	own_free char *raw = NULL, *words = NULL;
	const char *at;
	va_list args;

	va_start(args, fmt);
	raw = xvasprintf(fmt, args);
	va_end(args);
	words = text_quote(raw, SIZE_MAX);
	for (at = words; *at;) {
		size_t n = line_length(at);

		add_line(w, NULL, xasprintf("# %.*s", (int)n, at), false);
		at += n;
		at += *at == ' ';
	}
}

void ini_code(struct ini_writer *w, const char *fmt, ...)
{
	own_free char *raw = NULL, *line = NULL;
	va_list args;

	va_start(args, fmt);
	raw = xvasprintf(fmt, args);
	va_end(args);
	line = text_quote(raw, SIZE_MAX);
	add_line(w, NULL, xasprintf("#%s%s", *line ? "     " : "", line), false);
}

/* The column for the keys from line i on that stand together. */
static size_t key_width(const struct ini_writer *w, size_t i)
{
	size_t width = 0;

	for (; i < w->n && w->line[i].key; i++) {
		size_t len = strlen(w->line[i].key);

		if (len > width && len <= ALIGN)
			width = len;
	}
	return width;
}

char *ini_text(struct ini_writer *w)
{
	struct buf out = {0};
	size_t width = 0, end = w->n;

	while (end && !w->line[end - 1].key && !*w->line[end - 1].value)
		end--;
	for (size_t i = 0; i < end; i++) {
		const struct ini_line *line = &w->line[i];

		if (line->key && (!i || !w->line[i - 1].key))
			width = key_width(w, i);
		if (line->key)
			buf_addf(&out, "%s%-*s = %s\n", line->off ? "#" : "", (int)width, line->key,
				 line->value);
		else
			buf_addf(&out, "%s\n", line->value);
	}
	ini_writer_free(w);
	return buf_steal(&out);
}

void ini_writer_free(struct ini_writer *w)
{
	for (size_t i = 0; i < w->n; i++) {
		free(w->line[i].key);
		free(w->line[i].value);
	}
	free(w->line);
	*w = (struct ini_writer){0};
}
