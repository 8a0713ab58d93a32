#include "report.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"

#define START "VMPROBE "
#define BEGIN "VMPROBE begin version=1"
#define END "VMPROBE end"

/* ------------------------------------------------------------------ the grammar */

/* Kinds and keys: small letters, digits, hyphens. */
static bool is_word(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= '0' && s[i] <= '9') || s[i] == '-'))
			return false;
	return len;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Undoes %xx; false for anything that should have been written so. */
static bool take_value(struct report_pair *pair, const char *s, size_t len)
{
	char *out = xmalloc(len + 1);

	pair->value = out;
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '%') {
			if (len - i < 3 || hex(s[i + 1]) < 0 || hex(s[i + 2]) < 0)
				return false;
			*out++ = (char)(hex(s[i + 1]) << 4 | hex(s[i + 2]));
			i += 2;
		} else if (s[i] <= ' ' || s[i] > '~' || s[i] == '=') {
			return false;
		} else {
			*out++ = s[i];
		}
	}
	*out = '\0';
	pair->len = (size_t)(out - pair->value);
	return true;
}

static const struct report_pair *find_pair(const struct report_line *line, const char *key,
					   size_t len)
{
	for (size_t i = 0; i < line->pairs; i++)
		if (strlen(line->pair[i].key) == len && strncmp(line->pair[i].key, key, len) == 0)
			return &line->pair[i];
	return NULL;
}

static bool take_pair(struct report_line *line, const char *s, size_t len)
{
	const char *equals = memchr(s, '=', len);
	size_t key = equals ? (size_t)(equals - s) : 0;
	struct report_pair *pair;

	if (!is_word(s, key) || find_pair(line, s, key))
		return false;
	pair = xappend(line->pair, line->pairs);
	pair->key = xstrndup(s, key);
	return take_value(pair, equals + 1, len - key - 1);
}

static void line_free(struct report_line *line)
{
	for (size_t i = 0; i < line->pairs; i++) {
		free(line->pair[i].key);
		free(line->pair[i].value);
	}
	free(line->pair);
	free(line->kind);
	*line = (struct report_line){0};
}

/* Reads "kind key=value ...". */
static bool take_line(struct report_line *line, const char *s, size_t len)
{
	const char *end = s + len;
	bool first = true;

	while (true) {
		const char *space = memchr(s, ' ', (size_t)(end - s));
		size_t n = (size_t)((space ? space : end) - s);

		if (first && is_word(s, n))
			line->kind = xstrndup(s, n);
		else if (first || !take_pair(line, s, n))
			return false;
		if (!space)
			return true;
		s = space + 1;
		first = false;
	}
}

/* The start of the line that is exactly these words, from at on; NULL when there is none. */
static const char *find_line(const char *at, const char *end, const char *words)
{
	size_t len = strlen(words);

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));

		if (!newline)
			return NULL;
		if ((size_t)(newline - at) == len && memcmp(at, words, len) == 0)
			return at;
		at = newline + 1;
	}
	return NULL;
}

bool report_parse(struct report *report, const char *text, size_t len, struct error **err)
{
	const char *all = text + len, *begin = len ? find_line(text, all, BEGIN) : NULL;
	const char *end = begin ? find_line(begin, all, END) : NULL;

	if (!end) {
		error_add(
			err, ERROR_FAILED,
			"the guest's-eye program %s; a longer --timeout gives a slow machine more time",
			begin ? "did not finish its report" : "did not report");
		return false;
	}
	report->begin = (size_t)(begin - text);
	report->end = (size_t)(end - text) + strlen(END "\n");
	for (const char *at = begin + strlen(BEGIN "\n"), *newline; at < end; at = newline + 1) {
		struct report_line line = {0};

		newline = memchr(at, '\n', (size_t)(end - at));
		if ((size_t)(newline - at) > strlen(START) &&
		    memcmp(at, START, strlen(START)) == 0 &&
		    take_line(&line, at + strlen(START), (size_t)(newline - at) - strlen(START))) {
			*xappend(report->line, report->lines) = line;
		} else {
			report->broken++;
			line_free(&line);
		}
	}
	return true;
}

void report_free(struct report *report)
{
	for (size_t i = 0; i < report->lines; i++)
		line_free(&report->line[i]);
	free(report->line);
	*report = (struct report){0};
}

/* ------------------------------------------------------------------ questions */

const char *report_text(const struct report_line *line, const char *key)
{
	const struct report_pair *pair = find_pair(line, key, strlen(key));

	return pair && strlen(pair->value) == pair->len ? pair->value : NULL;
}

const struct report_line *report_next(const struct report *report, const struct report_line *after,
				      const char *kind, const char *key, const char *value)
{
	for (size_t i = after ? (size_t)(after - report->line) + 1 : 0; i < report->lines; i++) {
		const struct report_line *line = &report->line[i];
		const char *text = key ? report_text(line, key) : NULL;

		if (strcmp(line->kind, kind) == 0 && (!key || (text && strcmp(text, value) == 0)))
			return line;
	}
	return NULL;
}

const struct report_line *report_one(const struct report *report, const char *kind, const char *key,
				     const char *value)
{
	const struct report_line *line = report_next(report, NULL, kind, key, value);

	return line && !report_next(report, line, kind, key, value) ? line : NULL;
}

bool report_number(const struct report_line *line, const char *key, uint64_t *number)
{
	const char *text = report_text(line, key);

	if (!text)
		return false;
	return text_starts(text, "0x") ? text_u64(text + 2, 16, number)
				       : text_u64(text, 10, number);
}

/* So many hexadecimal digits, all small. */
static bool take_hex(const char **s, unsigned digits, unsigned *number)
{
	unsigned n = 0;

	for (; digits; digits--, ++*s) {
		if (hex(**s) < 0)
			return false;
		n = n << 4 | (unsigned)hex(**s);
	}
	*number = n;
	return true;
}

static bool take_char(const char **s, char c)
{
	return *(*s)++ == c;
}

bool report_ids(const struct report_line *line, const char *key, unsigned id[2])
{
	const char *s = report_text(line, key);
	unsigned n[2];

	if (!s || strlen(s) != 9 || !take_hex(&s, 4, &n[0]) || !take_char(&s, ':') ||
	    !take_hex(&s, 4, &n[1]))
		return false;
	id[0] = n[0];
	id[1] = n[1];
	return true;
}

size_t report_id_list(const struct report_line *line, const char *key, uint16_t *id, size_t max)
{
	const char *s = report_text(line, key);
	size_t n = 0;
	unsigned one;

	while (s && n < max && take_hex(&s, 4, &one)) {
		id[n++] = (uint16_t)one;
		if (!*s)
			return n;
		if (!take_char(&s, ','))
			break;
	}
	return 0;
}

bool report_place(const struct report_line *line, const char *key, struct report_place *place)
{
	const char *s = report_text(line, key);
	struct report_place p;

	if (!s || strlen(s) != 7 || !take_hex(&s, 2, &p.bus) || !take_char(&s, ':') ||
	    !take_hex(&s, 2, &p.slot) || !take_char(&s, '.') || !take_hex(&s, 1, &p.function) ||
	    p.slot > 31 || p.function > 7)
		return false;
	*place = p;
	return true;
}

const char *report_place_text(char text[REPORT_PLACE_SIZE], const struct report_place *place)
{
	snprintf(text, REPORT_PLACE_SIZE, "%02x:%02x.%x", place->bus & 0xff, place->slot & 0x1f,
		 place->function & 7);
	return text;
}
