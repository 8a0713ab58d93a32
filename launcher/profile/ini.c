/* One pass over the text, line by line. The state is the section that the line stands in; a line is
 * taken apart by a cursor that only moves forward, so each message can name the column it looked
 * at.
 */
#include "ini.h"

#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/text.h"
#include "base/tongue.h"

struct cursor {
	const char *file;
	const char *line; /* NUL-ended */
	const char *at;
	unsigned number;
	struct error **err;
	bool good;
};

struct section {
	char *section; /* NULL before the first header and after a broken one */
	char *name;
	struct place at;
	bool seen; /* some header came, even a broken one */
};

#define complain(c, where, ...) \
	complain_at(c, text_column((c)->line, (size_t)((where) - (c)->line)), __VA_ARGS__)

__attribute__((format(printf, 3, 4))) static void complain_at(struct cursor *c, unsigned column,
							      const char *fmt, ...)
{
	own_free char *message = NULL;
	va_list args;

	va_start(args, fmt);
	message = xvasprintf(tongue(fmt), args);
	va_end(args);
	error_add(c->err, ERROR_USAGE, "%s:%u:%u: %s", c->file, c->number, column, message);
	c->good = false;
}

static bool is_space(char ch)
{
	return ch == ' ' || ch == '\t';
}

static void skip_space(struct cursor *c)
{
	while (is_space(*c->at))
		c->at++;
}

static bool is_comment(char ch)
{
	return ch == '#' || ch == ';';
}

static struct place place_of(const struct cursor *c, const char *at)
{
	return (struct place){c->number, text_column(c->line, (size_t)(at - c->line))};
}

/* After a header or a quoted value only a comment may follow, with white space before it. */
static bool line_ends(struct cursor *c)
{
	const char *end = c->at;

	skip_space(c);
	if (!*c->at || (is_comment(*c->at) && c->at > end))
		return true;
	own_free char *rest = text_quote(c->at, 20);
	complain(c, c->at, "'%s' follows; a comment needs white space and # before it", rest);
	return false;
}

static bool name_char(char ch)
{
	return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ||
	       ch == '.' || ch == '_' || ch == '-';
}

bool ini_is_name(const char *s)
{
	while (name_char(*s))
		s++;
	return !*s;
}

static char *take_name(struct cursor *c)
{
	const char *start = c->at;

	while (name_char(*c->at))
		c->at++;
	return xstrndup(start, (size_t)(c->at - start));
}

static void parse_header(struct cursor *c, struct section *now)
{
	const char *open = c->at++;
	own_free char *section = NULL, *name = NULL;

	free(steal(&now->section));
	free(steal(&now->name));
	now->seen = true;
	skip_space(c);
	section = take_name(c);
	skip_space(c);
	name = take_name(c);
	skip_space(c);
	if (!*section) {
		complain(c, c->at,
			 "a section's name is missing; write [section] or [section name]");
		return;
	}
	if (*c->at != ']') {
		own_free char *found = text_quote(c->at, 12);

		complain(
			c, c->at,
			"'%s' where ] should close the section; names are made of letters, digits and '.', '_', '-'",
			found);
		return;
	}
	c->at++;
	if (!line_ends(c))
		return;
	now->section = steal(&section);
	now->name = steal(&name);
	now->at = place_of(c, open);
}

static int hex_digit(char ch)
{
	uint64_t value;
	char s[2] = {ch, '\0'};

	return text_u64(s, 16, &value) ? (int)value : -1;
}

/* One escape behind a backslash; false when it is none. */
static bool take_escape(struct cursor *c, struct buf *out)
{
	static const char from[] = "\"\\nt", to[] = "\"\\\n\t";
	const char *known = *c->at ? strchr(from, *c->at) : NULL;

	if (known) {
		buf_addc(out, to[known - from]);
		c->at++;
		return true;
	}
	if (*c->at == 'x' && hex_digit(c->at[1]) >= 0 && hex_digit(c->at[2]) >= 0) {
		int value = hex_digit(c->at[1]) * 16 + hex_digit(c->at[2]);

		if (!value) {
			complain(c, c->at - 1, "\\x00 cannot be part of a value");
			return false;
		}
		buf_addc(out, (char)value);
		c->at += 3;
		return true;
	}
	complain(c, c->at - 1, "unknown escape; there are \\\" \\\\ \\n \\t and \\xHH");
	return false;
}

static char *take_quoted(struct cursor *c)
{
	own_buf struct buf out = {0};
	const char *open = c->at++;

	while (*c->at != '"') {
		if (!*c->at) {
			complain(c, open, "this quote is not closed on its line");
			return NULL;
		}
		if (*c->at != '\\') {
			buf_addc(&out, *c->at++);
			continue;
		}
		c->at++;
		if (!take_escape(c, &out))
			return NULL;
	}
	c->at++;
	return line_ends(c) ? buf_steal(&out) : NULL;
}

/* Up to a comment or the end, white space around it left out. */
static char *take_plain(struct cursor *c)
{
	const char *start = c->at, *end;

	while (*c->at && !(is_comment(*c->at) && is_space(c->at[-1])))
		c->at++;
	for (end = c->at; end > start && is_space(end[-1]);)
		end--;
	return xstrndup(start, (size_t)(end - start));
}

static bool key_char(char ch)
{
	return name_char(ch) || ch == '/';
}

static void parse_key(struct cursor *c, const struct section *now, struct ini *ini)
{
	const char *start = c->at;
	own_free char *key = NULL, *value = NULL;
	struct place value_at;

	while (key_char(*c->at))
		c->at++;
	key = xstrndup(start, (size_t)(c->at - start));
	skip_space(c);
	if (!*key || *c->at != '=') {
		own_free char *found = text_quote(start, 24);

		complain(c, *key ? c->at : start, "'%s' is neither [section] nor key = value",
			 found);
		return;
	}
	c->at++;
	skip_space(c);
	value_at = place_of(c, c->at);
	value = *c->at == '"' ? take_quoted(c) : take_plain(c);
	if (!value)
		return;
	if (!now->section) {
		if (!now->seen)
			complain(c, start, "'%s' stands before the first [section]", key);
		return;
	}
	*xappend(ini->entry, ini->n) = (struct ini_entry){
		.section = xstrdup(now->section),
		.name = xstrdup(now->name),
		.key = steal(&key),
		.value = steal(&value),
		.section_at = now->at,
		.key_at = place_of(c, start),
		.value_at = value_at,
	};
}

static void parse_line(struct cursor *c, struct section *now, struct ini *ini)
{
	size_t len = strlen(c->line), good = text_utf8(c->line, len);

	if (good < len) {
		complain(c, c->line + good,
			 "byte 0x%02x is not UTF-8; write it as \\x%02x in double quotes",
			 (unsigned char)c->line[good], (unsigned char)c->line[good]);
		return;
	}
	skip_space(c);
	if (!*c->at || is_comment(*c->at))
		return;
	if (*c->at != '[') {
		parse_key(c, now, ini);
		return;
	}
	parse_header(c, now);
	if (now->section)
		*xappend(ini->entry, ini->n) = (struct ini_entry){
			.section = xstrdup(now->section),
			.name = xstrdup(now->name),
			.section_at = now->at,
			.key_at = now->at,
			.value_at = now->at,
		};
}

/* So many lines that mean nothing, and no section yet: whoever named the file meant another one. */
#define FOREIGN_LINES 5

bool ini_parse(struct ini *ini, const char *file, const char *text, size_t len, struct error **err)
{
	struct section now = {0};
	const char *end = text + len;
	unsigned foreign = 0;
	bool good = true;

	*ini = (struct ini){0};
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3;
	for (unsigned number = 1; text < end; number++) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		size_t n = (size_t)((stop ? stop : end) - text);
		own_free char *line = NULL;

		if (memchr(text, '\0', n)) {
			error_add(err, ERROR_USAGE, "%s:%u:%u: a NUL byte; a profile is text", file,
				  number, text_column(text, n));
			good = false;
			break;
		}
		line = xstrndup(text, n && text[n - 1] == '\r' ? n - 1 : n);
		struct cursor c = {.file = file,
				   .line = line,
				   .at = line,
				   .number = number,
				   .err = err,
				   .good = true};
		parse_line(&c, &now, ini);
		good = good && c.good;
		text += n + 1;
		foreign += !c.good && !now.seen;
		if (foreign == FOREIGN_LINES && text < end) {
			error_add(
				err, ERROR_USAGE,
				"%s: this does not look like a profile: no [section] so far; the rest was not read",
				file);
			break;
		}
	}
	free(now.section);
	free(now.name);
	return good;
}

void ini_free(struct ini *ini)
{
	for (size_t i = 0; i < ini->n; i++) {
		free(ini->entry[i].section);
		free(ini->entry[i].name);
		free(ini->entry[i].key);
		free(ini->entry[i].value);
	}
	free(ini->entry);
	*ini = (struct ini){0};
}
